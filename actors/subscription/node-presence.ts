import { PgClient } from "@effect/sql-pg"
import { Deferred, Effect, Option, type Scope } from "effect"
import type { SqlConnection } from "effect/sql"
import { randomInt } from "node:crypto"

/** This process among those that work on one database. */
export interface NodePresence {
  /** Never used again by another process. */
  readonly node: string
  /**
   * The nodes that live, this one among them. `alone`: the database belongs to this process; `unknown`: the server did
   * not answer in time.
   */
  readonly living: Effect.Effect<ReadonlyArray<string> | "alone" | "unknown">
}

/**
 * Shows other processes that this one lives, by a lock that its connection holds: when the process dies PostgreSQL
 * lets go of it at once. A node that lost its connection takes the lock again within a second.
 */
export const makeNodePresence: Effect.Effect<NodePresence, never, Scope.Scope> = Effect.gen(function* () {
  const id = randomInt(1, 2 ** 31)
  const node = String(id)
  const found = yield* Effect.serviceOption(PgClient.PgClient)
  if (Option.isNone(found) || found.value.config.stream !== undefined) {
    return { node, living: Effect.succeed("alone") }
  }
  const client = found.value
  const shown = yield* Deferred.make<void>()
  const show = Effect.gen(function* () {
    const connection = yield* client.reserve
    yield* connection.executeUnprepared("SELECT pg_advisory_lock($1, $2)", [lockClass, id], undefined)
    yield* Deferred.succeed(shown, undefined)
    yield* Effect.forever(Effect.delay(check(connection), "5 seconds"))
  }).pipe(Effect.scoped, Effect.ignore)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(show, Effect.sleep("1 second"))))
  return {
    node,
    living: Deferred.await(shown).pipe(
      Effect.andThen(client<{ node: string }>`
        SELECT objid::text AS node FROM pg_locks WHERE locktype = 'advisory' AND classid = ${lockClass} AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`),
      Effect.map((rows) => rows.map((row) => row.node)),
      Effect.timeoutOption("5 seconds"),
      Effect.catch(() => Effect.succeed(Option.none())),
      Effect.map(Option.getOrElse(() => "unknown" as const))
    )
  }
})

/** Any number that no other lock of two parts has. */
const lockClass = 7_384_085

const check = (connection: SqlConnection.Connection) =>
  connection.executeUnprepared("SELECT 1", [], undefined)
