import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { temporaryFolder } from "../../test/runtime.ts"
import { AppConfig } from "../../runtime/config.ts"
import { databaseLayer } from "../../runtime/database/database.ts"
import type { DeviceDocument } from "../../schemas/provd/device.ts"
import { Configs } from "./configs.ts"
import { Devices } from "./devices.ts"
import { makeWorkshop, master, provisioningLayer, storedFiles } from "./fixture.ts"
import { Regenerations } from "./regenerations.ts"

/** What the last answer about each phone said of it, and the last change of the shared config. */
interface Acknowledged {
  readonly phones: ReadonlyMap<string, string>
  readonly ntp: string | undefined
}

/** Kills the storm some milliseconds after it began to change the shared config for the given time. */
const killedStorm = (folder: string, changesBeforeTheKill: number, pause: number) =>
  Effect.callback<Acknowledged>((resume) => {
    const child = spawn(process.execPath, [new URL("./crash.child.ts", import.meta.url).pathname, folder], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const phones = new Map<string, string>()
    let ntp: string | undefined
    let changes = 0
    createInterface({ input: child.stdout })
      .on("line", (line) => {
        const [what = "", value = "", more = ""] = line.split(" ")
        if (what === "ntp") ntp = value
        else if (value !== "") phones.set(value, `${what} ${more}`.trim())
        if (what === "changing" && ++changes === changesBeforeTheKill) {
          setTimeout(() => child.kill("SIGKILL"), pause)
        }
      })
      .once("close", () => resume(Effect.succeed({ phones, ntp })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Rows that nothing refers to, and files without a device. */
const leftovers = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<{ what: string }>`
    SELECT 'config ' || id AS what FROM provd_configs c WHERE document->'transient' = 'true'::jsonb
      AND NOT EXISTS (SELECT 1 FROM provd_devices d WHERE d.config = c.id)
    UNION ALL
    SELECT 'regeneration ' || device_id FROM provd_regenerations
    UNION ALL
    SELECT 'actor ' || id FROM actor a WHERE kind = 'device' AND snapshot->>'value' = 'generating'`
})

const contextOf = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [row] = yield* sql<{ context: { document: DeviceDocument } }>`
      SELECT snapshot->'context' AS context FROM actor WHERE kind = 'device' AND id = ${id}`
    return row?.context
  })

describe("SIGKILL while phones boot for the first time and get lines", () => {
  it.live(
    "leaves the old or the new state with its files, and what was acknowledged is in the files after the start",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        for (let round = 0; round < 2; round++) {
          const acknowledged = yield* killedStorm(folder, 4, Math.random() * 1_000)
          yield* Effect.gen(function* () {
            const devices = yield* Devices
            const configs = yield* Configs
            const regenerations = yield* Regenerations
            assert.isDefined(acknowledged.ntp, "the storm had begun")
            assert.deepEqual(yield* leftovers, [])
            assert.deepEqual(yield* regenerations.pending, [])
            const all = yield* devices.list(master, true, {})
            // The configs that were changed last, whether it was acknowledged or not.
            const shared = yield* configs.raw("shared")
            assert.isAtLeast(numberOf(shared["ntp_ip"]), numberOf(acknowledged.ntp))
            for (const device of all) {
              const id = String(device["id"])
              const context = yield* contextOf(id)
              assert.deepEqual(context?.document, device as DeviceDocument)
              const raw = yield* configs.raw(String(device["config"]))
              const lines = raw["sip_lines"] as { "1": { username: string } }
              const [text = ""] = Object.values(yield* storedFiles(id))
              assert.isTrue(device["configured"])
              assert.include(text, `user=${lines["1"].username}\n`)
              assert.include(text, `ntp=${String(raw["ntp_ip"])}\n`)
            }
            const byMac = new Map(all.map((device) => [String(device["mac"]), device]))
            for (const [mac, said] of acknowledged.phones) {
              const device = byMac.get(mac)
              // The next step may have been committed without being told.
              if (said === "removed") assert.isUndefined(device, mac)
              else if (said === "booted") assert.isDefined(device, mac)
              else if (said === "reset") {
                assert.isTrue(device === undefined || String(device["config"]).startsWith("autoprov"), mac)
              } else if (device !== undefined) {
                const isOnLine = device["config"] === device["id"]
                assert.isTrue(isOnLine || String(device["config"]).startsWith("autoprov"), mac)
              }
            }
          }).pipe(
            Effect.provide(provisioningLayer(makeWorkshop()).pipe(Layer.provideMerge(databaseLayer))),
            Effect.provide(AppConfig.layerFrom({ STROWGER_DATA_DIR: folder })),
            Effect.scoped
          )
        }
      }).pipe(Effect.scoped),
    180_000
  )
})

/** Addresses of the storm count upwards. */
const numberOf = (address: unknown): number => {
  const [, , high = "0", low = "0"] = String(address).split(".")
  return Number(high) * 256 + Number(low)
}
