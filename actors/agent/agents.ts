import { Clock, Context, Effect, Layer, Semaphore } from "effect"
import type { AgentIdentity, QueueMembership } from "../../schemas/agentd/agent.ts"
import {
  type AgentdError,
  alreadyInQueue,
  alreadyLogged,
  extensionInUse,
  noSuchAgent,
  noSuchExtension,
  noSuchLine,
  noSuchQueue,
  notInQueue,
  notLoggedIn,
  tenantsOfAgentAndContextDiffer,
  tenantsOfAgentAndQueueDiffer,
  unavailable
} from "../../schemas/agentd/errors.ts"
import { agentAssignmentChanged } from "../../schemas/events/confd.ts"
import type { AskError } from "../../runtime/actor/errors.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { type AgentConfig, type AssignedQueue, CallCentre } from "../pbx/call-centre.ts"
import { CallCentreCache } from "../pbx/call-centre-cache.ts"
import { agentActor, extensionClaim } from "./agent.ts"
import { databaseAway } from "./database-away.ts"
import { type AgentContext, type AgentEvent, unheardOf } from "./machine.ts"

/** Which agent, among the tenants that the caller sees (the acting tenant first). */
export type AgentRef = { readonly tenants: ReadonlyArray<string> } & (
  | { readonly id: number }
  | { readonly number: string }
  | { readonly userUuid: string }
)

/** The commands of agentd (contracts/callcenter.md 5), each with its guards in the contract's order. */
export class Agents extends Context.Service<
  Agents,
  {
    readonly login: (
      ref: AgentRef,
      at: { readonly extension: string; readonly context: string; readonly endpoint: string | null }
    ) => Effect.Effect<void, AgentdError>
    readonly loginOnLine: (
      ref: AgentRef & { readonly userUuid: string },
      lineId: number
    ) => Effect.Effect<void, AgentdError>
    readonly logoff: (ref: AgentRef) => Effect.Effect<void, AgentdError>
    readonly pause: (ref: AgentRef, reason: string | null) => Effect.Effect<void, AgentdError>
    readonly unpause: (ref: AgentRef) => Effect.Effect<void, AgentdError>
    readonly enterQueue: (ref: AgentRef, queueId: number) => Effect.Effect<void, AgentdError>
    readonly leaveQueue: (ref: AgentRef, queueId: number) => Effect.Effect<void, AgentdError>
    readonly addToQueue: (ref: AgentRef, queueId: number) => Effect.Effect<void, AgentdError>
    readonly removeFromQueue: (ref: AgentRef, queueId: number) => Effect.Effect<void, AgentdError>
    /** Every logged agent of the tenants; one that fails is logged and does not stop the others. */
    readonly logoffAll: (tenants: ReadonlyArray<string>) => Effect.Effect<void, AgentdError>
    /** Off and on again on the same extension (5.7); with `allQueues` in every assigned queue. */
    readonly relogAll: (
      tenants: ReadonlyArray<string>,
      allQueues: boolean
    ) => Effect.Effect<void, AgentdError>
  }
>()("strowger/actors/agent/Agents") {
  static readonly layer: Layer.Layer<Agents, never, ActorSystem | CallCentre | CallCentreCache> =
    Layer.effect(
      Agents,
      Effect.suspend(() => makeAgents)
    )
}

