import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { PasswordChange, PasswordResetQuery } from "../../schemas/auth/emails.ts"
import {
  type NotAllowed,
  type NotFound,
  passwordManagedExternally,
  type ReasonTooMany,
  type ReasonUnauthorized,
  type Unauthorized,
  unauthorized,
  unknownUser,
  wrongPassword
} from "../../schemas/auth/errors.ts"
import type { Caller } from "../../schemas/common/caller.ts"
import { type Changes, Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { passwordResetAccess } from "./mail-delivery.ts"
import { type LinkBase, MailQueue } from "./mail-queue.ts"
import { isManagedExternally } from "./managed-externally.ts"
import { Passwords } from "./passwords.ts"
import { internalAuthId, Sessions } from "./sessions.ts"
import { LoginThrottle } from "./throttle.ts"

/**
 * New passwords: by the old one, or by a link that was mailed (contracts/auth.md 7 and 8). A new password ends all
 * sessions of the user and every link that could still set another one; refresh tokens stay.
 */
export class PasswordChanges extends Context.Service<
  PasswordChanges,
  {
    readonly change: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      change: PasswordChange,
      remoteAddress: string
    ) => Effect.Effect<void, NotFound | ReasonUnauthorized | NotAllowed | ReasonTooMany>
    /** The same work and the same answer whether there is such a user or not. */
    readonly requestReset: (query: PasswordResetQuery, base: LinkBase) => Effect.Effect<void>
    /** null takes the password away: nobody can log in with one. */
    readonly reset: (
      caller: Caller,
      userUuid: string,
      password: string | null
    ) => Effect.Effect<void, Unauthorized | NotFound | NotAllowed>
    /** For the operator: no questions asked. */
    readonly set: (userUuid: string, password: string) => Effect.Effect<void>
  }
>()("strowger/actors/identity/PasswordChanges") {
  static readonly layer: Layer.Layer<
    PasswordChanges,
    never,
    SqlClient.SqlClient | Transactions | Passwords | Sessions | MailQueue | LoginThrottle
  > = Layer.effect(
    PasswordChanges,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const passwords = yield* Passwords
      const sessions = yield* Sessions
      const mails = yield* MailQueue
      const throttle = yield* LoginThrottle

      const find = Effect.fnUntraced(function* (visible: ReadonlyArray<string>, uuid: string) {
        const [user] = yield* sql<PasswordHolder>`
          select u.username, u.enabled, u.password_hash as "passwordHash",
            case u.authentication_method when 'default' then t.default_authentication_method
              else u.authentication_method end as method,
            (select address from auth_email e where e.user_uuid = u.uuid and e.main and e.confirmed) as email
          from auth_user u join auth_tenant t on t.uuid = u.tenant_uuid
          where u.uuid = ${uuid} and u.tenant_uuid = any(${visible}::uuid[]) for update of u`
        return user ?? (yield* unknownUser(uuid))
      })

      /** Stores a hash and ends what the old password or a link had opened. */
      const store = Effect.fnUntraced(function* (changes: Changes, userUuid: string, hash: string | null) {
        yield* sql`update auth_user set password_hash = ${hash} where uuid = ${userUuid}`
        yield* sessions.endWhere(
          changes,
          sql`t.auth_id = ${userUuid}
            or (t.auth_id = ${internalAuthId} and t.acl = ${[passwordResetAccess(userUuid)]}::text[])`
        )
      })

      const change = Effect.fnUntraced(function* (
        visible: ReadonlyArray<string>,
        userUuid: string,
        { old_password, new_password }: PasswordChange,
        remoteAddress: string
      ) {
        const user = yield* find(visible, userUuid)
        const login = user.username ?? user.email
        const known = login !== null && user.enabled ? (user.passwordHash ?? undefined) : undefined
        yield* throttle.check(login ?? userUuid, remoteAddress)
        const { matches } = yield* passwords.check(old_password, known)
        if (!matches) {
          yield* throttle.failed(login ?? userUuid, remoteAddress)
          return yield* wrongPassword()
        }
        if (isManagedExternally(user.method)) return yield* passwordManagedExternally(userUuid)
        const hash = yield* passwords.hash(new_password)
        yield* transactions.run(
          Effect.fnUntraced(function* (changes) {
            // Of two changes at once the second finds that its old password is none any more.
            const still = yield* find(visible, userUuid)
            if (still.passwordHash !== user.passwordHash) return yield* wrongPassword()
            yield* store(changes, userUuid, hash)
          })
        )
      }, dieOnSqlError)

      const requestReset = Effect.fnUntraced(function* (query: PasswordResetQuery, base: LinkBase) {
        const [by, value] =
          query.username !== undefined
            ? (["username", query.username] as const)
            : query.email !== undefined
              ? (["email", query.email] as const)
              : (["login", query.login ?? ""] as const)
        if (!(yield* throttle.mayCauseMail(value))) return
        yield* dieOnSqlError(mails.put({ kind: "password-reset", by, value, base }))
        yield* mails.wake
      })

      const reset = Effect.fnUntraced(function* (caller: Caller, userUuid: string, password: string | null) {
        const hash = password === null ? null : yield* passwords.hash(password)
        yield* transactions.run(
          Effect.fnUntraced(function* (changes) {
            const user = yield* find(caller.visibleTenants, userUuid)
            if (isManagedExternally(user.method)) return yield* passwordManagedExternally(userUuid)
            // The user's row is locked: of two uses of one link the second finds it ended.
            const live = yield* sql`select 1 from auth_session where uuid = ${caller.sessionUuid}`
            if (live.length === 0) return yield* unauthorized({ invalid_token: caller.tokenId })
            yield* store(changes, userUuid, hash)
          })
        )
      })

      const set = Effect.fnUntraced(function* (userUuid: string, password: string) {
        const hash = yield* passwords.hash(password)
        yield* transactions.run((changes) => store(changes, userUuid, hash))
      })

      return { change, requestReset, reset, set }
    })
  )
}

interface PasswordHolder {
  readonly username: string | null
  readonly email: string | null
  readonly enabled: boolean
  readonly passwordHash: string | null
  readonly method: string
}
