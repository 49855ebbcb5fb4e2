import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { AppConfig } from "../../runtime/config.ts"
import {
  type Conflict,
  deletingOwnTenant,
  type Forbidden,
  type Invalid,
  type NotFound,
  tenantBelowItself,
  tenantDomainConflict,
  tenantHasChildren,
  tenantIdentityConflict,
  tenantSlugConflict,
  unknownTenant,
  unknownUser
} from "../../schemas/auth/errors.ts"
import type { TenantCreation, TenantsQuery, TenantUpdate, TenantView } from "../../schemas/auth/models.ts"
import type { Caller } from "../../schemas/common/caller.ts"
import { authTenantAdded, authTenantDeleted, authTenantUpdated } from "../../schemas/events/auth.ts"
import { createAllUsersGroup } from "./all-users-group.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError, onConstraint } from "../../runtime/database/sql-errors.ts"
import { applyDefaultGroups } from "./default-groups.ts"
import { filtersOf, listPage, type Page } from "./listing.ts"
import { generateSlug, tenantSlug } from "./slug.ts"
import { TenantTree } from "./tenant-tree.ts"
import { TokenCache } from "./token-cache.ts"

/**
 * Tenants and their place in the tree (contracts/auth.md 11). A caller sees the acting tenant and what is below it;
 * other tenants are unknown.
 */
export class TenantRegistry extends Context.Service<
  TenantRegistry,
  {
    readonly list: (caller: Caller, query: TenantsQuery) => Effect.Effect<Page<TenantView>>
    /** A child of the acting tenant, with its all-users group and the default groups. */
    readonly create: (
      caller: Caller,
      tenant: TenantCreation
    ) => Effect.Effect<TenantView, NotFound | Conflict>
    readonly get: (caller: Caller, uuid: string) => Effect.Effect<TenantView, NotFound>
    /** Everything but uuid, slug and place is replaced. */
    readonly update: (
      caller: Caller,
      uuid: string,
      tenant: TenantUpdate
    ) => Effect.Effect<TenantView, NotFound | Conflict>
    /** With everything in it; its tokens end at once. */
    readonly remove: (caller: Caller, uuid: string) => Effect.Effect<void, NotFound | Forbidden | Invalid>
    readonly domains: (
      caller: Caller,
      uuid: string
    ) => Effect.Effect<ReadonlyArray<{ readonly uuid: string; readonly name: string }>, NotFound>
    /** Puts a tenant, with everything below it, under another parent. */
    readonly move: (
      caller: Caller,
      uuid: string,
      parentUuid: string
    ) => Effect.Effect<void, NotFound | Conflict>
  }
