import { randomInt } from "node:crypto"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { alreadyExists, differentTenants } from "../../schemas/confd/errors.ts"
import type { Line, LineCreation, LineEdit, lineColumns } from "../../schemas/confd/line.ts"
import { lineCreated, lineDeleted, lineEdited } from "../../schemas/events/confd.ts"
import { onConstraint } from "../../runtime/database/sql-errors.ts"
import {
  type Configuration,
  change,
  columnsOf,
  deleteRow,
  type Emit,
  type Ground,
  configurationOf,
  updateRow
} from "./configuration.ts"
import { holdContext } from "./contexts.ts"
import { addCustomEndpoint, addSipEndpoint } from "./endpoints.ts"
import { addOrFindExtension } from "./extensions.ts"
import { connectCustom, connectSip } from "./line-endpoints.ts"
import { attachExtension } from "./line-extensions.ts"
import { type LineRow, lineRow, protocolOf } from "./line-row.ts"
import { getRow, integerColumn, type Resource, type TenantScope, textColumn } from "./listing.ts"
import { releaseLine } from "./user-lines.ts"

type Name = (typeof lineColumns)[number]

/** Lines: a user's telephone as Asterisk knows it (contracts/callcenter.md 3.1 and 10). */
export class Lines extends Context.Service<Lines, Configuration<Line, LineCreation, LineEdit, Name>>()(
  "strowger/actors/pbx/Lines"
) {
  static readonly layer: Layer.Layer<Lines, never, Ground> = Layer.effect(
    Lines,
    Effect.suspend(() => configurationOf(lineResource, { create, edit, remove }))
  )
}

/** A line over the row `it`, its SIP endpoint `sip` and its custom endpoint `custom`. */
export const lineSelect = `it.id, it.tenant_uuid, coalesce(sip.name, custom.interface) AS name,
  CASE WHEN sip.uuid IS NOT NULL THEN 'sip' WHEN custom.id IS NOT NULL THEN 'custom' END AS protocol,
  it.context, it.position, it.provisioning_code, it.caller_id_name, it.caller_id_num,
  CASE WHEN sip.uuid IS NOT NULL
    THEN json_build_object('uuid', sip.uuid, 'name', sip.name, 'label', sip.label) END AS endpoint_sip,
  NULL AS endpoint_sccp,
  CASE WHEN custom.id IS NOT NULL
    THEN json_build_object('id', custom.id, 'interface', custom.interface) END AS endpoint_custom,
  (SELECT coalesce(json_agg(json_build_object('id', e.id, 'exten', e.exten, 'context', e.context)), '[]')
    FROM pbx_line_extensions le JOIN pbx_extensions e ON e.id = le.extension_id
    WHERE le.line_id = it.id) AS extensions`

export const lineJoins = `LEFT JOIN pbx_endpoints_sip sip ON sip.uuid = it.endpoint_sip_uuid
  LEFT JOIN pbx_endpoints_custom custom ON custom.id = it.endpoint_custom_id`

const lineResource: Resource<Name> = {
  name: "Line",
  table: "pbx_lines",
  key: "id",
  select: `${lineSelect},
    (SELECT coalesce(json_agg(json_build_object(
        'uuid', u.uuid, 'firstname', u.firstname, 'lastname', u.lastname)
        ORDER BY ul.main_user DESC, u.id), '[]')
      FROM pbx_user_lines ul JOIN pbx_users u ON u.id = ul.user_id WHERE ul.line_id = it.id) AS users`,
  joins: `${lineJoins}
    LEFT JOIN pbx_line_extensions main ON main.line_id = it.id
    LEFT JOIN pbx_extensions ext ON ext.id = main.extension_id`,
  columns: {
    id: integerColumn("id"),
    name: { sql: "coalesce(sip.name, custom.interface)", type: "text" },
    context: textColumn("context"),
    provisioning_code: textColumn("provisioning_code"),
    position: integerColumn("position"),
    protocol: {
      sql: "CASE WHEN sip.uuid IS NOT NULL THEN 'sip' WHEN custom.id IS NOT NULL THEN 'custom' END",
      type: "text"
    },
    caller_id_name: textColumn("caller_id_name"),
    caller_id_num: textColumn("caller_id_num"),
    exten: { sql: "ext.exten", type: "text", several: true }
  },
  searched: `pbx_fold(concat_ws(E'\\n', sip.name, custom.interface, it.context, it.provisioning_code,
    it.caller_id_name, it.caller_id_num, ext.exten))`,
  defaultOrder: "name"
}

