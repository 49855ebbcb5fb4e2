import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Transactions } from "../../../runtime/bus/changes.ts"
import {
  associated,
  differentTenants,
  mustBeAssociated,
  type NotFound,
  notFound,
  type Refusal,
  resourceError
} from "../../../schemas/confd/errors.ts"
import type { DeviceDocument } from "../../../schemas/provd/device.ts"
import { Tenants } from "../../identity/tenants.ts"
import { hasEndpoint, type LineRow, lineData, lineRow } from "../../pbx/line-row.ts"
import type { TenantScope } from "../../pbx/listing.ts"
import { Devices } from "../devices.ts"
import { grounded } from "./grounded.ts"
import { isSccpName } from "./line-config.ts"
import { type LineDeviceRow, linesOn, placeOfLine } from "./phone-lines.ts"
import { everywhere, LineDeviceSettlement } from "./settlement.ts"

/** A line and the device that it is on. */
export interface LineDevice {
  readonly line_id: number
  readonly device_id: string
}

/**
 * The lines of devices (contracts/provisioning.md 10.2). Repeating an association, or dissociating what is not
 * associated, does nothing. When an association succeeds the device's files are made of it; one that a crash
 * interrupts is driven on at the next start.
 */
export class LineDevices extends Context.Service<
  LineDevices,
  {
    readonly associate: (scope: TenantScope, lineId: number, deviceId: string) => Effect.Effect<void, Refusal>
    readonly dissociate: (
      scope: TenantScope,
      lineId: number,
      deviceId: string
    ) => Effect.Effect<void, Refusal>
    /** Takes all lines from a device; it ends at the autoprov account even when it had none. */
    readonly reset: (scope: TenantScope, deviceId: string) => Effect.Effect<void, Refusal>
    readonly ofLine: (scope: TenantScope, lineId: number) => Effect.Effect<LineDevice, NotFound>
    readonly ofDevice: (
      scope: TenantScope,
      deviceId: string
    ) => Effect.Effect<ReadonlyArray<LineDevice>, NotFound>
  }
>()("strowger/actors/device/lines/LineDevices") {
  static readonly layer: Layer.Layer<
    LineDevices,
    never,
    SqlClient.SqlClient | Transactions | Devices | Tenants | LineDeviceSettlement
  > = Layer.effect(
    LineDevices,
    Effect.gen(function* () {
      const here = grounded(yield* Effect.context<Ground>())
      return {
        associate: here(associate),
        dissociate: here(dissociate),
        reset: here(reset),
        ofLine: here(ofLine),
        ofDevice: here(ofDevice)
      }
    })
  )
}

type Ground = SqlClient.SqlClient | Transactions | Devices | Tenants | LineDeviceSettlement

/** A device that the caller can see: in its tenants, or one that is still nobody's. */
export const visibleDevice = Effect.fnUntraced(function* (
  scope: TenantScope,
  deviceId: string,
  { orNew = false }: { readonly orNew?: boolean } = {}
): Effect.fn.Return<DeviceDocument, NotFound, Devices | Tenants> {
  const devices = yield* Devices
  const found = yield* Effect.option(devices.get(yield* everywhere, deviceId))
  const isVisible = (device: DeviceDocument) =>
    scope.visibleTenants.includes(device.tenant_uuid) || (orNew && device.is_new)
  return Option.isSome(found) && isVisible(found.value)
    ? found.value
    : yield* notFound("Device", { id: deviceId })
})

const associate = Effect.fnUntraced(function* (scope: TenantScope, lineId: number, deviceId: string) {
  const settlement = yield* LineDeviceSettlement
  const before = yield* placeOfLine(lineId)
  // What an earlier request left to be done comes first.
  if (before !== undefined && before.state !== "joined")
    yield* Effect.ignore(settlement.settle(before.device_id))
  const device = yield* visibleDevice(scope, deviceId, { orNew: true })
  yield* join(scope, lineId, device)
  yield* settlement.settle(deviceId).pipe(
    Effect.catchTag("NotSettled", ({ message }) =>
      Effect.gen(function* () {
        yield* leave(lineId, deviceId)
        yield* Effect.ignore(settlement.settle(deviceId))
        return yield* resourceError(`Device cannot be configured: ${message}`)
      })
    )
  )
})

