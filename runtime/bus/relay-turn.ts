import type { PgClient } from "@effect/sql-pg"
import { Effect, Queue, type Scope } from "effect"
import type { SqlConnection, SqlError } from "effect/sql"

/**
 * Of all nodes on one PostgreSQL server, one at a time does the work; when it ends or dies another takes its turn
 * within seconds. The turn is a session lock of the server, so it ends with the connection that holds it: a node
 * that was cut off may work on for up to 5 s beside its successor.
 *
 * `ring` is called on the working node for every announcement of any other node.
 */
export const takeTurns = Effect.fnUntraced(function* (
  client: PgClient.PgClient,
  work: Effect.Effect<never>,
  ring: () => void
): Effect.fn.Return<{ readonly announce: () => void }, never, Scope.Scope> {
  const announcements = yield* Queue.sliding<void>(1)
  let working = false
  let failing = false

  const turn = Effect.gen(function* () {
    const connection = yield* client.reserve
    if (!(yield* lock(connection))) return
    yield* Effect.addFinalizer(() => Effect.ignore(unlock(connection)))
    const others = yield* client.listen(channel)
    working = true
    failing = false
    yield* Effect.addFinalizer(() => Effect.sync(() => (working = false)))
    yield* Effect.raceAllFirst([
      work,
      Effect.forever(Effect.delay(check(connection), "5 seconds")),
      Effect.forever(Effect.tap(Queue.take(others), () => Effect.sync(ring)))
    ])
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => {
      if (failing) return Effect.void
      failing = true
      return Effect.logWarning(`the outbox waits for the database: ${error.message}`)
    })
  )

  yield* Effect.forkScoped(Effect.forever(Effect.andThen(turn, Effect.sleep("1 second"))))
  yield* Effect.forkScoped(
    Effect.forever(Effect.andThen(Queue.take(announcements), Effect.ignore(client.notify(channel, ""))))
  )
  return {
    announce: () => {
      if (!working) Queue.offerUnsafe(announcements, undefined)
    }
  }
})

/** Where it is said that something was committed. */
export const channel = "strowger_outbox"
/** Any number that no other lock of this program has. */
const LOCK = 7_384_021

const lock = (connection: SqlConnection.Connection): Effect.Effect<boolean, SqlError.SqlError> =>
  Effect.map(
    connection.executeUnprepared(
      // Short keepalives: the lock of a machine that vanished must not outlive it by hours.
      `SELECT pg_try_advisory_lock($1) AS mine, set_config('tcp_keepalives_idle', '10', false),
        set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`,
      [LOCK],
      undefined
    ),
    ([row]) => row?.mine === true
  )

const unlock = (connection: SqlConnection.Connection) =>
  connection.executeUnprepared("SELECT pg_advisory_unlock($1)", [LOCK], undefined)

const check = (connection: SqlConnection.Connection) =>
  connection.executeUnprepared("SELECT 1", [], undefined)
