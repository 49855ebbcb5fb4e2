import { Effect, Layer } from "effect"
import { copyFile, mkdir, readFile, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { download, type Proxies } from "../../../runtime/archive/download.ts"
import { untar } from "../../../runtime/archive/untar.ts"
import { AppConfig } from "../../../runtime/config.ts"
import type { JsonObject } from "../../../schemas/provd/device.ts"
import { DevicePlugins } from "../device-plugins.ts"
import { Operations, type Step } from "../operations.ts"
import { InvalidParameter, SystemParameters } from "../system-parameters.ts"
import { faultText } from "./fault-text.ts"
import { fileDigest } from "./file-digest.ts"
import { InstalledPlugins } from "./installed-plugins.ts"
import type { PackageDefinition } from "./package-definitions.ts"
import {
  InstallationFailed,
  NoPluginServer,
  NoSuchPlugin,
  OperationUnderWay,
  PluginInstalled,
  PluginNotInstalled,
  UnknownPackage,
  UnknownParameter,
  UnknownPlugin
} from "./plugin-errors.ts"
import { infoOf } from "./plugin-instance.ts"
import { isPluginId, localized, readPackagedInfo } from "./plugin-info.ts"
import { type Packages, PluginManager, pluginOperations } from "./plugin-manager.ts"
import { pluginPackages } from "./plugin-packages.ts"
import { PluginRegistry } from "./plugin-registry.ts"
import { addressIn, largestIndex, looksLikeIndex, type OfferedPlugin, readIndex } from "./repository-index.ts"

/** What a plugin's archive may unfold to, and how large it may be itself. */
export const archiveLimits = { bytes: 512 * 1024 ** 2, entries: 10_000, download: 128 * 1024 ** 2 } as const

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
    const busy = new Set<string>()

    const proxies = (): Proxies => ({ http: system.httpProxy(), https: system.httpsProxy() })
    const shown = (document: JsonObject): JsonObject => localized(document, system.locale())

    /** What is being worked on is taken before anything is checked, so of two askers one is refused. */
    const taking = (key: string) =>
      Effect.suspend(() => {
        const plugin = key.split("/", 1).join("")
        const taken = [...busy].some(
          (other) => other === key || other === plugin || other.startsWith(`${key}/`)
        )
        if (taken) return Effect.fail(new OperationUnderWay({ what: key }))
        busy.add(key)
        return Effect.void
      })
    const giveBack = (key: string) => Effect.sync(() => void busy.delete(key))
    const exclusively = <A, E>(key: string, work: Effect.Effect<A, E>) =>
      Effect.acquireUseRelease(
        taking(key),
        () => work,
        () => giveBack(key)
      )

    /** Checks, then goes on in the background. `check` gives the work. */
    const inBackground = <E>(
      key: string,
      collection: string,
      label: string,
      check: Effect.Effect<(root: Step) => Effect.Effect<void, { readonly message: string }>, E>
    ) =>
      Effect.uninterruptible(
        Effect.gen(function* () {
          yield* taking(key)
          const work = yield* Effect.onError(check, () => giveBack(key))
          return yield* operations.start(collection, label, (root) =>
            work(root).pipe(
              Effect.tapError(({ message }) => Effect.logWarning(`${label} of ${key} failed: ${message}`)),
              Effect.tapDefect((defect) => Effect.logError(`${label} of ${key} failed`, defect)),
              Effect.ensuring(giveBack(key))
            )
          )
        })
      )

    const inWorkspace = <A, E>(work: (folder: string) => Effect.Effect<A, E>) =>
      Effect.acquireUseRelease(
        Effect.promise(() => store.workspace()),
        work,
        (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
      )

    const cachedArchive = ({ filename }: OfferedPlugin) => join(store.cache, encodeURIComponent(filename))

    /** Whether a file is the archive that the index means. */
    const isArchive = async (file: string, { sha1sum, sha256sum }: OfferedPlugin): Promise<boolean> =>
      (await fileDigest(file, "sha1")) === sha1sum &&
      (sha256sum === undefined || (await fileDigest(file, "sha256")) === sha256sum)

    /** The archive, from the cache or the repository; `into` is used for what is not kept. */
    const archive = Effect.fnUntraced(function* (offered: OfferedPlugin, into: string, root: Step) {
      const cached = cachedArchive(offered)
      if (yield* attempt(() => isArchive(cached, offered))) return cached
      const server = system.pluginServer()
      if (server === null) return yield* failed("no repository is set")
      const step = root.part("download")
      step.progress(0, offered.dsize)
      const { sha1, sha256, size } = yield* Effect.mapError(
        download({
          url: addressIn(server, offered.filename),
          into,
          most: archiveLimits.download,
          proxies: proxies(),
          progress: (bytes) => step.progress(bytes)
        }),
        ({ message }) => failed(message)
      )
      step.progress(size)
      if (sha1 !== offered.sha1sum || (offered.sha256sum !== undefined && sha256 !== offered.sha256sum))
        return yield* failed("the archive has another checksum than the index says")
      step.end("success")
      if (!settings.phonePluginCache) return into
      yield* attempt(async () => {
        await copyFile(into, `${into}.kept`)
        await store.replace(`${into}.kept`, cached)
      })
      return into
    })

    /** Download, verify, unfold, put in place: until the last step nothing of it shows. */
    const placeFromRepository = (id: string, offered: OfferedPlugin, root: Step) =>
      inWorkspace((folder) =>
        Effect.gen(function* () {
          const file = yield* archive(offered, join(folder, "archive"), root)
          const unfolded = join(folder, "unfolded")
          yield* attempt(() => mkdir(unfolded))
          yield* Effect.mapError(
            untar({ file, into: unfolded, limits: archiveLimits, compression: "gzip", top: id }),
            ({ message }) => failed(`the archive is refused: ${message}`)
          )
          yield* attempt(() => readPackagedInfo(join(unfolded, id)))
          yield* attempt(() => store.place(id, join(unfolded, id)))
        })
      )

    /** The devices hear of it in any case, after a crash at the next start. */
    const changing = <A, E>(id: string, work: Effect.Effect<A, E>) =>
      Effect.gen(function* () {
        yield* installed.unsettle(id)
        const result = yield* Effect.result(work)
        yield* installed.settle(id)
        return yield* Effect.fromResult(result)
      })

    /** A plugin that does not load stays installed; its devices are not configured. */
    const bringIntoService = (id: string) =>
      registry.load(id).pipe(
        Effect.tapError(() => devices.withdraw(id)),
        Effect.andThen(devices.regenerate(id))
      )

    /** What the repository offers under this id, fetched from the cache or from a server that is set. */
    const offeredAs = Effect.fnUntraced(function* (id: string) {
      const offered = (yield* readIndex(store.index)).get(id)
      if (offered === undefined || !isPluginId(id)) return yield* new UnknownPlugin({ plugin: id })
      if (system.pluginServer() === null) {
        const there = yield* Effect.promise(() => isArchive(cachedArchive(offered), offered))
        if (!there) return yield* new NoPluginServer()
      }
      return offered
    })

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

    const packagesOf = Effect.fnUntraced(function* (id: string) {
      yield* needLoaded(id)
      const plugin = yield* Effect.orElseSucceed(installed.find(id), () => undefined)
      if (plugin === undefined) return yield* new NoSuchPlugin({ plugin: id })
      return pluginPackages(plugin.packageDefinitions, plugin.folders, proxies)
    })
    const hasDefinitions = (id: string) =>
      Effect.gen(function* () {
        const plugin = yield* Effect.orElseSucceed(installed.find(id), () => undefined)
        if (plugin === undefined) return false
        return yield* Effect.promise(() =>
          stat(plugin.packageDefinitions).then(
            () => true,
            () => false
          )
        )
      })

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
            const offered = yield* offeredAs(id)
            return (root: Step) =>
              changing(id, Effect.andThen(placeFromRepository(id, offered, root), bringIntoService(id)))
          })
        ),

      upgrade: (id) =>
        inBackground(
          id,
          pluginOperations.upgrade,
          "upgrade",
          Effect.gen(function* () {
            yield* needInstalled(id)
            const offered = yield* offeredAs(id)
            return (root: Step) =>
              changing(id, Effect.andThen(placeFromRepository(id, offered, root), bringIntoService(id)))
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
        Effect.gen(function* () {
          const server = system.pluginServer()
          if (server === null) return yield* new NoPluginServer()
          return (root: Step) =>
            inWorkspace((folder) =>
              Effect.gen(function* () {
                const into = join(folder, "plugins.db")
                const { size } = yield* download({
                  url: addressIn(server, "plugins.db"),
                  into,
                  most: largestIndex,
                  proxies: proxies(),
                  progress: (bytes) => root.progress(bytes)
                })
                root.progress(size)
                if (!looksLikeIndex(yield* attempt(() => readFile(into, "utf8"))))
                  return yield* failed("what the repository sent is no index")
                yield* attempt(() => rename(into, store.index))
              })
            )
        })
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

      installPackage: (plugin, id) =>
        inBackground(
          `${plugin}/${id}`,
          pluginOperations.packageInstall(plugin),
          "install_pkg",
          Effect.gen(function* () {
            const packages = yield* packagesOf(plugin)
            const definition = (yield* packages.definitions).get(id)
            if (definition === undefined) return yield* new UnknownPackage({ id })
            return (root: Step) => inWorkspace((folder) => packages.install(definition, folder, root))
          })
        ),

      uninstallPackage: (plugin, id) =>
        exclusively(
          `${plugin}/${id}`,
          Effect.flatMap(packagesOf(plugin), (packages) => packages.uninstall(id))
        ),

      installedPackages: (plugin) =>
        Effect.gen(function* () {
          const packages = yield* packagesOf(plugin)
          return shownAll(yield* packages.installed, shown)
        }),

      installablePackages: (plugin) =>
        Effect.gen(function* () {
          const packages = yield* packagesOf(plugin)
          const definitions = yield* packages.definitions
          return shownAll(
            Object.fromEntries([...definitions].map(([id, offered]) => [id, offer(offered)])),
            shown
          )
        }),

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

const failed = (message: string) => new InstallationFailed({ message })
const attempt = <A>(work: () => Promise<A>) =>
  Effect.tryPromise({ try: work, catch: (error) => failed(faultText(error)) })

/** What a plugin says of itself is JSON, or of no use to clients. */
const documentOf = (info: object): JsonObject => JSON.parse(JSON.stringify(info))

const pick = (document: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([key]) => keys.includes(key)))

const offer = ({ document, files }: PackageDefinition): JsonObject => ({
  ...document,
  dsize: files.reduce((sum, { size }) => sum + size, 0)
})

const shownAll = (documents: Packages, shown: (document: JsonObject) => JsonObject): Packages =>
  Object.fromEntries(Object.entries(documents).map(([id, document]) => [id, shown(document)]))
