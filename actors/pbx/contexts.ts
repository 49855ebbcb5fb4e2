import { randomUUID } from "node:crypto"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  type ContextCreation,
  type ContextEdit,
  type contextColumns,
  type Context as DialContext,
  type Range
} from "../../schemas/confd/context.ts"
import { associated, fieldNotFound } from "../../schemas/confd/errors.ts"
import { contextCreated, contextDeleted, contextEdited } from "../../schemas/events/confd.ts"
import { Tenants } from "../identity/tenants.ts"
import {
  type Configuration,
  change,
  columnsOf,
  deleteRow,
  type Ground,
  insertRow,
  configurationOf,
  readingOf,
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
import { LoggedExtensions } from "./logged-extensions.ts"

type Name = (typeof contextColumns)[number]

/** Contexts of the dial plan (contracts/callcenter.md 3.1 and 10). */
export class Contexts extends Context.Service<
  Contexts,
  Configuration<DialContext, ContextCreation, ContextEdit, Name>
>()("strowger/actors/pbx/Contexts") {
  static readonly layer: Layer.Layer<Contexts, never, Ground | Tenants> = Layer.effect(
    Contexts,
    Effect.suspend(() => configurationOf(contextResource, { create, edit, remove }))
  )
}

export interface ContextRow {
  readonly id: number
  readonly tenant_uuid: string
  readonly name: string
  readonly type: string
  readonly user_ranges: ReadonlyArray<Range>
  readonly conference_room_ranges: ReadonlyArray<Range>
}

/** The context that a body names, kept from deletion until the transaction ends. */
export const holdContext = Effect.fnUntraced(function* (name: string, tenants: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<ContextRow>`
    SELECT * FROM pbx_contexts WHERE name = ${name} AND tenant_uuid = ANY(${tenants}) FOR KEY SHARE`
  return row ?? (yield* fieldNotFound("context", "Context", { context: name }))
})

/** Whether an extension lies in one of the ranges; a pattern always does. */
export const isInRanges = (exten: string, ranges: ReadonlyArray<Range>): boolean =>
  exten.startsWith("_") ||
  ranges.some(({ start, end }) => exten.length === start.length && start <= exten && exten <= end)

const contextResource: Resource<Name> = {
  name: "Context",
  table: "pbx_contexts",
  key: "id",
  select: `it.id, it.uuid, it.tenant_uuid, it.name, it.label, it.type, it.user_ranges, it.group_ranges,
    it.queue_ranges, it.conference_room_ranges, it.incall_ranges, it.description, it.enabled,
    '[]'::json AS contexts`,
  columns: {
    id: integerColumn("id"),
    uuid: textColumn("uuid"),
    name: textColumn("name"),
    label: textColumn("label"),
    type: textColumn("type"),
    description: textColumn("description"),
    enabled: booleanColumn("enabled")
  },
  searched: "it.folded",
  defaultOrder: "id"
}

const create = Effect.fnUntraced(function* (scope: TenantScope, { name, ...body }: ContextCreation) {
  const tenants = yield* Tenants
  const uuid = randomUUID()
  const type = body.type ?? "internal"
  return yield* change((emit) =>
    Effect.gen(function* () {
      const row = yield* insertRow<ContextRow>(contextResource.table, {
        ...columnsOf(completed(body)),
        uuid,
        type,
        // The body has a label or a name: the schema saw to it.
        label: body.label ?? name,
        name: `ctx-${tenants.slug(scope.tenantUuid) ?? ""}-${type}-${uuid}`,
        tenant_uuid: scope.tenantUuid
      })
      emit(contextCreated, { tenantUuid: row.tenant_uuid }, dataOf(row))
      return yield* getRow<DialContext>(contextResource, row.id, [row.tenant_uuid])
    })
  )
})

const edit = (scope: TenantScope, id: number, body: ContextEdit) =>
  change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<ContextRow>(contextResource, id, scope.visibleTenants, "update")
      yield* updateRow(contextResource.table, id, columnsOf(completed(body)))
      emit(contextEdited, { tenantUuid: row.tenant_uuid }, dataOf({ ...row, type: body.type ?? row.type }))
    })
  )

const remove = Effect.fnUntraced(function* (scope: TenantScope, id: number) {
  const logged = yield* LoggedExtensions
  const { name } = yield* readingOf<DialContext, Name>(contextResource).get(scope, id)
  if (yield* logged.contextInUse(name)) {
    return yield* associated("Context", "AgentStatus", { context_id: id })
  }
  yield* change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<ContextRow>(contextResource, id, scope.visibleTenants, "update")
      yield* refuseInUse(row, "Extension", "pbx_extensions")
      yield* refuseInUse(row, "Line", "pbx_lines")
      yield* deleteRow(contextResource.table, id)
      emit(contextDeleted, { tenantUuid: row.tenant_uuid }, dataOf(row))
    })
  )
})

const refuseInUse = Effect.fnUntraced(function* (row: ContextRow, what: string, table: string) {
  const sql = yield* SqlClient.SqlClient
  const [user] = yield* sql<{ id: number }>`SELECT id FROM ${sql(table)} WHERE context = ${row.name} LIMIT 1`
  if (user !== undefined) {
    return yield* associated("Context", what, {
      context_id: row.id,
      [`${what.toLowerCase()}_id`]: user.id
    })
  }
})

const dataOf = ({ id, name, type, tenant_uuid }: ContextRow) => ({ id, name, type, tenant_uuid })

type Ranges = ReadonlyArray<{ readonly start: string; readonly end?: string; readonly did_length?: number }>

/** Ranges as they are kept: a range of one number ends where it starts. */
const completed = (body: ContextEdit): object => ({
  ...body,
  ...Object.fromEntries(
    rangeFields.flatMap((field) => {
      const ranges: Ranges | undefined = body[field]
      if (ranges === undefined) return []
      return [[field, ranges.map((range) => completedRange(field, range))]]
    })
  )
})

const rangeFields = [
  "user_ranges",
  "group_ranges",
  "queue_ranges",
  "conference_room_ranges",
  "incall_ranges"
] as const

const completedRange = (field: string, { start, end, did_length }: Ranges[number]) => ({
  start,
  end: end ?? start,
  ...(field === "incall_ranges" ? { did_length: did_length ?? 0 } : {})
})