>()("strowger/actors/identity/TenantRegistry") {
  static readonly layer: Layer.Layer<
    TenantRegistry,
    never,
    SqlClient.SqlClient | Transactions | TenantTree | TokenCache | AppConfig
  > = Layer.effect(
    TenantRegistry,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const tree = yield* TenantTree
      const cache = yield* TokenCache
      const config = yield* AppConfig
      const provided = Effect.provideService(SqlClient.SqlClient, sql)

      const columns = sql`
        t.uuid, t.parent_uuid, t.name, t.slug, t.contact_uuid as contact, t.phone,
        t.default_authentication_method, t.address,
        array(select d.name from auth_tenant_domain d where d.tenant_uuid = t.uuid order by d.name) as domain_names`

      const find = Effect.fnUntraced(function* (caller: Caller, uuid: string) {
        const [row] = caller.visibleTenants.includes(uuid)
          ? yield* sql<TenantRow>`select ${columns} from auth_tenant t where t.uuid = ${uuid}`
          : []
        return row === undefined ? yield* unknownTenant(uuid) : viewOf(row)
      })

      /** A user that the caller sees; one that somebody else has put there may stay. */
      const requireContact = Effect.fnUntraced(function* (
        caller: Caller,
        uuid: string | null,
        known: string | null
      ) {
        if (uuid === null || uuid === known) return
        const users = yield* sql`
          select 1 from auth_user where uuid = ${uuid} and tenant_uuid = any(${caller.visibleTenants}::uuid[])`
        if (users.length === 0) return yield* unknownUser(uuid)
      })

      /** Names that stay keep their uuid. */
      const setDomains = Effect.fnUntraced(function* (tenantUuid: string, names: ReadonlyArray<string>) {
        yield* sql`
          delete from auth_tenant_domain
          where tenant_uuid = ${tenantUuid} and not (name = any(${names}::text[]))`
        const known = yield* sql<{ name: string }>`
          select name from auth_tenant_domain where tenant_uuid = ${tenantUuid}`
        const kept = new Set(known.map(({ name }) => name))
        const added = [...new Set(names)].filter((name) => !kept.has(name))
        if (added.length === 0) return
        yield* sql`
          insert into auth_tenant_domain (uuid, name, tenant_uuid)
          select gen_random_uuid(), name, ${tenantUuid}::uuid from unnest(${added}::text[]) as name`.pipe(
          onConstraint({ auth_tenant_domain_name: () => tenantDomainConflict(added) })
        )
      })

      const create = (caller: Caller, tenant: TenantCreation) =>
        transactions.run(
          Effect.fnUntraced(
            function* (changes) {
              const uuid = tenant.uuid ?? randomUUID()
              yield* requireContact(caller, tenant.contact, null)
              const slug =
                tenant.slug ??
                (yield* generateSlug(tenant.name, tenantSlug, (candidate) =>
                  Effect.map(
                    sql`select 1 from auth_tenant where lower(slug) = lower(${candidate})`,
                    (rows) => rows.length === 0
                  )
                ))
              yield* sql`insert into auth_tenant ${sql.insert({
                uuid,
                slug,
                parent_uuid: caller.tenantUuid,
                ...rowOf(tenant)
              })}`.pipe(
                onConstraint({
                  auth_tenant_pkey: () => tenantIdentityConflict(uuid),
                  auth_tenant_slug: () => tenantSlugConflict(slug)
                })
              )
              yield* setDomains(uuid, tenant.domain_names)
              yield* createAllUsersGroup(uuid)
              yield* applyDefaultGroups(tree.tenants.master, uuid)
              const { name } = tenant
              const domain_names = [...new Set(tenant.domain_names)]
              changes.emit(authTenantAdded, { tenantUuid: uuid }, { uuid, name, slug, domain_names })
              changes.afterCommit(() => tree.put({ uuid, parentUuid: caller.tenantUuid, slug }))
              const [row] = yield* sql<TenantRow>`select ${columns} from auth_tenant t where t.uuid = ${uuid}`
              return row === undefined ? yield* Effect.die("the tenant was just inserted") : viewOf(row)
            },
            provided,
            Effect.provideService(AppConfig, config)
          )
        )

      const update = (caller: Caller, uuid: string, tenant: TenantUpdate) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            const { contact } = yield* find(caller, uuid)
            yield* requireContact(caller, tenant.contact, contact)
            yield* sql`update auth_tenant set ${sql.update(rowOf(tenant))} where uuid = ${uuid}`
            yield* setDomains(uuid, tenant.domain_names)
            changes.emit(authTenantUpdated, { tenantUuid: uuid }, { uuid, name: tenant.name })
            return yield* find(caller, uuid)
          })
        )

      const remove = (caller: Caller, uuid: string) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            if (uuid === caller.tenantUuid) return yield* deletingOwnTenant(uuid)
            yield* find(caller, uuid)
            yield* sql`delete from auth_tenant where uuid = ${uuid}`.pipe(
              onConstraint({ auth_tenant_parent: () => tenantHasChildren(uuid) })
            )
            changes.emit(authTenantDeleted, { tenantUuid: uuid }, { uuid })
            changes.afterCommit(() => {
              tree.remove(uuid)
              cache.endTenant(uuid)
            })
          })
        )

      const move = (caller: Caller, uuid: string, parentUuid: string) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            const { name, slug } = yield* find(caller, uuid)
            yield* find(caller, parentUuid)
            // Moves come one after the other, or two could close a circle.
            yield* sql`select 1 from auth_tenant where uuid = ${tree.tenants.master} for update`
            const below = yield* sql`
              with recursive above as (
                select uuid, parent_uuid from auth_tenant where uuid = ${parentUuid}
                union select t.uuid, t.parent_uuid from auth_tenant t join above a on a.parent_uuid = t.uuid
              ) select 1 from above where uuid = ${uuid}`
            if (below.length > 0 || uuid === tree.tenants.master) return yield* tenantBelowItself(uuid)
            yield* sql`update auth_tenant set parent_uuid = ${parentUuid} where uuid = ${uuid}`
            // The other nodes read the tenant's place again when they hear of this.
            changes.emit(authTenantUpdated, { tenantUuid: uuid }, { uuid, name })
            changes.afterCommit(() => tree.put({ uuid, parentUuid, slug }))
          })
        )

      const domains = Effect.fnUntraced(function* (caller: Caller, uuid: string) {
        yield* find(caller, uuid)
        return yield* sql<{ uuid: string; name: string }>`
          select uuid, name from auth_tenant_domain where tenant_uuid = ${uuid} order by name`
      }, dieOnSqlError)

      const list = Effect.fnUntraced(
        function* (caller: Caller, query: TenantsQuery) {
          const { uuids } = query
          const page = yield* listPage<TenantRow>(query, {
            select: columns,
            from: sql`auth_tenant t`,
            key: { column: sql`t.uuid`, type: "uuid" },
            scope: sql`t.uuid = any(${caller.visibleTenants}::uuid[])`,
            filters: [
              ...(uuids === undefined
                ? []
                : [sql`t.uuid::text = any(${typeof uuids === "string" ? [uuids] : uuids}::text[])`]),
              ...filtersOf(query, {
                uuid: (value) => sql`t.uuid::text = ${value}`,
                name: (value) => sql`t.name = ${value}`,
                slug: (value) => sql`t.slug = ${value}`,
                domain_name: (value) =>
                  sql`exists (select 1 from auth_tenant_domain d where d.tenant_uuid = t.uuid and d.name = ${value})`
              })
            ],
            search: (pattern) => [
              sql`t.name ilike ${pattern}`,
              sql`t.slug ilike ${pattern}`,
              sql`exists (
                select 1 from auth_tenant_domain d where d.tenant_uuid = t.uuid and d.name ilike ${pattern})`
            ],
            order: [sql`t.${sql(query.order)}`, sql`t.uuid`]
          })
          return { ...page, items: page.items.map(viewOf) }
        },
        provided,
        dieOnSqlError
      )

      return {
        list,
        create,
        get: (caller, uuid) => dieOnSqlError(find(caller, uuid)),
        update,
        remove,
        domains,
        move
      }
    })
  )
}

type Address = TenantView["address"]
type TenantRow = Omit<TenantView, "address"> & { readonly address: Partial<Address> }

const noAddress: Address = {
  line_1: null,
  line_2: null,
  city: null,
  state: null,
  country: null,
  zip_code: null
}

const viewOf = (row: TenantRow): TenantView => ({ ...row, address: { ...noAddress, ...row.address } })

const rowOf = (tenant: TenantUpdate) => ({
  name: tenant.name,
  phone: tenant.phone,
  contact_uuid: tenant.contact,
  default_authentication_method: tenant.default_authentication_method,
  address: JSON.stringify(tenant.address)
})
