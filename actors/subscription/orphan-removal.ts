import { Effect, Layer, Queue, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { busConnected, EventBus } from "../../runtime/bus/event-bus.ts"
import { authTenantDeleted } from "../../schemas/events/auth.ts"
import { userDeleted } from "../../schemas/events/confd.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { Users } from "../identity/users.ts"
import { Subscriptions } from "./subscriptions.ts"

/**
 * Removes the subscriptions of users and tenants that are no more (contracts/webhooks.md 2): when an event says so or
 * auth deletes a user, which it publishes no event of; and at the start and whenever events may have been missed those
 * whose owner nobody knows.
 */
export const orphanRemovalLayer: Layer.Layer<
  never,
  never,
  SqlClient.SqlClient | EventBus | Subscriptions | Users
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* EventBus
    const users = yield* Users
    const subscriptions = yield* Subscriptions
    const work = yield* Queue.unbounded<Effect.Effect<number, never, SqlClient.SqlClient>>()
    const later = (removal: Effect.Effect<number, never, SqlClient.SqlClient>) =>
      void Queue.offerUnsafe(work, removal)
    yield* bus.subscribe({ name: userDeleted.name }, ({ data }) =>
      later(subscriptions.removeWhere({ users: uuidIn(data) }))
    )
    yield* bus.subscribe({ name: authTenantDeleted.name }, ({ data }) =>
      later(subscriptions.removeWhere({ tenants: uuidIn(data) }))
    )
    yield* users.onRemoved((uuid) => later(subscriptions.removeWhere({ users: [uuid] })))
    const reconcile = Effect.flatMap(strangers, subscriptions.removeWhere)
    yield* bus.subscribe({ name: busConnected }, () => later(reconcile))
    yield* reconcile
    yield* Queue.take(work).pipe(
      Effect.flatMap((removal) => Effect.retry(Effect.sandbox(removal), retries)),
      Effect.catchCause((cause) => Effect.logError("Subscriptions without an owner stay", cause)),
      Effect.forever,
      Effect.forkScoped
    )
  })
)

const retries = Schedule.exponential("1 second").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

const uuidIn = (data: object): ReadonlyArray<string> =>
  "uuid" in data && typeof data.uuid === "string" ? [data.uuid] : []

/** Owners that auth does not know. */
const strangers = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const users = yield* sql<{ uuid: string }>`
    SELECT DISTINCT owner_user_uuid AS uuid FROM webhook_subscription
    WHERE owner_user_uuid IS NOT NULL
      AND lower(owner_user_uuid) NOT IN (SELECT uuid::text FROM auth_user)`
  const tenants = yield* sql<{ uuid: string }>`
    SELECT DISTINCT owner_tenant_uuid AS uuid FROM webhook_subscription
    WHERE owner_tenant_uuid NOT IN (SELECT uuid::text FROM auth_tenant)`
  return { users: users.map(({ uuid }) => uuid), tenants: tenants.map(({ uuid }) => uuid) }
}).pipe(dieOnSqlError)
