import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { differentTenants, fieldNotFound, NotFound, type Refusal } from "../../schemas/confd/errors.ts"
import {
  agentEdited,
  queueMemberAgentAssociated,
  queueMemberAgentDissociated,
  queueMemberUserAssociated,
  queueMemberUserDissociated
} from "../../schemas/events/confd.ts"
import { change, type Emit, type Ground, insertRow, within } from "./configuration.ts"
import { holdRow, type TenantScope } from "./listing.ts"
import { holdUser, type UserKey, type UserRow } from "./user-key.ts"

/** Who a queue rings (contracts/callcenter.md 10). Dissociating what is not associated does nothing. */
export class QueueMembers extends Context.Service<
  QueueMembers,
  {
    /** Repeated with other values it changes them. */
    readonly associateAgent: (
      scope: TenantScope,
      queueId: number,
      agentId: number,
      member: { readonly penalty?: number; readonly priority?: number }
    ) => Effect.Effect<void, Refusal>
    readonly dissociateAgent: (
      scope: TenantScope,
      queueId: number,
      agentId: number
    ) => Effect.Effect<void, Refusal>
    readonly associateUser: (
      scope: TenantScope,
      queueId: number,
      user: UserKey,
      member: { readonly priority?: number }
    ) => Effect.Effect<void, Refusal>
    readonly dissociateUser: (
      scope: TenantScope,
      queueId: number,
      user: UserKey
    ) => Effect.Effect<void, Refusal>
  }
>()("strowger/actors/pbx/QueueMembers") {
  static readonly layer: Layer.Layer<QueueMembers, never, Ground> = Layer.effect(
    QueueMembers,
    Effect.gen(function* () {
      const here = within(yield* Effect.context<Ground>())
      return {
        associateAgent: here(associateAgent),
        dissociateAgent: here(dissociateAgent),
        associateUser: here(associateUser),
        dissociateUser: here(dissociateUser)
      }
    })
  )
}

interface Member {
  readonly penalty?: number
  readonly priority?: number
}

interface Owned {
  readonly id: number
  readonly tenant_uuid: string
}

const agents = { name: "Agent", table: "pbx_agents" }
const queues = { name: "Queue", table: "pbx_queues" }

/** A queue that a new agent's body names; one that cannot be seen is the body's fault. */
export const associateNewAgent = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  agent: Owned,
  { id, ...member }: Member & { readonly id: number }
) {
  const queue = yield* holdRow<Owned>(queues, id, scope.visibleTenants, "key share").pipe(
    Effect.catchIf(isNotFound, () => fieldNotFound("queues", "Queue", { id }))
  )
  yield* putAgent(emit, queue, agent, member)
})

const associateAgent = (scope: TenantScope, queueId: number, agentId: number, member: Member) =>
  change((emit) =>
    Effect.gen(function* () {
      const agent = yield* holdRow<Owned>(agents, agentId, scope.visibleTenants, "update")
      const queue = yield* holdRow<Owned>(queues, queueId, scope.visibleTenants, "key share")
      yield* putAgent(emit, queue, agent, member)
    })
  )

/** The agent is held against updates, so nobody else puts the same member meanwhile. */
const putAgent = Effect.fnUntraced(function* (emit: Emit, queue: Owned, agent: Owned, member: Member) {
  const sql = yield* SqlClient.SqlClient
  if (queue.tenant_uuid !== agent.tenant_uuid) return yield* tenantsDiffer(queue, { agent })
  const { penalty = 0, priority = 0 } = member
  const [present] = yield* sql<Required<Member>>`
    SELECT penalty, priority FROM pbx_queue_agents WHERE queue_id = ${queue.id} AND agent_id = ${agent.id}`
  if (present?.penalty === penalty && present.priority === priority) return
  yield* sql`
    INSERT INTO pbx_queue_agents ${sql.insert({ queue_id: queue.id, agent_id: agent.id, penalty, priority })}
    ON CONFLICT (queue_id, agent_id) DO UPDATE SET penalty = excluded.penalty, priority = excluded.priority`
  const target = { tenantUuid: queue.tenant_uuid }
  if (present === undefined) {
    emit(queueMemberAgentAssociated, target, { queue_id: queue.id, agent_id: agent.id, penalty })
  }
  emit(agentEdited, target, { id: agent.id })
})

const dissociateAgent = (scope: TenantScope, queueId: number, agentId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const agent = yield* holdRow<Owned>(agents, agentId, scope.visibleTenants, "update")
      const queue = yield* holdRow<Owned>(queues, queueId, scope.visibleTenants, "key share")
      const removed = yield* sql`
        DELETE FROM pbx_queue_agents WHERE queue_id = ${queue.id} AND agent_id = ${agent.id} RETURNING agent_id`
      if (removed.length === 0) return
      const target = { tenantUuid: queue.tenant_uuid }
      emit(queueMemberAgentDissociated, target, { queue_id: queue.id, agent_id: agent.id })
      emit(agentEdited, target, { id: agent.id })
    })
  )

const associateUser = (
  scope: TenantScope,
  queueId: number,
  key: UserKey,
  { priority = 0 }: { readonly priority?: number }
) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      const queue = yield* holdRow<Owned>(queues, queueId, scope.visibleTenants, "key share")
      if (queue.tenant_uuid !== user.tenant_uuid) return yield* tenantsDiffer(queue, { user })
      const present = yield* sql`
        UPDATE pbx_queue_users SET priority = ${priority}
        WHERE queue_id = ${queue.id} AND user_id = ${user.id} RETURNING user_id`
      if (present.length > 0) return
      yield* insertRow("pbx_queue_users", { queue_id: queue.id, user_id: user.id, priority })
      emit(queueMemberUserAssociated, targetOf(user), { queue_id: queue.id, user_uuid: user.uuid })
    })
  )

const dissociateUser = (scope: TenantScope, queueId: number, key: UserKey) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      const queue = yield* holdRow<Owned>(queues, queueId, scope.visibleTenants, "key share")
      const removed = yield* sql`
        DELETE FROM pbx_queue_users WHERE queue_id = ${queue.id} AND user_id = ${user.id} RETURNING user_id`
      if (removed.length === 0) return
      emit(queueMemberUserDissociated, targetOf(user), { queue_id: queue.id, user_uuid: user.uuid })
    })
  )

const targetOf = (user: UserRow) => ({ tenantUuid: user.tenant_uuid, userUuids: [user.uuid] })

const tenantsDiffer = (queue: Owned, other: Readonly<Record<string, Owned>>) =>
  differentTenants({
    queue_tenant_uuid: queue.tenant_uuid,
    ...Object.fromEntries(
      Object.entries(other).map(([name, { tenant_uuid }]) => [`${name}_tenant_uuid`, tenant_uuid])
    )
  })

const isNotFound = (error: unknown): error is NotFound => error instanceof NotFound
