import { Clock, Effect, Layer, Queue, Stream } from "effect"
import { type AsteriskMember, agentIdOf } from "../../schemas/agentd/agent.ts"
import { Ami, type AmiMessage, header } from "../../runtime/ami/ami.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { Synchronisers } from "../ami-session/synchronisers.ts"
import { Tenants } from "../identity/tenants.ts"
import { CallCentre } from "../pbx/call-centre.ts"
import { agentActor } from "./agent.ts"
import { identityOf } from "./agents.ts"
import { Drift } from "./drift.ts"
import { type AgentContext, driftOf } from "./machine.ts"

/**
 * Brings Asterisk's queue members in line with the agents (contracts/callcenter.md 5.9): after each login of the
 * AMI session, after each boot of Asterisk, and after a command whose answer never came. Members that Asterisk
 * has forgotten are added again with their pause; members of agents that are off are removed; a pause that
 * changed while nobody listened is taken over. What is in line is not touched.
 */
export const agentSynchroniserLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const synchronisers = yield* Synchronisers
    const drift = yield* Drift
    const ami = yield* Ami
    const services = yield* Effect.context<Ami | ActorSystem | CallCentre | Tenants>()
    const run = synchroniseAgents.pipe(
      Effect.provideContext(services),
      Effect.catch((error) =>
        Effect.logWarning(`Agents and Asterisk could not be compared: ${error.message}`)
      )
    )
    synchronisers.add("agents", run)

    const suspicions = yield* Queue.sliding<void>(1)
    drift.onSuspicion(() => Queue.offerUnsafe(suspicions, undefined))
    // When the session is down, its next login compares anyway.
    yield* Queue.take(suspicions).pipe(
      Effect.andThen(Effect.sleep("1 second")),
      Effect.andThen(Effect.suspend(() => (ami.up() ? run : Effect.void))),
      Effect.forever,
      Effect.forkScoped
    )
  })
)

const synchroniseAgents = Effect.gen(function* () {
  const system = yield* ActorSystem
  const members = yield* readMembers
  const states = yield* Stream.runCollect(system.all(agentActor))
  const known = new Map(states.map(({ id, view }) => [Number(id), view.context]))
  const drifted = [...new Set([...known.keys(), ...members.keys()])].filter((id) =>
    hasDrifted(known.get(id), members.get(id) ?? [])
  )
  if (drifted.length > 0)
    yield* Effect.logInfo(`${drifted.length} agents differ from Asterisk and are mended`)
  yield* Effect.forEach(drifted, (id) => mend(id, members.get(id) ?? []), { concurrency: 64, discard: true })
})

const mend = Effect.fnUntraced(
  function* (id: number, members: ReadonlyArray<AsteriskMember>) {
    const system = yield* ActorSystem
    const callCentre = yield* CallCentre
    const tenants = yield* Tenants
    const config = yield* callCentre.agent(id, tenants.visible(tenants.master))
    if (config === undefined) return
    const agent = identityOf(config)
    const context = (yield* system.peek(agentActor, String(id)))?.context
    const pause = members.find((member) => context?.session && member.paused !== context.paused)
    if (pause) {
      const { queue, paused, reason } = pause
      const at = yield* Clock.currentTimeMillis
      yield* system.ask(agentActor, String(id), { type: "asteriskPaused", agent, queue, paused, reason, at })
    }
    yield* system
      .ask(agentActor, String(id), { type: "asteriskMembers", agent, members })
      .pipe(Effect.catchTag("Refused", () => Effect.void))
  },
  Effect.catch((error) =>
    Effect.logWarning(`An agent could not be brought in line with Asterisk: ${error.message}`)
  )
)

const hasDrifted = (context: AgentContext | undefined, members: ReadonlyArray<AsteriskMember>): boolean => {
  const loggedIn = context?.session != null
  const change = driftOf(context?.enabled ?? [], members, loggedIn)
  return (
    change.add.length + change.remove.length + change.penalties.length > 0 ||
    (loggedIn && members.some(({ paused }) => paused !== context.paused))
  )
}

/** The members of our agents, by agent id. */
const readMembers = Effect.gen(function* () {
  const ami = yield* Ami
  const { events } = yield* ami.send({ action: "QueueStatus" })
  const members = new Map<number, Array<AsteriskMember>>()
  for (const event of events) {
    const id =
      header(event, "Event") === "QueueMember" ? agentIdOf(header(event, "Location") ?? "") : undefined
    if (id === undefined) continue
    const known = members.get(id) ?? []
    members.set(id, known)
    known.push(memberOf(event))
  }
  return members
})

const memberOf = (event: AmiMessage): AsteriskMember => ({
  queue: header(event, "Queue") ?? "",
  penalty: Number(header(event, "Penalty") ?? 0),
  paused: header(event, "Paused") === "1",
  reason: header(event, "PausedReason") ?? ""
})
