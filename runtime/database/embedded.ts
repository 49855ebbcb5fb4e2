import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { DatabaseUnavailable } from "./database-unavailable.ts"
import { type DataDirectoryInUse, type DataDirectoryUnusable, lockDirectory } from "./directory-lock.ts"
import { EmbeddedServer, type WorkerOptions } from "./embedded-server.ts"
import { keepTidy } from "./housekeeping.ts"

/**
 * The embedded database: PGlite in a worker thread, its files under `<dataDir>/db`, guarded by the directory lock.
 *
 * **Gotchas**
 * - There is one session. A transaction keeps everybody else waiting: never call out or sleep inside one, and
 *   never `listen` (it would keep the session for ever).
 * - What was committed survives the death of the process (kill -9). The engine does not fsync: a power failure
 *   may cost the last seconds.
 */
export const embeddedLayer = (
  dataDir: string
): Layer.Layer<
  PgClient.PgClient | SqlClient.SqlClient,
  DatabaseUnavailable | DataDirectoryInUse | DataDirectoryUnusable
> =>
  PgClient.layerFrom(
    Effect.gen(function* () {
      yield* lockDirectory(dataDir)
      return yield* openEmbedded({ directory: join(dataDir, "db"), template: undefined })
    })
  )

/** The embedded database in memory: it is gone with the layer. */
export const embeddedMemoryLayer = (): Layer.Layer<
  PgClient.PgClient | SqlClient.SqlClient,
  DatabaseUnavailable
> => PgClient.layerFrom(openEmbedded({ directory: undefined, template: undefined }))

const openEmbedded = Effect.fnUntraced(function* (options: WorkerOptions) {
  const server = yield* EmbeddedServer.make(options)
  const unavailable = (error: SqlError.SqlError): DatabaseUnavailable => {
    const where = options.directory ?? "in memory"
    return server.lastFailure === undefined
      ? DatabaseUnavailable.fromSqlError(where, error)
      : new DatabaseUnavailable({ where, reason: server.lastFailure })
  }
  const client = yield* embeddedClient(server).pipe(Effect.mapError(unavailable))
  yield* client`SELECT 1`.pipe(Effect.mapError(unavailable))
  yield* keepTidy(client)
  return client
})

/** The client of an embedded server: one connection that carries the single statements of all fibers in one stream. */
export const embeddedClient = (server: EmbeddedServer) =>
  PgClient.make({
    stream: server.connect,
    username: "postgres",
    database: "postgres",
    maxConnections: 1,
    multiplex: true,
    idleTimeout: Duration.infinity,
    connectTimeout: "2 minutes"
  })
