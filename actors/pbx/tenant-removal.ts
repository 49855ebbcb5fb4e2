import { Effect, Layer, Queue, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { busConnected, EventBus } from "../../runtime/bus/event-bus.ts"
import { inTransaction } from "../../runtime/database/transaction.ts"
import { authTenantDeleted } from "../../schemas/events/auth.ts"
import { CallCentreCache } from "./call-centre-cache.ts"

/**
 * Drops the configuration of tenants that are no more: when the bus tells of a deletion, when events may have been
 * missed, and at the start. What is dropped is decided by the tenants that exist then, so a late or repeated event,
 * or several nodes at once, do no harm. No events: the tenant's own tells everybody.
 */
export const tenantRemovalLayer: Layer.Layer<never, never, SqlClient.SqlClient | EventBus | CallCentreCache> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      const bus = yield* EventBus
      // One sweep for any number of deletions told before it.
      const wanted = yield* Queue.sliding<void>(1)
      const sweep = () => void Queue.offerUnsafe(wanted, undefined)
      yield* bus.subscribe({ name: authTenantDeleted.name }, sweep)
      yield* bus.subscribe({ name: busConnected }, sweep)
      sweep()
      yield* Queue.take(wanted).pipe(
        Effect.andThen(Effect.retry(dropOrphans, retries)),
        Effect.catchCause((cause) =>
          Effect.logError("The configuration of deleted tenants could not be dropped", cause)
        ),
        Effect.forever,
        Effect.forkScoped
      )
    })
  )

const retries = Schedule.exponential("1 second").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

/** Every table that a tenant owns rows of, those that refer to others first. */
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

const dropOrphans = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const cache = yield* CallCentreCache
  const owners = tables.map((table) => `SELECT tenant_uuid FROM ${table}`).join(" UNION ")
  const orphans = yield* sql<{ tenant_uuid: string }>`
    SELECT tenant_uuid FROM (${sql.literal(owners)}) AS owners
    WHERE tenant_uuid NOT IN (SELECT uuid::text FROM auth_tenant)`
  if (orphans.length === 0) return
  const gone = orphans.map(({ tenant_uuid }) => tenant_uuid)
  yield* inTransaction(
    sql,
    Effect.forEach(tables, (table) => sql`DELETE FROM ${sql(table)} WHERE tenant_uuid = ANY(${gone})`, {
      discard: true
    })
  )
  cache.forgetAll()
})
