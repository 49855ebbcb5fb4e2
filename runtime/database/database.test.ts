import { spawn } from "node:child_process"
import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import {
  externalTestUrl,
  folderWithDatabase,
  forEachDatabase,
  freshDatabase,
  ownEngineLayer
} from "../../test/database.ts"
import { temporaryFolder } from "../../test/runtime.ts"
import { tcpProxy } from "../../test/tcp-proxy.ts"
import { AppConfig } from "../config.ts"
import { databaseLayer } from "./database.ts"
import { embeddedClient } from "./embedded.ts"
import { EmbeddedServer } from "./embedded-server.ts"

const databaseFrom = (environment: Readonly<Record<string, string>>) =>
  databaseLayer.pipe(Layer.provide(AppConfig.layerFrom(environment)))

const embedded = (directory: string) => databaseFrom({ STROWGER_DATA_DIR: directory })

/** A process that opens the database and inserts, saying each number whose row was acknowledged. */
const writer = Effect.fnUntraced(function* (directory: string) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [new URL("./database.child.ts", import.meta.url).pathname, directory], {
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  let acknowledged = 0
  child.stdout.on("data", (text: Buffer) => {
    const numbers = text.toString().trim().split("\n").map(Number)
    acknowledged = Math.max(acknowledged, ...numbers)
  })
  return {
    acknowledged: () => acknowledged,
    kill: Effect.callback<void>((resume) => {
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGKILL")
    })
  }
})

const until = (condition: () => boolean) =>
  Effect.sync(condition).pipe(Effect.delay("5 millis"), Effect.repeat({ until: (reached) => reached }))

describe("the embedded database", () => {
  it.live("keeps its rows over a restart", () =>
    Effect.gen(function* () {
      const directory = yield* folderWithDatabase
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE phones (mac text PRIMARY KEY)`
        yield* sql`INSERT INTO phones VALUES ('00:04:13:aa:bb:cc')`
      }).pipe(Effect.provide(embedded(directory)))
      const rows = yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        return yield* sql`SELECT mac FROM phones`
      }).pipe(Effect.provide(embedded(directory)))
      assert.deepStrictEqual(rows, [{ mac: "00:04:13:aa:bb:cc" }])
    }).pipe(Effect.scoped)
  )

  it.live("has every acknowledged row after its process was killed", () =>
    Effect.gen(function* () {
      const directory = yield* folderWithDatabase
      for (let round = 0; round < 2; round++) {
        const child = yield* writer(directory)
        yield* until(() => child.acknowledged() > 300)
        yield* child.kill
        const rows = yield* Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const [row] = yield* sql<{ rows: number }>`SELECT count(*)::int AS rows FROM numbers`
          yield* sql`DROP TABLE numbers`
          return row?.rows ?? 0
        }).pipe(Effect.provide(embedded(directory)))
        assert.isAtLeast(rows, child.acknowledged())
      }
    }).pipe(Effect.scoped)
  )

  it.live("begins anew when its first start was killed half way", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      const child = yield* writer(directory)
      yield* until(() => existsSync(join(directory, "db.unfinished", "PG_VERSION")))
      yield* child.kill
      assert.isFalse(existsSync(join(directory, "db")))
      const rows = yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        return yield* sql`SELECT 1 AS answer`
      }).pipe(Effect.provide(embedded(directory)))
      assert.deepStrictEqual(rows, [{ answer: 1 }])
    }).pipe(Effect.scoped)
  )

  it.live("refuses a second start on its directory and goes on undisturbed", () =>
    Effect.gen(function* () {
      const directory = yield* folderWithDatabase
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE phones (mac text PRIMARY KEY)`
        const refused = yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(embedded(directory)))))
        assert.strictEqual(refused._tag, "DataDirectoryInUse")
        assert.include(refused.message, directory)
        yield* sql`INSERT INTO phones VALUES ('00:04:13:aa:bb:cc')`
      }).pipe(Effect.provide(embedded(directory)))
    }).pipe(Effect.scoped)
  )

  it.live("answers running statements with errors when its thread dies, and serves the next ones", () =>
    Effect.gen(function* () {
      const directory = join(yield* folderWithDatabase, "db")
      const server = yield* EmbeddedServer.make({ directory, template: undefined })
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE phones (mac text PRIMARY KEY)`
        yield* sql`INSERT INTO phones VALUES ('00:04:13:aa:bb:cc')`
        const statements = [
          sql`SELECT pg_sleep(20)`,
          sql`SELECT 1`,
          sql.withTransaction(sql`DELETE FROM phones`),
          Effect.delay(sql`SELECT 1`, "50 millis")
        ]
        const running = yield* Effect.forkChild(
          Effect.forEach(statements, Effect.flip, { concurrency: "unbounded" })
        )
        yield* Effect.sleep("100 millis")
        yield* Effect.promise(async () => server.worker?.terminate())
        for (const error of yield* Fiber.join(running)) assert.strictEqual(error._tag, "SqlError")
        assert.deepStrictEqual(yield* sql`SELECT mac FROM phones`, [{ mac: "00:04:13:aa:bb:cc" }])
      }).pipe(Effect.provide(PgClient.layerFrom(embeddedClient(server))))
    }).pipe(Effect.scoped)
  )

  it.live("survives statements that exhaust its stack and its memory", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE FUNCTION endless(i int) RETURNS int LANGUAGE plpgsql AS 'begin return endless(i + 1); end'`
      const stack = yield* Effect.flip(sql`SELECT endless(1)`)
      assert.include(String(stack.reason.cause), "stack depth limit exceeded")
      const memory = yield* Effect.flip(sql`SELECT length(repeat(repeat('x', 100000), 10000))`)
      assert.include(String(memory.reason.cause), "out of memory")
      assert.deepStrictEqual(yield* sql`SELECT 1 AS answer`, [{ answer: 1 }])
    }).pipe(Effect.provide(ownEngineLayer))
  )

  it.live("says why it does not open", () =>
    Effect.gen(function* () {
      const directory = yield* folderWithDatabase
      rmSync(join(directory, "db", "global"), { recursive: true })
      const refused = yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(embedded(directory)))))
      assert.strictEqual(refused._tag, "DatabaseUnavailable")
      assert.include(refused.message, join(directory, "db"))
    }).pipe(Effect.scoped)
  )
})

