import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Migrations } from "../../runtime/database/migrator.ts"

/**
 * Tables of the configuration (contracts/callcenter.md 3.1). Columns are named as in confd's bodies. Constraints
 * that a request can violate are named for what they promise: services tell a conflict by its constraint.
 */
export const pbxMigrations: Migrations = {
  /** How search and order see text: without case and accents. */
  "0020_pbx_fold": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [collation] = yield* sql<{ name: string }>`
      SELECT quote_ident(collname) AS name FROM pg_collation
      WHERE collname = ANY(${unicodeCollations}) AND collencoding IN (-1, pg_char_to_encoding('UTF8'))
      ORDER BY array_position(${unicodeCollations}::text[], collname::text) LIMIT 1`
    yield* sql.unsafe(`
      CREATE FUNCTION pbx_fold(value text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
        RETURN translate(
          replace(replace(replace(
            lower(regexp_replace(normalize(value, NFKD), '[\u0300-\u036F]', '', 'g')
              COLLATE ${collation?.name ?? '"default"'}),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
          'łøđħı', 'lodhi')`)
  }),

  "0021_pbx_dial_plan": statements(
    `CREATE TABLE pbx_contexts (
       id serial PRIMARY KEY,
       uuid text NOT NULL,
       tenant_uuid text NOT NULL,
       name text NOT NULL CONSTRAINT pbx_context_name UNIQUE,
       label text NOT NULL,
       type text NOT NULL DEFAULT 'internal',
       user_ranges jsonb NOT NULL DEFAULT '[]',
       group_ranges jsonb NOT NULL DEFAULT '[]',
       queue_ranges jsonb NOT NULL DEFAULT '[]',
       conference_room_ranges jsonb NOT NULL DEFAULT '[]',
       incall_ranges jsonb NOT NULL DEFAULT '[]',
       description text,
       enabled boolean NOT NULL DEFAULT true,
       folded text NOT NULL GENERATED ALWAYS AS (pbx_fold(
         id::text || E'\\n' || name || E'\\n' || label || E'\\n' || type || E'\\n' || coalesce(description, '')
       )) STORED
     )`,
    "CREATE INDEX pbx_contexts_tenant ON pbx_contexts (tenant_uuid)",
    `CREATE TABLE pbx_extensions (
       id serial PRIMARY KEY,
       tenant_uuid text NOT NULL,
       exten text NOT NULL,
       context text NOT NULL REFERENCES pbx_contexts (name),
       enabled boolean NOT NULL DEFAULT true,
       CONSTRAINT pbx_extension_exten UNIQUE (exten, context)
     )`,
    "CREATE INDEX pbx_extensions_tenant ON pbx_extensions (tenant_uuid)",
    "CREATE INDEX pbx_extensions_context ON pbx_extensions (context)"
  ),

  "0022_pbx_call_centre": statements(
    `CREATE TABLE pbx_agents (
       id serial PRIMARY KEY,
       tenant_uuid text NOT NULL,
       number text NOT NULL,
       firstname text,
       lastname text,
       password text,
       language text,
       preprocess_subroutine text,
       description text,
       folded text NOT NULL GENERATED ALWAYS AS (pbx_fold(
         id::text || E'\\n' || number || E'\\n' || coalesce(firstname, '') || E'\\n' || coalesce(lastname, '')
         || E'\\n' || coalesce(preprocess_subroutine, '')
       )) STORED,
       CONSTRAINT pbx_agent_number UNIQUE (tenant_uuid, number)
     )`,
    `CREATE TABLE pbx_queues (
       id serial PRIMARY KEY,
       tenant_uuid text NOT NULL,
       name text NOT NULL CONSTRAINT pbx_queue_name UNIQUE,
       label text,
       options jsonb NOT NULL,
       timeout integer,
       music_on_hold text,
       preprocess_subroutine text,
       caller_id_mode text,
       caller_id_name text,
       ring_on_hold boolean NOT NULL DEFAULT false,
       retry_on_timeout boolean NOT NULL DEFAULT false,
       announce_hold_time_on_entry boolean NOT NULL DEFAULT false,
       ignore_forward boolean NOT NULL DEFAULT true,
       mark_answered_elsewhere boolean NOT NULL DEFAULT true,
       enabled boolean NOT NULL DEFAULT true,
       data_quality boolean NOT NULL DEFAULT false,
       wait_time_threshold integer,
       wait_ratio_threshold double precision,
       folded text NOT NULL GENERATED ALWAYS AS (pbx_fold(
         id::text || E'\\n' || name || E'\\n' || coalesce(label, '') || E'\\n' || coalesce(preprocess_subroutine, '')
       )) STORED
     )`,
    "CREATE INDEX pbx_queues_tenant ON pbx_queues (tenant_uuid)",
    `CREATE TABLE pbx_queue_agents (
       queue_id integer NOT NULL REFERENCES pbx_queues ON DELETE CASCADE,
       agent_id integer NOT NULL REFERENCES pbx_agents ON DELETE CASCADE,
       penalty integer NOT NULL DEFAULT 0,
       priority integer NOT NULL DEFAULT 0,
       PRIMARY KEY (queue_id, agent_id)
     )`,
    "CREATE INDEX pbx_queue_agents_agent ON pbx_queue_agents (agent_id)"
  ),

  "0023_pbx_users": statements(
    `CREATE TABLE pbx_users (
       id serial PRIMARY KEY,
       uuid text NOT NULL CONSTRAINT pbx_user_uuid UNIQUE,
       tenant_uuid text NOT NULL,
       created_at timestamptz NOT NULL DEFAULT now(),
       firstname text NOT NULL,
       lastname text,
       email text CONSTRAINT pbx_user_email UNIQUE,
       username text CONSTRAINT pbx_user_username UNIQUE,
       password text,
       mobile_phone_number text,
       description text,
       userfield text,
       language text,
       timezone text,
       caller_id text NOT NULL,
       enabled boolean NOT NULL DEFAULT true,
       subscription_type integer NOT NULL DEFAULT 0,
       ring_seconds integer NOT NULL DEFAULT 30,
       simultaneous_calls integer NOT NULL DEFAULT 5,
       agent_id integer REFERENCES pbx_agents ON DELETE SET NULL,
       folded text NOT NULL GENERATED ALWAYS AS (pbx_fold(
         firstname || ' ' || coalesce(lastname, '') || E'\\n' || caller_id || E'\\n' || coalesce(email, '')
         || E'\\n' || coalesce(mobile_phone_number, '') || E'\\n' || coalesce(username, '')
         || E'\\n' || coalesce(description, '') || E'\\n' || coalesce(userfield, '')
       )) STORED
     )`,
    "CREATE INDEX pbx_users_tenant ON pbx_users (tenant_uuid)",
    "CREATE INDEX pbx_users_agent ON pbx_users (agent_id)",
    `CREATE TABLE pbx_queue_users (
       queue_id integer NOT NULL REFERENCES pbx_queues ON DELETE CASCADE,
       user_id integer NOT NULL REFERENCES pbx_users ON DELETE CASCADE,
       priority integer NOT NULL DEFAULT 0,
       PRIMARY KEY (queue_id, user_id)
     )`,
    "CREATE INDEX pbx_queue_users_user ON pbx_queue_users (user_id)"
  ),

  "0024_pbx_lines": statements(
    `CREATE TABLE pbx_endpoints_custom (
       id serial PRIMARY KEY,
       tenant_uuid text NOT NULL,
       interface text NOT NULL CONSTRAINT pbx_endpoint_custom_interface UNIQUE,
       interface_suffix text,
       enabled boolean NOT NULL DEFAULT true
     )`,
    "CREATE INDEX pbx_endpoints_custom_tenant ON pbx_endpoints_custom (tenant_uuid)",
    `CREATE TABLE pbx_endpoints_sip (
       uuid text PRIMARY KEY,
       tenant_uuid text NOT NULL,
       name text NOT NULL CONSTRAINT pbx_endpoint_sip_name UNIQUE,
       label text,
       aor_section_options jsonb NOT NULL DEFAULT '[]',
       auth_section_options jsonb NOT NULL DEFAULT '[]',
       endpoint_section_options jsonb NOT NULL DEFAULT '[]',
       identify_section_options jsonb NOT NULL DEFAULT '[]',
       registration_section_options jsonb NOT NULL DEFAULT '[]',
       registration_outbound_auth_section_options jsonb NOT NULL DEFAULT '[]',
       outbound_auth_section_options jsonb NOT NULL DEFAULT '[]'
     )`,
    "CREATE INDEX pbx_endpoints_sip_tenant ON pbx_endpoints_sip (tenant_uuid)",
    `CREATE TABLE pbx_lines (
       id serial PRIMARY KEY,
       tenant_uuid text NOT NULL,
       context text NOT NULL REFERENCES pbx_contexts (name),
       endpoint_sip_uuid text REFERENCES pbx_endpoints_sip ON DELETE SET NULL
         CONSTRAINT pbx_line_endpoint_sip UNIQUE,
       endpoint_custom_id integer REFERENCES pbx_endpoints_custom ON DELETE SET NULL
         CONSTRAINT pbx_line_endpoint_custom UNIQUE,
       position integer NOT NULL DEFAULT 1,
       provisioning_code text NOT NULL CONSTRAINT pbx_line_provisioning_code UNIQUE,
       caller_id_name text,
       caller_id_num text,
       CHECK (endpoint_sip_uuid IS NULL OR endpoint_custom_id IS NULL)
     )`,
    "CREATE INDEX pbx_lines_tenant ON pbx_lines (tenant_uuid)",
    "CREATE INDEX pbx_lines_context ON pbx_lines (context)",
    `CREATE TABLE pbx_user_lines (
       user_id integer NOT NULL REFERENCES pbx_users ON DELETE CASCADE,
       line_id integer NOT NULL REFERENCES pbx_lines ON DELETE CASCADE,
       main_user boolean NOT NULL,
       main_line boolean NOT NULL,
       PRIMARY KEY (user_id, line_id)
     )`,
    "CREATE UNIQUE INDEX pbx_user_lines_main_line ON pbx_user_lines (user_id) WHERE main_line",
    "CREATE UNIQUE INDEX pbx_user_lines_main_user ON pbx_user_lines (line_id) WHERE main_user",
    "CREATE INDEX pbx_user_lines_line ON pbx_user_lines (line_id)",
    `CREATE TABLE pbx_line_extensions (
       line_id integer CONSTRAINT pbx_line_extension PRIMARY KEY REFERENCES pbx_lines ON DELETE CASCADE,
       extension_id integer NOT NULL REFERENCES pbx_extensions
     )`,
    "CREATE INDEX pbx_line_extensions_extension ON pbx_line_extensions (extension_id)"
  ),

  "0025_pbx_conferences": statements(
    `CREATE TABLE pbx_conferences (
       id serial PRIMARY KEY,
       tenant_uuid text NOT NULL,
       name text,
       preprocess_subroutine text,
       max_users integer NOT NULL DEFAULT 50,
       pin text,
       admin_pin text,
       record boolean NOT NULL DEFAULT false,
       quiet_join_leave boolean NOT NULL DEFAULT false,
       announce_join_leave boolean NOT NULL DEFAULT false,
       announce_user_count boolean NOT NULL DEFAULT false,
       announce_only_user boolean NOT NULL DEFAULT true,
       music_on_hold text
     )`,
    "CREATE INDEX pbx_conferences_tenant ON pbx_conferences (tenant_uuid)",
    `CREATE TABLE pbx_conference_extensions (
       conference_id integer CONSTRAINT pbx_conference_extension PRIMARY KEY
         REFERENCES pbx_conferences ON DELETE CASCADE,
       extension_id integer NOT NULL CONSTRAINT pbx_extension_conference UNIQUE REFERENCES pbx_extensions
     )`
  )
}

/** Collations that know the case of every letter, whatever the locale of the database. The best first. */
const unicodeCollations = ["pg_c_utf8", "und-x-icu", "C.utf8"]

function statements(...texts: ReadonlyArray<string>) {
  return Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const text of texts) yield* sql.unsafe(text)
  })
}
