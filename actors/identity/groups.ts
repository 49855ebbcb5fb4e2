import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Fragment } from "effect/sql/Statement"
import { randomUUID } from "node:crypto"
import {
  duplicateGroup,
  type Forbidden,
  forbiddenGroup,
  type Invalid,
  invalidSortColumn,
  type NotFound,
  type ReasonConflict,
  type ReasonInvalid,
  tenantMismatch,
  type Unauthorized,
  unknownGroup,
  unknownUser
} from "../../schemas/auth/errors.ts"
import type {
  GroupCreation,
  GroupsQuery,
  GroupUpdate,
  GroupView,
  UserGroupsQuery
} from "../../schemas/auth/groups.ts"
import type { Caller } from "../../schemas/common/caller.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError, onConstraint } from "../../runtime/database/sql-errors.ts"
import { filtersOf, listPage, type Page } from "./listing.ts"
import { mayAddAll, mayFreeFrom } from "./privileges.ts"
import { generateSlug, policySlug } from "./slug.ts"

/** Why somebody cannot be put into a group or taken out of it. */
export type MembershipRefusal = Unauthorized | NotFound | Invalid | Forbidden

/**
 * Groups and their members (contracts/auth.md 9). Nobody changes a system-managed group or its members. Putting a
 * user into a group gives the rights of its policies, so the caller must have them.
 */
export class Groups extends Context.Service<
  Groups,
  {
    readonly list: (caller: Caller, query: GroupsQuery) => Effect.Effect<Page<GroupView>, ReasonInvalid>
    readonly ofUser: (
      caller: Caller,
      userUuid: string,
      query: UserGroupsQuery
    ) => Effect.Effect<Page<GroupView>, NotFound>
    readonly create: (caller: Caller, group: GroupCreation) => Effect.Effect<GroupView, ReasonConflict>
    readonly get: (caller: Caller, uuid: string) => Effect.Effect<GroupView, NotFound>
    readonly update: (
      caller: Caller,
      uuid: string,
      group: GroupUpdate
    ) => Effect.Effect<GroupView, NotFound | Forbidden | ReasonConflict>
    readonly remove: (
      caller: Caller,
      uuid: string
    ) => Effect.Effect<void, Unauthorized | NotFound | Forbidden>
    readonly addUser: (
      caller: Caller,
      uuid: string,
      userUuid: string
    ) => Effect.Effect<void, MembershipRefusal>
    readonly removeUser: (
      caller: Caller,
      uuid: string,
      userUuid: string
    ) => Effect.Effect<void, MembershipRefusal>
  }
