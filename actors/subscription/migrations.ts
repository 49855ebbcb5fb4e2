import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Migrations } from "../../runtime/database/migrator.ts"

/**
 * Tables of webhookd (contracts/webhooks.md 2 and 15). Bodies of events are text and not JSON of the database: it
 * keeps the order of their keys, and characters that the JSON types of PostgreSQL refuse.
 */
export const subscriptionMigrations: Migrations = {
  "0050_webhook_subscription": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      CREATE TABLE webhook_subscription (
        number bigserial PRIMARY KEY,
        uuid uuid NOT NULL UNIQUE,
        name text NOT NULL,
        service text NOT NULL,
        events text[] NOT NULL,
        events_user_uuid text,
        events_wazo_uuid text,
        config json NOT NULL,
        owner_user_uuid text,
        owner_tenant_uuid text NOT NULL,
        metadata json NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        failing boolean NOT NULL DEFAULT false,
        breaker text NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half_open')),
        policy json,
        created_at timestamptz NOT NULL DEFAULT now()
      )`
    yield* sql`CREATE INDEX webhook_subscription_events ON webhook_subscription USING gin (events)`
    yield* sql`CREATE INDEX webhook_subscription_tenant ON webhook_subscription (owner_tenant_uuid)`
    yield* sql`CREATE INDEX webhook_subscription_owner ON webhook_subscription (owner_user_uuid)`
    yield* sql`
      CREATE TABLE webhook_secret (
        number bigserial PRIMARY KEY,
        subscription_uuid uuid NOT NULL REFERENCES webhook_subscription (uuid) ON DELETE CASCADE,
        sealed text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz
      )`
    yield* sql`CREATE INDEX webhook_secret_subscription ON webhook_secret (subscription_uuid)`
  }),
  "0051_webhook_hook": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      CREATE TABLE webhook_hook (
        number bigserial PRIMARY KEY,
        uuid uuid NOT NULL UNIQUE,
        subscription_uuid uuid NOT NULL REFERENCES webhook_subscription (uuid) ON DELETE CASCADE,
        event_name text NOT NULL,
        event text NOT NULL,
        service text NOT NULL,
        config json NOT NULL,
        state text NOT NULL DEFAULT 'pending'
          CHECK (state IN ('pending', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
        attempts integer NOT NULL DEFAULT 0,
        max_attempts integer,
        redelivery boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        lease_owner text,
        lease_until timestamptz,
        last_status_code integer,
        last_error text
      )`
    yield* sql`
      CREATE INDEX webhook_hook_due ON webhook_hook (subscription_uuid, next_attempt_at, number)
        WHERE state IN ('pending', 'waiting')`
    yield* sql`CREATE INDEX webhook_hook_leased ON webhook_hook (lease_until) WHERE state = 'running'`
    yield* sql`CREATE INDEX webhook_hook_subscription ON webhook_hook (subscription_uuid, created_at)`
    yield* sql`
      CREATE TABLE webhook_log (
        uuid uuid NOT NULL,
        attempts integer NOT NULL,
        subscription_uuid uuid NOT NULL REFERENCES webhook_subscription (uuid) ON DELETE CASCADE,
        status text NOT NULL CHECK (status IN ('success', 'failure', 'error')),
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        max_attempts integer NOT NULL,
        event text NOT NULL,
        detail text NOT NULL,
        PRIMARY KEY (uuid, attempts)
      )`
    yield* sql`CREATE INDEX webhook_log_subscription ON webhook_log (subscription_uuid, started_at)`
    yield* sql`CREATE INDEX webhook_log_age ON webhook_log (started_at)`
  })
}
