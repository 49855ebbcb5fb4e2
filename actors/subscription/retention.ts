import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"
import { HookLogs } from "./hook-logs.ts"

/**
 * Removes what is too old, at the start and once a day: logs and finished deliveries (contracts/webhooks.md 2 and
 * 15.4), idempotency keys, and actors of subscriptions that are no more.
 */
export const retentionLayer: Layer.Layer<never, never, SqlClient.SqlClient | HookLogs | AppConfig> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const logs = yield* HookLogs
      const { hookLogDays } = yield* AppConfig
      yield* Effect.all([
        logs.purge(hookLogDays),
        sql`DELETE FROM webhook_idempotency WHERE created_at < now() - interval '24 hours'`,
        sql`DELETE FROM actor WHERE kind = 'subscription'
          AND id NOT IN (SELECT uuid::text FROM webhook_subscription)`
      ]).pipe(
        Effect.catchCause((cause) => Effect.logError("Old webhook logs could not be removed", cause)),
        Effect.repeat(Schedule.spaced("24 hours")),
        Effect.forkScoped
      )
    })
  )
