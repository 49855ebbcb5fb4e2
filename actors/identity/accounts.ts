import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { foldLogin } from "./logins.ts"

/** An enabled user as authentication sees it. */
export interface Account {
  readonly uuid: string
  readonly tenantUuid: string
  readonly purpose: "user" | "internal" | "external_api"
  /** The user's method, or the tenant's default where the user has none of its own. */
  readonly method: string
  readonly passwordHash: string | null
}

/** Users by what they log in with. Disabled users are unknown. */
export class Accounts extends Context.Service<
  Accounts,
  {
    /** By username or confirmed email address, ignoring case (contracts/auth.md 6). */
    readonly byLogin: (login: string) => Effect.Effect<Account | undefined, SqlError.SqlError>
    readonly byUuid: (uuid: string) => Effect.Effect<Account | undefined, SqlError.SqlError>
    /** Stores a stronger hash of a password that did not change meanwhile. */
    readonly rehash: (account: Account, passwordHash: string) => Effect.Effect<void, SqlError.SqlError>
  }
>()("strowger/actors/identity/Accounts") {
  static readonly layer: Layer.Layer<Accounts, never, SqlClient.SqlClient> = Layer.effect(
    Accounts,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const account = sql`
        select u.uuid, u.username, u.tenant_uuid as "tenantUuid", u.purpose, u.password_hash as "passwordHash",
          case u.authentication_method when 'default' then t.default_authentication_method
            else u.authentication_method end as method
        from auth_user u join auth_tenant t on t.uuid = u.tenant_uuid`
      const byLogin = Effect.fnUntraced(function* (login: string) {
        // PostgreSQL has no text with this character, so no user does.
        if (login.includes("\u0000")) return undefined
        const folded = foldLogin(login)
        const [row] = yield* sql<AccountRow>`
          ${account} join auth_login l on l.user_uuid = u.uuid where l.login = ${folded} and u.enabled`
        if (row === undefined || foldLogin(row.username ?? "") === folded) return row
        const confirmed = yield* sql<{ address: string }>`
          select address from auth_email where user_uuid = ${row.uuid} and confirmed`
        return confirmed.some(({ address }) => foldLogin(address) === folded) ? row : undefined
      })
      return {
        byLogin,
        byUuid: (uuid) =>
          Effect.map(sql<AccountRow>`${account} where u.uuid = ${uuid} and u.enabled`, ([row]) => row),
        rehash: ({ uuid, passwordHash }, stronger) =>
          Effect.asVoid(sql`
            update auth_user set password_hash = ${stronger}
            where uuid = ${uuid} and password_hash = ${passwordHash}`)
      }
    })
  )
}

interface AccountRow extends Account {
  readonly username: string | null
}
