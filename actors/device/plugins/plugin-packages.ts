import { Effect } from "effect"
import { copyFile, link, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { download, type Proxies } from "../../../runtime/archive/download.ts"
import type { JsonObject } from "../../../schemas/provd/device.ts"
import type { Step } from "../operations.ts"
import { faultText } from "./fault-text.ts"
import { fileDigest } from "./file-digest.ts"
import { type PackageDefinition, type PackageFile, readPackageDefinitions } from "./package-definitions.ts"
import { packageLimits, runSteps } from "./package-steps.ts"
import { isInnerPath } from "./plugin-answers.ts"
import { CorruptIndex, InstallationFailed, PackageNotInstalled } from "./plugin-errors.ts"
import type { PluginFolders } from "./plugin-store.ts"

/** The packages of one plugin: what its `pkgs.db` offers and what is installed (contracts/provisioning.md 7.4). */
export interface PluginPackages {
  readonly definitions: Effect.Effect<ReadonlyMap<string, PackageDefinition>, CorruptIndex>
  /** version, description and its translations of each installed package. */
  readonly installed: Effect.Effect<Readonly<Record<string, JsonObject>>>
  /**
   * Downloads what is not in the cache, carries out the steps in `workspace` (an empty folder that the caller
   * removes), and copies the files of the last node to `var/tftpboot`. A crash leaves at most files that the next
   * installation or removal of the package takes away.
   */
  readonly install: (
    definition: PackageDefinition,
    workspace: string,
    root: Step
  ) => Effect.Effect<void, InstallationFailed>
  /** Removes exactly the files of the package. */
  readonly uninstall: (id: string) => Effect.Effect<void, PackageNotInstalled>
}

/** The packages of a plugin with this file of definitions, which need not exist. */
export const pluginPackages = (
  definitionsFile: string,
  folders: PluginFolders,
  proxies: () => Proxies
): PluginPackages => {
  const recordOf = (id: string) => join(folders.installed, `${encodeURIComponent(id)}.json`)

  return {
    definitions: Effect.tryPromise({
      try: async () => {
        const text = await readFile(definitionsFile, "utf8").catch(() => "")
        return readPackageDefinitions(text)
      },
      catch: (error) => new CorruptIndex({ message: `the definitions of packages: ${faultText(error)}` })
    }),

    installed: Effect.promise(async () => {
      const names = await readdir(folders.installed).catch(() => [])
      const ids = names
        .filter((name) => name.endsWith(".json"))
        .map((name) => decodeURIComponent(name.slice(0, -5)))
      const records = await Promise.all(ids.map(async (id) => [id, await readRecord(recordOf(id))] as const))
      return Object.fromEntries(
        records.flatMap(([id, record]) => (record?.complete ? [[id, record.document] as const] : []))
      )
    }),

    install: Effect.fnUntraced(function* (definition, workspace, root) {
      const downloads = root.part("download")
      const installation = root.part("install")
      downloads.progress()
      const source = join(workspace, "source")
      yield* attempt(() => mkdir(source))
      const parts = definition.files.map((file) => [file, downloads.part()] as const)
      for (const [file, part] of parts) {
        const cached = yield* cache(file, folders.cache, workspace, proxies(), part)
        yield* attempt(() => place(cached, join(source, file.filename)))
        part.end("success")
      }
      downloads.end("success")
      installation.progress()
      const result = yield* runSteps(definition.steps, source, workspace)
      yield* attempt(() => takeOver(result, folders.tftpboot, recordOf(definition.id), definition))
      installation.end("success")
    }),

    uninstall: (id) =>
      Effect.gen(function* () {
        const record = yield* Effect.promise(() => readRecord(recordOf(id)))
        if (record === undefined) return yield* new PackageNotInstalled({ id })
        yield* Effect.promise(async () => {
          await removeFiles(folders.tftpboot, record.files)
          await rm(recordOf(id))
        })
      })
  }
}

const attempt = <A>(work: () => Promise<A>) =>
  Effect.tryPromise({ try: work, catch: (error) => new InstallationFailed({ message: faultText(error) }) })

/** The file in the cache with the right digest, downloaded if need be. */
const cache = Effect.fnUntraced(function* (
  file: PackageFile,
  folder: string,
  workspace: string,
  proxies: Proxies,
  part: Step
) {
  const cached = join(folder, file.filename)
  part.progress()
  if ((yield* attempt(() => fileDigest(cached, "sha1"))) === file.sha1sum) return cached
  if (file.url === "")
    return yield* new InstallationFailed({ message: `${file.filename} is not in the cache and has no URL` })
  part.progress(0, file.size)
  const { sha1, size } = yield* Effect.mapError(
    download({
      url: file.url,
      into: join(workspace, "download"),
      most: packageLimits.bytes,
      proxies,
      progress: (bytes) => part.progress(bytes)
    }),
    ({ message }) => new InstallationFailed({ message: `${file.filename}: ${message}` })
  )
  part.progress(size)
  if (sha1 !== file.sha1sum)
    return yield* new InstallationFailed({ message: `${file.filename} has another checksum` })
  yield* attempt(async () => {
    await mkdir(folder, { recursive: true })
    await rename(join(workspace, "download"), cached)
  })
  return cached
})

const place = (from: string, to: string): Promise<void> => link(from, to).catch(() => copyFile(from, to))

/** What is known of a package on disk. */
interface PackageRecord {
  readonly document: JsonObject
  /** Paths below `var/tftpboot`. */
  readonly files: ReadonlyArray<string>
  /** False while the files are being copied. */
  readonly complete: boolean
}

const readRecord = async (file: string): Promise<PackageRecord | undefined> => {
  const text = await readFile(file, "utf8").catch(() => undefined)
  // Written by `writeRecord` as a whole.
  return text === undefined ? undefined : (JSON.parse(text) as PackageRecord)
}

const writeRecord = async (file: string, record: PackageRecord): Promise<void> => {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.part`, JSON.stringify(record), { flush: true })
  await rename(`${file}.part`, file)
}

/** The record knows every file before it is there, so none is ever left without an owner. */
const takeOver = async (
  result: string,
  target: string,
  recordFile: string,
  { document }: PackageDefinition
): Promise<void> => {
  const entries = await readdir(result, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(result.length + 1))
    .sort()
  if (!files.every(isInnerPath)) throw new Error("a file of the package has a name that is not usable")
  const before = (await readRecord(recordFile))?.files ?? []
  const all = [...new Set([...before, ...files])]
  await writeRecord(recordFile, { document, files: all, complete: false })
  for (const file of files) {
    const place = join(target, file)
    await mkdir(dirname(place), { recursive: true })
    await copyFile(join(result, file), `${place}.part`)
    await rename(`${place}.part`, place)
  }
  await removeFiles(
    target,
    before.filter((file) => !files.includes(file))
  )
  await writeRecord(recordFile, { document, files, complete: true })
}

/** With the folders that are empty then. */
const removeFiles = async (target: string, files: ReadonlyArray<string>): Promise<void> => {
  for (const file of files) {
    await rm(join(target, file), { force: true })
    await rm(join(target, `${file}.part`), { force: true })
    for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) {
      const empty = await rmdir(join(target, folder)).then(
        () => true,
        () => false
      )
      if (!empty) break
    }
  }
}
