import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Fragment } from "effect/sql/Statement"
import { randomUUID } from "node:crypto"
import { AppConfig } from "../../runtime/config.ts"
import {
  duplicateAccess,
  duplicatePolicy,
  type NotFound,
  type ReasonConflict,
  type ReasonForbidden,
  type ReasonNotFound,
  readOnlyPolicy,
  type Unauthorized,
  unknownGroup,
  unknownPolicy,
  unknownUser
} from "../../schemas/auth/errors.ts"
import type {
  AttachedPoliciesQuery,
  PoliciesQuery,
  PolicyCreation,
  PolicyUpdate,
  PolicyView
} from "../../schemas/auth/models.ts"
import type { Caller } from "../../schemas/common/caller.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError, onConstraint } from "../../runtime/database/sql-errors.ts"
import { filtersOf, listPage, type Page } from "./listing.ts"
import { mayAddAll, mayRemoveAll } from "./privileges.ts"
import { generateSlug, policySlug } from "./slug.ts"
import { TenantTree } from "./tenant-tree.ts"

/** Why a policy cannot be changed. */
export type PolicyRefusal = Unauthorized | ReasonForbidden | ReasonNotFound | ReasonConflict
/** Why a policy cannot be attached or detached. */
export type AttachmentRefusal = Unauthorized | NotFound | ReasonNotFound

/**
 * Policies and their attachment to users and groups (contracts/auth.md 9 and 10). An `id` is a uuid or a slug. Nobody gives or takes
 * an access that the own token does not carry.
 */
export class Policies extends Context.Service<
  Policies,
  {
    readonly list: (caller: Caller, query: PoliciesQuery) => Effect.Effect<Page<PolicyView>>
    readonly get: (caller: Caller, id: string) => Effect.Effect<PolicyView, ReasonNotFound>
    readonly create: (
      caller: Caller,
      policy: PolicyCreation
    ) => Effect.Effect<PolicyView, Unauthorized | ReasonConflict>
    readonly update: (
      caller: Caller,
      id: string,
      policy: PolicyUpdate
    ) => Effect.Effect<PolicyView, PolicyRefusal>
    readonly remove: (caller: Caller, id: string) => Effect.Effect<void, PolicyRefusal>
    readonly addAccess: (caller: Caller, id: string, access: string) => Effect.Effect<void, PolicyRefusal>
    readonly removeAccess: (caller: Caller, id: string, access: string) => Effect.Effect<void, PolicyRefusal>
    readonly attachToUser: (
      caller: Caller,
      userUuid: string,
      id: string
    ) => Effect.Effect<void, AttachmentRefusal>
    readonly detachFromUser: (
      caller: Caller,
      userUuid: string,
      id: string
    ) => Effect.Effect<void, AttachmentRefusal>
    readonly attachToGroup: (
      caller: Caller,
      groupUuid: string,
      id: string
    ) => Effect.Effect<void, AttachmentRefusal>
    readonly detachFromGroup: (
      caller: Caller,
      groupUuid: string,
      id: string
    ) => Effect.Effect<void, AttachmentRefusal>
    readonly ofGroup: (
      caller: Caller,
      groupUuid: string,
      query: AttachedPoliciesQuery
    ) => Effect.Effect<Page<PolicyView>, NotFound>
    /** Attached directly; none for a user that the caller does not see. */
    readonly ofUser: (
      caller: Caller,
      userUuid: string,
      query: AttachedPoliciesQuery
    ) => Effect.Effect<Page<PolicyView>>
    /**
     * All accesses of a user: those of the backend's policy (`STROWGER_BACKEND_POLICIES`) or else of the default user
     * policy (`STROWGER_DEFAULT_USER_POLICY`), of the groups and the own ones. A token is made from them.
     */
    readonly accessesOf: (userUuid: string, backend?: string) => Effect.Effect<ReadonlyArray<string>>
    /** The same as an SQL expression, for a statement that makes the token. */
    readonly accessesIn: (userUuid: string, backend?: string) => Fragment
  }
