import type { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { AppConfig, isSet } from "../config.ts"
import type { DatabaseUnavailable } from "./database-unavailable.ts"
import type { DataDirectoryInUse, DataDirectoryUnusable } from "./directory-lock.ts"
import { embeddedLayer } from "./embedded.ts"
import { externalLayer } from "./external.ts"

/** The database of the runtime: the PostgreSQL of `STROWGER_DATABASE_URL`, else the embedded one (architecture, 4). */
export const databaseLayer: Layer.Layer<
  PgClient.PgClient | SqlClient.SqlClient,
  DatabaseUnavailable | DataDirectoryInUse | DataDirectoryUnusable,
  AppConfig
> = Layer.unwrap(
  Effect.map(AppConfig, ({ databaseUrl, dataDir }) =>
    isSet(databaseUrl) ? externalLayer(databaseUrl) : embeddedLayer(dataDir)
  )
)
