import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Agent, AgentCreation, AgentEdit, agentColumns } from "../../schemas/confd/agent.ts"
import { alreadyExists } from "../../schemas/confd/errors.ts"
import { agentCreated, agentDeleted, agentEdited } from "../../schemas/events/confd.ts"
import { onConstraint } from "../../runtime/database/sql-errors.ts"
import {
  type Configuration,
  change,
  columnsOf,
  deleteRow,
  type Emit,
  type Ground,
  insertRow,
  configurationOf,
  updateRow
} from "./configuration.ts"
import { getRow, holdRow, integerColumn, type Resource, type TenantScope, textColumn } from "./listing.ts"
import { associateNewAgent } from "./queue-members.ts"

type Name = (typeof agentColumns)[number]

/** Agents: the call-centre identity (contracts/callcenter.md 3.1 and 10). */
export class Agents extends Context.Service<Agents, Configuration<Agent, AgentCreation, AgentEdit, Name>>()(
  "strowger/actors/pbx/Agents"
) {
  static readonly layer: Layer.Layer<Agents, never, Ground> = Layer.effect(
    Agents,
    Effect.suspend(() => configurationOf(agentResource, { create, edit, remove }))
  )
}

export interface AgentRow {
  readonly id: number
  readonly tenant_uuid: string
  readonly number: string
}

export const agentResource: Resource<Name> = {
  name: "Agent",
  table: "pbx_agents",
  key: "id",
  select: `it.id, it.tenant_uuid, it.number, it.firstname, it.lastname, it.password, it.language,
    it.preprocess_subroutine, it.description, '[]'::json AS skills,
    (SELECT coalesce(json_agg(json_build_object(
        'id', q.id, 'name', q.name, 'label', q.label, 'penalty', m.penalty) ORDER BY m.priority, q.id), '[]')
      FROM pbx_queue_agents m JOIN pbx_queues q ON q.id = m.queue_id WHERE m.agent_id = it.id) AS queues,
    (SELECT coalesce(json_agg(json_build_object(
        'uuid', u.uuid, 'firstname', u.firstname, 'lastname', u.lastname) ORDER BY u.id), '[]')
      FROM pbx_users u WHERE u.agent_id = it.id) AS users`,
  columns: {
    id: integerColumn("id"),
    number: textColumn("number"),
    firstname: textColumn("firstname"),
    lastname: textColumn("lastname"),
    language: textColumn("language"),
    preprocess_subroutine: textColumn("preprocess_subroutine"),
    description: textColumn("description")
  },
  searched: "it.folded",
  defaultOrder: "id"
}

/** Adds an agent and makes it member of the given queues, within a change. */
export const addAgent = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  { queues, ...body }: AgentCreation
) {
  const agent = yield* insertRow<AgentRow>(agentResource.table, {
    ...columnsOf(body),
    tenant_uuid: scope.tenantUuid
  }).pipe(onConstraint({ pbx_agent_number: () => alreadyExists("Agent", { number: body.number }) }))
  emit(agentCreated, { tenantUuid: agent.tenant_uuid }, { id: agent.id })
  for (const queue of queues ?? []) yield* associateNewAgent(emit, scope, agent, queue)
  return agent
})

const create = (scope: TenantScope, body: AgentCreation) =>
  change((emit) =>
    Effect.gen(function* () {
      const { id, tenant_uuid } = yield* addAgent(emit, scope, body)
      return yield* getRow<Agent>(agentResource, id, [tenant_uuid])
    })
  )

const edit = (scope: TenantScope, id: number, body: AgentEdit) =>
  change((emit) =>
    Effect.gen(function* () {
      const agent = yield* holdRow<AgentRow>(agentResource, id, scope.visibleTenants, "update")
      yield* updateRow(agentResource.table, id, columnsOf(body))
      emit(agentEdited, { tenantUuid: agent.tenant_uuid }, { id })
    })
  )

const remove = (scope: TenantScope, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      // Its users are changed with it: they are held first, as everywhere.
      yield* sql`SELECT id FROM pbx_users WHERE agent_id = ${id} ORDER BY id FOR UPDATE`
      const { tenant_uuid } = yield* holdRow<AgentRow>(agentResource, id, scope.visibleTenants, "update")
      yield* deleteRow(agentResource.table, id)
      emit(agentDeleted, { tenantUuid: tenant_uuid }, { id, tenant_uuid })
    })
  )