/** The guards and the row that says what is to be done, in one transaction. */
const join = Effect.fnUntraced(function* (scope: TenantScope, lineId: number, device: DeviceDocument) {
  const transactions = yield* Transactions
  yield* transactions.run(() =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const place = yield* placeOfLine(line.id)
      if (place?.device_id === device.id && place.state !== "leaving") return
      if (place !== undefined) {
        return yield* associated("Line", "Device", { line_id: line.id, device_id: place.device_id })
      }
      yield* refuseIncomplete(line)
      if (!device.is_new && device.tenant_uuid !== line.tenant_uuid) {
        return yield* differentTenants({
          line_tenant_uuid: line.tenant_uuid,
          device_tenant_uuid: device.tenant_uuid
        })
      }
      // Two lines that come to one device at once meet here.
      yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${`device ${device.id}`}, 0))`
      yield* refuseTenants(line, device)
      yield* refusePosition(line, device)
      yield* sql`INSERT INTO provd_line_devices ${sql.insert({
        line_id: line.id,
        device_id: device.id,
        tenant_uuid: line.tenant_uuid,
        state: "joining",
        line: JSON.stringify(lineData(line))
      })}`
      yield* sql`SELECT provd_mark_devices(ARRAY[${device.id}])`
    })
  )
})

/** What a phone registers as, is called by, and belongs to. */
const refuseIncomplete = Effect.fnUntraced(function* (line: LineRow) {
  const about = { line_id: line.id }
  if (!hasEndpoint(line)) return yield* mustBeAssociated("Line", "Endpoint", about)
  if (line.endpoint_sip_uuid === null && !isSccpName(line.name)) {
    return yield* mustBeAssociated("Line", "SIP endpoint", about)
  }
  const sql = yield* SqlClient.SqlClient
  const [links] = yield* sql<{ has_extension: boolean; has_user: boolean }>`
    SELECT EXISTS (SELECT 1 FROM pbx_line_extensions WHERE line_id = ${line.id}) AS has_extension,
      EXISTS (SELECT 1 FROM pbx_user_lines WHERE line_id = ${line.id}) AS has_user`
  if (links?.has_extension !== true) return yield* mustBeAssociated("Line", "Extension", about)
  if (!links.has_user) return yield* mustBeAssociated("Line", "User", about)
})

/** A new device may just have been given to another tenant by a line whose request is not done. */
const refuseTenants = Effect.fnUntraced(function* (line: LineRow, device: DeviceDocument) {
  const others = yield* linesOn(device.id)
  const other = others.find(({ tenant_uuid }) => tenant_uuid !== line.tenant_uuid)
  if (other !== undefined) {
    return yield* differentTenants({
      line_tenant_uuid: line.tenant_uuid,
      device_tenant_uuid: other.tenant_uuid
    })
  }
})

const refusePosition = Effect.fnUntraced(function* (line: LineRow, device: DeviceDocument) {
  const sql = yield* SqlClient.SqlClient
  const others = yield* sql<{ id: number; same_position: boolean }>`
    SELECT l.id, l.position = (SELECT position FROM pbx_lines WHERE id = ${line.id}) AS same_position
    FROM provd_line_devices d JOIN pbx_lines l ON l.id = d.line_id
    WHERE d.device_id = ${device.id} AND d.state <> 'leaving'`
  const rival = others.find(({ same_position }) => same_position)
  if (rival !== undefined) {
    return yield* resourceError(`Device has line ${rival.id} at the position of line ${line.id}`)
  }
  if (others.length > 0 && isSccpName(line.name)) {
    return yield* resourceError("A device has one SCCP line and no other")
  }
  const [sccp] = yield* sql<{ line_id: number }>`
    SELECT d.line_id FROM provd_line_devices d JOIN pbx_lines l ON l.id = d.line_id
    JOIN pbx_endpoints_custom c ON c.id = l.endpoint_custom_id
    WHERE d.device_id = ${device.id} AND d.state <> 'leaving' AND c.interface ILIKE 'SCCP/%' LIMIT 1`
  if (sccp !== undefined) return yield* resourceError("A device has one SCCP line and no other")
})

const dissociate = Effect.fnUntraced(function* (scope: TenantScope, lineId: number, deviceId: string) {
  const settlement = yield* LineDeviceSettlement
  const transactions = yield* Transactions
  yield* visibleDevice(scope, deviceId, { orNew: true })
  yield* transactions.run(() =>
    Effect.andThen(lineRow(lineId, scope.visibleTenants, "key share"), leave(lineId, deviceId))
  )
  yield* logged(settlement.settle(deviceId))
})

const leave = Effect.fnUntraced(function* (lineId: number, deviceId: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    WITH gone AS (
      UPDATE provd_line_devices SET state = 'leaving'
      WHERE line_id = ${lineId} AND device_id = ${deviceId} AND state <> 'leaving' RETURNING device_id
    )
    SELECT provd_mark_devices(ARRAY[device_id]) FROM gone`
})

