import { Effect, Layer } from "effect"
import { AppConfig } from "../../../runtime/config.ts"
import type { JsonObject } from "../../../schemas/provd/device.ts"
import { DevicePlugins } from "../device-plugins.ts"
import { Operations, type Step } from "../operations.ts"
import { InvalidParameter, SystemParameters } from "../system-parameters.ts"
import { makeExclusiveWork } from "./exclusive-work.ts"
import { InstalledPlugins } from "./installed-plugins.ts"
import { makePackageManager } from "./package-manager.ts"
import { NoSuchPlugin, PluginInstalled, PluginNotInstalled, UnknownParameter } from "./plugin-errors.ts"
import { infoOf } from "./plugin-instance.ts"
import { localized, readPackagedInfo } from "./plugin-info.ts"
import { PluginManager, pluginOperations } from "./plugin-manager.ts"
import { PluginRegistry } from "./plugin-registry.ts"
import { makePluginRepository } from "./plugin-repository.ts"
import { readIndex } from "./repository-index.ts"

/** Characters of the value of a plugin's parameter. */
const longestValue = 4_096

/** The plugin manager on the installed plugins of this node. What an operation fails of is logged. */
export const pluginManagerLayer: Layer.Layer<
  PluginManager,
  never,
  AppConfig | DevicePlugins | InstalledPlugins | Operations | PluginRegistry | SystemParameters
