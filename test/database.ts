import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import type { DatabaseUnavailable } from "../runtime/database/database-unavailable.ts"
import { embeddedMemoryLayer } from "../runtime/database/embedded.ts"
import { externalLayer } from "../runtime/database/external.ts"

export type TestDatabase = Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseUnavailable>

/** A fresh, empty embedded database in memory. Build it once per test file: it takes half a second. */
export const testDatabaseLayer: TestDatabase = Layer.suspend(() => embeddedMemoryLayer(template()))

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

/** One file for each version of the engine, shared by all test runs of this machine. */
const template = (): string => {
  const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  return join(tmpdir(), `strowger-fresh-database-${dependencies["@electric-sql/pglite"]}.tar`)
}
