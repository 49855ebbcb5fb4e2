import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import type { EmailView } from "../../schemas/auth/emails.ts"
import {
  type Conflict,
  emailAlreadyConfirmed,
  type NotFound,
  unknownEmail,
  unknownUser,
  userConflict
} from "../../schemas/auth/errors.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { claimLogin, foldLogin, releaseLogins } from "./logins.ts"
import { type LinkBase, MailQueue } from "./mail-queue.ts"

/** An address as it is to be. `confirmed` null or absent: as it was, unconfirmed when it is new. */
export interface EmailWish {
  readonly address: string
  readonly main: boolean
  readonly confirmed?: boolean | null
}

/** Email addresses of users (contracts/auth.md 8). `visible` names the tenants whose users the caller may see. */
export class Emails extends Context.Service<
  Emails,
  {
    /** Replaces all addresses; those that stay keep their uuid. The list is consistent in itself. */
    readonly replace: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      emails: ReadonlyArray<EmailWish>
    ) => Effect.Effect<ReadonlyArray<EmailView>, NotFound | Conflict>
    /** A confirmation mail will be sent. */
    readonly requestConfirmation: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      emailUuid: string,
      base: LinkBase
    ) => Effect.Effect<void, NotFound | Conflict>
    readonly confirm: (visible: ReadonlyArray<string>, emailUuid: string) => Effect.Effect<void, NotFound>
  }
>()("strowger/actors/identity/Emails") {
  static readonly layer: Layer.Layer<Emails, never, SqlClient.SqlClient | Transactions | MailQueue> =
    Layer.effect(
      Emails,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const transactions = yield* Transactions
        const mails = yield* MailQueue
        const provided = Effect.provideService(SqlClient.SqlClient, sql)

        const requireUser = Effect.fnUntraced(function* (visible: ReadonlyArray<string>, uuid: string) {
          const [user] = yield* sql<{ username: string | null }>`
            select username from auth_user
            where uuid = ${uuid} and tenant_uuid = any(${visible}::uuid[]) for update`
          return user ?? (yield* unknownUser(uuid))
        })

        const emailsOf = (userUuid: string) => sql<EmailView>`
          select uuid, address, main, confirmed from auth_email
          where user_uuid = ${userUuid} order by main desc, address`

        const claimAll = Effect.fnUntraced(function* (
          userUuid: string,
          username: string | null,
          addresses: ReadonlyArray<string>
        ) {
          const folded = addresses.map(foldLogin)
          const repeated = addresses.find((_, index) => folded.indexOf(folded[index] ?? "") !== index)
          if (repeated !== undefined) return yield* userConflict("email_address", repeated)
          yield* releaseLogins(userUuid, username === null ? addresses : [...addresses, username])
          for (const address of addresses) {
            if (!(yield* claimLogin(address, userUuid))) return yield* userConflict("email_address", address)
          }
        })

        const replace = (
          visible: ReadonlyArray<string>,
          userUuid: string,
          wishes: ReadonlyArray<EmailWish>
        ) =>
          transactions.run(
            Effect.fnUntraced(function* () {
              const { username } = yield* requireUser(visible, userUuid)
              const addresses = wishes.map(({ address }) => address)
              yield* claimAll(userUuid, username, addresses)
              const known = new Map((yield* emailsOf(userUuid)).map((email) => [email.address, email]))
              yield* sql`delete from auth_email where user_uuid = ${userUuid}`
              for (const { address, main, confirmed } of wishes) {
                const before = known.get(address)
                yield* sql`insert into auth_email ${sql.insert({
                  uuid: before?.uuid ?? randomUUID(),
                  address,
                  main,
                  confirmed: confirmed ?? before?.confirmed ?? false,
                  user_uuid: userUuid
                })}`
              }
              return yield* emailsOf(userUuid)
            }, provided)
          )

        const requestConfirmation = (
          visible: ReadonlyArray<string>,
          userUuid: string,
          emailUuid: string,
          base: LinkBase
        ) =>
          transactions
            .run(
              Effect.fnUntraced(function* () {
                yield* requireUser(visible, userUuid)
                const [email] = yield* sql<{ confirmed: boolean }>`
                  select confirmed from auth_email where uuid = ${emailUuid} and user_uuid = ${userUuid}`
                if (email === undefined) return yield* unknownEmail(emailUuid)
                if (email.confirmed) return yield* emailAlreadyConfirmed(emailUuid)
                yield* mails.put({ kind: "confirmation", emailUuid, base })
              })
            )
            .pipe(Effect.tap(() => mails.wake))

        const confirm = (visible: ReadonlyArray<string>, emailUuid: string) =>
          transactions.run(
            Effect.fnUntraced(function* () {
              const confirmed = yield* sql`
                update auth_email e set confirmed = true from auth_user u
                where u.uuid = e.user_uuid and e.uuid = ${emailUuid}
                  and u.tenant_uuid = any(${visible}::uuid[]) returning e.uuid`
              if (confirmed.length === 0) return yield* unknownEmail(emailUuid)
            })
          )

        return { replace, requestConfirmation, confirm }
      })
    )
}
