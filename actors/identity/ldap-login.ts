import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { escapeDnValue, escapeFilterValue } from "../../runtime/ldap/escape.ts"
import { Ldap, type LdapConnection } from "../../runtime/ldap/ldap.ts"
import {
  authenticationFailed,
  type NotFound,
  type ReasonUnauthorized,
  unknownTenant
} from "../../schemas/auth/errors.ts"
import { type Account, Accounts } from "./accounts.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { type LdapConfiguration, LdapConfigurations } from "./ldap-configurations.ts"
import { foldLogin } from "./logins.ts"
import { TenantTree } from "./tenant-tree.ts"

interface Credentials {
  readonly login: string
  readonly password: string
}

/** A tenant by one of its domain names, or by its uuid or slug. */
export type LdapTenant = { readonly domain: string } | { readonly tenant: string }

/** Logins that a tenant's directory vouches for (contracts/auth.md 13). */
export class LdapLogin extends Context.Service<
  LdapLogin,
  {
    /** The user of the tenant whose email or username is the directory's email address, which is the login. */
    readonly verify: (
      credentials: Credentials,
      tenant: LdapTenant
    ) => Effect.Effect<{ readonly account: Account; readonly login: string }, ReasonUnauthorized | NotFound>
  }
>()("strowger/actors/identity/LdapLogin") {
  static readonly layer: Layer.Layer<
    LdapLogin,
    never,
    SqlClient.SqlClient | Accounts | LdapConfigurations | Ldap | TenantTree
  > = Layer.effect(
    LdapLogin,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const accounts = yield* Accounts
      const configurations = yield* LdapConfigurations
      const ldap = yield* Ldap
      const { bySlug, tenants } = yield* TenantTree

      const tenantOf = Effect.fnUntraced(function* (named: LdapTenant) {
        if ("tenant" in named) {
          const uuid = named.tenant.toLowerCase()
          const found = tenants.exists(uuid) ? uuid : bySlug(named.tenant)
          return found ?? (yield* unknownTenant(named.tenant))
        }
        if (named.domain.includes("\0")) return yield* authenticationFailed()
        const [row] = yield* sql<{ tenant_uuid: string }>`
          select tenant_uuid from auth_tenant_domain where name = ${named.domain}`
        return row?.tenant_uuid ?? (yield* authenticationFailed())
      })

      const accountOf = Effect.fnUntraced(function* (tenantUuid: string, email: string) {
        if (email.includes("\0")) return undefined
        const [user] = yield* sql<{ uuid: string }>`
          select u.uuid from auth_login l join auth_user u on u.uuid = l.user_uuid
          where l.login = ${foldLogin(email)} and u.tenant_uuid = ${tenantUuid}`
        return user && (yield* accounts.byUuid(user.uuid))
      })

      const verify = Effect.fnUntraced(function* (credentials: Credentials, named: LdapTenant) {
        const tenantUuid = yield* tenantOf(named)
        const configuration = yield* configurations.find(tenantUuid)
        if (configuration === undefined) return yield* authenticationFailed()
        const email = yield* ldap.connect(configuration).pipe(
          Effect.flatMap((connection) => emailOf(connection, configuration, credentials)),
          Effect.scoped,
          Effect.tapError(({ reason }) =>
            Effect.logInfo("A directory did not vouch for a login").pipe(
              Effect.annotateLogs({ tenant: tenantUuid, reason })
            )
          ),
          Effect.catchTag("LdapError", () => Effect.fail(authenticationFailed()))
        )
        const account = email && (yield* accountOf(tenantUuid, email))
        return email && account ? { account, login: email } : yield* authenticationFailed()
      }, dieOnSqlError)

      return { verify }
    })
  )
}

/** The email address of the user whose password this is, in lowercase; undefined when the entry has none. */
const emailOf = Effect.fnUntraced(function* (
  connection: LdapConnection,
  { serviceAccount, baseDn, loginAttribute, emailAttribute, filter }: LdapConfiguration,
  { login, password }: Credentials
) {
  if (serviceAccount === undefined) {
    const dn = `${loginAttribute}=${escapeDnValue(login)},${baseDn}`
    yield* connection.bind(dn, password)
    return (yield* connection.read(dn, emailAttribute)).first(emailAttribute)?.toLowerCase()
  }
  yield* connection.bind(serviceAccount.dn, serviceAccount.password)
  const values: Readonly<Record<string, string>> = {
    username: escapeFilterValue(login),
    user_login_attribute: loginAttribute,
    user_email_attribute: emailAttribute
  }
  const template = filter ?? "{user_login_attribute}={username}"
  const filled = template.replace(/\{(\w+)\}/g, (written, name: string) => values[name] ?? written)
  const found = yield* connection.findOne(baseDn, parenthesised(filled), emailAttribute)
  yield* connection.bind(found.dn, password)
  const known = found.first(emailAttribute)
  const email = known ?? (yield* connection.read(found.dn, emailAttribute)).first(emailAttribute)
  return email?.toLowerCase()
})

const parenthesised = (filter: string): string => (filter.startsWith("(") ? filter : `(${filter})`)
