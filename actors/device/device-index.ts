import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import type { DeviceDocument } from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { FileRecord } from "./machine.ts"

/** By which keys devices are found without looking at all of them. */
export type IndexedKey = "mac" | "ip" | "sn" | "uuid" | "config" | "plugin" | "tenant_uuid"

/** A device as this node knows it: what was committed last. */
export interface KnownDevice {
  readonly document: DeviceDocument
  readonly files: ReadonlyArray<FileRecord>
}

/** The devices in memory. Kept by the commits of their actors. */
export class DeviceIndex extends Context.Service<
  DeviceIndex,
  {
    readonly get: (id: string) => KnownDevice | undefined
    /** In the order of their creation. */
    readonly all: () => Iterable<KnownDevice>
    readonly size: () => number
    /** Ids of the devices that have this value, the eldest first. */
    readonly idsBy: (key: IndexedKey, value: string) => ReadonlyArray<string>
    readonly put: (device: KnownDevice) => void
    readonly forget: (id: string) => void
  }
>()("strowger/actors/device/DeviceIndex") {
  static readonly layer: Layer.Layer<DeviceIndex, never, SqlClient.SqlClient> = Layer.effect(
    DeviceIndex,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const index = makeDeviceIndex()
      const devices = yield* dieOnSqlError(
        sql<{ document: DeviceDocument }>`SELECT document FROM provd_devices ORDER BY number`
      )
      const files = yield* dieOnSqlError(
        sql<{ device_id: string; path: string; digest: string; modified_at: bigint }>`
          SELECT device_id, path, digest, modified_at FROM provd_files ORDER BY device_id, path`
      )
      const byDevice = Map.groupBy(files, ({ device_id }) => device_id)
      for (const { document } of devices) {
        index.put({
          document,
          files: (byDevice.get(document.id) ?? []).map(({ path, digest, modified_at }) => ({
            path,
            digest,
            modifiedAt: Number(modified_at)
          }))
        })
      }
      return index
    })
  )
}

/** An empty index. */
const makeDeviceIndex = (): DeviceIndex["Service"] => {
  const devices = new Map<string, KnownDevice>()
  const byKey = new Map(indexedKeys.map((key) => [key, new Map<string, OneOrMore>()]))

  const drop = ({ document }: KnownDevice) => {
    for (const [key, ids] of byKey) {
      const value = textOf(document, key)
      if (value !== undefined) removeFrom(ids, value, document.id)
    }
  }
  return {
    get: (id) => devices.get(id),
    all: () => devices.values(),
    size: () => devices.size,
    idsBy: (key, value) => {
      const found = byKey.get(key)?.get(value)
      return found === undefined ? [] : typeof found === "string" ? [found] : [...found]
    },
    put: (device) => {
      const { document } = device
      const known = devices.get(document.id)
      if (known?.document !== document) {
        for (const [key, ids] of byKey) {
          const old = known && textOf(known.document, key)
          const value = textOf(document, key)
          if (old === value) continue
          if (old !== undefined) removeFrom(ids, old, document.id)
          if (value !== undefined) addTo(ids, value, document.id)
        }
      }
      devices.set(document.id, device)
    },
    forget: (id) => {
      const known = devices.get(id)
      if (known === undefined) return
      drop(known)
      devices.delete(id)
    }
  }
}

const indexedKeys: ReadonlyArray<IndexedKey> = ["mac", "ip", "sn", "uuid", "config", "plugin", "tenant_uuid"]

/** Most values belong to one device: a set for each would cost more than the device. */
type OneOrMore = string | Set<string>

const addTo = (ids: Map<string, OneOrMore>, value: string, id: string): void => {
  const known = ids.get(value)
  if (known === undefined) ids.set(value, id)
  else if (typeof known === "string") ids.set(value, new Set([known, id]))
  else known.add(id)
}

const removeFrom = (ids: Map<string, OneOrMore>, value: string, id: string): void => {
  const known = ids.get(value)
  if (known === id) ids.delete(value)
  else if (typeof known === "object") {
    known.delete(id)
    if (known.size === 0) ids.delete(value)
  }
}
