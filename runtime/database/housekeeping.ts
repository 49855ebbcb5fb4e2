import { Duration, Effect, type Scope } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/**
 * Does for the embedded database what a PostgreSQL server does in processes of its own, which PGlite has not:
 * removes dead rows and refreshes the statistics of tables that changed much (autovacuum), and empties the
 * write-ahead log (checkpointer). Without it files grow and statements slow down for ever.
 */
export const keepTidy = (client: SqlClient.SqlClient): Effect.Effect<void, never, Scope.Scope> =>
  tidy(client).pipe(
    Effect.catch((error) => Effect.logWarning(`the embedded database was not tidied: ${error.message}`)),
    Effect.delay(PAUSE),
    Effect.forever,
    Effect.forkScoped,
    Effect.asVoid
  )

const PAUSE = Duration.seconds(30)

/** Thresholds are those of PostgreSQL's autovacuum (manual 25.1.6), and 64 MiB of log for a checkpoint. */
export const tidy = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient
): Effect.fn.Return<void, SqlError.SqlError> {
  // The engine's counters are written out at most once a second.
  yield* sql`SELECT pg_stat_force_next_flush()`
  const tables = yield* sql<{ schema: string; name: string }>`
    SELECT schemaname AS schema, relname AS name FROM pg_stat_user_tables
    WHERE n_dead_tup > 50 + 0.2 * n_live_tup OR n_mod_since_analyze > 50 + 0.1 * n_live_tup`
  for (const { schema, name } of tables) yield* sql`VACUUM (ANALYZE) ${sql(schema)}.${sql(name)}`
  const [log] = yield* sql<{ large: boolean }>`
    SELECT pg_current_wal_lsn() - redo_lsn > ${LOG_LIMIT} AS large FROM pg_control_checkpoint()`
  if (log?.large === true) yield* sql`CHECKPOINT`
})

const LOG_LIMIT = 64 * 1024 * 1024
