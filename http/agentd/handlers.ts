import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Agents, type AgentRef } from "../../actors/agent/agents.ts"
import { AgentStatuses } from "../../actors/agent/status.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { AgentdApi } from "../../schemas/agentd/api.ts"
import { noSuchAgent } from "../../schemas/agentd/errors.ts"
import { type Caller, CurrentCaller } from "../../schemas/common/caller.ts"
import { isRecurse } from "../../schemas/common/fields.ts"
import { agentdMiddleware } from "./surface.ts"

/** Item endpoints see the acting tenant and everything below it. */
const byId = (id: number) =>
  Effect.map(CurrentCaller, ({ visibleTenants }): AgentRef => ({ id, tenants: visibleTenants }))
const byNumber = (number: string) =>
  Effect.map(CurrentCaller, ({ visibleTenants }): AgentRef => ({ number, tenants: visibleTenants }))
const mine = Effect.flatMap(CurrentCaller, ({ userUuid, visibleTenants }) =>
  userUuid === null ? Effect.fail(noSuchAgent()) : Effect.succeed({ userUuid, tenants: visibleTenants })
)

/** Lists see the acting tenant alone, unless asked to recurse. */
const listed = (caller: Caller, recurse: string | undefined) =>
  isRecurse(recurse) ? caller.visibleTenants : [caller.tenantUuid]

const agents = HttpApiBuilder.group(
  AgentdApi,
  "agents",
  Effect.fnUntraced(function* (handlers) {
    const desk = yield* Agents
    const statuses = yield* AgentStatuses
    return handlers.handleAll({
      list: ({ query }) =>
        Effect.flatMap(CurrentCaller, (caller) => statuses.list(listed(caller, query.recurse))),
      logoffAll: ({ query }) =>
        Effect.flatMap(CurrentCaller, (caller) => desk.logoffAll(listed(caller, query.recurse))),
      relogAll: ({ query }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          desk.relogAll(listed(caller, query.recurse), query.all_queues?.toLowerCase() === "true")
        ),
      getById: ({ params }) => Effect.flatMap(byId(params.agent_id), statuses.one),
      getByNumber: ({ params }) => Effect.flatMap(byNumber(params.agent_number), statuses.one),
      loginById: ({ params, payload }) =>
        Effect.flatMap(byId(params.agent_id), (ref) =>
          desk.login(ref, { ...payload, endpoint: payload.endpoint ?? null })
        ),
      loginByNumber: ({ params, payload }) =>
        Effect.flatMap(byNumber(params.agent_number), (ref) =>
          desk.login(ref, { ...payload, endpoint: payload.endpoint ?? null })
        ),
      logoffById: ({ params }) => Effect.flatMap(byId(params.agent_id), desk.logoff),
      logoffByNumber: ({ params }) => Effect.flatMap(byNumber(params.agent_number), desk.logoff),
      addToQueue: ({ params, payload }) =>
        Effect.flatMap(byId(params.agent_id), (ref) => desk.addToQueue(ref, payload.queue_id)),
      removeFromQueue: ({ params, payload }) =>
        Effect.flatMap(byId(params.agent_id), (ref) => desk.removeFromQueue(ref, payload.queue_id)),
      pauseByNumber: ({ params, payload }) =>
        Effect.flatMap(byNumber(params.agent_number), (ref) => desk.pause(ref, payload.reason ?? null)),
      unpauseByNumber: ({ params }) => Effect.flatMap(byNumber(params.agent_number), desk.unpause),
      queueLogin: ({ params }) =>
        Effect.flatMap(byId(params.agent_id), (ref) => desk.enterQueue(ref, params.queue_id)),
      queueLogoff: ({ params }) =>
        Effect.flatMap(byId(params.agent_id), (ref) => desk.leaveQueue(ref, params.queue_id))
    })
  })
)

const myAgent = HttpApiBuilder.group(
  AgentdApi,
  "my agent",
  Effect.fnUntraced(function* (handlers) {
    const desk = yield* Agents
    const statuses = yield* AgentStatuses
    return handlers.handleAll({
      status: () => Effect.flatMap(mine, statuses.one),
      login: ({ payload }) => Effect.flatMap(mine, (ref) => desk.loginOnLine(ref, payload.line_id)),
      logoff: () => Effect.flatMap(mine, desk.logoff),
      pause: ({ payload }) => Effect.flatMap(mine, (ref) => desk.pause(ref, payload.reason ?? null)),
      unpause: () => Effect.flatMap(mine, desk.unpause),
      queueLogin: ({ params }) => Effect.flatMap(mine, (ref) => desk.enterQueue(ref, params.queue_id)),
      queueLogoff: ({ params }) => Effect.flatMap(mine, (ref) => desk.leaveQueue(ref, params.queue_id))
    })
  })
)

const service = HttpApiBuilder.group(
  AgentdApi,
  "agentd",
  Effect.fnUntraced(function* (handlers) {
    const bus = yield* EventBus
    return handlers.handleAll({
      status: () =>
        Effect.succeed({
          bus_consumer: { status: bus.connected() ? ("ok" as const) : ("fail" as const) },
          // Services of one process need no token of their own: whoever answers this has it.
          service_token: { status: "ok" as const }
        })
    })
  })
)

/** The routes of agentd. */
export const agentdRoutes = HttpApiBuilder.layer(AgentdApi, {
  openapiPath: "/api/agentd/1.0/api/api.json"
}).pipe(Layer.provide([agents, myAgent, service]), Layer.provide(agentdMiddleware))