>()("strowger/actors/identity/Policies") {
  static readonly layer: Layer.Layer<
    Policies,
    never,
    SqlClient.SqlClient | Transactions | TenantTree | AppConfig
  > = Layer.effect(
    Policies,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const tree = yield* TenantTree
      const config = yield* AppConfig
      const provided = Effect.provideService(SqlClient.SqlClient, sql)

      const columns = sql`
          p.uuid, p.tenant_uuid, p.name, p.slug, p.description, p.acl, p.config_managed, p.shared`

      /** Policies of some tenants, the config-managed ones, and what the ancestors of the acting tenant share. */
      const seenFrom = (acting: string, tenants: ReadonlyArray<string>) => sql`(
          p.tenant_uuid = any(${tenants}::uuid[]) or p.config_managed
          or (p.shared and p.tenant_uuid = any(${tree.ancestors(acting)}::uuid[])))`

      const find = Effect.fnUntraced(function* (caller: Caller, id: string) {
        const byUuid = uuidForm.test(id)
        const named = byUuid
          ? sql`p.uuid = ${id} and ${seenFrom(caller.tenantUuid, caller.visibleTenants)}`
          : sql`p.slug = ${id} and ${seenFrom(caller.tenantUuid, [caller.tenantUuid])}`
        const [row] = yield* sql<PolicyRow>`
            select ${columns} from auth_policy p where ${named}
            order by p.tenant_uuid = ${caller.tenantUuid} desc limit 1`
        return row ?? (yield* unknownPolicy(id))
      })

      const findWritable = Effect.fnUntraced(function* (caller: Caller, id: string) {
        const row = yield* find(caller, id)
        const view = viewOf(row, caller.visibleTenants)
        return { row, readOnly: view.read_only }
      })

      /** A shared policy reserves its name and slug in all tenants below its own. */
      const refuseSharedNames = Effect.fnUntraced(function* (
        tenantUuid: string,
        name: string,
        slug: string,
        shared: boolean
      ) {
        const above = [tenantUuid, ...tree.ancestors(tenantUuid)]
        const below = shared ? tree.tenants.visible(tenantUuid) : []
        const clashes = yield* sql`
            select 1 from auth_policy p where (p.name = ${name} or lower(p.slug) = lower(${slug}))
              and ((p.shared and p.tenant_uuid = any(${above}::uuid[]))
                or p.tenant_uuid = any(${below}::uuid[])) limit 1`
        if (clashes.length > 0) return yield* duplicatePolicy(name)
      })

      const create = (caller: Caller, policy: PolicyCreation) =>
        Effect.andThen(
          mayAddAll(caller, policy.acl),
          transactions.run(
            Effect.fnUntraced(function* () {
              const slug =
                policy.slug ??
                (yield* generateSlug(policy.name, policySlug, (candidate) =>
                  Effect.map(
                    sql`select 1 from auth_policy p where lower(p.slug) = lower(${candidate})
                          and ${seenFrom(caller.tenantUuid, [caller.tenantUuid])}`,
                    (rows) => rows.length === 0
                  )
                ))
              yield* refuseSharedNames(caller.tenantUuid, policy.name, slug, policy.shared)
              const row: PolicyRow = {
                uuid: randomUUID(),
                tenant_uuid: caller.tenantUuid,
                name: policy.name,
                slug,
                description: policy.description,
                acl: distinct(policy.acl),
                config_managed: false,
                shared: policy.shared
              }
              yield* sql`insert into auth_policy ${sql.insert({ ...row })}`.pipe(onDuplicate(policy.name))
              return viewOf(row, [caller.tenantUuid])
            })
          )
        )

      const update = (caller: Caller, id: string, policy: PolicyUpdate) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* mayAddAll(caller, policy.acl)
            const { row, readOnly } = yield* findWritable(caller, id)
            const kept = new Set(policy.acl)
            yield* mayRemoveAll(
              caller,
              row.acl.filter((access) => !kept.has(access))
            )
            if (readOnly) return yield* readOnlyPolicy(row.uuid)
            const changed = {
              name: policy.name,
              description: policy.description,
              acl: distinct(policy.acl)
            }
            yield* sql`update auth_policy set ${sql.update(changed)} where uuid = ${row.uuid}`.pipe(
              onDuplicate(policy.name)
            )
            return viewOf({ ...row, ...changed }, caller.visibleTenants)
          })
        )

      const remove = (caller: Caller, id: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            const { row, readOnly } = yield* findWritable(caller, id)
            yield* mayRemoveAll(caller, row.acl)
            if (readOnly) return yield* readOnlyPolicy(row.uuid)
            yield* sql`delete from auth_policy where uuid = ${row.uuid}`
          })
        )

      const addAccess = (caller: Caller, id: string, access: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* mayAddAll(caller, [access])
            const { row, readOnly } = yield* findWritable(caller, id)
            if (readOnly) return yield* readOnlyPolicy(row.uuid)
            const added = yield* sql`
                update auth_policy set acl = array_append(acl, ${access}::text)
                where uuid = ${row.uuid} and not (${access}::text = any(acl)) returning uuid`
            if (added.length === 0) return yield* duplicateAccess(access)
          })
        )

      const removeAccess = (caller: Caller, id: string, access: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* mayRemoveAll(caller, [access])
            const { row, readOnly } = yield* findWritable(caller, id)
            if (readOnly) return yield* readOnlyPolicy(row.uuid)
            yield* sql`
                update auth_policy set acl = array_remove(acl, ${access}::text) where uuid = ${row.uuid}`
          })
        )

      const requireUser = Effect.fnUntraced(function* (caller: Caller, uuid: string) {
        const rows = yield* sql`
            select 1 from auth_user where uuid = ${uuid} and tenant_uuid = any(${caller.visibleTenants}::uuid[])`
        if (rows.length === 0) return yield* unknownUser(uuid)
      })

      const requireGroup = Effect.fnUntraced(function* (caller: Caller, uuid: string) {
        const rows = yield* sql`
            select 1 from auth_group where uuid = ${uuid} and tenant_uuid = any(${caller.visibleTenants}::uuid[])`
        if (rows.length === 0) return yield* unknownGroup(uuid)
      })

      const attachToGroup = (caller: Caller, groupUuid: string, id: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* requireGroup(caller, groupUuid)
            const policy = yield* find(caller, id)
            yield* mayAddAll(caller, policy.acl)
            yield* sql`insert into auth_group_policy ${sql.insert({
              group_uuid: groupUuid,
              policy_uuid: policy.uuid
            })} on conflict do nothing`
          })
        )

      const detachFromGroup = (caller: Caller, groupUuid: string, id: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* requireGroup(caller, groupUuid)
            const policy = yield* find(caller, id)
            yield* mayRemoveAll(caller, policy.acl)
            yield* sql`
                delete from auth_group_policy where group_uuid = ${groupUuid} and policy_uuid = ${policy.uuid}`
          })
        )

      const attachToUser = (caller: Caller, userUuid: string, id: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* requireUser(caller, userUuid)
            const policy = yield* find(caller, id)
            yield* mayAddAll(caller, policy.acl)
            yield* sql`insert into auth_user_policy ${sql.insert({
              user_uuid: userUuid,
              policy_uuid: policy.uuid
            })} on conflict do nothing`
          })
        )

      const detachFromUser = (caller: Caller, userUuid: string, id: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* requireUser(caller, userUuid)
            const policy = yield* find(caller, id)
            yield* mayRemoveAll(caller, policy.acl)
            yield* sql`
                delete from auth_user_policy where user_uuid = ${userUuid} and policy_uuid = ${policy.uuid}`
          })
        )

      const pageOf = Effect.fnUntraced(function* (
        query: PoliciesQuery | AttachedPoliciesQuery,
        scope: Parameters<typeof listPage>[1]["scope"],
        shown: ReadonlyArray<string>,
        readOnly: Parameters<typeof listPage>[1]["filters"]
      ) {
        const found = yield* listPage<PolicyRow>(query, {
          select: columns,
          from: sql`auth_policy p`,
          key: { column: sql`p.uuid`, type: "uuid" },
          scope,
          filters: [
            ...readOnly,
            ...filtersOf(query, {
              uuid: (value) => sql`p.uuid::text = ${value}`,
              name: (value) => sql`p.name = ${value}`,
              slug: (value) => sql`p.slug = ${value}`,
              tenant_uuid: (value) => sql`p.tenant_uuid::text = ${value}`,
              user_uuid: (value) => sql`exists (
                  select 1 from auth_user_policy up where up.policy_uuid = p.uuid and up.user_uuid::text = ${value})`,
              group_uuid: (value) => sql`exists (
                  select 1 from auth_group_policy gp where gp.policy_uuid = p.uuid and gp.group_uuid::text = ${value})`
            })
          ],
          search: (pattern) => [sql`p.name ilike ${pattern}`, sql`p.description ilike ${pattern}`],
          order: [sql`p.${sql(query.order)}`, sql`p.uuid`]
        })
        return { ...found, items: found.items.map((row) => viewOf(row, shown)) }
      }, provided)

      const list = (caller: Caller, query: PoliciesQuery) => {
        const shown = query.recurse ? caller.visibleTenants : [caller.tenantUuid]
        const above = tree.ancestors(caller.tenantUuid)
        const readOnly =
          query.read_only === undefined
            ? []
            : query.read_only
              ? [sql`(p.config_managed or (p.shared and p.tenant_uuid = any(${above}::uuid[])))`]
              : [sql`p.tenant_uuid = any(${shown}::uuid[])`]
        return dieOnSqlError(pageOf(query, seenFrom(caller.tenantUuid, shown), shown, readOnly))
      }

      const ofUser = (caller: Caller, userUuid: string, query: AttachedPoliciesQuery) =>
        dieOnSqlError(
          pageOf(
            query,
            sql`exists (
                select 1 from auth_user_policy up join auth_user u on u.uuid = up.user_uuid
                where up.policy_uuid = p.uuid and u.uuid = ${userUuid}
                  and u.tenant_uuid = any(${caller.visibleTenants}::uuid[]))`,
            caller.visibleTenants,
            []
          )
        )

      const ofGroup = (caller: Caller, groupUuid: string, query: AttachedPoliciesQuery) =>
        dieOnSqlError(
          Effect.andThen(
            requireGroup(caller, groupUuid),
            pageOf(
              query,
              sql`exists (
                  select 1 from auth_group_policy gp where gp.policy_uuid = p.uuid and gp.group_uuid = ${groupUuid})`,
              caller.visibleTenants,
              []
            )
          )
        )

      const accessesIn = (userUuid: string, backend = "") => sql`(
          select coalesce(array_agg(distinct access), '{}') from auth_policy p, unnest(p.acl) as access
          where p.uuid in (
            select policy_uuid from auth_user_policy where user_uuid = ${userUuid}::uuid
            union all select gp.policy_uuid from auth_group_policy gp
              join auth_group_user gu on gu.group_uuid = gp.group_uuid where gu.user_uuid = ${userUuid}::uuid
            union all select d.uuid from auth_policy d
              where d.name = ${config.backendPolicies[backend] || config.defaultUserPolicy} and d.tenant_uuid = ${tree.tenants.master}::uuid))`

      const accessesOf = (userUuid: string, backend?: string) =>
        dieOnSqlError(
          Effect.map(
            sql<{ acl: ReadonlyArray<string> }>`select ${accessesIn(userUuid, backend)} as acl`,
            ([row]) => row?.acl ?? []
          )
        )

      return {
        list,
        get: (caller, id) =>
          dieOnSqlError(Effect.map(find(caller, id), (row) => viewOf(row, caller.visibleTenants))),
        create,
        update,
        remove,
        addAccess,
        removeAccess,
        attachToUser,
        detachFromUser,
        ofUser,
        attachToGroup,
        detachFromGroup,
        ofGroup,
        accessesOf,
        accessesIn
      }
    })
  )
}

interface PolicyRow {
  readonly uuid: string
  readonly tenant_uuid: string
  readonly name: string
  readonly slug: string
  readonly description: string | null
  readonly acl: ReadonlyArray<string>
  readonly config_managed: boolean
  readonly shared: boolean
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const distinct = (accesses: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(accesses)]

/** A policy from elsewhere shows as the acting tenant's own and read-only (contracts/auth.md 3). */
const viewOf = (row: PolicyRow, tenants: ReadonlyArray<string>): PolicyView => {
  const { config_managed, shared, ...rest } = row
  const foreign = (config_managed || shared) && !tenants.includes(row.tenant_uuid)
  return {
    ...rest,
    tenant_uuid: foreign ? (tenants[0] ?? row.tenant_uuid) : row.tenant_uuid,
    read_only: config_managed || (shared && foreign),
    shared: shared && !foreign
  }
}

const onDuplicate = (name: string) =>
  onConstraint({
    auth_policy_name: () => duplicatePolicy(name),
    auth_policy_slug: () => duplicatePolicy(name)
  })
