import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase } from "../../test/database.ts"
import { migrate } from "./migrator.ts"

const create = (table: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE ${sql(table)} (id integer PRIMARY KEY)`
  })

const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ name: string }>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`
  return rows.map(({ name }) => name)
})

forEachDatabase((name, database) => {
  describe(`migrations on the ${name}`, () => {
    it.live("are applied once, in the order of their numbers, whatever the order they are given in", () =>
      Effect.gen(function* () {
        const migrations = {
          "0002_lines": Effect.andThen(create("lines"), dropped("users_old")),
          "0001_users": create("users_old")
        }
        assert.deepStrictEqual(yield* migrate(migrations), [
          [1, "users"],
          [2, "lines"]
        ])
        assert.deepStrictEqual(yield* migrate(migrations), [])
        assert.deepStrictEqual(yield* tables, ["lines", "migrations"])
      }).pipe(Effect.provide(database))
    )

    it.live("of a later version are added to those of an earlier one", () =>
      Effect.gen(function* () {
        yield* migrate({ "0001_users": create("users") })
        assert.deepStrictEqual(
          yield* migrate({ "0001_users": create("users"), "0005_queues": create("queues") }),
          [[5, "queues"]]
        )
        assert.deepStrictEqual(yield* tables, ["migrations", "queues", "users"])
      }).pipe(Effect.provide(database))
    )

    it.live("started by many at once are applied by one, and all the others succeed", () =>
      Effect.gen(function* () {
        const starters = Array.from({ length: 8 }, () => migrate({ "0001_users": create("users") }))
        const applied = yield* Effect.all(starters, { concurrency: "unbounded" })
        assert.deepStrictEqual(applied.flat(), [[1, "users"]])
      }).pipe(Effect.provide(database))
    )

    it.live("leave nothing behind when one of them fails", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const error = yield* Effect.flip(
          migrate({ "0001_users": create("users"), "0002_broken": Effect.asVoid(sql`SELECT nonsense`) })
        )
        assert.strictEqual(error._tag, "MigrationError")
        assert.match(error.message, /0002_broken|2_broken/)
        assert.deepStrictEqual(yield* tables, [])
      }).pipe(Effect.provide(database))
    )

    it.live("are refused when two have one number, or a name is malformed", () =>
      Effect.gen(function* () {
        const twice = yield* Effect.flip(migrate({ "0001_users": create("a"), "0001_lines": create("b") }))
        assert.match(twice.message, /0001_users and 0001_lines have one number/)
        const malformed = yield* Effect.flip(migrate({ "1-users": create("a") }))
        assert.match(malformed.message, /1-users: expected a name like 0001_name/)
        assert.deepStrictEqual(yield* tables, [])
      }).pipe(Effect.provide(database))
    )

    it.live("are refused when a number below the newest applied one was left out", () =>
      Effect.gen(function* () {
        yield* migrate({ "0001_users": create("users"), "0003_queues": create("queues") })
        const late = yield* Effect.flip(
          migrate({
            "0001_users": create("users"),
            "0002_lines": create("lines"),
            "0003_queues": create("queues")
          })
        )
        assert.match(late.message, /0002_lines comes too late/)
      }).pipe(Effect.provide(database))
    )

    it.live("are refused on a database that is newer than this version", () =>
      Effect.gen(function* () {
        yield* migrate({ "0001_users": create("users"), "0002_lines": create("lines") })
        const newer = yield* Effect.flip(migrate({ "0001_users": create("users") }))
        assert.match(newer.message, /the database has migration 2, which this version does not know/)
      }).pipe(Effect.provide(database))
    )
  })
})

const dropped = (table: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`DROP TABLE ${sql(table)}`
  })
