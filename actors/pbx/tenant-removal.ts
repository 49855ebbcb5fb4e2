import { Effect, Layer, Queue } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Tenants } from "../identity/tenants.ts"
import { CallCentreCache } from "./call-centre-cache.ts"

/**
 * Drops the configuration of deleted tenants: when the bus tells of one, and at the start for those that went while
 * nobody listened. Doing it twice, or on several nodes, is harmless.
 */
export const tenantRemovalLayer: Layer.Layer<
  never,
  never,
  SqlClient.SqlClient | EventBus | Tenants | CallCentreCache
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* EventBus
    const deleted = yield* Queue.unbounded<string>()
    yield* bus.subscribe({ name: "auth_tenant_deleted" }, ({ data }) => {
      if ("uuid" in data && typeof data.uuid === "string") Queue.offerUnsafe(deleted, data.uuid)
    })
    for (const tenantUuid of yield* orphans.pipe(Effect.orDie)) Queue.offerUnsafe(deleted, tenantUuid)
    yield* Queue.take(deleted).pipe(
      Effect.flatMap((tenantUuid) =>
        Effect.catchCause(dropTenant(tenantUuid), (cause) =>
          Effect.logError(`The configuration of deleted tenant ${tenantUuid} could not be dropped`, cause)
        )
      ),
      Effect.forever,
      Effect.forkScoped
    )
  })
)

/** Every table that a tenant owns rows of, the referring ones first. */
const tables = [
  "pbx_users",
  "pbx_conferences",
  "pbx_lines",
  "pbx_extensions",
  "pbx_endpoints_sip",
  "pbx_endpoints_custom",
  "pbx_queues",
  "pbx_agents",
  "pbx_contexts"
]

/** Deletes all configuration of a tenant in one transaction, without events: the tenant's own event tells it. */
export const dropTenant = Effect.fnUntraced(function* (tenantUuid: string) {
  const sql = yield* SqlClient.SqlClient
  const cache = yield* CallCentreCache
  yield* sql.withTransaction(
    Effect.forEach(tables, (table) => sql`DELETE FROM ${sql(table)} WHERE tenant_uuid = ${tenantUuid}`, {
      discard: true
    })
  )
  cache.forgetAll()
})

/** Tenants that own configuration and do not exist. */
const orphans = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const tenants = yield* Tenants
  const union = tables.map((table) => `SELECT tenant_uuid FROM ${table}`).join(" UNION ")
  const owners = yield* sql<{ tenant_uuid: string }>`${sql.literal(union)}`
  return owners.map(({ tenant_uuid }) => tenant_uuid).filter((uuid) => !tenants.exists(uuid))
})
