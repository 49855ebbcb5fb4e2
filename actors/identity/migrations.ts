import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { mailMigrations } from "./mail-migrations.ts"

/** Runs DDL statements one after the other. */
const statements = (...texts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const text of texts) yield* sql.unsafe(text)
  })

/**
 * Tables of identity (contracts/auth.md 5). Constraints are named for what they promise: repositories tell a
 * conflict by its constraint.
 */
export const identityMigrations = {
  "0010_tenants": statements(
    `create table auth_tenant (
       uuid uuid primary key,
       name text,
       slug varchar(10) not null,
       phone text,
       contact_uuid uuid,
       parent_uuid uuid not null,
       default_authentication_method text not null default 'native',
       address jsonb not null default '{}',
       constraint auth_tenant_slug unique (slug),
       constraint auth_tenant_parent foreign key (parent_uuid) references auth_tenant (uuid)
     )`,
    `create unique index auth_tenant_one_master on auth_tenant ((true)) where uuid = parent_uuid`,
    `create index auth_tenant_children on auth_tenant (parent_uuid)`,
    `create table auth_tenant_domain (
       uuid uuid primary key,
       name varchar(253) not null,
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       constraint auth_tenant_domain_name unique (name)
     )`,
    `create index auth_tenant_domain_tenant on auth_tenant_domain (tenant_uuid)`
  ),
  "0011_users": statements(
    `create table auth_user (
       uuid uuid,
       username varchar(256),
       firstname text,
       lastname text,
       password_hash text,
       purpose text not null check (purpose in ('user', 'internal', 'external_api')),
       authentication_method text not null,
       enabled boolean not null,
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       constraint auth_user_uuid primary key (uuid)
     )`,
    `create index auth_user_tenant on auth_user (tenant_uuid)`,
    `alter table auth_tenant add constraint auth_tenant_contact
       foreign key (contact_uuid) references auth_user (uuid) on delete set null`,
    `create table auth_email (
       uuid uuid primary key,
       address text not null,
       confirmed boolean not null,
       main boolean not null,
       user_uuid uuid not null references auth_user (uuid) on delete cascade
     )`,
    `create index auth_email_user on auth_email (user_uuid)`,
    // Usernames and email addresses, in lowercase, share one namespace: a login names one user.
    `create table auth_login (
       login text not null,
       user_uuid uuid not null references auth_user (uuid) on delete cascade,
       constraint auth_login_taken primary key (login)
     )`,
    `create index auth_login_user on auth_login (user_uuid)`
  ),
  "0012_groups_and_policies": statements(
    `create table auth_group (
       uuid uuid primary key,
       name text not null,
       slug varchar(80) not null,
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       system_managed boolean not null,
       constraint auth_group_name unique (name, tenant_uuid)
     )`,
    `create unique index auth_group_slug on auth_group (lower(slug), tenant_uuid)`,
    `create index auth_group_tenant on auth_group (tenant_uuid)`,
    `create table auth_group_user (
       group_uuid uuid not null references auth_group (uuid) on delete cascade,
       user_uuid uuid not null references auth_user (uuid) on delete cascade,
       primary key (group_uuid, user_uuid)
     )`,
    `create index auth_group_user_user on auth_group_user (user_uuid)`,
    `create table auth_policy (
       uuid uuid primary key,
       name varchar(80) not null,
       slug varchar(80) not null,
       description text,
       acl text[] not null,
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       config_managed boolean not null,
       shared boolean not null,
       constraint auth_policy_name unique (name, tenant_uuid)
     )`,
    `create unique index auth_policy_slug on auth_policy (lower(slug), tenant_uuid)`,
    `create index auth_policy_tenant on auth_policy (tenant_uuid)`,
    `create table auth_user_policy (
       user_uuid uuid not null references auth_user (uuid) on delete cascade,
       policy_uuid uuid not null references auth_policy (uuid) on delete cascade,
       primary key (user_uuid, policy_uuid)
     )`,
    `create index auth_user_policy_policy on auth_user_policy (policy_uuid)`,
    `create table auth_group_policy (
       group_uuid uuid not null references auth_group (uuid) on delete cascade,
       policy_uuid uuid not null references auth_policy (uuid) on delete cascade,
       primary key (group_uuid, policy_uuid)
     )`,
    `create index auth_group_policy_policy on auth_group_policy (policy_uuid)`
  ),
  "0013_tokens": statements(
    `create table auth_session (
       uuid uuid primary key,
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       mobile boolean not null,
       expiry_announced boolean not null default false
     )`,
    `create index auth_session_tenant on auth_session (tenant_uuid)`,
    `create table auth_refresh_token (
       uuid uuid primary key,
       secret_hash text not null,
       client_id varchar(1024) not null,
       user_uuid uuid not null references auth_user (uuid) on delete cascade,
       login text not null,
       user_agent text not null,
       remote_address text not null,
       created_at timestamptz not null,
       mobile boolean not null,
       metadata jsonb not null default '{}',
       constraint auth_refresh_token_client unique (user_uuid, client_id)
     )`,
    `create unique index auth_refresh_token_secret on auth_refresh_token (secret_hash)`,
    // The token itself is nowhere: only its SHA-256, so a copy of the database opens no door.
    `create table auth_token (
       token_hash text primary key,
       session_uuid uuid not null references auth_session (uuid) on delete cascade,
       auth_id text not null,
       issued_at timestamptz not null,
       expires_at timestamptz not null,
       acl text[] not null,
       metadata jsonb not null,
       user_agent text not null,
       remote_address text not null,
       refresh_token_uuid uuid references auth_refresh_token (uuid) on delete set null
     )`,
    `create index auth_token_session on auth_token (session_uuid)`,
    `create index auth_token_holder on auth_token (auth_id)`,
    `create index auth_token_expiry on auth_token (expires_at)`,
    `create index auth_token_refresh on auth_token (refresh_token_uuid)`
  ),
  ...mailMigrations,
  "0070_ldap": statements(
    // The password of the service account is sealed with the key of the runtime.
    `create table auth_ldap_config (
       tenant_uuid uuid primary key references auth_tenant (uuid) on delete cascade,
       host varchar(512) not null,
       port integer not null,
       protocol_version integer not null,
       protocol_security text check (protocol_security in ('ldaps', 'tls')),
       bind_dn varchar(256),
       bind_password text,
       user_base_dn varchar(256) not null,
       user_login_attribute varchar(64) not null,
       user_email_attribute varchar(64) not null,
       search_filters text
     )`
  ),
  "0071_external_accounts": statements(
    `create table auth_external_type (
       name text primary key,
       enabled boolean not null
     )`,
    `insert into auth_external_type values ('google', true), ('microsoft', true), ('mobile', true)`,
    // Configurations and credentials are JSON, sealed with the key of the runtime.
    `create table auth_external_config (
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       type text not null references auth_external_type (name),
       data text not null,
       primary key (tenant_uuid, type)
     )`,
    `create table auth_external_credential (
       user_uuid uuid not null references auth_user (uuid) on delete cascade,
       type text not null references auth_external_type (name),
       data text not null,
       primary key (user_uuid, type)
     )`,
    `create table auth_external_authorisation (
       state text primary key,
       user_uuid uuid not null references auth_user (uuid) on delete cascade,
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       type text not null,
       expires_at timestamptz not null
     )`
  ),
  "0072_saml": statements(
    `create table auth_saml_config (
       tenant_uuid uuid primary key references auth_tenant (uuid) on delete cascade,
       domain_uuid uuid not null unique references auth_tenant_domain (uuid) on delete cascade,
       entity_id varchar(512) not null,
       acs_url varchar(512) not null,
       metadata text not null
     )`,
    // The RelayState of a login is the SHA-256 of the id that a token is asked for with; the id is nowhere.
    `create table auth_saml_session (
       relay_state text primary key,
       request_id text not null,
       tenant_uuid uuid not null references auth_tenant (uuid) on delete cascade,
       redirect_url text not null,
       started_at timestamptz not null,
       login text,
       subject jsonb,
       session_uuid uuid,
       refresh_token_uuid uuid references auth_refresh_token (uuid) on delete set null,
       logout_relay_state text unique,
       logout_request_id text
     )`,
    `create index auth_saml_session_session on auth_saml_session (session_uuid)`,
    `create index auth_saml_session_refresh on auth_saml_session (refresh_token_uuid)`,
    `create index auth_saml_session_age on auth_saml_session (started_at)`
  ),
  "0080_user_search": statements(
    // Where the extension can be had, a search for three letters or more is done by index; elsewhere by looking at all.
    `do $$ begin create extension if not exists pg_trgm; exception when others then
       raise notice 'no pg_trgm: %', sqlerrm;
     end $$`,
    `do $$ begin if exists (select from pg_extension where extname = 'pg_trgm') then
       create index auth_user_search on auth_user
         using gin (username gin_trgm_ops, firstname gin_trgm_ops, lastname gin_trgm_ops);
       create index auth_email_search on auth_email using gin (address gin_trgm_ops);
     end if; end $$`
  )
}
