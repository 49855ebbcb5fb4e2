import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Scope } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { DatabaseUnavailable } from "../runtime/database/database-unavailable.ts"
import { embeddedClient, embeddedLayer } from "../runtime/database/embedded.ts"
import { EmbeddedServer, type WorkerOptions } from "../runtime/database/embedded-server.ts"
import { externalLayer } from "../runtime/database/external.ts"
import { keepTidy } from "../runtime/database/housekeeping.ts"
import { copyOfPattern } from "./pattern-folder.ts"

export type TestDatabase = Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseUnavailable>

/** A fresh, empty embedded database in memory. */
export const testDatabaseLayer: TestDatabase = PgClient.layerFrom(
  Effect.gen(function* () {
    const server = yield* engine
    const unavailable = Effect.mapError((error: SqlError.SqlError) =>
      DatabaseUnavailable.fromSqlError("in memory", error)
    )
    const client = yield* unavailable(embeddedClient(server))
    yield* unavailable(client`DROP SCHEMA public CASCADE`)
    yield* unavailable(client`CREATE SCHEMA public`)
    yield* keepTidy(client)
    server.worker?.unref()
    return client
  })
)

/** Half a second is saved by taking over the engine of a test that is over, whose tables are dropped. */
const engine = Effect.acquireRelease(
  Effect.suspend(() => {
    const idle = idleEngines.pop()
    return idle === undefined
      ? Effect.provideService(EmbeddedServer.make(inMemory()), Scope.Scope, wholeProcess)
      : Effect.succeed(idle)
  }),
  (server) => Effect.sync(() => idleEngines.push(server))
)

const idleEngines: Array<EmbeddedServer> = []
const wholeProcess = Scope.makeUnsafe()

/** PostgreSQL of `STROWGER_TEST_DATABASE_URL`, when that is set and answers. Its user must be able to create databases. */
export const externalTestUrl: Redacted.Redacted<string> | undefined = await findExternal()

/** A fresh, empty database on the server of `url`, dropped at the end. */
export const externalTestDatabaseLayer = (url: Redacted.Redacted<string>): TestDatabase =>
  Layer.unwrap(Effect.map(freshDatabase(url), externalLayer))

/** A fresh database on the server of `url`, dropped when the scope ends; answers its URL. */
export const freshDatabase = Effect.fnUntraced(function* (url: Redacted.Redacted<string>) {
  const name = `strowger_test_${randomUUID().replaceAll("-", "")}`
  const onServer = (statement: string) =>
    Effect.gen(function* () {
      const client = yield* PgClient.PgClient
      yield* client.unsafe(statement)
    }).pipe(Effect.provide(externalLayer(url)), Effect.orDie)
  yield* Effect.acquireRelease(onServer(`CREATE DATABASE ${name}`), () =>
    onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  )
  const own = new URL(Redacted.value(url))
  own.pathname = `/${name}`
  return Redacted.make(own.href)
})

/**
 * Runs a suite on a fresh embedded database and, where there is one, on a fresh database of the external server:
 * `forEachDatabase((name, database) => layer(database)(name, (it) => { ... }))`.
 */
export const forEachDatabase = (suite: (name: string, database: TestDatabase) => void): void => {
  suite("embedded database", testDatabaseLayer)
  if (externalTestUrl !== undefined) {
    suite("external PostgreSQL", externalTestDatabaseLayer(externalTestUrl))
  }
}

async function findExternal(): Promise<Redacted.Redacted<string> | undefined> {
  const url = process.env["STROWGER_TEST_DATABASE_URL"] ?? ""
  if (url === "") return undefined
  const given = Redacted.make(url)
  const answers = await Effect.runPromise(
    Effect.void.pipe(Effect.provide(externalLayer(given)), Effect.isSuccess)
  )
  return answers ? given : undefined
}

/** A data folder with an embedded database that was opened before, empty. Removed with the scope. */
export const folderWithDatabase: Effect.Effect<string, never, Scope.Scope> = Effect.suspend(() =>
  copyOfPattern("fresh-database", engineVersion(), (folder) =>
    Effect.asVoid(Effect.orDie(Layer.build(Layer.fresh(embeddedLayer(folder)))))
  )
)

/** The embedded database in memory on an engine that no other test gets. */
export const ownEngineLayer: TestDatabase = Layer.suspend(() =>
  PgClient.layerFrom(
    Effect.flatMap(EmbeddedServer.make(inMemory()), (server) => embeddedClient(server)).pipe(
      Effect.mapError((error) => DatabaseUnavailable.fromSqlError("in memory", error))
    )
  )
)

/** A copy of a fresh database saves most of the time of initialising one. */
const inMemory = (): WorkerOptions => ({
  directory: undefined,
  template: join(tmpdir(), `strowger-fresh-database-${engineVersion()}.tar`)
})

const engineVersion = (): string => {
  const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  return dependencies["@electric-sql/pglite"]
}
