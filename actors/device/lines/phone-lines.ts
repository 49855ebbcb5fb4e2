import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { PhoneLine } from "./line-config.ts"

/** A line on a device. `leaving`: the device's config still has it, or the event is not out. */
export interface LineDeviceRow {
  readonly line_id: number
  readonly device_id: string
  readonly tenant_uuid: string
  readonly state: "joining" | "joined" | "leaving"
  readonly line: { readonly id: number; readonly name: string | null }
}

/** The lines of a device, those that leave included, in the order of their ids. */
export const linesOn = Effect.fnUntraced(function* (deviceId: string) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<LineDeviceRow>`
    SELECT line_id, device_id, tenant_uuid, state, line FROM provd_line_devices
    WHERE device_id = ${deviceId} ORDER BY line_id`
})

/** Where a line is, leaving or not. */
export const placeOfLine = Effect.fnUntraced(function* (lineId: number) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<LineDeviceRow>`
    SELECT line_id, device_id, tenant_uuid, state, line FROM provd_line_devices WHERE line_id = ${lineId}`
  return row
})

/** What the config of a device says of its lines, those that leave excepted. */
export const phoneLinesOf = Effect.fnUntraced(function* (deviceId: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<PhoneLineRow>`
    SELECT l.id, l.position, coalesce(sip.name, custom.interface) AS name, sip.auth_section_options AS auth,
      l.caller_id_name, u.caller_id, u.uuid AS user_uuid, e.exten
    FROM provd_line_devices d
    JOIN pbx_lines l ON l.id = d.line_id
    LEFT JOIN pbx_endpoints_sip sip ON sip.uuid = l.endpoint_sip_uuid
    LEFT JOIN pbx_endpoints_custom custom ON custom.id = l.endpoint_custom_id
    LEFT JOIN pbx_user_lines ul ON ul.line_id = l.id AND ul.main_user
    LEFT JOIN pbx_users u ON u.id = ul.user_id
    LEFT JOIN pbx_line_extensions le ON le.line_id = l.id
    LEFT JOIN pbx_extensions e ON e.id = le.extension_id
    WHERE d.device_id = ${deviceId} AND d.state <> 'leaving' ORDER BY l.position, l.id`
  return rows.map(
    (row): PhoneLine => ({
      id: row.id,
      position: row.position,
      name: row.name,
      auth: row.auth,
      callerIdName: row.caller_id_name || null,
      userCallerId: row.caller_id,
      userUuid: row.user_uuid,
      exten: row.exten
    })
  )
})

interface PhoneLineRow {
  readonly id: number
  readonly position: number
  readonly name: string | null
  readonly auth: ReadonlyArray<readonly [string, string]> | null
  readonly caller_id_name: string | null
  readonly caller_id: string | null
  readonly user_uuid: string | null
  readonly exten: string | null
}
