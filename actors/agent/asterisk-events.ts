import { Effect, Layer, Queue } from "effect"
import { type AgentIdentity, agentIdOf } from "../../schemas/agentd/agent.ts"
import { type AmiMessage, header } from "../../runtime/ami/ami.ts"
import { AmiEvents } from "../../runtime/ami/ami-events.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { Tenants } from "../identity/tenants.ts"
import { CallCentre } from "../pbx/call-centre.ts"
import { agentActor } from "./agent.ts"
import { identityOf } from "./agents.ts"
import type { AgentEvent } from "./machine.ts"

/** An AMI event that concerns one of our agents. */
interface Concerning {
  readonly agentId: number
  readonly toEvent: (agent: AgentIdentity) => Effect.Effect<AgentEvent>
}

/**
 * Tells agents what Asterisk says of them: pauses (contracts/callcenter.md 5.8) and calls. Runs beside the event
 * stream: what concerns no agent costs one comparison, what does goes through one queue, so that each agent hears
 * its events in the order Asterisk sent them.
 */
export const agentAsteriskEventsLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const events = yield* AmiEvents
    const system = yield* ActorSystem
    const callCentre = yield* CallCentre
    const tenants = yield* Tenants
    const concerning = yield* Queue.unbounded<Concerning>()

    const deliver = Effect.fnUntraced(function* ({ agentId, toEvent }: Concerning) {
      const agent = yield* callCentre.agent(agentId, tenants.visible(tenants.master))
      if (agent) yield* system.tell(agentActor, String(agentId), yield* toEvent(identityOf(agent)))
    })
    yield* Queue.take(concerning).pipe(
      Effect.flatMap((event) =>
        deliver(event).pipe(
          Effect.catch((error) =>
            Effect.logWarning(`Agent ${event.agentId} missed an event: ${error.message}`)
          )
        )
      ),
      Effect.forever,
      Effect.forkScoped
    )

    const concern = (name: string, toEvent: (message: AmiMessage) => Concerning["toEvent"] | undefined) =>
      events.on(name, (message) => {
        const agentId = agentIdOf(header(message, "Interface") ?? "")
        const build = agentId === undefined ? undefined : toEvent(message)
        if (agentId !== undefined && build) Queue.offerUnsafe(concerning, { agentId, toEvent: build })
      })

    const wrapUpOf = Effect.fnUntraced(function* (queueName: string, agent: AgentIdentity) {
      const queues = yield* callCentre.queuesOf([agent.tenantUuid])
      return (queues.find(({ name }) => name === queueName)?.wrapupTime ?? 0) * 1_000
    })

    yield* concern(
      "QueueMemberPause",
      (message) => (agent) =>
        Effect.succeed({
          type: "asteriskPaused",
          agent,
          queue: header(message, "Queue") ?? "",
          paused: header(message, "Paused") === "1",
          reason: header(message, "PausedReason") ?? "",
          at: Date.now()
        })
    )
    yield* concern(
      "AgentCalled",
      (message) => () => Effect.succeed({ type: "called", call: callOf(message) })
    )
    yield* concern("AgentRingNoAnswer", () => () => Effect.succeed({ type: "notAnswered", at: Date.now() }))
    yield* concern(
      "AgentConnect",
      (message) => () => Effect.succeed({ type: "connected", call: callOf(message) })
    )
    yield* concern(
      "AgentComplete",
      (message) => (agent) =>
        wrapUpOf(header(message, "Queue") ?? "", agent).pipe(
          Effect.orElseSucceed(() => 0),
          Effect.map((wrapUp) => ({ type: "completed" as const, wrapUp, at: Date.now() }))
        )
    )
    yield* concern("QueueMemberStatus", (message) =>
      header(message, "Status") === notInUse
        ? () => Effect.succeed({ type: "deviceFree", at: Date.now() })
        : undefined
    )
  })
)

/** Asterisk's AST_DEVICE_NOT_INUSE. */
const notInUse = "1"

const callOf = (message: AmiMessage) => ({
  queue: header(message, "Queue") ?? "",
  callerNumber: known(header(message, "CallerIDNum")),
  callerName: known(header(message, "CallerIDName")),
  since: Date.now()
})

/** Asterisk writes `<unknown>` for what it does not know. */
const known = (value: string | undefined): string =>
  value === undefined || value === "<unknown>" ? "" : value
