import { Context, Data, Effect, Layer, Option, Queue, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { busConnected, EventBus } from "../../../runtime/bus/event-bus.ts"
import { Transactions } from "../../../runtime/bus/changes.ts"
import { AppConfig } from "../../../runtime/config.ts"
import { dieOnSqlError } from "../../../runtime/database/sql-errors.ts"
import { deviceDeleted, lineDeviceAssociated, lineDeviceDissociated } from "../../../schemas/events/confd.ts"
import type { DeviceDocument, JsonObject } from "../../../schemas/provd/device.ts"
import { Tenants } from "../../identity/tenants.ts"
import { Configs } from "../configs.ts"
import { type DeviceScope, Devices, type InvalidDocument } from "../devices.ts"
import { keyedTurns } from "../keyed-turns.ts"
import { autoprovAt, lineConfigOf, templateOf } from "./line-config.ts"
import { type LineDeviceRow, linesOn, phoneLinesOf } from "./phone-lines.ts"

/** The config of a device cannot be made of its lines. */
export class NotSettled extends Data.TaggedError("NotSettled")<{ readonly message: string }> {}

/**
 * Brings devices up to date with their lines (contracts/provisioning.md 10.2): the device points to its own config
 * and is in the tenant of its lines, the config says what the lines say, a device without lines is back at the
 * autoprov account, and then the events of what was associated are published.
 *
 * What is out of date is marked in the database (`lineDeviceMigrations`) with the change that made it so; the mark
 * goes when everything is done. So whatever a crash interrupts is driven on at the next start. Each step may be
 * repeated.
 */
export class LineDeviceSettlement extends Context.Service<
  LineDeviceSettlement,
  {
    /** One device, if it is marked. */
    readonly settle: (deviceId: string) => Effect.Effect<void, NotSettled>
    /** The devices that were marked last: those that the caller's own change marked are among them. Never fails. */
    readonly settleRecent: Effect.Effect<void>
    /** Every marked device. What fails stays marked and is logged. */
    readonly settleAll: Effect.Effect<void>
    /**
     * Changes the config of a registrar: every device with lines, and the autoprov account, follow it. They are marked
     * first, so that a crash in between costs nothing but work.
     */
    readonly followRegistrar: <A, E, R>(update: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  }
>()("strowger/actors/device/lines/LineDeviceSettlement") {
  static readonly layer: Layer.Layer<
    LineDeviceSettlement,
    never,
    SqlClient.SqlClient | Transactions | Devices | Configs | Tenants | EventBus | AppConfig
  > = Layer.effect(
    LineDeviceSettlement,
    Effect.gen(function* () {
      const context = yield* Effect.context<Ground>()
      const inTurn = keyedTurns()
      const settle = (deviceId: string) =>
        inTurn(deviceId, dieOnSqlError(settleMarked(deviceId))).pipe(Effect.provideContext(context))
      const settleQuietly = (deviceId: string) =>
        Effect.catchCause(settle(deviceId), (cause) =>
          Effect.logError(`Device ${deviceId} is not up to date with its lines`, cause)
        )
      const settleSome = (limit: number) =>
        marked(limit).pipe(
          Effect.flatMap((ids) => Effect.forEach(ids, settleQuietly, { concurrency: 4, discard: true })),
          Effect.catchCause((cause) => Effect.logError("Devices cannot be brought up to date", cause)),
          Effect.provideContext(context)
        )
      const settleAll = settleSome(all)
      yield* settleInBackground(settleAll)
      return {
        settle,
        settleRecent: settleSome(recent),
        settleAll,
        followRegistrar: (update) =>
          Effect.andThen(dieOnSqlError(markForRegistrar), update).pipe(
            Effect.tap(() => settleAll),
            Effect.provide(context)
          )
      }
    })
  )
}

type Ground = SqlClient.SqlClient | Transactions | Devices | Configs | Tenants | AppConfig

/** How many marked devices a change waits for. */
const recent = 20
const all = 1_000_000

/** The mark of the autoprov account; no device has such an id. */
const autoprovMark = "autoprov account"

/** At the start, now and then for what failed, and when somebody else has removed a device. */
const settleInBackground = Effect.fnUntraced(function* (settleAll: Effect.Effect<void>) {
  const bus = yield* EventBus
  const sql = yield* SqlClient.SqlClient
  const wanted = yield* Queue.sliding<void>(1)
  const gone = yield* Queue.unbounded<string>()
  const wake = () => void Queue.offerUnsafe(wanted, undefined)
  yield* bus.subscribe({ name: busConnected }, wake)
  yield* bus.subscribe({ name: deviceDeleted.name }, ({ data }) => {
    // Of the definition that the name belongs to.
    Queue.offerUnsafe(gone, (data as { readonly id: string }).id)
  })
  wake()
  yield* Effect.sync(wake).pipe(Effect.delay("30 seconds"), Effect.forever, Effect.forkScoped)
  yield* Queue.take(gone).pipe(
    Effect.flatMap((id) =>
      Effect.retry(
        sql`SELECT provd_mark_devices(ARRAY[device_id]) FROM provd_line_devices WHERE device_id = ${id} LIMIT 1`,
        retries
      )
    ),
    Effect.tap((rows) => Effect.sync(() => (rows.length > 0 ? wake() : undefined))),
    Effect.catchCause((cause) => Effect.logError("The lines of a deleted device were not released", cause)),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Queue.take(wanted).pipe(Effect.andThen(settleAll), Effect.forever, Effect.forkScoped)
})

const retries = Schedule.exponential("1 second").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

const marked = Effect.fnUntraced(function* (limit: number) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ device_id: string }>`
    SELECT device_id FROM provd_devices_due ORDER BY mark DESC LIMIT ${limit}`
  return rows.map(({ device_id }) => device_id)
})

const markForRegistrar = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    SELECT provd_mark_devices(
      ARRAY(SELECT DISTINCT device_id FROM provd_line_devices) || ${[autoprovMark]}::text[])`
})

/** A mark that is not there any more when the work is done was taken by another node: which of the two wrote last? */
const settleMarked = Effect.fnUntraced(function* (deviceId: string) {
  const sql = yield* SqlClient.SqlClient
  const work = deviceId === autoprovMark ? moveAutoprov : bringUpToDate(deviceId)
  for (;;) {
    const [due] = yield* sql<{ mark: string }>`
      SELECT mark::text AS mark FROM provd_devices_due WHERE device_id = ${deviceId}`
    if (due === undefined) return
    yield* work
    const taken = yield* sql`
      DELETE FROM provd_devices_due WHERE device_id = ${deviceId} AND mark = ${due.mark}::bigint RETURNING mark`
    if (taken.length > 0) return
    yield* work
  }
})

const bringUpToDate = Effect.fnUntraced(function* (deviceId: string) {
  const devices = yield* Devices
  const rows = yield* linesOn(deviceId)
  const device = yield* Effect.option(devices.get(yield* everywhere, deviceId))
  if (Option.isNone(device)) return yield* announce(rows, { stays: false })
  const [staying] = rows.filter(({ state }) => state !== "leaving")
  if (staying !== undefined) yield* giveLines(device.value, staying.tenant_uuid)
  else if (rows.length > 0) yield* takeLines(device.value)
  yield* announce(rows, { stays: true })
})

/** The first time the device and the config change together, so that no phone gets half of it. */
const giveLines = Effect.fnUntraced(function* (device: DeviceDocument, tenantUuid: string) {
  const devices = yield* Devices
  const configs = yield* Configs
  const { phoneFeatureCodes: featureCodes } = yield* AppConfig
  const present = yield* Effect.option(configs.get(String(device["config"] ?? "")))
  const config = lineConfigOf({
    id: device.id,
    template: templateOf(Option.getOrUndefined(present)),
    lines: yield* phoneLinesOf(device.id),
    registrar: yield* registrar,
    featureCodes
  })
  if (device["config"] !== device.id || device.is_new) {
    const scope: DeviceScope = { tenantUuid, visible: [tenantUuid] }
    return yield* devices.updateWithConfig(scope, device.id, { ...device, config: device.id }, config).pipe(
      Effect.asVoid,
      Effect.catchTag("NoSuchDevice", () => new NotSettled({ message: "The device is in another tenant" })),
      Effect.catchTag("InvalidDocument", notSettled)
    )
  }
  const { id: _, ...document } = config
  yield* configs.update(device.id, document).pipe(
    Effect.catchTag("NoSuchConfig", () => Effect.asVoid(configs.create(config))),
    Effect.catchTag("IdTaken", () => new NotSettled({ message: "The config was created meanwhile" })),
    Effect.catchTag("InvalidDocument", notSettled)
  )
})

const notSettled = ({ message }: InvalidDocument) => new NotSettled({ message })

const takeLines = Effect.fnUntraced(function* (device: DeviceDocument) {
  if (device["config"] !== device.id) return
  const devices = yield* Devices
  const scope: DeviceScope = { tenantUuid: device.tenant_uuid, visible: [device.tenant_uuid] }
  yield* devices.resetToAutoprov(scope, device.id).pipe(
    Effect.catchTag("NoSuchDevice", () => Effect.void),
    Effect.catchTag(
      "NoAutocreateConfig",
      () => new NotSettled({ message: "There is no config that unprovisioned phones begin with" })
    )
  )
})

/** What was done is told once: the rows that say it is due change with the event. */
const announce = Effect.fnUntraced(function* (
  rows: ReadonlyArray<LineDeviceRow>,
  { stays }: { readonly stays: boolean }
) {
  if (rows.every(({ state }) => stays && state === "joined")) return
  const transactions = yield* Transactions
  const sql = yield* SqlClient.SqlClient
  yield* transactions.run((changes) =>
    Effect.gen(function* () {
      for (const { line_id, device_id, tenant_uuid, state, line } of rows) {
        const target = { tenantUuid: tenant_uuid }
        const data = { line, device: { id: device_id } }
        const here = sql`line_id = ${line_id} AND device_id = ${device_id} AND state = ${state}`
        if (state === "leaving" || !stays) {
          const gone = yield* sql`DELETE FROM provd_line_devices WHERE ${here} RETURNING line_id`
          if (gone.length > 0 && state !== "joining") changes.emit(lineDeviceDissociated, target, data)
        } else if (state === "joining") {
          const joined =
            yield* sql`UPDATE provd_line_devices SET state = 'joined' WHERE ${here} RETURNING line_id`
          if (joined.length > 0) changes.emit(lineDeviceAssociated, target, data)
        }
      }
    })
  )
})

const moveAutoprov = Effect.gen(function* () {
  const configs = yield* Configs
  const autoprov = yield* Effect.option(configs.get("autoprov"))
  const moved = Option.isSome(autoprov) ? autoprovAt(autoprov.value, yield* registrar) : undefined
  if (moved !== undefined) {
    yield* configs.update("autoprov", moved).pipe(
      Effect.catchTag("NoSuchConfig", () => Effect.void),
      Effect.catchTag("InvalidDocument", notSettled)
    )
  }
})

/** All lines register with the registrar `default`: lines of the configuration name no other. */
const registrar = Effect.gen(function* () {
  const configs = yield* Configs
  const found = yield* Effect.option(configs.get("default"))
  return Option.getOrElse(found, (): JsonObject => ({}))
})

/** The whole platform. */
export const everywhere: Effect.Effect<DeviceScope, never, Tenants> = Effect.map(Tenants, (tenants) => ({
  tenantUuid: tenants.master,
  visible: tenants.visible(tenants.master)
}))
