import { Context, Effect, Layer } from "effect"
import { alreadyExists } from "../../schemas/confd/errors.ts"
import type { Options } from "../../schemas/confd/fields.ts"
import {
  defaultQueueOptions,
  type Queue,
  type QueueCreation,
  type QueueEdit,
  type queueColumns
} from "../../schemas/confd/queue.ts"
import { queueCreated, queueDeleted, queueEdited } from "../../schemas/events/confd.ts"
import { onConstraint } from "../../runtime/database/sql-errors.ts"
import {
  type Configuration,
  change,
  columnsOf,
  deleteRow,
  type Ground,
  insertRow,
  configurationOf,
  updateRow
} from "./configuration.ts"
import {
  booleanColumn,
  getRow,
  holdRow,
  integerColumn,
  type Resource,
  type TenantScope,
  textColumn
} from "./listing.ts"

type Name = (typeof queueColumns)[number]

/** Queues (contracts/callcenter.md 3.1 and 10). */
export class Queues extends Context.Service<Queues, Configuration<Queue, QueueCreation, QueueEdit, Name>>()(
  "strowger/actors/pbx/Queues"
) {
  static readonly layer: Layer.Layer<Queues, never, Ground> = Layer.effect(
    Queues,
    Effect.suspend(() => configurationOf(queueResource, { create, edit, remove }))
  )
}

export interface QueueRow {
  readonly id: number
  readonly tenant_uuid: string
}

export const queueResource: Resource<Name> = {
  name: "Queue",
  table: "pbx_queues",
  key: "id",
  select: `it.id, it.tenant_uuid, it.name, it.label, it.options, it.timeout, it.music_on_hold,
    it.preprocess_subroutine, it.caller_id_mode, it.caller_id_name, it.ring_on_hold, it.retry_on_timeout,
    it.announce_hold_time_on_entry, it.ignore_forward, it.mark_answered_elsewhere, it.enabled, it.data_quality,
    it.wait_time_threshold, it.wait_ratio_threshold, '[]'::json AS extensions, '[]'::json AS schedules,
    json_build_object(
      'agents', (SELECT coalesce(json_agg(json_build_object(
            'id', a.id, 'number', a.number, 'firstname', a.firstname, 'lastname', a.lastname,
            'penalty', m.penalty, 'priority', m.priority) ORDER BY m.priority, a.id), '[]')
          FROM pbx_queue_agents m JOIN pbx_agents a ON a.id = m.agent_id WHERE m.queue_id = it.id),
      'users', (SELECT coalesce(json_agg(json_build_object(
            'uuid', u.uuid, 'firstname', u.firstname, 'lastname', u.lastname,
            'priority', m.priority) ORDER BY m.priority, u.id), '[]')
          FROM pbx_queue_users m JOIN pbx_users u ON u.id = m.user_id WHERE m.queue_id = it.id)
    ) AS members`,
  columns: {
    id: integerColumn("id"),
    name: textColumn("name"),
    label: textColumn("label"),
    preprocess_subroutine: textColumn("preprocess_subroutine"),
    // A queue has no extension of its own in this subset.
    exten: { sql: "NULL::text", type: "text" },
    enabled: booleanColumn("enabled"),
    timeout: integerColumn("timeout"),
    music_on_hold: textColumn("music_on_hold"),
    caller_id_mode: textColumn("caller_id_mode"),
    caller_id_name: textColumn("caller_id_name")
  },
  searched: "it.folded",
  defaultOrder: "id"
}

/** The given options over the defaults, one value for each default. */
export const mergedOptions = (given: Options): Options => {
  const named = new Set(given.map(([key]) => key))
  return [...defaultQueueOptions.filter(([key]) => !named.has(key)), ...given]
}

const create = (scope: TenantScope, body: QueueCreation) =>
  change((emit) =>
    Effect.gen(function* () {
      const { id, tenant_uuid } = yield* insertRow<QueueRow>(queueResource.table, {
        ...columnsOf({ ...body, options: mergedOptions(body.options ?? []) }),
        tenant_uuid: scope.tenantUuid
      }).pipe(onConstraint({ pbx_queue_name: () => alreadyExists("Queue", { name: body.name }) }))
      emit(queueCreated, { tenantUuid: tenant_uuid }, { id })
      return yield* getRow<Queue>(queueResource, id, [tenant_uuid])
    })
  )

const edit = (scope: TenantScope, id: number, body: QueueEdit) =>
  change((emit) =>
    Effect.gen(function* () {
      const { tenant_uuid } = yield* holdRow<QueueRow>(queueResource, id, scope.visibleTenants, "update")
      const options = body.options === undefined ? {} : { options: mergedOptions(body.options) }
      yield* updateRow(queueResource.table, id, columnsOf({ ...body, ...options }))
      emit(queueEdited, { tenantUuid: tenant_uuid }, { id })
    })
  )

const remove = (scope: TenantScope, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const { tenant_uuid } = yield* holdRow<QueueRow>(queueResource, id, scope.visibleTenants, "update")
      yield* deleteRow(queueResource.table, id)
      emit(queueDeleted, { tenantUuid: tenant_uuid }, { id })
    })
  )