forEachDatabase((name, database) => {
  describe(`statements on the ${name}`, () => {
    it.live("fail alone: those sent beside them get their own answers", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE agents (number text CONSTRAINT agents_number PRIMARY KEY)`
        yield* sql`INSERT INTO agents VALUES ('1001')`
        const results = yield* Effect.forEach(
          Array.from({ length: 300 }, (_, index) => index),
          (index) =>
            (index % 3 === 0
              ? sql`INSERT INTO agents VALUES ('1001')`
              : index % 3 === 1
                ? sql`SELEKT nonsense`
                : sql`SELECT ${index}::int AS answer`
            ).pipe(
              Effect.map(([row]) => row?.["answer"]),
              Effect.catch(({ reason }) =>
                Effect.succeed(reason._tag === "UniqueViolation" ? reason.constraint : reason._tag)
              )
            ),
          { concurrency: 20 }
        )
        results.forEach((result, index) => {
          assert.strictEqual(result, ["agents_number", "SqlSyntaxError", index][index % 3])
        })
      }).pipe(Effect.provide(database))
    )

    it.live("of an interrupted transaction are undone, and the next transaction is not touched", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE agents (number text PRIMARY KEY)`
        for (let round = 0; round < 3; round++) {
          const fiber = yield* Effect.forkChild(
            sql.withTransaction(
              Effect.andThen(sql`INSERT INTO agents VALUES ('1001')`, sql`SELECT pg_sleep(0.05)`)
            )
          )
          yield* Effect.sleep("20 millis")
          yield* Fiber.interrupt(fiber)
        }
        yield* sql.withTransaction(sql`INSERT INTO agents VALUES ('1002')`)
        assert.deepStrictEqual(yield* sql`SELECT number FROM agents`, [{ number: "1002" }])
      }).pipe(Effect.provide(database))
    )

    it.live("carry large values both ways", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const text = "é".repeat(1_000_000)
        const [row] = yield* sql<{ text: string }>`SELECT ${text}::text AS text`
        assert.strictEqual(row?.text, text)
      }).pipe(Effect.provide(database))
    )
  })
})

