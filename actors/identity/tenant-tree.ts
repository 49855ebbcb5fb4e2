import { Context, Effect, Layer, Queue } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { authTenantAdded, authTenantDeleted, authTenantUpdated } from "../../schemas/events/auth.ts"
import { Bootstrap } from "./bootstrap.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { Tenants } from "./tenants.ts"

/** What the tree knows of a tenant. */
export interface TenantNode {
  readonly uuid: string
  readonly parentUuid: string
  readonly slug: string
}

/** The tree behind `Tenants`, with the changes that this node makes itself. */
export class TenantTree extends Context.Service<
  TenantTree,
  {
    readonly put: (node: TenantNode) => void
    readonly remove: (uuid: string) => void
    /** The tenants above, the parent first, the master last. */
    readonly ancestors: (uuid: string) => ReadonlyArray<string>
    readonly bySlug: (slug: string) => string | undefined
    readonly tenants: Tenants["Service"]
  }
>()("strowger/actors/identity/TenantTree") {
  /** Loaded at the start; a tenant is read again when an event says that it changed, on this node or another. */
  static readonly layer: Layer.Layer<TenantTree, never, SqlClient.SqlClient | EventBus | Bootstrap> =
    Layer.effect(
      TenantTree,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const bus = yield* EventBus
        const { masterTenantUuid } = yield* Bootstrap
        const tree = makeTenantTree(masterTenantUuid)
        const changed = yield* Queue.unbounded<string>()
        for (const { name } of [authTenantAdded, authTenantUpdated]) {
          yield* bus.subscribe({ name }, ({ data }) => Queue.offerUnsafe(changed, uuidOf(data)))
        }
        yield* bus.subscribe({ name: authTenantDeleted.name }, ({ data }) => tree.remove(uuidOf(data)))
        for (const node of yield* dieOnSqlError(
          sql<TenantNode>`select uuid, parent_uuid as "parentUuid", slug from auth_tenant`
        )) {
          tree.put(node)
        }
        yield* Queue.take(changed).pipe(
          Effect.flatMap(
            (uuid) => sql<TenantNode>`
              select uuid, parent_uuid as "parentUuid", slug from auth_tenant where uuid = ${uuid}`
          ),
          Effect.tap(([node]) => Effect.sync(() => node && tree.put(node))),
          Effect.catchCause((cause) => Effect.logError("A changed tenant could not be read", cause)),
          Effect.forever,
          Effect.forkScoped
        )
        return tree
      })
    )
}

export const tenantsLayer: Layer.Layer<Tenants, never, TenantTree> = Layer.effect(
  Tenants,
  Effect.map(TenantTree, ({ tenants }) => tenants)
)

/** An empty tree under a master tenant. */
export const makeTenantTree = (master: string): TenantTree["Service"] => {
  const nodes = new Map<string, TenantNode>()
  const children = new Map<string, Set<string>>()
  const visible = new Map<string, ReadonlyArray<string>>()

  const detach = (uuid: string) => {
    const known = nodes.get(uuid)
    if (known) children.get(known.parentUuid)?.delete(uuid)
    visible.clear()
  }
  const ancestors = (uuid: string): ReadonlyArray<string> => {
    const above: Array<string> = []
    let node = nodes.get(uuid)
    // A chain longer than the tree is a cycle, which the database refuses.
    while (node && node.uuid !== master && above.length <= nodes.size) {
      above.push(node.parentUuid)
      node = nodes.get(node.parentUuid)
    }
    return above
  }
  const collect = (uuid: string): ReadonlyArray<string> => {
    const found = [uuid]
    for (const parent of found) for (const child of children.get(parent) ?? []) found.push(child)
    return found
  }
  return {
    ancestors,
    bySlug: (slug) => [...nodes.values()].find((node) => node.slug === slug)?.uuid,
    put: (node) => {
      detach(node.uuid)
      nodes.set(node.uuid, node)
      if (node.uuid === master) return
      const siblings = children.get(node.parentUuid) ?? new Set()
      children.set(node.parentUuid, siblings.add(node.uuid))
    },
    remove: (uuid) => {
      detach(uuid)
      nodes.delete(uuid)
    },
    tenants: {
      master,
      exists: (tenant) => nodes.has(tenant),
      slug: (tenant) => nodes.get(tenant)?.slug,
      isWithin: (tenant, ancestor) => tenant === ancestor || ancestors(tenant).includes(ancestor),
      visible: (tenant) => {
        const known = visible.get(tenant)
        if (known) return known
        const found = collect(tenant)
        visible.set(tenant, found)
        return found
      }
    }
  }
}

const uuidOf = (data: object): string => ("uuid" in data ? String(data.uuid) : "")