>()("strowger/actors/identity/Groups") {
  static readonly layer: Layer.Layer<Groups, never, SqlClient.SqlClient | Transactions> = Layer.effect(
    Groups,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const provided = Effect.provideService(SqlClient.SqlClient, sql)

      const columns = sql`
        g.uuid, g.name, g.slug, g.tenant_uuid, g.system_managed as read_only, g.system_managed`

      const find = Effect.fnUntraced(function* (caller: Caller, uuid: string) {
        const [row] = yield* sql<GroupView>`
          select ${columns} from auth_group g
          where g.uuid = ${uuid} and g.tenant_uuid = any(${caller.visibleTenants}::uuid[])`
        return row ?? (yield* unknownGroup(uuid))
      })

      const findWritable = Effect.fnUntraced(function* (caller: Caller, uuid: string) {
        const group = yield* find(caller, uuid)
        return group.system_managed ? yield* forbiddenGroup(uuid) : group
      })

      const tenantOfUser = Effect.fnUntraced(function* (caller: Caller, uuid: string) {
        const [user] = yield* sql<{ tenant_uuid: string }>`
          select tenant_uuid from auth_user
          where uuid = ${uuid} and tenant_uuid = any(${caller.visibleTenants}::uuid[])`
        return user === undefined ? yield* unknownUser(uuid) : user.tenant_uuid
      })

      const accessesOf = (uuid: string) =>
        Effect.map(
          sql<{ acl: ReadonlyArray<string> }>`
            select p.acl from auth_policy p join auth_group_policy gp on gp.policy_uuid = p.uuid
            where gp.group_uuid = ${uuid}`,
          (rows) => rows.flatMap(({ acl }) => acl)
        )

      const page = (query: GroupsQuery | UserGroupsQuery, scope: Fragment) =>
        listPage<GroupView>(query, {
          select: columns,
          from: sql`auth_group g`,
          key: { column: sql`g.uuid`, type: "uuid" },
          scope,
          filters: [
            ...("read_only" in query && query.read_only !== undefined
              ? [sql`g.system_managed = ${query.read_only}`]
              : []),
            ...filtersOf(query, {
              uuid: (value) => sql`g.uuid::text = ${value}`,
              name: (value) => sql`g.name = ${value}`,
              slug: (value) => sql`g.slug = ${value}`,
              user_uuid: (value) => sql`exists (
                select 1 from auth_group_user gu where gu.group_uuid = g.uuid and gu.user_uuid::text = ${value})`,
              policy_uuid: (value) => sql`exists (
                select 1 from auth_group_policy gp
                where gp.group_uuid = g.uuid and gp.policy_uuid::text = ${value})`,
              policy_slug: (value) => sql`exists (
                select 1 from auth_group_policy gp join auth_policy p on p.uuid = gp.policy_uuid
                where gp.group_uuid = g.uuid and p.slug = ${value})`
            })
          ],
          search: (pattern) => [sql`g.name ilike ${pattern}`],
          order: [sql`g.${sql(query.order)}`, sql`g.uuid`]
        }).pipe(provided)

      const list = Effect.fnUntraced(function* (caller: Caller, query: GroupsQuery) {
        if (query.order === "slug" || query.order === "read_only") {
          return yield* invalidSortColumn(query.order)
        }
        const tenants = query.recurse ? caller.visibleTenants : [caller.tenantUuid]
        return yield* page(query, sql`g.tenant_uuid = any(${tenants}::uuid[])`)
      }, dieOnSqlError)

      const ofUser = Effect.fnUntraced(function* (caller: Caller, userUuid: string, query: UserGroupsQuery) {
        yield* tenantOfUser(caller, userUuid)
        return yield* page(
          query,
          sql`exists (
            select 1 from auth_group_user gu where gu.group_uuid = g.uuid and gu.user_uuid = ${userUuid})`
        )
      }, dieOnSqlError)

      const isFree = (tenantUuid: string) => (slug: string) =>
        Effect.map(
          sql`select 1 from auth_group where tenant_uuid = ${tenantUuid} and lower(slug) = lower(${slug})`,
          (rows) => rows.length === 0
        )

      const create = (caller: Caller, { name, slug }: GroupCreation) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            const { tenantUuid } = caller
            const group = {
              uuid: randomUUID(),
              name,
              slug: slug ?? (yield* generateSlug(name, policySlug, isFree(tenantUuid))),
              tenant_uuid: tenantUuid,
              system_managed: false
            }
            yield* sql`insert into auth_group ${sql.insert(group)}`.pipe(onDuplicate(name))
            return { ...group, read_only: false }
          })
        )

      const update = (caller: Caller, uuid: string, { name }: GroupUpdate) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            const group = yield* findWritable(caller, uuid)
            yield* sql`update auth_group set name = ${name} where uuid = ${uuid}`.pipe(onDuplicate(name))
            return { ...group, name }
          })
        )

      const remove = (caller: Caller, uuid: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* findWritable(caller, uuid)
            yield* mayFreeFrom(caller, yield* accessesOf(uuid))
            yield* sql`delete from auth_group where uuid = ${uuid}`
          })
        )

      const addUser = (caller: Caller, uuid: string, userUuid: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            const userTenant = yield* tenantOfUser(caller, userUuid)
            const group = yield* find(caller, uuid)
            if (group.tenant_uuid !== userTenant) return yield* tenantMismatch(userTenant, group.tenant_uuid)
            if (group.system_managed) return yield* forbiddenGroup(uuid)
            yield* mayAddAll(caller, yield* accessesOf(uuid))
            yield* sql`insert into auth_group_user ${sql.insert({
              group_uuid: uuid,
              user_uuid: userUuid
            })} on conflict do nothing`
          })
        )

      const removeUser = (caller: Caller, uuid: string, userUuid: string) =>
        transactions.run(
          Effect.fnUntraced(function* () {
            yield* findWritable(caller, uuid)
            yield* tenantOfUser(caller, userUuid)
            yield* mayFreeFrom(caller, yield* accessesOf(uuid))
            yield* sql`delete from auth_group_user where group_uuid = ${uuid} and user_uuid = ${userUuid}`
          })
        )

      return {
        list,
        ofUser,
        create,
        get: (caller, uuid) => dieOnSqlError(find(caller, uuid)),
        update,
        remove,
        addUser,
        removeUser
      }
    })
  )
}

const onDuplicate = (name: string) =>
  onConstraint({
    auth_group_name: () => duplicateGroup(name),
    auth_group_slug: () => duplicateGroup(name)
  })
