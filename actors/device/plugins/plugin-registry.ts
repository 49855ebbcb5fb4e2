import { Context, Effect, Layer } from "effect"
import { AppConfig, millis } from "../../../runtime/config.ts"
import { completeRawConfig } from "../../../schemas/provd/complete-raw-config.ts"
import { baseRawConfig, phoneUrl } from "../base-config.ts"
import { faultText } from "./fault-text.ts"
import { type InstalledPlugin, InstalledPlugins } from "./installed-plugins.ts"
import type { LoadedPlugin } from "./loaded-plugin.ts"
import { PhonePlugins } from "./phone-plugins.ts"
import { PluginLoadFailed } from "./plugin-errors.ts"
import { type PluginInstance, startPlugin } from "./plugin-instance.ts"
import { templateFolders } from "./plugin-store.ts"

/**
 * Brings installed plugins into service and takes them out. The plugin manager sees to it that one plugin is worked on
 * by one caller at a time.
 */
export class PluginRegistry extends Context.Service<
  PluginRegistry,
  {
    readonly loaded: () => ReadonlyArray<LoadedPlugin>
    readonly instance: (id: string) => PluginInstance | undefined
    /**
     * Brings the installed plugin into service. An instance of it that is in service goes on until the new one takes
     * its place. When it fails the plugin is not in service any more.
     */
    readonly load: (id: string) => Effect.Effect<void, PluginLoadFailed>
    readonly unload: (id: string) => Effect.Effect<void>
    /** Tells a plugin in service the stored values of its parameters, and makes its common files anew. */
    readonly refresh: (id: string) => Effect.Effect<void, PluginLoadFailed>
    /** Why installed plugins are not in service, by id. */
    readonly failures: () => ReadonlyMap<string, string>
  }
>()("strowger/actors/device/plugins/PluginRegistry") {
  /** Loads every installed plugin; a broken one is logged and left out. */
  static readonly layer: Layer.Layer<PluginRegistry, never, AppConfig | InstalledPlugins> = Layer.effect(
    PluginRegistry,
    Effect.gen(function* () {
      const settings = yield* AppConfig
      const installed = yield* InstalledPlugins
      const context = yield* Effect.context()
      const base = completeRawConfig(baseRawConfig(settings), phoneUrl(settings))
      const lives = new Map<string, Life>()
      const failures = new Map<string, string>()
      let loaded: ReadonlyArray<LoadedPlugin> = []

      const log = (effect: Effect.Effect<void>) => void Effect.runForkWith(context)(effect)
      const onFault = quietly((id, what) => log(Effect.logWarning(`Phone plugin ${id}: ${what}`)))
      const show = () => {
        const inOrder = [...lives.keys()].sort()
        loaded = inOrder.flatMap((id) => lives.get(id)?.instance?.loaded ?? [])
      }
      const put = (id: string, life: Life | undefined, failure?: string) => {
        if (life === undefined) lives.delete(id)
        else lives.set(id, life)
        if (failure === undefined) failures.delete(id)
        else failures.set(id, failure)
        show()
      }
      const replace = (id: string, life: Life | undefined, failure?: string) =>
        Effect.suspend(() => {
          const before = lives.get(id)?.instance
          put(id, life, failure)
          return before === undefined ? Effect.void : Effect.promise(() => before.close())
        })

      const start = (plugin: InstalledPlugin) =>
        Effect.gen(function* () {
          const { id, code } = plugin
          const parameters = yield* installed.parameters(id)
          const life: Life = { instance: undefined, failure: undefined }
          const onFailed = (reason: string) => {
            life.failure = reason
            if (lives.get(id) !== life) return
            put(id, undefined, reason)
            log(Effect.logError(`Phone plugin ${id} is out of service: ${reason}`))
          }
          life.instance = yield* Effect.tryPromise({
            try: () =>
              startPlugin(
                {
                  id,
                  code,
                  templates: templateFolders(plugin.templates, plugin.folders),
                  fileRoot: plugin.folders.tftpboot,
                  settings: settings.phonePluginSettings[id] ?? {},
                  parameters
                },
                {
                  base,
                  timeout: millis(settings.phonePluginTimeout),
                  onFault: (what) => onFault(id, what),
                  onFailed
                }
              ),
            catch: (error) => new PluginLoadFailed({ plugin: id, message: faultText(error) })
          })
          if (life.failure !== undefined)
            return yield* new PluginLoadFailed({ plugin: id, message: life.failure })
          return life
        })

      const load = (id: string) =>
        Effect.gen(function* () {
          const plugin = yield* installed.find(id)
          if (plugin === undefined)
            return yield* new PluginLoadFailed({ plugin: id, message: "it is not installed" })
          yield* replace(id, yield* start(plugin))
        }).pipe(Effect.tapError(({ message }) => replace(id, undefined, message)))

      yield* Effect.addFinalizer(() =>
        Effect.forEach([...lives.keys()], (id) => replace(id, undefined), {
          concurrency: "unbounded",
          discard: true
        })
      )
      yield* Effect.forEach(
        yield* installed.ids,
        (id) =>
          Effect.catch(load(id), ({ message }) =>
            Effect.logWarning(`Phone plugin ${id} is left out: ${message}`)
          ),
        { concurrency: 4, discard: true }
      )

      return {
        loaded: () => loaded,
        instance: (id) => lives.get(id)?.instance,
        load,
        unload: (id) => replace(id, undefined),
        refresh: (id) =>
          Effect.gen(function* () {
            const life = lives.get(id)
            const instance = life?.instance
            if (life === undefined || instance === undefined) return
            const values = yield* installed.parameters(id)
            const changed = yield* Effect.tryPromise({
              try: () => instance.withParameters(values),
              catch: (error) => new PluginLoadFailed({ plugin: id, message: faultText(error) })
            })
            if (lives.get(id) !== life) return
            life.instance = changed
            show()
          }),
        failures: () => failures
      }
    })
  )
}

/** A plugin's code from its start on, whatever its parameters become. */
interface Life {
  instance: PluginInstance | undefined
  /** Why it is not in service any more. */
  failure: string | undefined
}

/** The plugins in service, from the registry. */
export const phonePluginsLayer: Layer.Layer<PhonePlugins, never, PluginRegistry> = Layer.effect(
  PhonePlugins,
  Effect.map(PluginRegistry, (registry) => ({
    loaded: registry.loaded,
    get: (id) => registry.instance(id)?.loaded
  }))
)

const quietMillis = 60_000

/** The same function of a plugin is complained of at most once a minute. */
const quietly = (tell: (id: string, what: string) => void) => {
  const told = new Map<string, number>()
  return (id: string, what: string): void => {
    const key = `${id} ${what.split(":", 1).join("")}`
    const now = performance.now()
    if (now - (told.get(key) ?? -quietMillis) < quietMillis) return
    told.set(key, now)
    tell(id, what)
  }
}
