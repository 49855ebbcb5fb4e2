import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"

/**
 * Gives tenants their default groups, and their all-users groups the policies that everybody has, as the knobs
 * `STROWGER_DEFAULT_GROUPS` and `STROWGER_ALL_USERS_POLICIES` say (contracts/auth.md 10). A config-managed policy
 * that is no longer listed for all users is detached from them. For one tenant, or for all.
 */
export const applyDefaultGroups = Effect.fnUntraced(function* (masterUuid: string, tenantUuid?: string) {
  const { allUsersPolicies, defaultGroups } = yield* AppConfig
  yield* attachToAllUsers(masterUuid, slugsOf(allUsersPolicies), tenantUuid)
  for (const [slug, { policies }] of Object.entries(defaultGroups)) {
    yield* createGroup(slug, tenantUuid)
    for (const [policy, attached] of Object.entries(policies)) {
      yield* setPolicy(masterUuid, slug, policy, attached, tenantUuid)
    }
  }
})

const slugsOf = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((slug) => slug.trim())
    .filter((slug) => slug !== "")

const attachToAllUsers = Effect.fnUntraced(function* (
  masterUuid: string,
  slugs: ReadonlyArray<string>,
  tenantUuid: string | undefined
) {
  const sql = yield* SqlClient.SqlClient
  const known = yield* sql<{ slug: string }>`
    select slug from auth_policy where tenant_uuid = ${masterUuid} and slug = any(${slugs}::text[])`
  const found = new Set(known.map(({ slug }) => slug))
  for (const slug of slugs) if (!found.has(slug)) yield* warnUnknown(slug)
  yield* sql`
    insert into auth_group_policy (group_uuid, policy_uuid)
    select g.uuid, p.uuid from auth_group g, auth_policy p
    where g.system_managed and p.tenant_uuid = ${masterUuid} and p.slug = any(${slugs}::text[])
      and ${ofTenant(sql, tenantUuid)}
    on conflict do nothing`
  yield* sql`
    delete from auth_group_policy gp using auth_group g, auth_policy p
    where gp.group_uuid = g.uuid and gp.policy_uuid = p.uuid and g.system_managed and p.config_managed
      and not (p.slug = any(${slugs}::text[])) and ${ofTenant(sql, tenantUuid)}`
})

const createGroup = Effect.fnUntraced(function* (slug: string, tenantUuid: string | undefined) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    insert into auth_group (uuid, name, slug, tenant_uuid, system_managed)
    select gen_random_uuid(), ${slug}::text, ${slug}::text, t.uuid, false from auth_tenant t
    where ${tenantUuid === undefined ? sql`true` : sql`t.uuid = ${tenantUuid}`}
    on conflict do nothing`
})

const setPolicy = Effect.fnUntraced(function* (
  masterUuid: string,
  group: string,
  policy: string,
  attached: boolean,
  tenantUuid: string | undefined
) {
  const sql = yield* SqlClient.SqlClient
  const [known] = yield* sql<{ uuid: string }>`
    select uuid from auth_policy where tenant_uuid = ${masterUuid} and slug = ${policy}`
  if (known === undefined) return yield* warnUnknown(policy)
  const groups = sql`
    select g.uuid from auth_group g
    where g.slug = ${group} and not g.system_managed and ${ofTenant(sql, tenantUuid)}`
  yield* attached
    ? sql`
        insert into auth_group_policy (group_uuid, policy_uuid)
        select uuid, ${known.uuid}::uuid from (${groups}) as chosen on conflict do nothing`
    : sql`delete from auth_group_policy where policy_uuid = ${known.uuid} and group_uuid in (${groups})`
})

const ofTenant = (sql: SqlClient.SqlClient, tenantUuid: string | undefined) =>
  tenantUuid === undefined ? sql`true` : sql`g.tenant_uuid = ${tenantUuid}`

const warnUnknown = (slug: string) =>
  Effect.logWarning(`There is no policy ${slug} in the master tenant: it is attached to nobody`)
