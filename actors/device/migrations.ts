import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Migrations } from "../../runtime/database/migrator.ts"

/**
 * Tables of provisioning (contracts/provisioning.md 3.4). No relational constraint between devices and configs: a
 * document may name one that is not there yet.
 */
export const deviceMigrations: Migrations = {
  "0090_provd_devices": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Written with the state of the device's actor; revision is that of the configs its files were made from.
    yield* sql`
      CREATE TABLE provd_devices (
        number bigserial PRIMARY KEY,
        id text NOT NULL UNIQUE,
        tenant_uuid text NOT NULL,
        config text,
        document jsonb NOT NULL,
        revision bigint NOT NULL,
        rendered_by text
      )`
    yield* sql`CREATE INDEX provd_devices_tenant ON provd_devices (tenant_uuid)`
    yield* sql`CREATE INDEX provd_devices_config ON provd_devices (config)`
    yield* sql`
      CREATE TABLE provd_files (
        device_id text NOT NULL REFERENCES provd_devices (id) ON DELETE CASCADE,
        path text NOT NULL,
        digest text NOT NULL,
        content bytea NOT NULL,
        modified_at bigint NOT NULL,
        PRIMARY KEY (device_id, path)
      )`
    // Devices whose files are out of date. Written with what made them so, taken away with the new files.
    yield* sql`
      CREATE TABLE provd_regenerations (
        device_id text PRIMARY KEY,
        revision bigint NOT NULL
      )`
  }),
  "0091_provd_configs": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      CREATE TABLE provd_configs (
        number bigserial PRIMARY KEY,
        id text NOT NULL UNIQUE,
        document jsonb NOT NULL,
        revision bigint NOT NULL
      )`
  }),
  "0092_provd_parameters": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // The empty tenant is the system's.
    yield* sql`
      CREATE TABLE provd_parameters (
        tenant_uuid text NOT NULL,
        name text NOT NULL,
        value text NOT NULL,
        PRIMARY KEY (tenant_uuid, name)
      )`
    yield* sql`
      CREATE UNIQUE INDEX provd_provisioning_key ON provd_parameters (value) WHERE name = 'provisioning_key'`
  })
}
