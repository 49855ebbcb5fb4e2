import { Clock, Context, Deferred, Effect, Layer, Queue, Stream } from "effect"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { busConnected, EventBus, type PublishedEvent } from "../../runtime/bus/event-bus.ts"
import { authTenantDeleted } from "../../schemas/events/auth.ts"
import {
  agentDeleted,
  agentEdited,
  queueDeleted,
  queueMemberAgentAssociated,
  queueMemberAgentDissociated
} from "../../schemas/events/confd.ts"
import type { EventDefinition } from "../../schemas/events/envelope.ts"
import { Tenants } from "../identity/tenants.ts"
import { Agents } from "../pbx/agents.ts"
import { type AgentConfig, CallCentre } from "../pbx/call-centre.ts"
import { agentActor } from "./agent.ts"
import { identityOf, membershipOf } from "./agents.ts"
import { type AgentContext, type AgentEvent, missedConfiguration } from "./machine.ts"

/**
 * Tells agents what changes in their configuration (contracts/callcenter.md 5.8).
 *
 * **Details**
 * - Events are taken one after the other, and each agent hears of its changes in the order of their commits. A
 *   change is checked against the present configuration before it is told, so an event that comes twice, or after
 *   the change was undone, does no harm.
 * - Between the publication of an event and its reaction a node may die. So at the start, when the bus is back, and
 *   whenever Asterisk is brought in line, all agents are compared with the configuration.
 */
export class AgentConfigurationEvents extends Context.Service<
  AgentConfigurationEvents,
  {
    /** Compares all agents with the configuration; completes when they have been told what they missed. */
    readonly compare: Effect.Effect<void>
  }
>()("strowger/actors/agent/AgentConfigurationEvents") {
  static readonly layer: Layer.Layer<
    AgentConfigurationEvents,
    never,
    EventBus | ActorSystem | CallCentre | Agents | Tenants
  > = Layer.effect(
    AgentConfigurationEvents,
    Effect.suspend(() => make)
  )
}

type Services = ActorSystem | CallCentre | Agents | Tenants

const make = Effect.gen(function* () {
  const bus = yield* EventBus
  const work = yield* Queue.unbounded<Effect.Effect<void, unknown, Services>>()
  const later = (reaction: Effect.Effect<void, unknown, Services>) => void Queue.offerUnsafe(work, reaction)

  const react = <Data extends object>(
    { name }: EventDefinition<Data>,
    reaction: (data: Data, tenantUuid: string) => Effect.Effect<void, unknown, Services>
  ) =>
    // The data of an event of ours is as its definition says.
    bus.subscribe({ name }, ({ data, headers }: PublishedEvent) =>
      later(reaction(data as Data, String(headers["tenant_uuid"])))
    )

  yield* react(queueMemberAgentAssociated, associated)
  yield* react(queueMemberAgentDissociated, dissociated)
  yield* react(agentEdited, edited)
  yield* react(agentDeleted, ({ id }) => forget(id, false))
  yield* react(queueDeleted, ({ id }) => forgetQueue(id))
  yield* react(authTenantDeleted, ({ uuid }) => forgetTenant(uuid))
  yield* bus.subscribe({ name: busConnected }, () => later(compareAll))
  // The tenant tree was read a moment ago: it knows which tenants are gone.
  later(Effect.andThen(forgetGoneTenants, compareAll))

  yield* Queue.take(work).pipe(
    Effect.flatMap((reaction) =>
      Effect.catchCause(reaction, (cause) =>
        Effect.logError("A change of the configuration did not reach its agents", cause)
      )
    ),
    Effect.forever,
    Effect.forkScoped
  )
  return {
    compare: Effect.gen(function* () {
      const done = yield* Deferred.make<void>()
      later(Effect.ensuring(compareAll, Deferred.succeed(done, undefined)))
      yield* Deferred.await(done)
    })
  }
})

/** Never waits for Asterisk: the letter is in the agent's mailbox, and is kept while the database is away. */
const tell = (agentId: number, event: AgentEvent) =>
  Effect.flatMap(ActorSystem, (system) => system.tell(agentActor, String(agentId), event))

const configured = (agentId: number, tenantUuid: string) =>
  Effect.flatMap(CallCentre, (callCentre) => callCentre.agent(agentId, [tenantUuid]))

