import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../config.ts"
import { databaseLayer } from "../database/database.ts"
import { migrate } from "../database/migrator.ts"
import { EventBus } from "./event-bus.ts"
import { Outbox } from "./outbox.ts"
import { outboxMigrations } from "./outbox-migrations.ts"

/**
 * Commits a phone with its event, says so, and stays; its bus takes events and never confirms one. Run and killed by
 * outbox.test.ts.
 */
const program = Effect.gen(function* () {
  yield* migrate(outboxMigrations)
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE phones (mac text PRIMARY KEY)`
  yield* Effect.gen(function* () {
    const outbox = yield* Outbox
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`INSERT INTO phones VALUES ('00:04:13:aa:bb:cc')`
        yield* outbox.append([
          { name: "phone_added", routingKey: "phones", headers: { name: "phone_added" }, data: { number: 1 } }
        ])
      })
    )
    process.stdout.write("committed\n")
    yield* Effect.never
  }).pipe(Effect.provide(Outbox.layer.pipe(Layer.provide(silentBus))))
})

const silentBus = Layer.succeed(EventBus, {
  publish: () => Effect.never,
  publishTransient: () => {},
  subscribe: () => Effect.void,
  connected: () => false
})

await Effect.runPromise(
  program.pipe(
    Effect.provide(databaseLayer),
    Effect.provide(AppConfig.layerFrom({ STROWGER_DATA_DIR: process.argv[2] ?? "" }))
  )
)
