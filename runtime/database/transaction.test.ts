import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { externalTestDatabaseLayer, externalTestUrl, forEachDatabase } from "../../test/database.ts"
import { againOnConflict, inTransaction } from "./transaction.ts"

/** PostgreSQL's answer to a transaction that met another one (40001), or to any other fault. */
const raise = (sql: SqlClient.SqlClient, state: string) =>
  sql.unsafe(`DO $$ BEGIN RAISE EXCEPTION 'provoked' USING ERRCODE = '${state}'; END $$`)

forEachDatabase((name, database) => {
  layer(database, { excludeTestServices: true })(`a transaction on the ${name}`, (it) => {
    it.effect("that PostgreSQL gives up is run again from its beginning", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE extensions (exten text PRIMARY KEY)`
        let attempts = 0
        yield* inTransaction(
          sql,
          Effect.gen(function* () {
            attempts++
            yield* sql`INSERT INTO extensions VALUES ('1001')`
            if (attempts < 3) yield* raise(sql, "40001")
          })
        )
        assert.strictEqual(attempts, 3)
        assert.deepStrictEqual(yield* sql`SELECT exten FROM extensions`, [{ exten: "1001" }])
      })
    )

    it.effect("that dies of being given up is run again too", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let attempts = 0
        const work = Effect.suspend(() =>
          ++attempts < 2 ? Effect.orDie(raise(sql, "40P01")) : sql`SELECT 1`
        )
        yield* inTransaction(sql, work)
        assert.strictEqual(attempts, 2)
      })
    )

    it.effect("that is given up each time ends with that error", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let attempts = 0
        const work = Effect.suspend(() =>
          Effect.andThen(
            Effect.sync(() => attempts++),
            raise(sql, "40001")
          )
        )
        const error = yield* Effect.flip(inTransaction(sql, work))
        assert.strictEqual(error.reason._tag, "SerializationError")
        assert.strictEqual(attempts, 6)
      })
    )

    it.effect("that fails for another reason is not run again", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let attempts = 0
        const work = Effect.suspend(() =>
          Effect.andThen(
            Effect.sync(() => attempts++),
            raise(sql, "23514")
          )
        )
        yield* Effect.flip(inTransaction(sql, work))
        assert.strictEqual(attempts, 1)
      })
    )

    it.effect("inside another one leaves running again to the outer one", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let outer = 0
        let inner = 0
        let single = 0
        yield* inTransaction(
          sql,
          Effect.gen(function* () {
            outer++
            const nested = Effect.suspend(() => (++inner < 2 ? raise(sql, "40001") : Effect.succeed([])))
            yield* inTransaction(sql, nested)
            const statement = Effect.suspend(() => (++single < 2 ? raise(sql, "40001") : Effect.succeed([])))
            yield* againOnConflict(sql, statement)
          })
        )
        assert.deepStrictEqual({ outer, inner, single }, { outer: 3, inner: 3, single: 2 })
      })
    )
  })
})

if (externalTestUrl !== undefined) {
  const server = externalTestUrl

  describe("transactions on the external PostgreSQL", () => {
    it.live("that lock the same rows in opposite order both come through", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE calls (queue text PRIMARY KEY, taken int)`
        yield* sql`INSERT INTO calls VALUES ('sales', 0), ('support', 0)`
        const locked = [yield* Deferred.make<void>(), yield* Deferred.make<void>()] as const
        let attempts = 0
        const count = (queue: string) => sql`UPDATE calls SET taken = taken + 1 WHERE queue = ${queue}`
        const both = (first: string, second: string, mine: 0 | 1) =>
          inTransaction(
            sql,
            Effect.gen(function* () {
              attempts++
              yield* count(first)
              yield* Deferred.succeed(locked[mine], undefined)
              yield* Deferred.await(locked[mine === 0 ? 1 : 0])
              yield* count(second)
            })
          )
        yield* Effect.all([both("sales", "support", 0), both("support", "sales", 1)], {
          concurrency: "unbounded"
        })
        assert.strictEqual(attempts, 3)
        assert.deepStrictEqual(yield* sql`SELECT queue, taken FROM calls ORDER BY queue`, [
          { queue: "sales", taken: 2 },
          { queue: "support", taken: 2 }
        ])
      }).pipe(Effect.provide(externalTestDatabaseLayer(server)))
    )
  })
}