const assignedOf = ({ queues }: AgentConfig) => queues.map(membershipOf)

const associated = Effect.fnUntraced(function* (
  { agent_id, queue_id }: { readonly agent_id: number; readonly queue_id: number },
  tenantUuid: string
) {
  const agent = yield* configured(agent_id, tenantUuid)
  const queue = agent?.queues.find(({ id }) => id === queue_id)
  if (agent === undefined || queue === undefined) return
  yield* tell(agent_id, { type: "assigned", agent: identityOf(agent), queue: membershipOf(queue) })
})

const dissociated = Effect.fnUntraced(function* (
  { agent_id, queue_id }: { readonly agent_id: number; readonly queue_id: number },
  tenantUuid: string
) {
  const agent = yield* configured(agent_id, tenantUuid)
  if (agent === undefined || agent.queues.some(({ id }) => id === queue_id)) return
  yield* tell(agent_id, { type: "unassigned", agent: identityOf(agent), queueId: queue_id })
})

const edited = Effect.fnUntraced(function* ({ id }: { readonly id: number }, tenantUuid: string) {
  const agent = yield* configured(id, tenantUuid)
  if (agent === undefined) return
  yield* tell(id, { type: "penaltiesChanged", agent: identityOf(agent), assigned: assignedOf(agent) })
})

const forget = Effect.fnUntraced(function* (agentId: number, withBlf: boolean) {
  yield* tell(agentId, { type: "forgotten", at: yield* Clock.currentTimeMillis, withBlf })
})

const forgetQueue = Effect.fnUntraced(function* (queueId: number) {
  for (const [id, { enabled, left }] of yield* states) {
    if (left.includes(queueId) || enabled.some((queue) => queue.id === queueId)) {
      yield* tell(id, { type: "queueDeleted", queueId })
    }
  }
})

/** The users of the tenant's agents are known from the last command: their keys are darkened too. */
const forgetTenant = Effect.fnUntraced(function* (tenantUuid: string) {
  for (const [id, { agent }] of yield* states) if (agent?.tenantUuid === tenantUuid) yield* forget(id, true)
})

const forgetGoneTenants = Effect.gen(function* () {
  const tenants = yield* Tenants
  for (const [id, { agent }] of yield* states) {
    if (agent !== null && !tenants.exists(agent.tenantUuid)) yield* forget(id, true)
  }
})

const compareAll = Effect.gen(function* () {
  const callCentre = yield* CallCentre
  const tenants = yield* Tenants
  const known = yield* states
  const agents = yield* callCentre.agentsOf(tenants.visible(tenants.master))
  for (const agent of agents) yield* compare(agent, known.get(agent.id))
  const configuredIds = new Set(agents.map(({ id }) => id))
  for (const [id, context] of known) if (!configuredIds.has(id)) yield* forgetWhenGone(id, context)
})

const compare = Effect.fnUntraced(function* (agent: AgentConfig, context: AgentContext | undefined) {
  if (!missedConfiguration(context, assignedOf(agent))) return
  const callCentre = yield* CallCentre
  const { id, tenantUuid } = agent
  yield* Effect.logInfo(`Agent ${id} differs from its configuration and is mended`)
  for (const queue of context?.enabled ?? []) {
    const found = yield* callCentre.queue(queue.id, [tenantUuid])
    if (found === undefined) yield* tell(id, { type: "queueDeleted", queueId: queue.id })
  }
  // Others may have been told before it was this agent's turn.
  const present = (yield* configured(id, tenantUuid)) ?? agent
  yield* tell(id, { type: "configured", agent: identityOf(present), assigned: assignedOf(present) })
})

/** What is kept in memory may lag behind the other nodes: only the database says that an agent is gone. */
const forgetWhenGone = Effect.fnUntraced(function* (id: number, { agent }: AgentContext) {
  if (agent === null) return
  const agents = yield* Agents
  const { tenantUuid } = agent
  const found = yield* Effect.option(agents.get({ tenantUuid, visibleTenants: [tenantUuid] }, id))
  if (found._tag === "None") yield* forget(id, false)
})

/** The committed states of all agents that ever had one, by agent id. */
const states = Effect.gen(function* () {
  const system = yield* ActorSystem
  const all = yield* Stream.runCollect(system.all(agentActor))
  return new Map(all.map(({ id, view }) => [Number(id), view.context]))
})
