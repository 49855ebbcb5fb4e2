import { Context, Effect, Layer, type Schema } from "effect"
import { SqlClient } from "effect/sql"
import type { Conflict, NotFound } from "../../schemas/auth/errors.ts"
import { externalConflict, unknownExternalAuth, unknownExternalConfig } from "../../schemas/auth/external.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { Sealing } from "./sealing.ts"

/**
 * What a tenant keeps for each type of external account (contracts/auth.md 15): any JSON, given back as it came,
 * sealed in the database. Nothing is inherited from other tenants.
 */
export class ExternalConfigs extends Context.Service<
  ExternalConfigs,
  {
    readonly get: (tenantUuid: string, type: string) => Effect.Effect<Schema.Json, NotFound>
    /** Makes an unknown type known. */
    readonly create: (tenantUuid: string, type: string, data: Schema.Json) => Effect.Effect<void, Conflict>
    readonly update: (tenantUuid: string, type: string, data: Schema.Json) => Effect.Effect<void, NotFound>
    readonly remove: (tenantUuid: string, type: string) => Effect.Effect<void, NotFound>
    /** A text value of the configuration; undefined when there is none of that name. */
    readonly text: (
      tenantUuid: string,
      type: string,
      key: string
    ) => Effect.Effect<string | undefined, NotFound>
  }
>()("strowger/actors/identity/ExternalConfigs") {
  static readonly layer: Layer.Layer<ExternalConfigs, never, SqlClient.SqlClient | Sealing | Transactions> =
    Layer.effect(
      ExternalConfigs,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const sealing = yield* Sealing
        const transactions = yield* Transactions

        const absent = Effect.fnUntraced(function* (type: string) {
          const [known] = yield* sql`select 1 from auth_external_type where name = ${type}`
          return yield* known === undefined ? unknownExternalConfig(type) : unknownExternalAuth(type)
        })
        const seal = (tenantUuid: string, type: string, data: Schema.Json) =>
          sealing.seal(purposeOf(tenantUuid, type), JSON.stringify(data))

        const get = Effect.fnUntraced(function* (tenantUuid: string, type: string) {
          const [row] = yield* sql<{ data: string }>`
            select data from auth_external_config where tenant_uuid = ${tenantUuid} and type = ${type}`
          const text = row && sealing.open(purposeOf(tenantUuid, type), row.data)
          // What was sealed is what JSON.stringify wrote.
          return text === undefined ? yield* absent(type) : (JSON.parse(text) as Schema.Json)
        }, dieOnSqlError)

        const create = (tenantUuid: string, type: string, data: Schema.Json) =>
          transactions.run(
            Effect.fnUntraced(function* () {
              yield* sql`
                insert into auth_external_type ${sql.insert({ name: type, enabled: false })}
                on conflict do nothing`
              const created = yield* sql`
                insert into auth_external_config
                ${sql.insert({ tenant_uuid: tenantUuid, type, data: seal(tenantUuid, type, data) })}
                on conflict do nothing returning type`
              if (created.length === 0) return yield* externalConflict(type)
            })
          )

        const update = Effect.fnUntraced(function* (tenantUuid: string, type: string, data: Schema.Json) {
          const updated = yield* sql`
            update auth_external_config set data = ${seal(tenantUuid, type, data)}
            where tenant_uuid = ${tenantUuid} and type = ${type} returning type`
          if (updated.length === 0) yield* absent(type)
        }, dieOnSqlError)

        const remove = Effect.fnUntraced(function* (tenantUuid: string, type: string) {
          const removed = yield* sql`
            delete from auth_external_config
            where tenant_uuid = ${tenantUuid} and type = ${type} returning type`
          if (removed.length === 0) yield* absent(type)
        }, dieOnSqlError)

        return {
          get,
          create,
          update,
          remove,
          text: (tenantUuid, type, key) =>
            Effect.map(get(tenantUuid, type), (config) => {
              const value = new Map(Object.entries(config ?? {})).get(key)
              return typeof value === "string" ? value : undefined
            })
        }
      })
    )
}

const purposeOf = (tenantUuid: string, type: string) => `external config ${tenantUuid} ${type}`
