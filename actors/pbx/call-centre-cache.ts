import { Context, Effect, Layer, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { busConnected, EventBus } from "../../runtime/bus/event-bus.ts"
import type { AgentConfig, QueueConfig } from "./call-centre.ts"

/** Agents and queues as they are configured, each findable without a query. */
export interface CallCentreView {
  readonly agents: ReadonlyMap<number, AgentConfig>
  readonly agentsByNumber: ReadonlyMap<string, ReadonlySet<AgentConfig>>
  /** By the user's uuid. */
  readonly agentsByUser: ReadonlyMap<string, AgentConfig>
  readonly queues: ReadonlyMap<number, QueueConfig>
}

/**
 * The configuration of the call centre in memory. Events of the configuration, told here at their commit and again
 * by the bus (for those of other nodes), mark what must be read anew; the next reader reads it, all of it in a
 * handful of queries. So a reader never sees less than what was committed before it asked.
 */
export class CallCentreCache extends Context.Service<
  CallCentreCache,
  {
    /** The view, read anew where something changed. Costs nothing when nothing did. */
    readonly view: Effect.Effect<CallCentreView, SqlError.SqlError>
    /** Forgets what an event of the configuration is about. */
    readonly note: (eventName: string, data: object) => void
    /** Forgets everything. */
    readonly forgetAll: () => void
  }
>()("strowger/actors/pbx/CallCentreCache") {
  static readonly layer: Layer.Layer<CallCentreCache, never, SqlClient.SqlClient | EventBus> = Layer.effect(
    CallCentreCache,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const bus = yield* EventBus
      const store = makeStore()
      const reading = yield* Semaphore.make(1)
      const readStale = Effect.whileLoop({
        while: store.isStale,
        body: () => readOnce(sql, store),
        step: () => {}
      }).pipe(reading.withPermit, Effect.as(store.view))
      for (const name of Object.keys(subjects)) {
        yield* bus.subscribe({ name }, ({ data }) => store.note(name, data))
      }
      yield* bus.subscribe({ name: busConnected }, store.forgetAll)
      return {
        view: Effect.suspend(() => (store.isStale() ? readStale : Effect.succeed(store.view))),
        note: store.note,
        forgetAll: store.forgetAll
      }
    })
  )
}

/** What must be read anew: everything, or these. */
interface Stale {
  readonly everything: boolean
  readonly agents: ReadonlyArray<number>
  readonly queues: ReadonlyArray<number>
}

interface Store {
  readonly view: CallCentreView
  readonly isStale: () => boolean
  readonly note: (eventName: string, data: object) => void
  readonly forgetAll: () => void
  /** Takes the marks; what is marked from now on is read by the next round. */
  readonly takeStale: () => Stale
  readonly markAgain: (stale: Stale) => void
  readonly replace: (
    stale: Stale,
    agents: ReadonlyArray<AgentConfig>,
    queues: ReadonlyArray<QueueConfig>
  ) => void
}

/** The marks are taken before the read: a change committed meanwhile marks again and costs another round. */
const readOnce = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, store: Store) {
  const stale = store.takeStale()
  yield* Effect.gen(function* () {
    const queues = yield* readQueues(sql, stale)
    const agents = yield* readAgents(sql, stale)
    store.replace(stale, agents, queues)
  }).pipe(Effect.onExit((exit) => Effect.sync(() => exit._tag === "Failure" && store.markAgain(stale))))
})

const readQueues = (sql: SqlClient.SqlClient, { everything, queues }: Stale) =>
  !everything && queues.length === 0
    ? Effect.succeed([])
    : sql<QueueConfig>`
        SELECT id, tenant_uuid AS "tenantUuid", name, label,
          coalesce((SELECT substring(o->>1 FROM '^[0-9]{1,9}$')::integer
            FROM jsonb_array_elements(options) WITH ORDINALITY AS option(o, n)
            WHERE o->>0 = 'wrapuptime' ORDER BY n DESC LIMIT 1), 0) AS "wrapupTime"
        FROM pbx_queues WHERE ${everything ? sql.literal("true") : sql`id = ANY(${queues})`}`

const readAgents = (sql: SqlClient.SqlClient, { everything, agents }: Stale) =>
  !everything && agents.length === 0
    ? Effect.succeed([])
    : sql<AgentConfig>`
        SELECT a.id, a.tenant_uuid AS "tenantUuid", a.number,
          coalesce(u.users, '[]'::json) AS users, coalesce(q.queues, '[]'::json) AS queues
        FROM pbx_agents a
        LEFT JOIN (
          SELECT agent_id, json_agg(json_build_object('id', id, 'uuid', uuid) ORDER BY id) AS users
          FROM pbx_users WHERE agent_id IS NOT NULL
          ${everything ? sql.literal("") : sql`AND agent_id = ANY(${agents})`} GROUP BY agent_id
        ) u ON u.agent_id = a.id
        LEFT JOIN (
          SELECT m.agent_id, json_agg(json_build_object(
            'id', q.id, 'name', q.name, 'label', q.label, 'penalty', m.penalty) ORDER BY m.priority, q.id) AS queues
          FROM pbx_queue_agents m JOIN pbx_queues q ON q.id = m.queue_id
          ${everything ? sql.literal("") : sql`WHERE m.agent_id = ANY(${agents})`} GROUP BY m.agent_id
        ) q ON q.agent_id = a.id
        ${everything ? sql.literal("") : sql`WHERE a.id = ANY(${agents})`}
        ORDER BY a.id`

