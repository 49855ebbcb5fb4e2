import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Migrations } from "../../../runtime/database/migrator.ts"

/** Tables of the plugin manager (contracts/provisioning.md, section 7). Plugins from archives are on disk. */
export const pluginMigrations: Migrations = {
  "0095_provd_plugins": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // A plugin that comes with the product has a row from the first start that knew it.
    yield* sql`
      CREATE TABLE provd_bundled_plugins (
        id text PRIMARY KEY,
        installed boolean NOT NULL
      )`
    yield* sql`
      CREATE TABLE provd_plugin_parameters (
        plugin text NOT NULL,
        id text NOT NULL,
        value text NOT NULL,
        PRIMARY KEY (plugin, id)
      )`
  }),
  "0096_provd_plugin_changes": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Plugins that come or go, until their devices have heard of it.
    yield* sql`CREATE TABLE provd_plugin_changes (plugin text PRIMARY KEY)`
  })
}
