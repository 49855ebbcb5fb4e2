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
  }),
  "0085_webhook_capture": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql.unsafe(captureFunction)
    for (const statement of captureTrigger) yield* sql.unsafe(statement)
    // What waits in the outbox since before there was a trigger.
    yield* sql`SELECT webhook_capture(array_agg(name ORDER BY id), array_agg(body ORDER BY id)) FROM outbox`
  }),
  "0086_webhook_policy": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      ALTER TABLE webhook_subscription
        ADD COLUMN max_concurrency integer,
        ADD COLUMN fifo boolean NOT NULL DEFAULT false,
        ADD COLUMN rate_per_second float8,
        ADD COLUMN rate_at timestamptz NOT NULL DEFAULT now()`
    yield* sql`
      CREATE INDEX webhook_hook_open ON webhook_hook (subscription_uuid, number)
        WHERE state IN ('pending', 'waiting', 'running')`
  }),
  "0087_webhook_idempotency": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      CREATE TABLE webhook_idempotency (
        scope text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        answer json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (scope, key)
      )`
    yield* sql`CREATE INDEX webhook_idempotency_age ON webhook_idempotency (created_at)`
  })
}

/**
 * One hook for each event and enabled subscription that it matches (contracts/webhooks.md 6), with the subscription's
 * config as it is then. What a subscription is told about itself makes no hook of its own. Envelopes are compared by
 * their headers alone: their escapes, some of which PostgreSQL cannot read, are put aside first. A subscription that is
 * being deleted is waited for and passed over: its foreign key must not undo the event's transaction.
 */
const captureFunction = `
  CREATE FUNCTION webhook_capture(names text[], bodies text[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM webhook_subscription WHERE enabled AND events && names) THEN
      RETURN;
    END IF;
    INSERT INTO webhook_hook (uuid, subscription_uuid, event_name, event, service, config)
    WITH told AS MATERIALIZED (
      SELECT t.name, t.body, t.position,
        CASE WHEN position('\\u' in t.body) = 0 THEN t.body
          ELSE regexp_replace(replace(t.body, '\\\\', '//'), '\\\\u[0-9a-fA-F]{4}', '?', 'g') END::json AS envelope
      FROM unnest(names, bodies) WITH ORDINALITY AS t (name, body, position)
      WHERE EXISTS (SELECT 1 FROM webhook_subscription s WHERE s.enabled AND s.events @> ARRAY[t.name])
    ), event AS MATERIALIZED (
      SELECT t.name, t.body, t.position, t.envelope ->> 'tenant_uuid' AS tenant, t.envelope ->> 'origin_uuid' AS origin,
        ARRAY(SELECT substr(h.key, 11) FROM json_each(t.envelope) h
          WHERE h.key LIKE 'user\\_uuid:%' AND h.value::text = 'true') AS users,
        CASE WHEN t.name LIKE 'webhookd\\_%' AND json_typeof(t.envelope -> 'data') = 'object'
          THEN t.envelope -> 'data' ->> 'subscription_uuid' END AS subject
      FROM told t
    )
    SELECT gen_random_uuid(), s.uuid, e.name, e.body, s.service, s.config
    FROM event e JOIN webhook_subscription s ON s.events @> ARRAY[e.name]
    WHERE s.enabled
      AND (s.owner_tenant_uuid = e.tenant
        OR s.owner_tenant_uuid = (SELECT uuid::text FROM auth_tenant WHERE uuid = parent_uuid))
      AND CASE WHEN e.name = 'global_voicemail_message_created' THEN '*' = ANY(e.users)
        ELSE s.events_user_uuid IS NULL OR s.events_user_uuid = ANY(e.users) END
      AND (s.events_wazo_uuid IS NULL OR s.events_wazo_uuid = e.origin)
      AND s.uuid::text IS DISTINCT FROM e.subject
    ORDER BY e.position, s.number
    FOR KEY SHARE OF s;
  END $$`

/** Hooks are committed with the event that they follow from, whoever wrote it (contracts/webhooks.md 15.3). */
const captureTrigger = [
  `CREATE FUNCTION webhook_capture_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM webhook_capture(array_agg(name ORDER BY id), array_agg(body ORDER BY id)) FROM added;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER webhook_capture AFTER INSERT ON outbox REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION webhook_capture_outbox()`
]
