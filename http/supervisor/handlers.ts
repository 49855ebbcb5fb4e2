import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import type { Phone, SpyMode } from "../../actors/supervisor/spying.ts"
import { Supervision } from "../../actors/supervisor/supervision.ts"
import { SupervisorDesk } from "../../actors/supervisor/supervisor-desk.ts"
import { type Caller, CurrentCaller } from "../../schemas/common/caller.ts"
import { isRecurse } from "../../schemas/common/fields.ts"
import { type PhoneBody, SupervisorApi } from "../../schemas/supervisor/api.ts"
import { type BadRequest, invalidData } from "../../schemas/supervisor/errors.ts"
import { supervisorMiddleware } from "./surface.ts"

/** Lists see the acting tenant alone, unless asked to recurse; items see everything below it too. */
const listed = (caller: Caller, recurse: string | undefined) =>
  isRecurse(recurse) ? caller.visibleTenants : [caller.tenantUuid]

const listOf = <A>(items: ReadonlyArray<A>) => ({ total: items.length, items })

/** The caller's phone, given either way but not both. */
const phoneOf = (body: PhoneBody): Effect.Effect<Phone, BadRequest> => {
  const { interface: device, extension, context } = body
  if (device !== undefined && extension === undefined && context === undefined) {
    return Effect.succeed({ interface: device })
  }
  if (device === undefined && extension !== undefined && context !== undefined) {
    return Effect.succeed({ extension, context })
  }
  const missing = device !== undefined ? "interface" : extension === undefined ? "extension" : "context"
  const message = "Expected either interface, or extension and context"
  return Effect.fail(invalidData({ [missing]: { message, constraint_id: "either", constraint: message } }))
}

const supervisor = HttpApiBuilder.group(
  SupervisorApi,
  "supervisor",
  Effect.fnUntraced(function* (handlers) {
    const supervision = yield* Supervision
    const desk = yield* SupervisorDesk
    const subject = (agentId: number) =>
      Effect.map(CurrentCaller, ({ visibleTenants }) => ({ agentId, tenants: visibleTenants }))
    const spy = (agentId: number, mode: SpyMode, body: PhoneBody) =>
      Effect.flatMap(phoneOf(body), (phone) =>
        Effect.flatMap(subject(agentId), (agent) => desk.spy(agent, mode, phone))
      )
    return handlers.handleAll({
      queues: ({ query }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          Effect.map(supervision.queues(listed(caller, query.recurse)), listOf)
        ),
      queue: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          supervision.queue(params.queue_id, visibleTenants)
        ),
      agents: ({ query }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          Effect.map(supervision.agents(listed(caller, query.recurse)), listOf)
        ),
      agent: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          supervision.agent(params.agent_id, visibleTenants)
        ),
      summary: ({ query }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          supervision.summary(caller.tenantUuid, listed(caller, query.recurse))
        ),
      pause: ({ params, payload }) =>
        Effect.flatMap(subject(params.agent_id), (agent) => desk.pause(agent, payload.reason ?? null)),
      unpause: ({ params }) => Effect.flatMap(subject(params.agent_id), desk.unpause),
      logoff: ({ params, payload }) =>
        Effect.flatMap(subject(params.agent_id), (agent) => desk.logoff(agent, payload.reason ?? null)),
      listen: ({ params, payload }) => spy(params.agent_id, "listen", payload),
      whisper: ({ params, payload }) => spy(params.agent_id, "whisper", payload),
      barge: ({ params, payload }) => spy(params.agent_id, "barge", payload),
      hangup: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) => desk.hangup(params.call_id, visibleTenants))
    })
  })
)

/** The routes of the supervisor's surface. */
export const supervisorRoutes = HttpApiBuilder.layer(SupervisorApi, {
  openapiPath: "/api/supervisor/1.0/api/api.json"
}).pipe(Layer.provide(supervisor), Layer.provide(supervisorMiddleware))
