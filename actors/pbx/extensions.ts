import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  alreadyExists,
  associated,
  differentTenants,
  outsideRange,
  unhandledContextType
} from "../../schemas/confd/errors.ts"
import type {
  Extension,
  ExtensionCreation,
  ExtensionEdit,
  extensionColumns
} from "../../schemas/confd/extension.ts"
import { extensionCreated, extensionDeleted, extensionEdited } from "../../schemas/events/confd.ts"
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
import { type ContextRow, holdContext, isInRanges } from "./contexts.ts"
import {
  booleanColumn,
  getRow,
  holdRow,
  integerColumn,
  type Resource,
  type TenantScope,
  textColumn
} from "./listing.ts"

type Name = (typeof extensionColumns)[number]

/** Extensions: what can be dialled in a context (contracts/callcenter.md 3.1 and 10). */
export class Extensions extends Context.Service<
  Extensions,
  Configuration<Extension, ExtensionCreation, ExtensionEdit, Name>
>()("strowger/actors/pbx/Extensions") {
  static readonly layer: Layer.Layer<Extensions, never, Ground> = Layer.effect(
    Extensions,
    Effect.suspend(() => configurationOf(extensionResource, { create, edit, remove }))
  )
}

export interface ExtensionRow {
  readonly id: number
  readonly tenant_uuid: string
  readonly exten: string
  readonly context: string
}

export const extensionResource: Resource<Name> = {
  name: "Extension",
  table: "pbx_extensions",
  key: "id",
  select: `it.id, it.tenant_uuid, it.exten, it.context, it.enabled,
    (SELECT coalesce(json_agg(json_build_object('id', l.id, 'name', coalesce(s.name, c.interface))
        ORDER BY l.id), '[]')
      FROM pbx_line_extensions le JOIN pbx_lines l ON l.id = le.line_id
      LEFT JOIN pbx_endpoints_sip s ON s.uuid = l.endpoint_sip_uuid
      LEFT JOIN pbx_endpoints_custom c ON c.id = l.endpoint_custom_id
      WHERE le.extension_id = it.id) AS lines,
    (SELECT json_build_object('id', r.id, 'name', r.name)
      FROM pbx_conference_extensions ce JOIN pbx_conferences r ON r.id = ce.conference_id
      WHERE ce.extension_id = it.id) AS conference,
    NULL AS queue, NULL AS "group", NULL AS incall, NULL AS outcall, NULL AS parking_lot`,
  joins: "JOIN pbx_contexts ctx ON ctx.name = it.context",
  columns: {
    id: integerColumn("id"),
    exten: textColumn("exten"),
    context: textColumn("context"),
    type: { sql: "ctx.type", type: "text" },
    enabled: booleanColumn("enabled")
  },
  searched: "pbx_fold(concat_ws(E'\\n', it.exten, it.context, ctx.type))",
  defaultOrder: "exten"
}

/** Adds an extension within a change. Its tenant is its context's. */
export const addExtension = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  body: ExtensionCreation
) {
  const context = yield* holdContext(body.context, scope.visibleTenants)
  const row = yield* insertRow<ExtensionRow>(extensionResource.table, {
    ...columnsOf(body),
    tenant_uuid: context.tenant_uuid
  }).pipe(taken(body))
  emit(extensionCreated, { tenantUuid: row.tenant_uuid }, dataOf(row))
  return row
})

/** The extension of a body within a change: the one that exists, else a new one. */
export const addOrFindExtension = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  body: ExtensionCreation
) {
  const sql = yield* SqlClient.SqlClient
  const context = yield* holdContext(body.context, scope.visibleTenants)
  const [added] = yield* sql<ExtensionRow>`
    INSERT INTO pbx_extensions ${sql.insert({ ...columnsOf(body), tenant_uuid: context.tenant_uuid })}
    ON CONFLICT ON CONSTRAINT pbx_extension_exten DO NOTHING RETURNING *`
  if (added !== undefined) {
    emit(extensionCreated, { tenantUuid: added.tenant_uuid }, dataOf(added))
    return added
  }
  const [present] = yield* sql<ExtensionRow>`
    SELECT * FROM pbx_extensions WHERE exten = ${body.exten} AND context = ${body.context} FOR UPDATE`
  return present ?? (yield* alreadyExists("Extension", { exten: body.exten, context: body.context }))
})

/** Refuses a context that is not internal, or an extension outside of its ranges of a kind. */
export const refuseOutside = Effect.fnUntraced(function* (
  extension: ExtensionRow,
  context: ContextRow,
  kind: "user_ranges" | "conference_room_ranges"
) {
  if (context.type !== "internal") {
    return yield* unhandledContextType(context.type, { id: extension.id, context: context.name })
  }
  if (!isInRanges(extension.exten, context[kind])) {
    return yield* outsideRange(extension.exten, context.name)
  }
})

interface Uses {
  readonly lines: ReadonlyArray<number>
  readonly conference: number | null
}

/** What an extension leads to. */
export const usesOf = Effect.fnUntraced(function* (id: number) {
  const sql = yield* SqlClient.SqlClient
  const [uses] = yield* sql<Uses>`
    SELECT ARRAY(SELECT line_id FROM pbx_line_extensions WHERE extension_id = ${id} ORDER BY line_id) AS lines,
      (SELECT conference_id FROM pbx_conference_extensions WHERE extension_id = ${id}) AS conference`
  return uses ?? { lines: [], conference: null }
})

const create = (scope: TenantScope, body: ExtensionCreation) =>
  change((emit) =>
    Effect.gen(function* () {
      const { id, tenant_uuid } = yield* addExtension(emit, scope, body)
      return yield* getRow<Extension>(extensionResource, id, [tenant_uuid])
    })
  )

const edit = (scope: TenantScope, id: number, body: ExtensionEdit) =>
  change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<ExtensionRow>(extensionResource, id, scope.visibleTenants, "update")
      const edited = { ...row, ...body }
      const context = yield* holdContext(edited.context, scope.visibleTenants)
      if (context.tenant_uuid !== row.tenant_uuid) {
        return yield* differentTenants({
          current_tenant_uuid: row.tenant_uuid,
          context_tenant_uuid: context.tenant_uuid
        })
      }
      const { lines, conference } = yield* usesOf(id)
      if (lines.length > 0) yield* refuseOutside(edited, context, "user_ranges")
      if (conference !== null) yield* refuseOutside(edited, context, "conference_room_ranges")
      yield* updateRow(extensionResource.table, id, columnsOf(body)).pipe(taken(edited))
      emit(extensionEdited, { tenantUuid: row.tenant_uuid }, dataOf(edited))
    })
  )

const remove = (scope: TenantScope, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<ExtensionRow>(extensionResource, id, scope.visibleTenants, "update")
      const { lines, conference } = yield* usesOf(id)
      if (lines.length > 0) {
        return yield* associated("Extension", "line", { extension_id: id, associated_ids: lines })
      }
      if (conference !== null) {
        return yield* associated("Extension", "conference", { extension_id: id, associated_id: conference })
      }
      yield* deleteRow(extensionResource.table, id)
      emit(extensionDeleted, { tenantUuid: row.tenant_uuid }, dataOf(row))
    })
  )

const taken = ({ exten, context }: { readonly exten: string; readonly context: string }) =>
  onConstraint({ pbx_extension_exten: () => alreadyExists("Extension", { exten, context }) })

const dataOf = ({ id, exten, context }: ExtensionRow) => ({ id, exten, context })
