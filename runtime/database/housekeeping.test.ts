import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { testDatabaseLayer } from "../../test/database.ts"
import { tidy } from "./housekeeping.ts"

describe("housekeeping of the embedded database", () => {
  it.live("gives the space of deleted rows back and empties the write-ahead log", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE snapshots (id integer PRIMARY KEY, state text)`
      const churn = Effect.gen(function* () {
        yield* sql`INSERT INTO snapshots SELECT i, repeat('x', 1000) FROM generate_series(1, 10000) i`
        yield* sql`DELETE FROM snapshots`
      })
      const size = Effect.map(
        sql<{ bytes: bigint }>`SELECT pg_relation_size('snapshots') AS bytes`,
        ([row]) => row?.bytes
      )
      const redo = Effect.map(
        sql<{ redo: string }>`SELECT redo_lsn::text AS redo FROM pg_control_checkpoint()`,
        ([row]) => row?.redo
      )
      const before = yield* redo
      yield* Effect.repeat(churn, { times: 5 })
      assert.isAbove(Number(yield* size), 60_000_000)
      yield* tidy(sql)
      assert.isBelow(Number(yield* size), 1_000_000)
      assert.notStrictEqual(yield* redo, before)
    }).pipe(Effect.provide(testDatabaseLayer))
  )
})
