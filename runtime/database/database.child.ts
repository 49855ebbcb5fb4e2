import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../config.ts"
import { databaseLayer } from "./database.ts"

/** Inserts numbers until it is killed and says each that was acknowledged. Run by database.test.ts. */
const insertForEver = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE numbers (number integer PRIMARY KEY)`
  for (let number = 1; ; number++) {
    yield* sql`INSERT INTO numbers VALUES (${number})`
    process.stdout.write(`${number}\n`)
  }
})

await Effect.runPromise(
  insertForEver.pipe(
    Effect.provide(databaseLayer),
    Effect.provide(AppConfig.layerFrom({ STROWGER_DATA_DIR: process.argv[2] ?? "" }))
  )
)
