import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"
import { dieOnSqlError, onConstraint } from "../../runtime/database/sql-errors.ts"
import { inTransaction } from "../../runtime/database/transaction.ts"
import { ConfigStore } from "./config-store.ts"
import { DeviceIndex } from "./device-index.ts"
import { readParameter } from "./parameter-rules.ts"
import { Regenerations } from "./regenerations.ts"
import { InvalidParameter, SystemParameters } from "./system-parameters.ts"

/** The parameters in their table, and all of them in memory. */
export const systemParametersLayer: Layer.Layer<
  SystemParameters,
  never,
  SqlClient.SqlClient | AppConfig | ConfigStore | DeviceIndex | Regenerations
> = Layer.effect(
  SystemParameters,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const config = yield* AppConfig
    const configs = yield* ConfigStore
    const index = yield* DeviceIndex
    const regenerations = yield* Regenerations
    const system = new Map<string, string>()
    const keys = new Map<string, string>()
    const tenants = new Map<string, string>()

    const remember = (name: string, tenantUuid: string, value: string | null) => {
      if (name !== keyName) {
        if (value === null) system.delete(name)
        else system.set(name, value)
        return
      }
      const old = keys.get(tenantUuid)
      if (old !== undefined) tenants.delete(old)
      keys.delete(tenantUuid)
      if (value === null) return
      keys.set(tenantUuid, value)
      tenants.set(value, tenantUuid)
    }
    const rows = yield* dieOnSqlError(
      sql<{ tenant_uuid: string; name: string; value: string }>`
        SELECT tenant_uuid, name, value FROM provd_parameters`
    )
    for (const { tenant_uuid, name, value } of rows) remember(name, tenant_uuid, value)

    const write = (name: string, owner: string, value: string | null) =>
      value === null
        ? sql`DELETE FROM provd_parameters WHERE tenant_uuid = ${owner} AND name = ${name}`
        : sql`INSERT INTO provd_parameters (tenant_uuid, name, value) VALUES (${owner}, ${name}, ${value})
            ON CONFLICT (tenant_uuid, name) DO UPDATE SET value = excluded.value`

    /** The devices whose files a parameter is in: the key is a part of their URLs where phones bring it along. */
    const devicesOf = (name: string, owner: string): ReadonlyArray<string> =>
      name === keyName && config.phoneHttpAuth === "url_key" ? index.idsBy("tenant_uuid", owner) : []

    /** The row, the memory and the devices that are out of date by it. */
    const store = (name: string, owner: string, value: string | null) =>
      configs.changing((revision) => {
        const devices = devicesOf(name, owner)
        return inTransaction(
          sql,
          Effect.andThen(write(name, owner, value), regenerations.note(devices, revision))
        ).pipe(
          onConstraint({
            provd_provisioning_key: () =>
              new InvalidParameter({ message: "the key is that of another tenant" })
          }),
          dieOnSqlError,
          Effect.as({
            result: devices,
            apply: () => {
              remember(name, owner, value)
              if (name === keyName) configs.sweep()
            }
          })
        )
      })

    const current = (name: string, owner: string) =>
      (name === keyName ? keys.get(owner) : system.get(name)) ?? null
    const valueOf = (name: string) => system.get(name) ?? null
    return {
      pluginServer: () =>
        valueOf("plugin_server") ?? (config.phonePluginServer === "" ? null : config.phonePluginServer),
      httpProxy: () => valueOf("http_proxy"),
      ftpProxy: () => valueOf("ftp_proxy"),
      httpsProxy: () => valueOf("https_proxy"),
      locale: () => valueOf("locale"),
      nat: () => (valueOf("NAT") === "1" ? 1 : 0),
      provisioningKey: (tenantUuid) => keys.get(tenantUuid) ?? null,
      tenantOfKey: (key) => tenants.get(key),
      set: Effect.fnUntraced(function* (id, tenantUuid, given) {
        const read = readParameter(id, given)
        if (read === undefined) return yield* new InvalidParameter({ message: `there is no parameter ${id}` })
        if ("problem" in read) return yield* new InvalidParameter({ message: `${id}: ${read.problem}` })
        const owner = id === keyName ? tenantUuid : ""
        if (current(id, owner) === read.value) return
        const noted = yield* store(id, owner, read.value)
        // And those that came to the tenant while its key was written.
        yield* regenerations.run([...new Set([...noted, ...devicesOf(id, owner)])])
      })
    }
  })
)

const keyName = "provisioning_key"