describe("an external database", () => {
  it.live("that does not answer stops the start with host and port, never the password", () =>
    Effect.gen(function* () {
      const proxy = yield* tcpProxy("127.0.0.1", 1)
      yield* proxy.down
      const { port } = proxy
      const url = `postgres://strowger:hunter2@127.0.0.1:${port}/strowger`
      const refused = yield* Effect.flip(
        Effect.scoped(Layer.build(databaseFrom({ STROWGER_DATABASE_URL: url })))
      )
      assert.strictEqual(refused._tag, "DatabaseUnavailable")
      assert.include(refused.message, `127.0.0.1:${port}/strowger`)
      assert.include(refused.message, "ECONNREFUSED")
      assert.notInclude(JSON.stringify(refused) + String(refused.stack), "hunter2")
    }).pipe(Effect.scoped)
  )

  it.live("with a malformed URL stops the start with the knob's name, never the password", () =>
    Effect.gen(function* () {
      for (const url of ["postgres://strowger:hunter2@[bad", "mysql://strowger:hunter2@127.0.0.1/strowger"]) {
        const refused = yield* Effect.flip(
          Effect.scoped(Layer.build(databaseFrom({ STROWGER_DATABASE_URL: url })))
        )
        assert.include(refused.message, "STROWGER_DATABASE_URL")
        assert.notInclude(JSON.stringify(refused) + String(refused.stack), "hunter2")
      }
    })
  )

  if (externalTestUrl !== undefined) {
    const server = externalTestUrl

    it.live("that refuses the password says so without telling it", () =>
      Effect.gen(function* () {
        const url = new URL(Redacted.value(server))
        url.password = "hunter2"
        const refused = yield* Effect.flip(
          Effect.scoped(Layer.build(databaseFrom({ STROWGER_DATABASE_URL: url.href })))
        )
        assert.include(refused.message, `${url.hostname}:${url.port}`)
        assert.include(refused.message, "password authentication failed")
        assert.notInclude(JSON.stringify(refused) + String(refused.stack), "hunter2")
      })
    )

    it.live("that closes its connections fails the running statements and serves the next ones", () =>
      Effect.gen(function* () {
        const url = yield* freshDatabase(server)
        yield* Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const running = yield* Effect.forkChild(Effect.flip(sql`SELECT pg_sleep(30)`))
          yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'`.pipe(
            Effect.repeat({ until: (rows) => rows.length > 0 })
          )
          assert.strictEqual((yield* Fiber.join(running))._tag, "SqlError")
          assert.deepStrictEqual(yield* sql`SELECT 1 AS answer`, [{ answer: 1 }])
        }).pipe(Effect.provide(databaseFrom({ STROWGER_DATABASE_URL: Redacted.value(url) })))
      }).pipe(Effect.scoped)
    )

    it.live("that goes away fails statements with typed errors and is used again when it is back", () =>
      Effect.gen(function* () {
        const url = new URL(Redacted.value(yield* freshDatabase(server)))
        const proxy = yield* tcpProxy(url.hostname, Number(url.port === "" ? 5432 : url.port))
        url.hostname = "127.0.0.1"
        url.port = String(proxy.port)
        yield* Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* proxy.down
          const failed = yield* Effect.flip(sql`SELECT 1`)
          assert.strictEqual(failed._tag, "SqlError")
          assert.strictEqual((yield* Effect.flip(sql`SELECT 1`)).reason._tag, "ConnectionError")
          yield* proxy.up
          assert.deepStrictEqual(yield* sql`SELECT 1 AS answer`, [{ answer: 1 }])
        }).pipe(Effect.provide(databaseFrom({ STROWGER_DATABASE_URL: url.href })))
      }).pipe(Effect.scoped)
    )
  }
})