const makeStore = (): Store => {
  const agents = new Map<number, AgentConfig>()
  const agentsByNumber = new Map<string, Set<AgentConfig>>()
  const agentsByUser = new Map<string, AgentConfig>()
  const queues = new Map<number, QueueConfig>()
  const staleAgents = new Set<number>()
  const staleQueues = new Set<number>()
  let everything = true
  /** While a round reads, the view is behind what was committed: readers wait for it. */
  let readUnderWay = false

  const drop = (agent: AgentConfig) => {
    agents.delete(agent.id)
    const namesakes = agentsByNumber.get(agent.number)
    namesakes?.delete(agent)
    if (namesakes?.size === 0) agentsByNumber.delete(agent.number)
    for (const { uuid } of agent.users) {
      if (agentsByUser.get(uuid) === agent) agentsByUser.delete(uuid)
    }
  }
  const put = (agent: AgentConfig) => {
    agents.set(agent.id, agent)
    const namesakes = agentsByNumber.get(agent.number) ?? new Set()
    agentsByNumber.set(agent.number, namesakes.add(agent))
    for (const { uuid } of agent.users) agentsByUser.set(uuid, agent)
  }
  const forgetAgent = (id: number) => void staleAgents.add(id)
  const forgetQueue = (id: number) => {
    staleQueues.add(id)
    for (const agent of agents.values()) {
      if (agent.queues.some((queue) => queue.id === id)) staleAgents.add(agent.id)
    }
  }
  const forgetAll = () => {
    everything = true
  }
  const note = (eventName: string, data: object) => {
    const subject = subjectOf(eventName, data)
    if (subject.agentId !== undefined) forgetAgent(subject.agentId)
    if (subject.queueId !== undefined) forgetQueue(subject.queueId)
    if (subject.userUuid !== undefined) {
      const agent = agentsByUser.get(subject.userUuid)
      if (agent !== undefined) forgetAgent(agent.id)
    }
  }
  return {
    view: { agents, agentsByNumber, agentsByUser, queues },
    isStale: () => readUnderWay || everything || staleAgents.size > 0 || staleQueues.size > 0,
    note,
    forgetAll,
    takeStale: () => {
      const stale = { everything, agents: [...staleAgents], queues: [...staleQueues] }
      readUnderWay = true
      everything = false
      staleAgents.clear()
      staleQueues.clear()
      return stale
    },
    markAgain: (stale) => {
      readUnderWay = false
      everything ||= stale.everything
      for (const id of stale.agents) staleAgents.add(id)
      for (const id of stale.queues) staleQueues.add(id)
    },
    replace: (stale, freshAgents, freshQueues) => {
      for (const id of stale.everything ? [...queues.keys()] : stale.queues) queues.delete(id)
      for (const queue of freshQueues) queues.set(queue.id, queue)
      for (const id of stale.everything ? [...agents.keys()] : stale.agents) {
        const known = agents.get(id)
        if (known !== undefined) drop(known)
      }
      for (const agent of freshAgents) put(agent)
      readUnderWay = false
    }
  }
}

/** What of the call centre an event of the configuration changes. */
interface Subject {
  readonly agentId?: number
  readonly queueId?: number
  readonly userUuid?: string
}

interface Fields {
  readonly id?: number
  readonly agent_id?: number
  readonly uuid?: string
}

const agentItself = ({ id }: Fields): Subject => (id === undefined ? {} : { agentId: id })
const queueItself = ({ id }: Fields): Subject => (id === undefined ? {} : { queueId: id })
const itsAgent = ({ agent_id }: Fields): Subject => (agent_id === undefined ? {} : { agentId: agent_id })

const subjects: Readonly<Record<string, (data: Fields) => Subject>> = {
  agent_created: agentItself,
  agent_edited: agentItself,
  agent_deleted: agentItself,
  queue_created: queueItself,
  queue_edited: queueItself,
  queue_deleted: queueItself,
  queue_member_agent_associated: itsAgent,
  queue_member_agent_dissociated: itsAgent,
  user_agent_associated: itsAgent,
  user_agent_dissociated: itsAgent,
  agent_assignment_changed: itsAgent,
  user_deleted: ({ uuid }) => (uuid === undefined ? {} : { userUuid: uuid })
}

/** `data` is of one of our own events. */
const subjectOf = (eventName: string, data: object): Subject => subjects[eventName]?.(data) ?? {}
