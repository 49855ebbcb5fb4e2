import { Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { randomInt, randomUUID } from "node:crypto"
import { AppConfig } from "../../runtime/config.ts"
import { inTransaction } from "../../runtime/database/transaction.ts"
import { createAllUsersGroup, joinAllUsersGroup } from "./all-users-group.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { applyDefaultGroups } from "./default-groups.ts"
import { configManagedPolicies, type DefaultPolicy, masterUserPolicy } from "./default-policies.ts"

import { Passwords } from "./passwords.ts"

/** What the start found or made. */
export interface BootstrapResult {
  readonly masterTenantUuid: string
  /** Only from the start that created the administrator without a configured password: print it once. */
  readonly generatedPassword?: Redacted.Redacted<string>
}

/** The master tenant exists. */
export class Bootstrap extends Context.Service<Bootstrap, BootstrapResult>()(
  "strowger/actors/identity/Bootstrap"
) {
  static readonly layer: Layer.Layer<Bootstrap, never, SqlClient.SqlClient | AppConfig | Passwords> =
    Layer.effect(
      Bootstrap,
      Effect.suspend(() => bootstrapIdentity)
    )
}

/**
 * Creates the master tenant (its own parent), its all-users group, the default policies and the administrator, all
 * or nothing; starters on one database agree on the first.
 *
 * **Details**
 * The administrator is created together with the master tenant and never again, so that a deleted or renamed one
 * stays so. `STROWGER_ADMIN_PASSWORD` therefore counts at the first start only; a later one that differs from the
 * administrator's password changes nothing and is warned about. Config-managed policies are brought up to date at
 * every start.
 */
export const bootstrapIdentity: Effect.Effect<
  BootstrapResult,
  never,
  SqlClient.SqlClient | AppConfig | Passwords
> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const config = yield* AppConfig
  const passwords = yield* Passwords
  const existing = yield* masterTenant
  if (existing !== undefined) {
    if (config.updatePolicies) yield* inTransaction(sql, Effect.andThen(lock, updatePolicies(existing)))
    yield* warnAboutPassword
    return { masterTenantUuid: existing }
  }
  const configured = Redacted.value(config.adminPassword)
  const password = configured === "" ? generatePassword() : configured
  const passwordHash = yield* passwords.hash(password)
  const [masterTenantUuid, created] = yield* inTransaction(
    sql,
    Effect.gen(function* () {
      yield* lock
      const other = yield* masterTenant
      if (other !== undefined) return [other, false] as const
      return [yield* createMaster(config.adminUsername, passwordHash), true] as const
    })
  )
  return created && configured === ""
    ? { masterTenantUuid, generatedPassword: Redacted.make(password) }
    : { masterTenantUuid }
}).pipe(dieOnSqlError)

const masterTenant = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ uuid: string }>`select uuid from auth_tenant where uuid = parent_uuid`
  return row?.uuid
})

/** Starters wait for each other. */
const lock = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`select pg_advisory_xact_lock(${7_384_020})`
})

const createMaster = Effect.fnUntraced(function* (username: string, passwordHash: string) {
  const sql = yield* SqlClient.SqlClient
  const tenantUuid = randomUUID()
  const userUuid = randomUUID()
  yield* sql`insert into auth_tenant ${sql.insert({
    uuid: tenantUuid,
    parent_uuid: tenantUuid,
    name: "master",
    slug: "master"
  })}`
  yield* createAllUsersGroup(tenantUuid)
  yield* updatePolicies(tenantUuid)
  const policyUuid = yield* insertPolicy(tenantUuid, masterUserPolicy, false)
  yield* sql`insert into auth_user ${sql.insert({
    uuid: userUuid,
    username,
    password_hash: passwordHash,
    purpose: "internal",
    authentication_method: "native",
    enabled: true,
    tenant_uuid: tenantUuid
  })}`
  yield* sql`insert into auth_login ${sql.insert({ login: username.toLowerCase(), user_uuid: userUuid })}`
  yield* joinAllUsersGroup(userUuid, tenantUuid)
  yield* sql`insert into auth_user_policy ${sql.insert({ user_uuid: userUuid, policy_uuid: policyUuid })}`
  return tenantUuid
})

/**
 * Creates and updates the config-managed policies and the default groups; a config-managed policy that is no longer
 * shipped goes, unless it is in use.
 */
const updatePolicies = Effect.fnUntraced(function* (tenantUuid: string) {
  const sql = yield* SqlClient.SqlClient
  const config = yield* AppConfig
  const policies = [
    ...configManagedPolicies,
    ...Object.entries(config.defaultPolicies).map(([slug, { acl, description }]) => ({
      slug,
      acl,
      description: description ?? "Automatically created"
    }))
  ]
  for (const policy of policies) {
    const updated = yield* sql`
      update auth_policy set acl = ${policy.acl}, description = ${policy.description}
      where slug = ${policy.slug} and tenant_uuid = ${tenantUuid} and config_managed returning uuid`
    if (updated.length === 0) yield* insertPolicy(tenantUuid, policy, true)
  }
  yield* applyDefaultGroups(tenantUuid)
  yield* sql`
    delete from auth_policy p where p.config_managed
      and not (p.slug = any(${policies.map(({ slug }) => slug)}::text[]))
      and not exists (select 1 from auth_user_policy where policy_uuid = p.uuid)
      and not exists (select 1 from auth_group_policy where policy_uuid = p.uuid)`
})

/** Leaves an ordinary policy of that name alone. */
const insertPolicy = Effect.fnUntraced(function* (
  tenantUuid: string,
  policy: DefaultPolicy,
  configManaged: boolean
) {
  const sql = yield* SqlClient.SqlClient
  const uuid = randomUUID()
  yield* sql`
    insert into auth_policy ${sql.insert({
      uuid,
      name: policy.slug,
      slug: policy.slug,
      description: policy.description,
      acl: policy.acl,
      tenant_uuid: tenantUuid,
      config_managed: configManaged,
      shared: false
    })} on conflict do nothing`
  return uuid
})

const warnAboutPassword = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { adminPassword, adminUsername } = yield* AppConfig
  const passwords = yield* Passwords
  const configured = Redacted.value(adminPassword)
  if (configured === "") return
  const [admin] = yield* sql<{ password_hash: string | null }>`
    select password_hash from auth_user where lower(username) = ${adminUsername.toLowerCase()}`
  if (admin === undefined) return
  const { matches } = yield* passwords.check(configured, admin.password_hash ?? undefined)
  if (matches) return
  yield* Effect.logWarning(
    `STROWGER_ADMIN_PASSWORD is not the password of ${adminUsername}; it only counts at the first start`
  )
})

/** 24 characters that nobody confuses, about 138 bits. */
const generatePassword = (): string =>
  Array.from({ length: 24 }, () => passwordCharacters[randomInt(passwordCharacters.length)]).join("")

const passwordCharacters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