const makeAgents = Effect.gen(function* () {
  const system = yield* ActorSystem
  const callCentre = yield* CallCentre
  const cache = yield* CallCentreCache
  const assignments = Array.from({ length: 64 }, () => Semaphore.makeUnsafe(1))

  const find = (ref: AgentRef): Effect.Effect<AgentConfig | undefined, AgentdError> => {
    if ("id" in ref) return databaseAway(callCentre.agent(ref.id, ref.tenants))
    if ("number" in ref) return databaseAway(callCentre.agentByNumber(ref.number, ref.tenants))
    return databaseAway(callCentre.agentOfUser(ref.userUuid, ref.tenants))
  }
  const known = Effect.fnUntraced(function* (ref: AgentRef) {
    return (yield* find(ref)) ?? (yield* noSuchAgent())
  })
  /** For commands whose caller learns no more of an unknown agent than that it is not logged in. */
  const loggedOrNot = Effect.fnUntraced(function* (ref: AgentRef) {
    return (yield* find(ref)) ?? (yield* "userUuid" in ref ? noSuchAgent() : notLoggedIn())
  })
  const knownQueue = Effect.fnUntraced(function* (queueId: number, tenants: ReadonlyArray<string>) {
    return (yield* databaseAway(callCentre.queue(queueId, tenants))) ?? (yield* noSuchQueue())
  })
  const stateOf = (agent: AgentConfig): Effect.Effect<AgentContext | undefined, AgentdError> =>
    Effect.map(databaseAway(system.peek(agentActor, String(agent.id))), (view) => view?.context)

  const command = (agent: AgentConfig, event: AgentEvent): Effect.Effect<void, AgentdError> =>
    Effect.asVoid(system.ask(agentActor, String(agent.id), event)).pipe(
      Effect.mapError((error) => answerFor(error, event.type))
    )

  const enter = Effect.fnUntraced(function* (
    agent: AgentConfig,
    at: { readonly extension: string; readonly context: string },
    stateInterface: string
  ) {
    const assigned = agent.queues.map(membershipOf)
    yield* command(agent, {
      type: "login",
      agent: identityOf(agent),
      session: { ...at, stateInterface, loginAt: yield* Clock.currentTimeMillis },
      assigned,
      // An assignment of a moment ago may still be on its way to the agent.
      unheard: unheardOf(yield* stateOf(agent), assigned)
    })
  })

  const refuseLogged = Effect.fnUntraced(function* (agent: AgentConfig) {
    const state = yield* stateOf(agent)
    if (state?.session) return yield* alreadyLogged()
  })

  const refuseTaken = Effect.fnUntraced(function* (agent: AgentConfig, extension: string, context: string) {
    const holder = yield* databaseAway(system.holder(agentActor, extensionClaim(extension, context)))
    if (holder !== undefined && holder !== String(agent.id)) return yield* extensionInUse()
  })

  const logoff = Effect.fnUntraced(function* (agent: AgentConfig) {
    yield* command(agent, { type: "logoff", agent: identityOf(agent), at: yield* Clock.currentTimeMillis })
  })

  const onQueue = Effect.fnUntraced(function* (ref: AgentRef, queueId: number) {
    const agent = yield* known(ref)
    const queue = yield* knownQueue(queueId, ref.tenants)
    return { agent, queue, assigned: agent.queues.find(({ id }) => id === queueId) }
  })

  /** The guards of the per-queue commands of logged agents (5.3). */
  const onEnabledQueue = Effect.fnUntraced(function* (ref: AgentRef, queueId: number) {
    const { agent, queue, assigned } = yield* onQueue(ref, queueId)
    const state = yield* stateOf(agent)
    if (!state?.session) return yield* notLoggedIn()
    if (agent.tenantUuid !== queue.tenantUuid) return yield* tenantsOfAgentAndQueueDiffer()
    if (assigned === undefined) return yield* noSuchQueue()
    return { agent, queue: membershipOf(assigned) }
  })

  /** Of two changes of one assignment at the same time the second finds what the first has done. */
  const changingAssignment = (queueId: number, change: Effect.Effect<void, AgentdError>) =>
    (assignments[queueId % assignments.length] ?? Semaphore.makeUnsafe(1)).withPermit(change)

  /** The row was written in the agent's own commit: only now can it be read. */
  const noteAssignment = ({ id }: AgentConfig) => cache.note(agentAssignmentChanged.name, { agent_id: id })

  const loggedAgents = Effect.fnUntraced(function* (tenants: ReadonlyArray<string>) {
    const agents = yield* databaseAway(callCentre.agentsOf(tenants))
    const states = yield* Effect.forEach(agents, (agent) =>
      Effect.map(stateOf(agent), (state) => ({ agent, session: state?.session ?? null }))
    )
    return states.flatMap(({ agent, session }) => (session ? [{ agent, session }] : []))
  })

  const forEachLogged = <A extends { readonly agent: AgentConfig }>(
    logged: ReadonlyArray<A>,
    act: (entry: A) => Effect.Effect<void, AgentdError>
  ) =>
    Effect.forEach(
      logged,
      (entry) =>
        Effect.catch(act(entry), ({ error }) =>
          Effect.logWarning(`Agent ${entry.agent.id} was left as it was: ${error}`)
        ),
      { concurrency: 16, discard: true }
    )

  return Agents.of({
    login: Effect.fnUntraced(function* (ref, { extension, context, endpoint }) {
      const agent = yield* known(ref)
      const tenant = yield* databaseAway(callCentre.contextTenant(context))
      if (tenant === undefined) return yield* noSuchExtension()
      if (tenant !== agent.tenantUuid) return yield* tenantsOfAgentAndContextDiffer()
      yield* refuseLogged(agent)
      yield* refuseTaken(agent, extension, context)
      const lines = yield* databaseAway(callCentre.linesOn(extension, context))
      const line =
        endpoint === null
          ? (lines.findLast(({ isMainLine }) => isMainLine) ?? lines.at(-1))
          : lines.find(({ stateInterface }) => stateInterface === endpoint)
      if (line === undefined) return yield* noSuchExtension()
      yield* enter(agent, { extension, context }, line.stateInterface)
    }),
    loginOnLine: Effect.fnUntraced(function* (ref, lineId) {
      const agent = yield* known(ref)
      yield* refuseLogged(agent)
      const line = yield* databaseAway(callCentre.lineOfUser(ref.userUuid, lineId))
      if (line === undefined) return yield* noSuchLine()
      if (line.extension === null) return yield* noSuchExtension()
      const { exten: extension, context } = line.extension
      yield* refuseTaken(agent, extension, context)
      yield* enter(agent, { extension, context }, line.stateInterface)
    }),
    logoff: (ref) => Effect.flatMap(loggedOrNot(ref), logoff),
    pause: Effect.fnUntraced(function* (ref, reason) {
      yield* command(yield* loggedOrNot(ref), { type: "pause", reason })
    }),
    unpause: Effect.fnUntraced(function* (ref) {
      yield* command(yield* loggedOrNot(ref), { type: "unpause" })
    }),
    enterQueue: Effect.fnUntraced(function* (ref, queueId) {
      const { agent, queue } = yield* onEnabledQueue(ref, queueId)
      yield* command(agent, { type: "enterQueue", agent: identityOf(agent), queue })
    }),
    leaveQueue: Effect.fnUntraced(function* (ref, queueId) {
      const { agent, queue } = yield* onEnabledQueue(ref, queueId)
      const at = yield* Clock.currentTimeMillis
      yield* command(agent, { type: "leaveQueue", agent: identityOf(agent), queue, at })
    }),
    addToQueue: (ref, queueId) =>
      changingAssignment(
        queueId,
        Effect.gen(function* () {
          const { agent, queue, assigned } = yield* onQueue(ref, queueId)
          if (agent.tenantUuid !== queue.tenantUuid) return yield* tenantsOfAgentAndQueueDiffer()
          if (assigned !== undefined) return yield* alreadyInQueue()
          yield* command(agent, {
            type: "addToQueue",
            agent: identityOf(agent),
            queue: { id: queue.id, name: queue.name, penalty: 0 }
          })
          noteAssignment(agent)
        })
      ),
    removeFromQueue: (ref, queueId) =>
      changingAssignment(
        queueId,
        Effect.gen(function* () {
          const { agent, assigned } = yield* onQueue(ref, queueId)
          if (assigned === undefined) return yield* notInQueue()
          yield* command(agent, {
            type: "removeFromQueue",
            agent: identityOf(agent),
            queue: membershipOf(assigned)
          })
          noteAssignment(agent)
        })
      ),
    logoffAll: Effect.fnUntraced(function* (tenants) {
      yield* forEachLogged(yield* loggedAgents(tenants), ({ agent }) => logoff(agent))
    }),
    relogAll: Effect.fnUntraced(function* (tenants, allQueues) {
      yield* forEachLogged(yield* loggedAgents(tenants), ({ agent, session }) =>
        Effect.gen(function* () {
          const before = (yield* stateOf(agent))?.enabled ?? []
          yield* logoff(agent)
          const assigned = agent.queues.map(membershipOf)
          if (allQueues) yield* command(agent, { type: "enabledAll", assigned })
          const lines = yield* databaseAway(callCentre.linesOn(session.extension, session.context))
          const line = lines.findLast(({ isMainLine }) => isMainLine) ?? lines.at(-1)
          yield* enter(
            agent,
            { extension: session.extension, context: session.context },
            line?.stateInterface ?? session.stateInterface
          )
          if (allQueues) {
            const added = assigned.filter(({ id }) => !before.some((queue) => queue.id === id))
            yield* command(agent, { type: "announceQueues", queueIds: added.map(({ id }) => id) })
          }
        })
      )
    })
  })
})

/** Identity of a configured agent, as its commands carry it. */
export const identityOf = ({ id, tenantUuid, number, users }: AgentConfig): AgentIdentity => ({
  id,
  tenantUuid,
  number,
  users
})

export const membershipOf = ({ id, name, penalty }: AssignedQueue): QueueMembership => ({ id, name, penalty })

/** What an agentd client is told when an agent does not take its command. */
const answerFor = (error: AskError, command: AgentEvent["type"]): AgentdError => {
  switch (error._tag) {
    case "Refused":
      return command === "login" ? alreadyLogged() : notLoggedIn()
    case "ClaimTaken":
      return extensionInUse()
    case "Rejected":
      return unavailable("Asterisk cannot be reached")
    case "ActorUnavailable":
      return unavailable(error.message)
  }
}