> = Layer.effect(
  PluginManager,
  Effect.gen(function* () {
    const settings = yield* AppConfig
    const devices = yield* DevicePlugins
    const installed = yield* InstalledPlugins
    const operations = yield* Operations
    const registry = yield* PluginRegistry
    const system = yield* SystemParameters
    const { store } = installed
    const work = makeExclusiveWork(operations)
    const { exclusively, inBackground } = work
    const repository = makePluginRepository(store, system, settings.phonePluginCache)
    const shown = (document: JsonObject): JsonObject => localized(document, system.locale())

    /** The devices hear of it in any case, after a crash at the next start. */
    const changing = <A, E>(id: string, change: Effect.Effect<A, E>) =>
      Effect.gen(function* () {
        yield* installed.unsettle(id)
        const result = yield* Effect.result(change)
        yield* installed.settle(id)
        return yield* Effect.fromResult(result)
      })

    /** A plugin that does not load stays installed; its devices are not configured. */
    const bringIntoService = (id: string) =>
      registry.load(id).pipe(
        Effect.tapError(() => devices.withdraw(id)),
        Effect.andThen(devices.regenerate(id))
      )

    /** Gives the work of bringing the plugin from the repository into service, once it is found to be offered. */
    const fromRepository = (id: string) =>
      Effect.map(
        repository.offeredAs(id),
        (offered) => (root: Step) =>
          changing(
            id,
            Effect.andThen(repository.placeFromRepository(id, offered, root), bringIntoService(id))
          )
      )

    const needInstalled = (id: string) =>
      Effect.flatMap(installed.isInstalled(id), (there) =>
        there ? Effect.void : Effect.fail(new PluginNotInstalled({ plugin: id }))
      )
    const needLoaded = (id: string) =>
      Effect.suspend(() => {
        const instance = registry.instance(id)
        return instance === undefined
          ? Effect.fail(new NoSuchPlugin({ plugin: id }))
          : Effect.succeed(instance)
      })

    const { hasDefinitions, ...packageManager } = makePackageManager(
      installed,
      registry,
      repository,
      work,
      shown
    )

    const documentOfInstalled = Effect.fnUntraced(function* (id: string) {
      const instance = registry.instance(id)
      if (instance !== undefined) return documentOf(instance.loaded.info)
      const release = yield* Effect.promise(() => store.release(id))
      const bundled = installed.bundled(id)
      const info =
        release === undefined
          ? bundled && infoOf(bundled.factory, bundled)
          : yield* Effect.promise(() =>
              readPackagedInfo(release).then(
                ({ info }) => info,
                () => undefined
              )
            )
      return info === undefined ? { version: "", description: "", capabilities: {} } : documentOf(info)
    })

    const needParameter = (plugin: string, id: string) =>
      Effect.flatMap(needLoaded(plugin), ({ parameters }) =>
        parameters.some((parameter) => parameter.id === id)
          ? Effect.void
          : Effect.fail(new UnknownParameter({ id }))
      )

    const settleAll = Effect.gen(function* () {
      for (const id of yield* installed.unsettled) {
        yield* registry.instance(id) === undefined ? devices.withdraw(id) : devices.regenerate(id)
        yield* installed.settle(id)
      }
    })
    yield* Effect.forkScoped(settleAll)

    return {
      install: (id) =>
        inBackground(
          id,
          pluginOperations.install,
          "install",
          Effect.gen(function* () {
            if (yield* installed.isInstalled(id)) return yield* new PluginInstalled({ plugin: id })
            if (installed.bundled(id) !== undefined)
              return () => changing(id, Effect.andThen(installed.setBundled(id, true), bringIntoService(id)))
            return yield* fromRepository(id)
          })
        ),

      upgrade: (id) =>
        inBackground(
          id,
          pluginOperations.upgrade,
          "upgrade",
          Effect.gen(function* () {
            yield* needInstalled(id)
            return yield* fromRepository(id)
          })
        ),

      uninstall: (id) =>
        exclusively(
          id,
          Effect.gen(function* () {
            yield* needInstalled(id)
            yield* changing(
              id,
              registry
                .unload(id)
                .pipe(Effect.andThen(installed.remove(id)), Effect.andThen(devices.withdraw(id)))
            )
          }).pipe(Effect.uninterruptible)
        ),

      update: inBackground(
        "the index of the repository",
        pluginOperations.update,
        "update",
        Effect.map(repository.needServer, (server) => (root: Step) => repository.updateFrom(server, root))
      ),

      reload: (id) =>
        exclusively(
          id,
          Effect.andThen(needInstalled(id), Effect.uninterruptible(changing(id, bringIntoService(id))))
        ),

      installed: Effect.gen(function* () {
        const found: Record<string, JsonObject> = {}
        for (const id of yield* installed.ids) found[id] = shown(yield* documentOfInstalled(id))
        return found
      }),

      installable: Effect.gen(function* () {
        const found: Record<string, JsonObject> = {}
        for (const plugin of yield* installed.absentBundled) {
          const info = infoOf(plugin.factory, plugin)
          if (info !== undefined)
            found[plugin.id] = shown(pick({ ...documentOf(info), dsize: 0, sha1sum: "" }, offeredKeys))
        }
        for (const [id, { document }] of yield* readIndex(store.index))
          found[id] = pick(shown(document), offeredKeys)
        return found
      }),

      loaded: Effect.sync(() => registry.loaded().map(({ id }) => id)),
      failures: Effect.sync(() => Object.fromEntries(registry.failures())),

      services: (id) =>
        Effect.gen(function* () {
          const { parameters } = yield* needLoaded(id)
          return { packages: yield* hasDefinitions(id), parameters: parameters.length > 0 }
        }),

      info: (id) =>
        Effect.map(needLoaded(id), ({ loaded }) => {
          const document = documentOf(loaded.info)
          return { ...document, ...shown(document) }
        }),

      ...packageManager,

      parameters: (plugin) =>
        Effect.gen(function* () {
          const { parameters } = yield* needLoaded(plugin)
          const values = yield* installed.parameters(plugin)
          return parameters.map((parameter) => ({
            id: parameter.id,
            description: String(shown({ ...parameter })["description"]),
            value: values[parameter.id] ?? null
          }))
        }),

      parameter: (plugin, id) =>
        Effect.gen(function* () {
          yield* needParameter(plugin, id)
          return (yield* installed.parameters(plugin))[id] ?? null
        }),

      setParameter: (plugin, id, value) =>
        Effect.gen(function* () {
          yield* needParameter(plugin, id)
          if (value !== null && (typeof value !== "string" || value.length > longestValue))
            return yield* new InvalidParameter({
              message: `${id}: expected null or a text of at most ${longestValue} characters`
            })
          const refreshed = Effect.catch(registry.refresh(plugin), ({ message }) =>
            Effect.logWarning(`Phone plugin ${plugin} keeps its common files: ${message}`)
          )
          yield* changing(
            plugin,
            installed
              .setParameter(plugin, id, value)
              .pipe(Effect.andThen(refreshed), Effect.andThen(devices.regenerate(plugin)))
          )
        })
    }
  })
)

const offeredKeys = ["version", "description", "capabilities", "dsize", "sha1sum"]

/** What a plugin says of itself is JSON, or of no use to clients. */
const documentOf = (info: object): JsonObject => JSON.parse(JSON.stringify(info))

const pick = (document: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([key]) => keys.includes(key)))
