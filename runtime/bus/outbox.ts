import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type BusEvent, envelopeOf } from "../../schemas/events/envelope.ts"
import type { EventBus } from "./event-bus.ts"
import { OutboxCommitted } from "./outbox-committed.ts"
import { makeRelay } from "./outbox-relay.ts"
import { channel } from "./relay-turn.ts"

/**
 * Events that follow from a committed change (architecture, section 3). `append` writes rows in the caller's
 * transaction; the relay publishes them in order, at least once, and deletes each when the bus has taken it.
 */
export class Outbox extends Context.Service<
  Outbox,
  {
    /** Call inside `inTransaction`; follow the commit with `wake`. */
    readonly append: (events: ReadonlyArray<BusEvent>) => Effect.Effect<void, SqlError.SqlError>
    /**
     * Tells the relay, on whichever node it runs, that something was committed. Never waits. With the names of the
     * events that were, whoever has no use for them is left alone.
     */
    readonly wake: (names?: ReadonlyArray<string>) => void
    /** Completes when every event that was committed before the call has been taken by the bus. */
    readonly drained: Effect.Effect<void>
  }
>()("strowger/runtime/bus/Outbox") {
  /** The outbox table of the database with a relay of its own. Needs `outboxMigrations`. */
  static readonly layer: Layer.Layer<Outbox, never, SqlClient.SqlClient | EventBus> = Layer.effect(
    Outbox,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const relay = yield* makeRelay
      const committed = yield* OutboxCommitted
      return Outbox.of({
        append: (events) => append(sql, events),
        wake: (names) => {
          relay.wake()
          committed(names)
        },
        drained: relay.drained
      })
    })
  )
}

/**
 * The outbox table without a relay, for a program beside the runtime: what it writes is published by the runtime's
 * relay, now when one runs on this database, else at its next start.
 */
export const outboxWithoutRelay: Layer.Layer<Outbox, never, SqlClient.SqlClient> = Layer.effect(
  Outbox,
  Effect.map(SqlClient.SqlClient, (sql) => ({
    append: (events) =>
      Effect.andThen(append(sql, events), Effect.asVoid(sql`SELECT pg_notify(${channel}, '')`)),
    wake: () => {},
    drained: Effect.void
  }))
)

/**
 * The columns of the rows of some events, each an array, for a statement that writes them together with something
 * else: `INSERT INTO outbox (name, routing_key, body) SELECT * FROM unnest(${names}::text[], ${routingKeys}::text[],
 * ${bodies}::text[])`.
 */
export const outboxRows = (
  events: ReadonlyArray<BusEvent>
): {
  readonly names: ReadonlyArray<string>
  readonly routingKeys: ReadonlyArray<string>
  readonly bodies: ReadonlyArray<string>
} => ({
  names: events.map(({ name }) => name),
  routingKeys: events.map(({ routingKey }) => routingKey),
  bodies: events.map((event) => JSON.stringify(envelopeOf(event)))
})

const append = (
  sql: SqlClient.SqlClient,
  events: ReadonlyArray<BusEvent>
): Effect.Effect<void, SqlError.SqlError> => {
  if (events.length === 0) return Effect.void
  const { names, routingKeys, bodies } = outboxRows(events)
  return Effect.asVoid(sql`
    INSERT INTO outbox (name, routing_key, body)
    SELECT * FROM unnest(${names}::text[], ${routingKeys}::text[], ${bodies}::text[])`)
}
