import { Effect } from "effect"
import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { download, type Proxies } from "../../../runtime/archive/download.ts"
import { untar } from "../../../runtime/archive/untar.ts"
import type { Step } from "../operations.ts"
import type { SystemParameters } from "../system-parameters.ts"
import { faultText } from "./fault-text.ts"
import { fileDigest } from "./file-digest.ts"
import { InstallationFailed, NoPluginServer, UnknownPlugin } from "./plugin-errors.ts"
import { isPluginId, readPackagedInfo } from "./plugin-info.ts"
import type { PluginStore } from "./plugin-store.ts"
import { addressIn, largestIndex, looksLikeIndex, type OfferedPlugin, readIndex } from "./repository-index.ts"

/** What a plugin's archive may unfold to, and how large it may be itself. */
const archiveLimits = { bytes: 512 * 1024 ** 2, entries: 10_000, download: 128 * 1024 ** 2 } as const

/**
 * The way of plugins from the repository to the disk (contracts/provisioning.md 7.1, 7.2). `keep`: downloaded archives
 * stay in the cache.
 */
export const makePluginRepository = (
  store: PluginStore,
  system: SystemParameters["Service"],
  keep: boolean
) => {
  const proxies = (): Proxies => ({ http: system.httpProxy(), https: system.httpsProxy() })

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
    if (!keep) return into
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

  /** The server that is set. */
  const needServer = Effect.suspend(() => {
    const server = system.pluginServer()
    return server === null ? Effect.fail(new NoPluginServer()) : Effect.succeed(server)
  })

  /** Fetches the index; the old one stays when that fails, or what comes is no index. */
  const updateFrom = (server: string, root: Step) =>
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

  return { proxies, inWorkspace, offeredAs, placeFromRepository, needServer, updateFrom }
}

const failed = (message: string) => new InstallationFailed({ message })
const attempt = <A>(work: () => Promise<A>) =>
  Effect.tryPromise({ try: work, catch: (error) => failed(faultText(error)) })
