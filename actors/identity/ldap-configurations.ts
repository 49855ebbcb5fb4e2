import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { LdapBody, LdapView } from "../../schemas/auth/ldap.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { Sealing } from "./sealing.ts"

/** A tenant's directory, with the password of the service account. */
export interface LdapConfiguration {
  readonly host: string
  readonly port: number
  readonly security: "ldaps" | "tls" | null
  /** Absent: users are bound directly. */
  readonly serviceAccount: { readonly dn: string; readonly password: string } | undefined
  readonly baseDn: string
  readonly loginAttribute: string
  readonly emailAttribute: string
  /** With `{username}`, `{user_login_attribute}`, `{user_email_attribute}`; null: the login attribute equals. */
  readonly filter: string | null
}

/** LDAP configurations, one a tenant (contracts/auth.md 13). */
export class LdapConfigurations extends Context.Service<
  LdapConfigurations,
  {
    /** Without the password; all null when there is none. */
    readonly get: (tenantUuid: string) => Effect.Effect<LdapView>
    /** Optional fields that are absent keep their value. */
    readonly put: (tenantUuid: string, body: LdapBody) => Effect.Effect<LdapView>
    readonly remove: (tenantUuid: string) => Effect.Effect<void>
    /** For a login; undefined when there is none or its password cannot be opened any more. */
    readonly find: (tenantUuid: string) => Effect.Effect<LdapConfiguration | undefined>
  }
>()("strowger/actors/identity/LdapConfigurations") {
  static readonly layer: Layer.Layer<LdapConfigurations, never, SqlClient.SqlClient | Sealing> = Layer.effect(
    LdapConfigurations,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const sealing = yield* Sealing
      const rowOf = (tenantUuid: string) =>
        Effect.map(
          sql<LdapRow>`select * from auth_ldap_config where tenant_uuid = ${tenantUuid}`,
          ([row]) => row
        )
      const get = (tenantUuid: string) =>
        dieOnSqlError(Effect.map(rowOf(tenantUuid), (row) => (row === undefined ? nothing : viewOf(row))))

      const put = Effect.fnUntraced(function* (tenantUuid: string, body: LdapBody) {
        const { bind_password, ...fields } = body
        const sealed = bind_password && sealing.seal(purposeOf(tenantUuid), bind_password)
        const row = { ...fields, ...(bind_password === undefined ? {} : { bind_password: sealed || null }) }
        yield* sql`
          insert into auth_ldap_config ${sql.insert({ ...row, tenant_uuid: tenantUuid })}
          on conflict (tenant_uuid) do update set ${sql.update(row)}`
        return yield* get(tenantUuid)
      }, dieOnSqlError)

      const find = Effect.fnUntraced(function* (tenantUuid: string) {
        const row = yield* rowOf(tenantUuid)
        if (row === undefined) return undefined
        const password = row.bind_password && sealing.open(purposeOf(tenantUuid), row.bind_password)
        if (password === undefined) {
          yield* Effect.logWarning("The password of a tenant's LDAP service account cannot be opened").pipe(
            Effect.annotateLogs({ tenant: tenantUuid })
          )
          return undefined
        }
        return configurationOf(row, password)
      }, dieOnSqlError)

      return {
        get,
        put,
        find,
        remove: (tenantUuid) =>
          Effect.asVoid(dieOnSqlError(sql`delete from auth_ldap_config where tenant_uuid = ${tenantUuid}`))
      }
    })
  )
}

interface LdapRow {
  readonly tenant_uuid: string
  readonly host: string
  readonly port: number
  readonly protocol_version: number
  readonly protocol_security: "ldaps" | "tls" | null
  readonly bind_dn: string | null
  /** Sealed. */
  readonly bind_password: string | null
  readonly user_base_dn: string
  readonly user_login_attribute: string
  readonly user_email_attribute: string
  readonly search_filters: string | null
}

const nothing: LdapView = {
  tenant_uuid: null,
  host: null,
  port: null,
  protocol_version: null,
  protocol_security: null,
  bind_dn: null,
  user_base_dn: null,
  user_login_attribute: null,
  user_email_attribute: null,
  search_filters: null
}

const purposeOf = (tenantUuid: string) => `ldap ${tenantUuid}`

const viewOf = ({ bind_password: _, ...view }: LdapRow): LdapView => view

const configurationOf = (row: LdapRow, password: string | null): LdapConfiguration => ({
  host: row.host,
  port: row.port,
  security: row.protocol_security,
  serviceAccount: row.bind_dn && password ? { dn: row.bind_dn, password } : undefined,
  baseDn: row.user_base_dn,
  loginAttribute: row.user_login_attribute,
  emailAttribute: row.user_email_attribute,
  filter: row.search_filters || null
})
