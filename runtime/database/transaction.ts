import { Cause, Effect, Metric, Option, Schedule } from "effect"
import { type SqlClient, SqlError } from "effect/sql"

/**
 * Runs the work in one transaction: all of it or nothing. When PostgreSQL gives it up in favour of another one (a
 * deadlock or a serialization failure, manual 13.4 and 13.5) it is run again from its beginning, up to `ATTEMPTS`
 * times in all. Inside another transaction it is a savepoint and is not run again by itself: the whole was given up.
 *
 * **Gotchas**
 * - The work may run several times: what it gathers in memory must be made inside it, and what follows from it in
 *   memory belongs into `SqlClient.afterCommit`.
 * - It must not wait for anything but the database.
 */
export const inTransaction = <A, E, R>(
  sql: SqlClient.SqlClient,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R> => againOnConflict(sql, sql.withTransaction(work))

/**
 * Does for a statement that is a transaction of its own what `inTransaction` does for several, without the round
 * trips to begin and commit.
 */
export const againOnConflict = <A, E, R>(
  sql: SqlClient.SqlClient,
  statement: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.serviceOption(sql.transactionService), (outer) =>
    Option.isSome(outer) ? statement : retried(statement)
  )

/** Each loser of a deadlock has waited for PostgreSQL's `deadlock_timeout`, one second by default. */
const ATTEMPTS = 6

/** 5 ms, doubled each time, with jitter: those who met part ways. */
const PAUSES = Schedule.exponential("5 millis").pipe(
  Schedule.jittered,
  Schedule.upTo({ times: ATTEMPTS - 1 })
)

/** The conflict may arrive as a defect: work that cannot answer an SQL error dies of it. */
const retried = <A, E, R>(statement: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.sandbox(statement).pipe(
    Effect.tapError((cause) => (isConflict(cause) ? Metric.update(conflicts, 1) : Effect.void)),
    Effect.retry({ while: isConflict, schedule: PAUSES }),
    Effect.catch(Effect.failCause)
  )

const conflicts = Metric.counter("strowger_database_conflicts_total", {
  description: "Transactions that PostgreSQL gave up for a deadlock or a serialization failure",
  incremental: true
})

const isConflict = (cause: Cause.Cause<unknown>): boolean =>
  !Cause.hasInterrupts(cause) && cause.reasons.some((reason) => isConflictError(errorOf(reason)))

const errorOf = (reason: Cause.Reason<unknown>): unknown =>
  Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined

const isConflictError = (error: unknown): boolean =>
  SqlError.isSqlError(error) &&
  (error.reason._tag === "DeadlockError" || error.reason._tag === "SerializationError")
