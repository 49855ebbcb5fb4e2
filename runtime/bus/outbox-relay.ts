import { PgClient } from "@effect/sql-pg"
import { Deferred, Duration, Effect, Metric, Option, Queue, Schedule, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { againOnConflict } from "../database/transaction.ts"
import { publishedEvent } from "./dispatch.ts"
import { EventBus } from "./event-bus.ts"
import * as metrics from "./metrics.ts"
import { takeTurns } from "./relay-turn.ts"

export interface Relay {
  readonly wake: () => void
  readonly drained: Effect.Effect<void>
}

/**
 * Takes committed events from the outbox table to the bus until the scope ends. Of several nodes on one external
 * database one does it for all.
 *
 * Each pass reads the oldest rows, publishes all of them in order without waiting for the single confirms, and
 * deletes them when the last one is confirmed. It looks at the whole table each time, never only behind the last row
 * that it saw: a row with a lower number may be committed after one with a higher number. A crash before the delete
 * publishes the rows of that pass again.
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
    const relay = Effect.forever(Effect.flatMap(pass, (more) => (more ? Effect.void : rest)))
    const ring = (): void => {
      Queue.offerUnsafe(bell, undefined)
    }
    const announce = yield* startRelay(relay, ring)
    const wake = (): void => {
      ring()
      announce()
    }

    return {
      wake,
      drained: Effect.gen(function* () {
        const last = yield* persistently(newest(sql))
        if (last === undefined) return
        for (;;) {
          const next = passed
          if (!(yield* persistently(holds(sql, last)))) return
          wake()
          yield* Effect.raceFirst(Deferred.await(next), Effect.sleep(REMOTE_PASS))
        }
      })
    }
  })

/** Several nodes may share an external database: then one of them relays. Answers how to call it. */
const startRelay = Effect.fnUntraced(function* (
  relay: Effect.Effect<never>,
  ring: () => void
): Effect.fn.Return<() => void, never, Scope.Scope> {
  const client = yield* Effect.serviceOption(PgClient.PgClient)
  if (Option.isSome(client) && client.value.config.stream === undefined) {
    return (yield* takeTurns(client.value, relay, ring)).announce
  }
  yield* Effect.forkScoped(relay)
  return () => {}
})

/** Rows of one pass: how many events may be in flight to the bus. */
const PASS_SIZE = 1_000
/** For events that no wake announced: their node died after the commit. */
const POLL_INTERVAL = Duration.seconds(1)
/** How often to look whether the relay of another node has made progress. */
const REMOTE_PASS = Duration.millis(50)

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
  againOnConflict(sql, sql`DELETE FROM outbox WHERE id = ANY(${rows.map(({ id }) => id)})`)

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
