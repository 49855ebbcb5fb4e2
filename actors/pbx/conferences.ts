import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Conference, ConferenceBody, conferenceColumns } from "../../schemas/confd/conference.ts"
import { associated, differentTenants, type Refusal } from "../../schemas/confd/errors.ts"
import {
  conferenceCreated,
  conferenceDeleted,
  conferenceEdited,
  conferenceExtensionAssociated,
  conferenceExtensionDissociated
} from "../../schemas/events/confd.ts"
import {
  type Configuration,
  change,
  columnsOf,
  deleteRow,
  type Ground,
  insertRow,
  readingOf,
  updateRow,
  within
} from "./configuration.ts"
import { holdContext } from "./contexts.ts"
import { type ExtensionRow, extensionResource, refuseOutside, usesOf } from "./extensions.ts"
import { getRow, holdRow, integerColumn, type Resource, type TenantScope, textColumn } from "./listing.ts"

type Name = (typeof conferenceColumns)[number]

/** Conference rooms (contracts/callcenter.md 10). */
export class Conferences extends Context.Service<
  Conferences,
  Configuration<Conference, ConferenceBody, ConferenceBody, Name> & {
    /** One extension a conference. Repeating it does nothing. */
    readonly associate: (scope: TenantScope, id: number, extensionId: number) => Effect.Effect<void, Refusal>
    readonly dissociate: (scope: TenantScope, id: number, extensionId: number) => Effect.Effect<void, Refusal>
  }
>()("strowger/actors/pbx/Conferences") {
  static readonly layer: Layer.Layer<Conferences, never, Ground> = Layer.effect(
    Conferences,
    Effect.gen(function* () {
      const here = within(yield* Effect.context<Ground>())
      const { list, get } = readingOf<Conference, Name>(conferenceResource)
      return {
        list: here(list),
        get: here(get),
        create: here(create),
        edit: here(edit),
        remove: here(remove),
        associate: here(associate),
        dissociate: here(dissociate)
      }
    })
  )
}

interface ConferenceRow {
  readonly id: number
  readonly tenant_uuid: string
}

const conferenceResource: Resource<Name> = {
  name: "Conference",
  table: "pbx_conferences",
  key: "id",
  select: `it.*, '[]'::json AS incalls,
    (SELECT coalesce(json_agg(json_build_object('id', e.id, 'exten', e.exten, 'context', e.context)), '[]')
      FROM pbx_conference_extensions ce JOIN pbx_extensions e ON e.id = ce.extension_id
      WHERE ce.conference_id = it.id) AS extensions`,
  joins: `LEFT JOIN pbx_conference_extensions main ON main.conference_id = it.id
    LEFT JOIN pbx_extensions ext ON ext.id = main.extension_id`,
  columns: {
    id: integerColumn("id"),
    name: textColumn("name"),
    preprocess_subroutine: textColumn("preprocess_subroutine"),
    max_users: integerColumn("max_users"),
    music_on_hold: textColumn("music_on_hold"),
    exten: { sql: "ext.exten", type: "text" }
  },
  searched: "pbx_fold(concat_ws(E'\\n', it.id, it.name, it.preprocess_subroutine, ext.exten))",
  defaultOrder: "name"
}

const create = (scope: TenantScope, body: ConferenceBody) =>
  change((emit) =>
    Effect.gen(function* () {
      const { id, tenant_uuid } = yield* insertRow<ConferenceRow>(conferenceResource.table, {
        ...columnsOf(body),
        tenant_uuid: scope.tenantUuid
      })
      emit(conferenceCreated, about(tenant_uuid, id), { id })
      return yield* getRow<Conference>(conferenceResource, id, [tenant_uuid])
    })
  )

const edit = (scope: TenantScope, id: number, body: ConferenceBody) =>
  change((emit) =>
    Effect.gen(function* () {
      const { tenant_uuid } = yield* hold(scope, id)
      yield* updateRow(conferenceResource.table, id, columnsOf(body))
      emit(conferenceEdited, about(tenant_uuid, id), { id })
    })
  )

const remove = (scope: TenantScope, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const { tenant_uuid } = yield* hold(scope, id)
      yield* deleteRow(conferenceResource.table, id)
      emit(conferenceDeleted, about(tenant_uuid, id), { id })
    })
  )

const associate = (scope: TenantScope, id: number, extensionId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const extension = yield* holdExtension(scope, extensionId)
      const conference = yield* hold(scope, id)
      if ((yield* extensionOf(id)) === extensionId) return
      if (conference.tenant_uuid !== extension.tenant_uuid) {
        return yield* differentTenants({
          extension_tenant_uuid: extension.tenant_uuid,
          conference_tenant_uuid: conference.tenant_uuid
        })
      }
      yield* refuseTaken(id, extension)
      yield* refuseOutside(
        extension,
        yield* holdContext(extension.context, scope.visibleTenants),
        "conference_room_ranges"
      )
      const data = { conference_id: id, extension_id: extensionId }
      yield* insertRow("pbx_conference_extensions", data)
      emit(conferenceExtensionAssociated, { tenantUuid: conference.tenant_uuid }, data)
    })
  )

const dissociate = (scope: TenantScope, id: number, extensionId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* holdExtension(scope, extensionId)
      const { tenant_uuid } = yield* hold(scope, id)
      const removed = yield* sql`
        DELETE FROM pbx_conference_extensions
        WHERE conference_id = ${id} AND extension_id = ${extensionId} RETURNING conference_id`
      if (removed.length === 0) return
      const data = { conference_id: id, extension_id: extensionId }
      emit(conferenceExtensionDissociated, { tenantUuid: tenant_uuid }, data)
    })
  )

const hold = (scope: TenantScope, id: number) =>
  holdRow<ConferenceRow>(conferenceResource, id, scope.visibleTenants, "update")

const holdExtension = (scope: TenantScope, id: number) =>
  holdRow<ExtensionRow>(extensionResource, id, scope.visibleTenants, "update")

const extensionOf = Effect.fnUntraced(function* (id: number) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ id: number }>`
    SELECT extension_id AS id FROM pbx_conference_extensions WHERE conference_id = ${id}`
  return row?.id
})

const refuseTaken = Effect.fnUntraced(function* (id: number, extension: ExtensionRow) {
  const present = yield* extensionOf(id)
  if (present !== undefined) {
    return yield* associated("Conference", "Extension", { conference_id: id, extension_id: present })
  }
  const { lines, conference } = yield* usesOf(extension.id)
  if (lines.length > 0) {
    return yield* associated("Extension", "line", { extension_id: extension.id, associated_ids: lines })
  }
  if (conference !== null) {
    return yield* associated("Extension", "conference", {
      extension_id: extension.id,
      associated_id: conference
    })
  }
})

/** Events about a conference carry its id as a header. */
const about = (tenantUuid: string, id: number) => ({ tenantUuid, headers: { conference_id: id } })
