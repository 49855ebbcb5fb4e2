import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/**
 * `body` is the envelope as text: the JSON that consumers get, with its order of keys, and characters that the
 * JSON types of PostgreSQL refuse.
 */
export const outboxMigrations = {
  "0001_outbox": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`
      CREATE TABLE outbox (
        id bigserial PRIMARY KEY,
        name text NOT NULL,
        routing_key text NOT NULL,
        body text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`
  })
}
