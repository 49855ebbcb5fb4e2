import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type Conflict, tooManyKeys } from "../../schemas/webhookd/errors.ts"
import type { SecretView } from "../../schemas/webhookd/delivery.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { Sealing } from "./sealing.ts"
import { newSecret, publicKeyOf } from "./signature.ts"

/** The signing secrets of subscriptions (contracts/webhooks.md 15.2). */
export class Secrets extends Context.Service<
  Secrets,
  {
    readonly show: (subscriptionUuid: string) => Effect.Effect<SecretView>
    /** The key that was valid until now stays so for the grace period. A key is made when none is given. */
    readonly rotate: (
      subscriptionUuid: string,
      key: string | undefined,
      graceSeconds: number
    ) => Effect.Effect<SecretView, Conflict>
  }
>()("strowger/actors/subscription/Secrets") {
  static readonly layer: Layer.Layer<Secrets, never, SqlClient.SqlClient | Transactions | Sealing> =
    Layer.effect(
      Secrets,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const transactions = yield* Transactions
        const sealing = yield* Sealing
        const show = Effect.fnUntraced(function* (uuid: string) {
          const [current, ...previous] = yield* valid(sql, uuid)
          const [asked] = yield* sql`
            SELECT 1 FROM webhook_subscription WHERE uuid = ${uuid}::uuid AND policy ->> 'signature' IN ('v1a', 'both')`
          const key = sealing.open(current?.sealed ?? "") ?? ""
          const publicKey = asked === undefined ? undefined : publicKeyOf(key)
          return {
            key,
            ...(publicKey === undefined ? {} : { public_key: publicKey }),
            created_at: (current?.created_at ?? new Date(0)).toISOString(),
            previous: previous.map(({ created_at, expires_at }) => ({
              created_at: created_at.toISOString(),
              expires_at: (expires_at ?? new Date(0)).toISOString()
            }))
          }
        })
        const rotate = Effect.fnUntraced(function* (uuid: string, key: string | undefined, grace: number) {
          yield* sql`SELECT 1 FROM webhook_subscription WHERE uuid = ${uuid}::uuid FOR NO KEY UPDATE`
          const known = yield* valid(sql, uuid)
          if (grace > 0 && known.length > oldKeys) return yield* tooManyKeys()
          yield* sql`UPDATE webhook_secret SET expires_at = now() + make_interval(secs => ${grace})
            WHERE subscription_uuid = ${uuid}::uuid AND expires_at IS NULL`
          yield* sql`INSERT INTO webhook_secret (subscription_uuid, sealed, created_at)
            VALUES (${uuid}::uuid, ${sealing.seal(key ?? newSecret())}, now())`
          yield* sql`DELETE FROM webhook_secret WHERE subscription_uuid = ${uuid}::uuid AND expires_at <= now()`
          return yield* show(uuid)
        })
        return {
          show: (uuid) => dieOnSqlError(show(uuid)),
          rotate: (uuid, key, grace) => transactions.run(() => rotate(uuid, key, grace))
        }
      })
    )
}

/** Old keys that may be valid at once. */
const oldKeys = 5

interface SecretRow {
  readonly sealed: string
  readonly created_at: Date
  readonly expires_at: Date | null
}

/** The newest first. */
const valid = (
  sql: SqlClient.SqlClient,
  uuid: string
): Effect.Effect<ReadonlyArray<SecretRow>, SqlError.SqlError> => sql<SecretRow>`
  SELECT sealed, created_at, expires_at FROM webhook_secret
  WHERE subscription_uuid = ${uuid}::uuid AND (expires_at IS NULL OR expires_at > now()) ORDER BY number DESC`
