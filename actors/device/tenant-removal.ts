import { Effect, Layer, Queue, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { busConnected, EventBus } from "../../runtime/bus/event-bus.ts"
import { AppConfig } from "../../runtime/config.ts"
import { authTenantDeleted } from "../../schemas/events/auth.ts"
import { deviceActor } from "./device.ts"
import { SystemParameters } from "./system-parameters.ts"

/**
 * Removes the devices and provisioning keys of tenants that are no more (contracts/provisioning.md 4.3): when the bus
 * tells of a deletion, when events may have been missed, at the start and from time to time. What goes is decided by
 * the tenants that exist then; while none is known nothing goes.
 */
export const tenantRemovalLayer: Layer.Layer<
  never,
  never,
  SqlClient.SqlClient | EventBus | ActorSystem | AppConfig | SystemParameters
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* EventBus
    const { phoneTenantSweepInterval } = yield* AppConfig
    // One sweep for any number of deletions told before it.
    const wanted = yield* Queue.sliding<void>(1)
    const sweep = () => void Queue.offerUnsafe(wanted, undefined)
    yield* bus.subscribe({ name: authTenantDeleted.name }, sweep)
    yield* bus.subscribe({ name: busConnected }, sweep)
    sweep()
    yield* Effect.sync(sweep).pipe(Effect.delay(phoneTenantSweepInterval), Effect.forever, Effect.forkScoped)
    yield* Queue.take(wanted).pipe(
      Effect.andThen(Effect.retry(removeOrphans, retries)),
      Effect.catchCause((cause) =>
        Effect.logError("The devices of deleted tenants could not be removed", cause)
      ),
      Effect.forever,
      Effect.forkScoped
    )
  })
)

const retries = Schedule.exponential("1 second").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

const removeOrphans = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const actors = yield* ActorSystem
  const parameters = yield* SystemParameters
  const devices = yield* sql<{ id: string }>`
    SELECT id FROM provd_devices
    WHERE tenant_uuid NOT IN (SELECT uuid::text FROM auth_tenant) AND EXISTS (SELECT 1 FROM auth_tenant)`
  const keys = yield* sql<{ tenant_uuid: string }>`
    SELECT tenant_uuid FROM provd_parameters
    WHERE tenant_uuid <> '' AND tenant_uuid NOT IN (SELECT uuid::text FROM auth_tenant)
      AND EXISTS (SELECT 1 FROM auth_tenant)`
  yield* Effect.forEach(
    devices,
    ({ id }) =>
      // Refused: somebody else has removed it.
      Effect.catchTag(actors.ask(deviceActor, id, { type: "remove" }), "Refused", () => Effect.void),
    { concurrency: 32, discard: true }
  )
  for (const { tenant_uuid } of keys) {
    yield* Effect.orDie(parameters.set("provisioning_key", tenant_uuid, null))
  }
})
