import { Context, Effect, Latch, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"

/** Where the links of a mail lead: what the request that caused it was addressed to (contracts/auth.md 8). */
export interface LinkBase {
  readonly hostname: string
  readonly port?: string
  /** Path of a reverse proxy. */
  readonly prefix: string
  /** The operator has named the host, not the request. */
  readonly configured?: boolean
}

/** A mail that somebody caused. Who gets it, if anybody, is found out when it is sent. */
export type MailJob =
  | { readonly kind: "confirmation"; readonly emailUuid: string; readonly base: LinkBase }
  | {
      readonly kind: "password-reset"
      readonly by: "username" | "email" | "login"
      readonly value: string
      readonly base: LinkBase
    }

/** A job with the number of the attempt that is due. */
export interface DueMail {
  readonly uuid: string
  readonly job: MailJob
  readonly attempts: number
}

/**
 * Mails to be sent, kept in the database until a mail server has taken them. `put` is part of a larger transaction
 * or one of its own; follow its commit with `wake`.
 */
export class MailQueue extends Context.Service<
  MailQueue,
  {
    readonly put: (job: MailJob) => Effect.Effect<void, SqlError.SqlError>
    readonly wake: Effect.Effect<void>
    /** Completes when `wake` was called since the last time. */
    readonly woken: Effect.Effect<void>
    /** The mail that is due longest, for this node alone until its lease ends. */
    readonly take: Effect.Effect<DueMail | undefined, SqlError.SqlError>
    readonly done: (uuid: string) => Effect.Effect<void, SqlError.SqlError>
    readonly retry: (uuid: string, inSeconds: number) => Effect.Effect<void, SqlError.SqlError>
  }
>()("strowger/actors/identity/MailQueue") {
  static readonly layer: Layer.Layer<MailQueue, never, SqlClient.SqlClient> = Layer.effect(
    MailQueue,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const latch = yield* Latch.make(true)
      return {
        put: (job) =>
          Effect.asVoid(
            sql`insert into auth_mail ${sql.insert({
              uuid: randomUUID(),
              job: JSON.stringify(job),
              due_at: new Date()
            })}`
          ),
        wake: Effect.asVoid(latch.open),
        woken: Effect.andThen(latch.await, latch.close).pipe(Effect.asVoid),
        take: Effect.map(
          Effect.suspend(
            () => sql<DueMail>`
              update auth_mail set attempts = attempts + 1,
                due_at = ${new Date(Date.now() + leaseSeconds * 1000)}
              where uuid = (
                select uuid from auth_mail where due_at <= ${new Date()}
                order by due_at limit 1 for update skip locked)
              returning uuid, job, attempts`
          ),
          ([mail]) => mail
        ),
        done: (uuid) => Effect.asVoid(sql`delete from auth_mail where uuid = ${uuid}`),
        retry: (uuid, inSeconds) =>
          Effect.asVoid(
            sql`update auth_mail set due_at = ${new Date(Date.now() + inSeconds * 1000)} where uuid = ${uuid}`
          )
      }
    })
  )
}

/** Longer than any attempt: a mail whose node died is taken by another. */
const leaseSeconds = 60
