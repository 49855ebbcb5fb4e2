import { Clock, Effect, Layer, Queue, Stream } from "effect"
import { type AgentIdentity, type AsteriskMember, agentIdOf } from "../../schemas/agentd/agent.ts"
import { Ami, type AmiMessage, header } from "../../runtime/ami/ami.ts"
import { ActorHost } from "../../runtime/actor/host.ts"
import { ActorStore } from "../../runtime/actor/store.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { Synchronisers } from "../ami-session/synchronisers.ts"
import { Tenants } from "../identity/tenants.ts"
import { CallCentre } from "../pbx/call-centre.ts"
import { agentActor } from "./agent.ts"
import { identityOf } from "./agents.ts"
import { AgentConfigurationEvents } from "./configuration-events.ts"
import { Drift } from "./drift.ts"
import { type AgentContext, type AgentEvent, driftOf, pauseUnheard } from "./machine.ts"

type Services = Ami | ActorSystem | ActorHost | ActorStore | CallCentre | Tenants | AgentConfigurationEvents

/**
 * Brings Asterisk's queue members in line with the agents (contracts/callcenter.md 5.9): after each login of the
 * AMI session, after each boot of Asterisk, and after a command whose answer never came. Members that Asterisk
 * has forgotten are added again with their pause; members of agents that are off or gone are removed; a pause that
 * changed while nobody listened is taken over. What is in line is not touched, nor is a member whose agent was
 * never here.
 */
export const agentSynchroniserLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const synchronisers = yield* Synchronisers
    const drift = yield* Drift
    const ami = yield* Ami
    const services = yield* Effect.context<Services>()
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
  const { compare } = yield* AgentConfigurationEvents
  yield* compare
  const system = yield* ActorSystem
  const states = yield* Stream.runCollect(system.all(agentActor))
  const before = new Map(states.map(({ id, view }) => [Number(id), view.context]))
  const members = yield* readMembers
  const ids = new Set([...before.keys(), ...members.keys()])
  const drifted = [...ids].filter((id) => hasDrifted(before.get(id), members.get(id) ?? []))
  if (drifted.length > 0)
    yield* Effect.logInfo(`${drifted.length} agents differ from Asterisk and are mended`)
  yield* Effect.forEach(drifted, (id) => mend(id, members.get(id) ?? [], before.get(id)), {
    concurrency: 64,
    discard: true
  })
  const gone = [...before].filter(([id, { agent }]) => agent === null && !members.has(id))
  yield* Effect.forEach(gone, ([id]) => erase(id), { discard: true })
})

const mend = Effect.fnUntraced(
  function* (id: number, members: ReadonlyArray<AsteriskMember>, before: AgentContext | undefined) {
    const agent = yield* identify(id, before)
    if (agent === undefined) return
    const system = yield* ActorSystem
    const context = (yield* system.peek(agentActor, String(id)))?.context
    // What was heard of a pause since the members were asked for is newer than they are.
    const heardMore = members.some(({ queue }) => context?.pauses[queue] !== before?.pauses[queue])
    if (context?.session && !heardMore) yield* mendPause(agent, members, context)
    yield* system
      .ask(agentActor, String(id), { type: "asteriskMembers", agent, members })
      .pipe(Effect.catchTag("Refused", () => Effect.void))
  },
  Effect.catch((error) =>
    Effect.logWarning(`An agent could not be brought in line with Asterisk: ${error.message}`)
  )
)

/** Who the agent is; of one that was deleted only its id is left. Undefined when it was never ours. */
const identify = Effect.fnUntraced(function* (id: number, before: AgentContext | undefined) {
  const callCentre = yield* CallCentre
  const tenants = yield* Tenants
  const config = yield* callCentre.agent(id, tenants.visible(tenants.master))
  if (config !== undefined) return identityOf(config)
  const unknown: AgentIdentity = { id, tenantUuid: "", number: "", users: [] }
  return before && (before.agent ?? unknown)
})

/**
 * A pause that all members agree on is Asterisk's, and what of it was not heard is taken over, queue by queue; when
 * they differ, the agent's own is told again to all.
 */
const mendPause = Effect.fnUntraced(function* (
  agent: AgentIdentity,
  members: ReadonlyArray<AsteriskMember>,
  context: AgentContext
) {
  const system = yield* ActorSystem
  const tell = (event: AgentEvent) => system.ask(agentActor, String(agent.id), event)
  if (new Set(members.map(({ paused }) => paused)).size > 1) {
    const { paused, pausedReason } = context
    yield* tell(paused ? { type: "pause", reason: pausedReason || null } : { type: "unpause" })
    return
  }
  const at = yield* Clock.currentTimeMillis
  for (const member of members.filter((member) => pauseUnheard(context, member))) {
    const { queue, paused, reason } = member
    yield* tell({ type: "asteriskPaused", agent, queue, paused, reason, at })
  }
})

/** Asterisk knows nothing of a deleted agent any more: neither do we. */
const erase = Effect.fnUntraced(function* (id: number) {
  const callCentre = yield* CallCentre
  const tenants = yield* Tenants
  if (yield* callCentre.agent(id, tenants.visible(tenants.master))) return
  const store = yield* ActorStore
  const host = yield* ActorHost
  host.passivate(agentActor.name, String(id))
  yield* store.remove(agentActor.name, String(id))
})

const hasDrifted = (context: AgentContext | undefined, members: ReadonlyArray<AsteriskMember>): boolean => {
  const loggedIn = context?.session != null
  const change = driftOf(context?.enabled ?? [], members, loggedIn)
  return (
    change.add.length + change.remove.length + change.penalties.length > 0 ||
    (loggedIn && members.some((member) => pauseUnheard(context, member)))
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