/** Adds a line with its endpoint and extensions within a change. Its tenant is its context's. */
export const addLine = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  { endpoint_sip, endpoint_custom, extensions, ...body }: LineCreation
) {
  const { tenant_uuid } = yield* holdContext(body.context, scope.visibleTenants)
  const line = yield* insertLine({ ...columnsOf(body), tenant_uuid }, body.provisioning_code)
  emit(lineCreated, { tenantUuid: tenant_uuid }, dataOf(line))
  if (endpoint_sip) {
    yield* connectSip(emit, line, yield* addSipEndpoint(emit, tenant_uuid, endpoint_sip))
  }
  if (endpoint_custom) {
    yield* connectCustom(emit, line, yield* addCustomEndpoint(emit, tenant_uuid, endpoint_custom))
  }
  for (const extension of extensions ?? []) {
    const row = yield* addOrFindExtension(emit, scope, {
      ...extension,
      context: extension.context ?? line.context
    })
    yield* attachExtension(emit, yield* lineRow(line.id, [tenant_uuid], "update"), row, scope)
  }
  return line
})

const create = (scope: TenantScope, body: LineCreation) =>
  change((emit) =>
    Effect.gen(function* () {
      const { id, tenant_uuid } = yield* addLine(emit, scope, body)
      return yield* getRow<Line>(lineResource, id, [tenant_uuid])
    })
  )

const edit = (scope: TenantScope, id: number, body: LineEdit) =>
  change((emit) =>
    Effect.gen(function* () {
      const line = yield* lineRow(id, scope.visibleTenants, "update")
      if (body.context !== undefined) {
        const context = yield* holdContext(body.context, scope.visibleTenants)
        if (context.tenant_uuid !== line.tenant_uuid) {
          return yield* differentTenants({
            line_tenant_uuid: line.tenant_uuid,
            context_tenant_uuid: context.tenant_uuid
          })
        }
      }
      yield* updateRow(lineResource.table, id, columnsOf(body)).pipe(codeTaken(body.provisioning_code))
      emit(lineEdited, { tenantUuid: line.tenant_uuid }, dataOf(line))
    })
  )

const remove = (scope: TenantScope, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      // Its users may get another main line: they are held first, as everywhere.
      yield* sql`
        SELECT id FROM pbx_users WHERE id IN (SELECT user_id FROM pbx_user_lines WHERE line_id = ${id})
        ORDER BY id FOR UPDATE`
      const line = yield* lineRow(id, scope.visibleTenants, "update")
      yield* releaseLine(emit, line)
      yield* deleteRow(lineResource.table, id)
      emit(lineDeleted, { tenantUuid: line.tenant_uuid }, dataOf(line))
    })
  )

/** With the given provisioning code, or with a free random one. */
const insertLine = Effect.fnUntraced(function* (columns: Record<string, unknown>, code: string | undefined) {
  const sql = yield* SqlClient.SqlClient
  for (let attempt = 0; attempt < (code === undefined ? 100 : 1); attempt++) {
    const row = { ...columns, provisioning_code: code ?? String(randomInt(100_000, 1_000_000)) }
    const [line] = yield* sql<Omit<LineRow, "name">>`
      INSERT INTO pbx_lines ${sql.insert(row)}
      ON CONFLICT ON CONSTRAINT pbx_line_provisioning_code DO NOTHING RETURNING *`
    if (line !== undefined) return { ...line, name: null }
  }
  return yield* code === undefined
    ? Effect.die("no free provisioning code was found in 100 draws")
    : alreadyExists("Line", { provisioning_code: code })
})

const codeTaken = (code: string | undefined) =>
  onConstraint({
    pbx_line_provisioning_code: () => alreadyExists("Line", { provisioning_code: code ?? "" })
  })

const dataOf = (line: LineRow) => ({
  id: line.id,
  protocol: protocolOf(line),
  name: line.name,
  tenant_uuid: line.tenant_uuid
})
