import { realpath, stat } from "node:fs/promises"
import { join, sep } from "node:path"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile } from "../../schemas/provd/phone-plugin.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import type { DeviceIndex, KnownDevice } from "./device-index.ts"
import type { FileRecord } from "./machine.ts"
import type { Served } from "./phone-requests.ts"
import type { LoadedPlugin } from "./plugins/loaded-plugin.ts"
import { bytesOf, isPlainPath } from "./rendering.ts"

/** Bytes of generated files that are kept in memory. */
const mostCached = 32 * 1024 * 1024

/** Where the strategy `url_key` is on: the server's URL in the files for all phones, and what a device's own file has. */
interface KeyedUrls {
  readonly url: string
  /** Null: the device's tenant has no key. */
  readonly keyOf: (device: DeviceDocument) => string | null
}

/**
 * The files that a device may have: its own generated ones, then those its plugin generated for all its phones, then
 * what packages and administrators put on the disk. Another device's generated files are never looked at. What the
 * files for all phones lead to is found below the provisioning key of the device's tenant.
 */
export const makeServedFiles = (
  sql: SqlClient.SqlClient,
  index: DeviceIndex["Service"],
  keyed?: KeyedUrls
) => {
  const cache = makeContentCache(mostCached)
  const loadedAt = new WeakMap<LoadedPlugin, number>()

  const generated = (id: string, record: FileRecord): Served | Effect.Effect<Served> => {
    const cached = cache.get(id, record)
    return cached === undefined ? stored(id, record.path) : contentOf(cached, record.modifiedAt)
  }

  /** From the table: whatever it holds now, since it may have been generated anew meanwhile. */
  const stored = (id: string, path: string): Effect.Effect<Served> =>
    Effect.gen(function* () {
      const [row] = yield* dieOnSqlError(
        sql<{ digest: string; content: Uint8Array; modified_at: bigint }>`
          SELECT digest, content, modified_at FROM provd_files WHERE device_id = ${id} AND path = ${path}`
      )
      if (row === undefined) return missing("the file was taken away")
      const modifiedAt = Number(row.modified_at)
      if (index.get(id) !== undefined) {
        cache.put(id, { path, digest: row.digest, modifiedAt }, row.content)
      }
      return contentOf(row.content, modifiedAt)
    })

  const common = (document: DeviceDocument, plugin: LoadedPlugin, file: PhoneFile): Served => {
    const since = loadedAt.get(plugin) ?? Math.floor(Date.now() / 1_000) * 1_000
    loadedAt.set(plugin, since)
    const key = keyed?.keyOf(document) ?? null
    const bytes = bytesOf(file)
    return contentOf(keyed === undefined || key === null ? bytes : belowKey(bytes, keyed.url, key), since)
  }

  /** The file of a path that begins with a slash. */
  return (
    { document, files }: KnownDevice,
    plugin: LoadedPlugin,
    path: string
  ): Served | Effect.Effect<Served> => {
    const name = path.slice(1)
    if (name.includes("\0")) return missing("no file has such a name")
    if (!path.startsWith("/") || name === "" || name.endsWith("/")) return forbidden
    if (!isPlainPath(name)) return isEscape(name) ? forbidden : missing("no file has such a name")
    const own = files.find((file) => file.path === name)
    if (own !== undefined) return generated(document.id, own)
    const shared = plugin.commonFiles.get(name)
    return shared === undefined ? onDisk(plugin.fileRoot, name) : common(document, plugin, shared)
  }
}

/** Contents by device and path, the ones used last, up to so many bytes. */
const makeContentCache = (mostBytes: number) => {
  const entries = new Map<string, { readonly digest: string; readonly content: Uint8Array }>()
  let bytes = 0
  const drop = (key: string) => {
    bytes -= entries.get(key)?.content.length ?? 0
    entries.delete(key)
  }
  return {
    get: (id: string, { path, digest }: FileRecord): Uint8Array | undefined => {
      const key = `${id}/${path}`
      const entry = entries.get(key)
      if (entry?.digest !== digest) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry.content
    },
    put: (id: string, { path, digest }: FileRecord, content: Uint8Array) => {
      const key = `${id}/${path}`
      drop(key)
      entries.set(key, { digest, content })
      bytes += content.length
      for (const eldest of entries.keys()) {
        if (bytes <= mostBytes) break
        drop(eldest)
      }
    }
  }
}

/** The bytes of a file with the key behind every mention of the server's URL; latin1 keeps all other bytes as they are. */
const belowKey = (bytes: Uint8Array, url: string, key: string): Uint8Array => {
  const mention = new RegExp(`${url.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w.:-])`, "g")
  return Buffer.from(
    Buffer.from(bytes)
      .toString("latin1")
      .replace(mention, () => `${url}/${key}`),
    "latin1"
  )
}

/** A phone is given nothing; the reason is for the log. */
export const missing = (reason: string): Served => ({ kind: "missing", reason })
const forbidden: Served = { kind: "forbidden" }

const contentOf = (content: Uint8Array, modifiedAt: number): Served => ({
  kind: "content",
  content,
  modifiedAt
})

const isEscape = (name: string): boolean =>
  name.split(/[/\\]/).some((segment) => segment === "" || segment === "." || segment === "..")

/** A regular file below the root, also after every link on the way has been followed. */
const onDisk = (root: string, path: string): Effect.Effect<Served> =>
  Effect.promise(async () => {
    try {
      const [realRoot, real] = await Promise.all([realpath(root), realpath(join(root, path))])
      if (!real.startsWith(realRoot + sep)) return forbidden
      const found = await stat(real)
      if (found.isDirectory()) return forbidden
      return found.isFile() ? { kind: "file", root, path } : missing("it is no regular file")
    } catch {
      return missing("there is no such file")
    }
  })
