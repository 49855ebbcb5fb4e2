import { Deferred, Duration, Effect, Metric, Queue, Schedule, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { publishedEvent } from "./dispatch.ts"
import { EventBus } from "./event-bus.ts"
import * as metrics from "./metrics.ts"

export interface Relay {
  readonly wake: () => void
  readonly drained: Effect.Effect<void>
}

/**
 * Takes committed events from the outbox table to the bus until the scope ends.
 *
 * Each pass reads the oldest rows, publishes all of them in order without waiting for the single confirms, and
 * deletes them when the last one is confirmed. It looks at the whole table each time, never only behind the last
 * row that it saw: a row with a lower number may be committed after one with a higher number. A crash before the
 * delete publishes the rows of that pass again.
 */
export const makeRelay: Effect.Effect<Relay, never, SqlClient.SqlClient | EventBus | Scope.Scope> =
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const bus = yield* EventBus
    const bell = yield* Queue.sliding<void>(1)
    let passed = yield* Deferred.make<void>()

    const pass = Effect.gen(function* () {
      const rows = yield* persistently(read(sql))
      if (rows.length === 0) {
        yield* Metric.update(metrics.outboxPending, 0)
        return false
      }
      yield* Metric.update(metrics.outboxPending, yield* persistently(pending(sql, rows.length)))
      yield* Effect.forEach(rows, publish(bus), { concurrency: "unbounded", discard: true })
      yield* persistently(remove(sql, rows))
      const finished = passed
      passed = yield* Deferred.make<void>()
      yield* Deferred.succeed(finished, undefined)
      return rows.length === PASS_SIZE
    })

    const rest = Effect.timeoutOption(Queue.take(bell), POLL_INTERVAL)
    yield* Effect.forkScoped(Effect.forever(Effect.flatMap(pass, (more) => (more ? Effect.void : rest))))

    return {
      wake: () => {
        Queue.offerUnsafe(bell, undefined)
      },
      drained: Effect.gen(function* () {
        const last = yield* persistently(newest(sql))
        if (last === undefined) return
        for (;;) {
          const next = passed
          if (!(yield* persistently(holds(sql, last)))) return
          Queue.offerUnsafe(bell, undefined)
          yield* Deferred.await(next)
        }
      })
    }
  })

/** Rows of one pass: how many events may be in flight to the bus. */
const PASS_SIZE = 1_000
/** For events of other nodes, whose wake does not reach this one. */
const POLL_INTERVAL = Duration.seconds(1)

/** Waits through an outage of the database, and says so once. */
const persistently = <A>(statement: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A> =>
  Effect.suspend(() => {
    let failing = false
    return statement.pipe(
      Effect.tapError((error) => {
        if (failing) return Effect.void
        failing = true
        return Effect.logWarning(`the outbox waits for the database: ${error.message}`)
      }),
      Effect.retry(BACKOFF),
      Effect.tap(() => (failing ? Effect.logInfo("the outbox has its database again") : Effect.void)),
      Effect.orDie
    )
  })

const BACKOFF = Schedule.min([
  Schedule.exponential("50 millis").pipe(Schedule.jittered),
  Schedule.spaced("5 seconds")
])

interface Row {
  readonly id: bigint
  readonly name: string
  readonly routing_key: string
  readonly body: string
}

const read = (sql: SqlClient.SqlClient) =>
  sql<Row>`SELECT id, name, routing_key, body FROM outbox ORDER BY id LIMIT ${PASS_SIZE}`

const remove = (sql: SqlClient.SqlClient, rows: ReadonlyArray<Row>) =>
  sql`DELETE FROM outbox WHERE id = ANY(${rows.map(({ id }) => id)})`

const pending = (sql: SqlClient.SqlClient, seen: number): Effect.Effect<number, SqlError.SqlError> =>
  seen < PASS_SIZE
    ? Effect.succeed(seen)
    : Effect.map(
        sql<{ rows: number }>`SELECT count(*)::int AS rows FROM outbox`,
        ([row]) => row?.rows ?? seen
      )

const newest = (sql: SqlClient.SqlClient): Effect.Effect<bigint | undefined, SqlError.SqlError> =>
  Effect.map(sql<{ id: bigint }>`SELECT id FROM outbox ORDER BY id DESC LIMIT 1`, ([row]) => row?.id)

const holds = (sql: SqlClient.SqlClient, last: bigint): Effect.Effect<boolean, SqlError.SqlError> =>
  Effect.map(sql`SELECT 1 FROM outbox WHERE id <= ${last} LIMIT 1`, (rows) => rows.length > 0)

const publish =
  (bus: EventBus["Service"]) =>
  (row: Row): Effect.Effect<void> => {
    const event = eventOf(row)
    return event === undefined
      ? Effect.logError(`the outbox row ${row.id} (${row.name}) is not an event and was dropped`)
      : bus.publish(event)
  }

const eventOf = ({ name, routing_key: routingKey, body }: Row): BusEvent | undefined => {
  try {
    const { data, ...headers } = JSON.parse(body)
    return publishedEvent({ name, routingKey, headers, data }, body)
  } catch {
    return undefined
  }
}
