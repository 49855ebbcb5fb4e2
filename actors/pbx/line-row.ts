import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { notFound } from "../../schemas/confd/errors.ts"
import type { LineData } from "../../schemas/events/confd.ts"

/** A line as its associations see it. */
export interface LineRow {
  readonly id: number
  readonly tenant_uuid: string
  readonly context: string
  /** The endpoint's name or interface; null without endpoint. */
  readonly name: string | null
  readonly endpoint_sip_uuid: string | null
  readonly endpoint_custom_id: number | null
}

/** A line held until the transaction ends, as `holdRow` does. */
export const lineRow = Effect.fnUntraced(function* (
  id: number,
  tenants: ReadonlyArray<string>,
  against: "update" | "key share"
) {
  const sql = yield* SqlClient.SqlClient
  const [line] = yield* sql<LineRow>`
    SELECT l.id, l.tenant_uuid, l.context, coalesce(s.name, c.interface) AS name,
      l.endpoint_sip_uuid, l.endpoint_custom_id
    FROM pbx_lines l
    LEFT JOIN pbx_endpoints_sip s ON s.uuid = l.endpoint_sip_uuid
    LEFT JOIN pbx_endpoints_custom c ON c.id = l.endpoint_custom_id
    WHERE l.id = ${id} AND l.tenant_uuid = ANY(${tenants})
    FOR ${sql.literal(against === "update" ? "UPDATE" : "KEY SHARE")} OF l`
  return line ?? (yield* notFound("Line", { id }))
})

export const hasEndpoint = (line: LineRow): boolean =>
  line.endpoint_sip_uuid !== null || line.endpoint_custom_id !== null

export const protocolOf = (line: LineRow): string | null => {
  if (line.endpoint_sip_uuid !== null) return "sip"
  return line.endpoint_custom_id === null ? null : "custom"
}

/** A line as events tell it. */
export const lineData = (line: LineRow): LineData => ({
  id: line.id,
  name: line.name,
  endpoint_sip: line.endpoint_sip_uuid === null ? null : { uuid: line.endpoint_sip_uuid },
  endpoint_sccp: null,
  endpoint_custom: line.endpoint_custom_id === null ? null : { id: line.endpoint_custom_id }
})
