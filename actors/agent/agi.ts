import { Effect, Layer, Schedule } from "effect"
import type { AgiAnswer, AgiRequest } from "../../runtime/agi/agi.ts"
import { agiListener } from "../../runtime/agi/listener.ts"
import { AgiScripts } from "../../runtime/agi/scripts.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { AppConfig } from "../../runtime/config.ts"
import { Tenants } from "../identity/tenants.ts"
import { CallCentre } from "../pbx/call-centre.ts"
import { agentActor } from "./agent.ts"

/**
 * Tells the dialplan which device to dial for an agent, so that a plain Asterisk can be used: its queues call
 * `Local/id-<agent id>@agentcallback` (contracts/callcenter.md 1), and that context asks
 * `AGI(agi://<host>:4573/agent?id=<agent id>)`. The scripts of others (`AgiScripts`) are answered too. Off when `STROWGER_AGI_PORT` is 0. An address that cannot be had is
 * logged and tried again, since nothing else depends on it.
 */
export const agentAgiLayer: Layer.Layer<
  never,
  never,
  AppConfig | ActorSystem | AgiScripts | CallCentre | Tenants
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { agiHost: host, agiPort: port } = yield* AppConfig
    if (port === 0) return
    const services = yield* Effect.context<ActorSystem | CallCentre | Tenants>()
    const scripts = yield* AgiScripts
    const answer = (request: AgiRequest) =>
      scripts.find(request.script)?.(request) ?? Effect.provideContext(answerAgi(request), services)
    yield* agiListener({ host, port, answer }).pipe(
      Effect.tap(() => Effect.logInfo(`FastAGI answers on ${host}:${port}`)),
      Effect.tapError(({ message }) => Effect.logError(`The dialplan cannot ask for agents: ${message}`)),
      Effect.retry(Schedule.spaced("30 seconds")),
      Effect.andThen(Effect.never),
      Effect.forkScoped
    )
  })
)

/** What the dialplan learns of an agent. With every status but OK the device is empty. */
export type AgentDeviceStatus = "OK" | "LOGGED_OFF" | "UNKNOWN" | "UNAVAILABLE"

/**
 * Answers one request with the variables `STROWGER_AGENT_STATUS` and `STROWGER_AGENT_DEVICE`, the device that the
 * agent logged in on (`PJSIP/abcd`). The agent's id is the `id` of the query, else the first argument. Wakes
 * nobody. `UNAVAILABLE`: the database does not answer.
 */
export const answerAgi = Effect.fnUntraced(function* (
  request: AgiRequest
): Effect.fn.Return<AgiAnswer, never, ActorSystem | CallCentre | Tenants> {
  const id = agentIdOf(request)
  if (id === undefined) {
    return {
      ...answerOf("UNKNOWN", ""),
      notice: "Strowger answers agi://<host>:<port>/agent?id=<agent id> and .../provision,<code>,<address>"
    }
  }
  return yield* deviceOf(id).pipe(
    Effect.timeout("2 seconds"),
    Effect.catch((error) =>
      Effect.as(
        Effect.logError(`The device of agent ${id} cannot be told`, error),
        answerOf("UNAVAILABLE", "")
      )
    )
  )
})

const deviceOf = Effect.fnUntraced(function* (id: number) {
  const system = yield* ActorSystem
  const callCentre = yield* CallCentre
  const tenants = yield* Tenants
  const view = yield* system.peek(agentActor, String(id))
  const session = view?.context.session
  if (session) return answerOf("OK", session.stateInterface)
  const agent = yield* callCentre.agent(id, tenants.visible(tenants.master))
  return answerOf(agent === undefined ? "UNKNOWN" : "LOGGED_OFF", "")
})

const answerOf = (status: AgentDeviceStatus, device: string): AgiAnswer => ({
  variables: [
    ["STROWGER_AGENT_DEVICE", device],
    ["STROWGER_AGENT_STATUS", status]
  ]
})

const agentIdOf = ({ script, query, args }: AgiRequest): number | undefined => {
  const given = query.get("id") ?? args[0] ?? ""
  return script === "agent" && /^[0-9]{1,10}$/.test(given) && Number(given) <= largestId
    ? Number(given)
    : undefined
}

/** Ids are PostgreSQL integers. */
const largestId = 2_147_483_647
