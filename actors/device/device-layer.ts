import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { type ActorHost, registerKind } from "../../runtime/actor/host.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import type { EventBus } from "../../runtime/bus/event-bus.ts"
import type { AppConfig } from "../../runtime/config.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import type { Tenants } from "../identity/tenants.ts"
import { ConfigStore } from "./config-store.ts"
import type { Configs } from "./configs.ts"
import { configsLayer } from "./configs-layer.ts"
import { deviceActor, deviceKind } from "./device.ts"
import { DeviceIndex } from "./device-index.ts"
import { DevicePlugins } from "./device-plugins.ts"
import type { Devices } from "./devices.ts"
import { devicesLayer } from "./devices-layer.ts"
import { systemParametersLayer } from "./parameters-layer.ts"
import type { PhoneNotifier } from "./phone-notifier.ts"
import type { PhoneRequests } from "./phone-requests.ts"
import { phoneRequestsLayer } from "./phone-requests-layer.ts"
import type { PhonePlugins } from "./plugins/phone-plugins.ts"
import { Regenerations } from "./regenerations.ts"
import { renderedBy, sourcesOfNode } from "./rendering.ts"
import { seedsLayer } from "./seeds.ts"
import { SystemParameters } from "./system-parameters.ts"
import { tenantRemovalLayer } from "./tenant-removal.ts"

/**
 * What devices and their plugins both stand on: the parameters, and the way of plugins to their devices. The plugins
 * are loaded on top of it, the devices on top of them.
 */
export const deviceGroundLayer: Layer.Layer<
  SystemParameters | DevicePlugins | ConfigStore | DeviceIndex | Regenerations,
  never,
  SqlClient.SqlClient | AppConfig | ActorSystem
> = Layer.suspend(() =>
  Layer.mergeAll(systemParametersLayer, devicePluginsLayer).pipe(
    Layer.provideMerge(Layer.mergeAll(ConfigStore.layer, DeviceIndex.layer, Regenerations.layer)),
    Layer.provideMerge(Layer.effectDiscard(sweepGraves))
  )
)

/**
 * Devices, configs and the requests of phones. Build it when the plugins are loaded: files that are out of date, by a
 * change that was interrupted or by other plugins or knobs than the last time, are generated at its start.
 */
export const deviceLayer: Layer.Layer<
  Devices | Configs | PhoneRequests,
  never,
  | SqlClient.SqlClient
  | ActorHost
  | ActorSystem
  | AppConfig
  | ConfigStore
  | DeviceIndex
  | EventBus
  | PhoneNotifier
  | PhonePlugins
  | Regenerations
  | SystemParameters
  | Tenants
> = Layer.suspend(() =>
  Layer.mergeAll(devicesLayer, configsLayer, phoneRequestsLayer, tenantRemovalLayer).pipe(
    Layer.provideMerge(regenerationLayer),
    Layer.provideMerge(kindLayer),
    Layer.provideMerge(seedsLayer)
  )
)

const kindLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    yield* registerKind(deviceKind(yield* sourcesOfNode, yield* DeviceIndex))
  })
)

/** What became of actors whose device is gone. A device that is entered again has a row of its own at once. */
const sweepGraves = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* dieOnSqlError(sql`
    DELETE FROM actor WHERE kind = ${deviceActor.name} AND snapshot->>'value' = 'deleted'
      AND NOT EXISTS (SELECT 1 FROM provd_devices WHERE provd_devices.id = actor.id)`)
})

const devicePluginsLayer = Layer.effect(
  DevicePlugins,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const actors = yield* ActorSystem
    const configs = yield* ConfigStore
    const index = yield* DeviceIndex
    const regenerations = yield* Regenerations
    return {
      regenerate: (plugin: string) =>
        Effect.gen(function* () {
          const ids = index.idsBy("plugin", plugin)
          yield* dieOnSqlError(regenerations.note(ids, configs.latestRevision()))
          yield* regenerations.run(ids)
        }).pipe(Effect.provideService(SqlClient.SqlClient, sql)),
      withdraw: (plugin: string) =>
        Effect.forEach(
          index.idsBy("plugin", plugin),
          (id) =>
            actors
              .ask(deviceActor, id, { type: "withdraw" })
              .pipe(
                Effect.catch((error) =>
                  Effect.logWarning(`Device ${id} did not hear that its plugin is gone: ${error._tag}`)
                )
              ),
          { concurrency: 64, discard: true }
        )
    }
  })
)

/** Drives on what a crash has interrupted, and what could not be reached before. */
const regenerationLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const actors = yield* ActorSystem
    const regenerations = yield* Regenerations
    regenerations.serve((id) =>
      actors.ask(deviceActor, id, { type: "regenerate" }).pipe(
        Effect.as(true),
        Effect.catch((error) => {
          // There is no such device any more: nothing is to be generated.
          if (error._tag === "Refused") {
            return Effect.as(
              dieOnSqlError(sql`DELETE FROM provd_regenerations WHERE device_id = ${id}`),
              true
            )
          }
          return Effect.as(
            Effect.logError(`The files of device ${id} could not be generated: ${error._tag}`),
            false
          )
        })
      )
    )
    const work = Effect.flatMap(regenerations.pending, regenerations.run)
    const { behindTheirConfigs, madeByOthers } = yield* outOfDate
    yield* regenerations.run(behindTheirConfigs)
    yield* work
    // Nobody was promised these: phones are answered with their old files until then.
    yield* Effect.forkScoped(regenerations.run(madeByOthers))
    yield* work.pipe(
      Effect.catchCause((cause) => Effect.logError("Files of devices stay out of date for now", cause)),
      Effect.repeat(Schedule.spaced("30 seconds")),
      Effect.delay("30 seconds"),
      Effect.forkScoped
    )
  })
)

/** Devices whose configs, plugin or knobs are not those that their files were made from. */
const outOfDate = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const index = yield* DeviceIndex
  const sources = yield* sourcesOfNode
  const { configs, plugins } = sources
  const current = new Map(plugins.loaded().map((plugin) => [plugin.id, renderedBy(sources, plugin)]))
  const rows = yield* dieOnSqlError(
    sql<{ id: string; config: string | null; revision: bigint; rendered_by: string | null }>`
      SELECT id, config, revision, rendered_by FROM provd_devices ORDER BY number`
  )
  const idsOf = (isOutOfDate: (row: (typeof rows)[number]) => boolean) =>
    rows.filter(isOutOfDate).map(({ id }) => id)
  return {
    behindTheirConfigs: idsOf(
      ({ id, config, revision }) =>
        config !== null &&
        (configs.revisionOf(config) > Number(revision) ||
          (index.get(id)?.document.configured === true && configs.get(config) === undefined))
    ),
    madeByOthers: idsOf(({ id, rendered_by }) => {
      const by = current.get(String(index.get(id)?.document["plugin"] ?? ""))
      return rendered_by !== null && by !== undefined && by !== rendered_by
    })
  }
})