const reset = Effect.fnUntraced(function* (scope: TenantScope, deviceId: string) {
  const settlement = yield* LineDeviceSettlement
  const devices = yield* Devices
  const sql = yield* SqlClient.SqlClient
  const transactions = yield* Transactions
  const device = yield* visibleDevice(scope, deviceId)
  yield* transactions.run(() =>
    Effect.gen(function* () {
      yield* sql`UPDATE provd_line_devices SET state = 'leaving' WHERE device_id = ${deviceId}`
      yield* sql`SELECT provd_mark_devices(ARRAY[${deviceId}])`
    })
  )
  yield* logged(settlement.settle(deviceId))
  const after = yield* visibleDevice(scope, deviceId)
  // It had no lines that brought it back.
  if (after["config"] === device["config"]) {
    const own = { tenantUuid: device.tenant_uuid, visible: [device.tenant_uuid] }
    yield* devices.resetToAutoprov(own, deviceId).pipe(
      Effect.catchTag("NoSuchDevice", () => Effect.fail(notFound("Device", { id: deviceId }))),
      Effect.catchTag("NoAutocreateConfig", () =>
        Effect.fail(resourceError("There is no config that unprovisioned phones begin with"))
      )
    )
  }
})

/** What could not be done stays marked. */
const logged = <R>(settled: Effect.Effect<void, { readonly message: string }, R>) =>
  Effect.catch(settled, ({ message }) =>
    Effect.logError(`A device is not up to date with its lines: ${message}`)
  )

const ofLine = Effect.fnUntraced(function* (scope: TenantScope, lineId: number) {
  const sql = yield* SqlClient.SqlClient
  const lines = yield* sql`
    SELECT 1 FROM pbx_lines WHERE id = ${lineId} AND tenant_uuid = ANY(${scope.visibleTenants})`
  if (lines.length === 0) return yield* notFound("Line", { id: lineId })
  const place = yield* placeOfLine(lineId)
  if (place === undefined || place.state === "leaving") {
    return yield* notFound("LineDevice", { line_id: lineId })
  }
  return present(place)
})

const ofDevice = Effect.fnUntraced(function* (scope: TenantScope, deviceId: string) {
  yield* visibleDevice(scope, deviceId)
  const rows = yield* linesOn(deviceId)
  return rows.filter(({ state }) => state !== "leaving").map(present)
})

const present = ({ line_id, device_id }: LineDeviceRow): LineDevice => ({ line_id, device_id })
