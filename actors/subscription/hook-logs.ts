import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { HookLog, LogQuery } from "../../schemas/webhookd/subscription.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { againOnConflict } from "../../runtime/database/transaction.ts"

/** The stored attempts of hooks (contracts/webhooks.md 2 and 8). */
export class HookLogs extends Context.Service<
  HookLogs,
  {
    readonly list: (subscriptionUuid: string, query: LogQuery) => Effect.Effect<ReadonlyArray<HookLog>>
    /** The attempts of one hook, the first one first. */
    readonly ofHook: (uuid: string) => Effect.Effect<ReadonlyArray<HookLog>>
    /** Removes what is older than so many days. */
    readonly purge: (days: number) => Effect.Effect<void>
  }
>()("strowger/actors/subscription/HookLogs") {
  static readonly layer: Layer.Layer<HookLogs, never, SqlClient.SqlClient> = Layer.effect(
    HookLogs,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      return {
        list: (subscriptionUuid, query) =>
          Effect.map(dieOnSqlError(page(sql, subscriptionUuid, query)), (rows) => rows.map(logOf)),
        ofHook: (uuid) =>
          Effect.map(
            dieOnSqlError(sql<LogRow>`
              SELECT uuid::text AS uuid, status, started_at, ended_at, attempts, max_attempts, event, detail
              FROM webhook_log WHERE uuid = ${uuid}::uuid ORDER BY attempts`),
            (rows) => rows.map(logOf)
          ),
        purge: (days) =>
          Effect.asVoid(
            dieOnSqlError(
              Effect.andThen(
                againOnConflict(
                  sql,
                  sql`DELETE FROM webhook_log WHERE started_at < now() - make_interval(days => ${days})`
                ),
                againOnConflict(
                  sql,
                  sql`DELETE FROM webhook_hook WHERE created_at < now() - make_interval(days => ${days})
                  AND state IN ('succeeded', 'failed', 'cancelled')`
                )
              )
            )
          )
      }
    })
  )
}

interface LogRow {
  readonly uuid: string
  readonly status: HookLog["status"]
  readonly started_at: Date
  readonly ended_at: Date
  readonly attempts: number
  readonly max_attempts: number
  readonly event: string
  readonly detail: string
}

const page = (sql: SqlClient.SqlClient, subscriptionUuid: string, query: LogQuery) => {
  const direction = query.direction === "asc" ? "ASC" : "DESC"
  const ranking = [orders[query.order], "attempts", "uuid"].map((term) => `${term} ${direction}`).join(", ")
  return sql<LogRow>`
    SELECT uuid::text AS uuid, status, started_at, ended_at, attempts, max_attempts, event, detail
    FROM webhook_log
    WHERE subscription_uuid = ${subscriptionUuid}::uuid
      ${query.from === undefined ? sql.literal("") : sql`AND started_at >= ${query.from}`}
    ORDER BY ${sql.literal(ranking)}
    ${query.limit === undefined ? sql.literal("") : sql`LIMIT ${query.limit}`} OFFSET ${query.offset}`
}

/** By severity, not by alphabet. */
const orders: Readonly<Record<LogQuery["order"], string>> = {
  started_at: "started_at",
  ended_at: "ended_at",
  status: "array_position(ARRAY['success', 'failure', 'error'], status)",
  attempts: "attempts",
  max_attempts: "max_attempts"
}

const logOf = (row: LogRow): HookLog => ({
  ...row,
  started_at: moment(row.started_at),
  ended_at: moment(row.ended_at),
  event: JSON.parse(row.event),
  detail: JSON.parse(row.detail)
})

/** ISO 8601 with offset and microseconds. */
const moment = (at: Date): string => at.toISOString().replace("Z", "000+00:00")
