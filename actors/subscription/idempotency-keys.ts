import { Context, Data, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { createHash } from "node:crypto"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { type Conflict, idempotencyKeyReused } from "../../schemas/webhookd/errors.ts"

/** A request that may come twice. */
export interface IdempotentRequest {
  /** Undefined: the client promises nothing, every request counts. */
  readonly key: string | undefined
  /** Who asks for what: the same key elsewhere is another one. */
  readonly scope: string
  readonly body: unknown
}

/** Somebody else has used the key since it was looked for. */
export class KeyTaken extends Data.TaggedError("KeyTaken")<object> {}

/** Notes the answer of a request, plain JSON; to be run in the transaction of its effect. */
export type NoteAnswer = (answer: unknown) => Effect.Effect<void, KeyTaken | SqlError.SqlError>

/**
 * Requests with an `Idempotency-Key` have their effect once (contracts/webhooks.md 15.9): whoever repeats one within
 * 24 hours gets the answer of the first. The answer is noted in the transaction of the effect, so a crash leaves both
 * or neither.
 */
export class IdempotencyKeys extends Context.Service<
  IdempotencyKeys,
  {
    /** The noted answer must be that of the work. Another body under the same key is a conflict. */
    readonly once: <A, E, R>(
      request: IdempotentRequest,
      work: (note: NoteAnswer) => Effect.Effect<A, E, R>
    ) => Effect.Effect<A, Exclude<E, KeyTaken> | Conflict, R>
  }
>()("strowger/actors/subscription/IdempotencyKeys") {
  static readonly layer: Layer.Layer<IdempotencyKeys, never, SqlClient.SqlClient> = Layer.effect(
    IdempotencyKeys,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const known = Effect.fnUntraced(function* <A>(scope: string, key: string, fingerprint: string) {
        const [row] = yield* dieOnSqlError(sql<{ fingerprint: string; answer: { readonly of: A } }>`
          SELECT fingerprint, answer FROM webhook_idempotency
          WHERE scope = ${scope} AND key = ${key} AND created_at > now() - interval '24 hours'`)
        if (row !== undefined && row.fingerprint !== fingerprint) return yield* idempotencyKeyReused(key)
        return row?.answer
      })
      return {
        once: <A, E, R>(
          { key, scope, body }: IdempotentRequest,
          work: (note: NoteAnswer) => Effect.Effect<A, E, R>
        ): Effect.Effect<A, Exclude<E, KeyTaken> | Conflict, R> => {
          if (key === undefined)
            return whenTaken(
              work(() => Effect.void),
              Effect.die
            )
          const fingerprint = createHash("sha256")
            .update(JSON.stringify(body ?? null))
            .digest("hex")
          const look = known<A>(scope, key, fingerprint)
          const note: NoteAnswer = Effect.fnUntraced(function* (answer) {
            const noted = yield* sql`
              INSERT INTO webhook_idempotency (scope, key, fingerprint, answer)
              VALUES (${scope}, ${key}, ${fingerprint}, ${JSON.stringify({ of: answer })})
              ON CONFLICT (scope, key) DO UPDATE
                SET fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = now()
                WHERE webhook_idempotency.created_at <= now() - interval '24 hours'
              RETURNING 1`
            if (noted.length === 0) return yield* new KeyTaken()
          })
          return Effect.flatMap(look, (earlier) =>
            earlier !== undefined
              ? Effect.succeed(earlier.of)
              : whenTaken(work(note), (taken) =>
                  Effect.flatMap(look, (now) =>
                    now === undefined ? Effect.die(taken) : Effect.succeed(now.of)
                  )
                )
          )
        }
      }
    })
  )
}

const whenTaken = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  answer: (taken: KeyTaken) => Effect.Effect<A, E2>
): Effect.Effect<A, Exclude<E, KeyTaken> | E2, R> =>
  Effect.catch(
    effect,
    (error): Effect.Effect<A, Exclude<E, KeyTaken> | E2> =>
      // What is left after the check is E without KeyTaken.
      error instanceof KeyTaken ? answer(error) : Effect.fail(error as Exclude<E, KeyTaken>)
  )
