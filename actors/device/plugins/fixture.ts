import { Effect, Layer, Logger, type Scope } from "effect"
import { createHash } from "node:crypto"
import { createServer, type RequestListener, type Server } from "node:http"
import { type MadeEntry, tgzOf } from "../../../runtime/archive/fixture.ts"
import { AppConfig } from "../../../runtime/config.ts"
import { migrate } from "../../../runtime/database/migrator.ts"
import type { BundledPlugin } from "../../../phones/bundled.ts"
import { testDatabaseLayer } from "../../../test/database.ts"
import { DevicePlugins } from "../device-plugins.ts"
import { Operations } from "../operations.ts"
import { SystemParameters } from "../system-parameters.ts"
import { BundledPlugins } from "./bundled-plugins.ts"
import { InstalledPlugins } from "./installed-plugins.ts"
import { pluginMigrations } from "./migrations.ts"
import { pluginManagerLayer } from "./plugin-manager-layer.ts"
import { phonePluginsLayer, PluginRegistry } from "./plugin-registry.ts"

/** What a test says and sees beside the manager itself. */
export interface Bench {
  /** System parameters. */
  server: string | null
  locale: string | null
  httpProxy: string | null
  /** What the devices were told: `regenerate acme`, `withdraw acme`. */
  readonly told: Array<string>
  /** What the devices do when they are told: nothing takes long. */
  listen: Effect.Effect<void>
}

/** A bench without a repository, a locale and a proxy. */
export const makeBench = (): Bench => ({
  server: null,
  locale: null,
  httpProxy: null,
  told: [],
  listen: Effect.void
})

const devicesOf = (bench: Bench) =>
  Layer.succeed(DevicePlugins, {
    regenerate: (plugin) =>
      Effect.andThen(
        Effect.sync(() => void bench.told.push(`regenerate ${plugin}`)),
        Effect.suspend(() => bench.listen)
      ),
    withdraw: (plugin) =>
      Effect.andThen(
        Effect.sync(() => void bench.told.push(`withdraw ${plugin}`)),
        Effect.suspend(() => bench.listen)
      )
  })

const parametersOf = (bench: Bench) =>
  Layer.succeed(SystemParameters, {
    pluginServer: () => bench.server,
    httpProxy: () => bench.httpProxy,
    ftpProxy: () => null,
    httpsProxy: () => null,
    locale: () => bench.locale,
    nat: () => 0,
    provisioningKey: () => null,
    tenantOfKey: () => undefined,
    set: () => Effect.void
  })

/** A fresh database with the tables of the plugin manager. */
export const pluginDatabaseLayer = Layer.provideMerge(
  Layer.effectDiscard(migrate(pluginMigrations)),
  testDatabaseLayer
)

/** The plugin manager on a data folder; give it the same folder and database again to see what a restart sees. */
export const managerLayer = (
  dataDir: string,
  bench: Bench,
  options: {
    readonly bundled?: ReadonlyArray<BundledPlugin>
    readonly knobs?: Readonly<Record<string, string>>
  } = {}
) =>
  pluginManagerLayer.pipe(
    Layer.provideMerge(phonePluginsLayer),
    Layer.provideMerge(PluginRegistry.layer),
    Layer.provideMerge(InstalledPlugins.layer),
    Layer.provideMerge(Operations.layer),
    Layer.provide(Layer.mergeAll(devicesOf(bench), parametersOf(bench))),
    Layer.provide(BundledPlugins.layer(options.bundled ?? [])),
    Layer.provide(
      AppConfig.layerFrom({
        STROWGER_DATA_DIR: dataDir,
        STROWGER_PHONE_PLUGIN_TIMEOUT: "3 seconds",
        STROWGER_PHONE_URL: "http://192.0.2.1:8667",
        ...options.knobs
      })
    ),
    Layer.provideMerge(Logger.layer([]))
  )

/** A plugin as it is packed: `plugin-info` and the files of the package, by path. */
export const packed = (
  id: string,
  info: object,
  files: Readonly<Record<string, string | Uint8Array>> = {}
): Buffer => {
  const entries: Array<MadeEntry> = [
    { path: `${id}/`, type: "Directory" },
    {
      path: `${id}/plugin-info`,
      content: JSON.stringify({ version: "1.0", description: `Plugin ${id}`, capabilities: {}, ...info })
    },
    ...Object.entries(files).map(([path, content]) => ({ path: `${id}/${path}`, content }))
  ]
  return tgzOf(entries)
}

/** A repository of plugins over HTTP on a free port. */
export interface Repository {
  readonly url: string
  /** What it answers, by path. */
  readonly paths: Map<string, Buffer | RequestListener>
  readonly requests: Array<string>
  /** Offers an archive, and writes it into the index. */
  readonly offer: (id: string, archive: Buffer, entry?: object) => void
}

/** An empty repository, until the scope ends. */
export const makeRepository: Effect.Effect<Repository, never, Scope.Scope> = Effect.gen(function* () {
  const paths: Repository["paths"] = new Map()
  const requests: Array<string> = []
  const index: Record<string, object> = {}
  const listener: RequestListener = (request, response) => {
    const path = request.url ?? "/"
    requests.push(path)
    const answer = paths.get(path)
    if (answer === undefined) response.writeHead(404).end()
    else if (typeof answer === "function") answer(request, response)
    else response.end(answer)
  }
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const listening = createServer(listener)
      listening.listen(0, "127.0.0.1", () => resume(Effect.succeed(listening)))
    }),
    (listening) =>
      Effect.sync(() => {
        listening.closeAllConnections()
        listening.close()
      })
  )
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : address}/repository`,
    paths,
    requests,
    offer: (id, archive, entry = {}) => {
      const filename = `${id}.tgz`
      index[id] = {
        filename,
        version: "1.0",
        description: `Plugin ${id}`,
        capabilities: {},
        dsize: archive.length,
        sha1sum: createHash("sha1").update(archive).digest("hex"),
        ...entry
      }
      paths.set(`/repository/${filename}`, archive)
      paths.set("/repository/plugins.db", Buffer.from(JSON.stringify(index)))
    }
  }
})
