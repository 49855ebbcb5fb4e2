import { randomUUID } from "node:crypto"
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { TemplateFolders } from "../../../runtime/template/templates.ts"
import { isPluginId } from "./plugin-info.ts"

/** The folders of one plugin that are not part of its package. They survive upgrades. */
export interface PluginFolders {
  /** Files that packages and administrators put there for phones. */
  readonly tftpboot: string
  /** The administrator's templates. */
  readonly templates: string
  /** Downloaded files of packages. */
  readonly cache: string
  /** What is known of installed packages. */
  readonly installed: string
}

/**
 * Plugins from archives on disk. `plugins/<id>/releases/<random>` holds an unfolded package, `plugins/<id>/current`
 * names the one that is installed, `plugins/<id>/var` is the plugin's own. What is installed changes by the renaming
 * of `current` alone, so a crash at any moment leaves the old release or the new one; what it left over goes at the
 * next start.
 */
export interface PluginStore {
  /** Ids of the installed plugins. */
  readonly ids: () => Promise<ReadonlyArray<string>>
  /** The folder of the installed release; undefined: not installed. */
  readonly release: (id: string) => Promise<string | undefined>
  readonly folders: (id: string) => PluginFolders
  /** An empty folder for what is being downloaded and unfolded; the caller removes it. */
  readonly workspace: () => Promise<string>
  /** Makes the unfolded package the installed release. Files of its own `var` are laid beside those there are. */
  readonly place: (id: string, unfolded: string) => Promise<void>
  /** Everything of the plugin, also its `var`. */
  readonly remove: (id: string) => Promise<void>
  /** Where downloaded archives are kept. */
  readonly cache: string
  /** The copy of the repository's index. */
  readonly index: string
  /** Puts a file in the place of another one at once. */
  readonly replace: (from: string, to: string) => Promise<void>
}

/** Where a plugin's templates lie: those of its package, and the administrator's. */
export const templateFolders = (own: string, { templates }: PluginFolders): TemplateFolders => ({
  own,
  custom: templates
})

/** Opens the store below a folder that this process has to itself, and removes what a crash left over. */
export const openPluginStore = async (root: string): Promise<PluginStore> => {
  const plugins = join(root, "plugins")
  const scratch = join(root, "scratch")
  const cache = join(root, "cache")
  const homeOf = (id: string) => join(plugins, id)

  const release = async (id: string): Promise<string | undefined> => {
    const name = await nameOfRelease(homeOf(id))
    return name && join(homeOf(id), "releases", name)
  }

  await rm(scratch, { recursive: true, force: true })
  await Promise.all([plugins, scratch, cache].map((folder) => mkdir(folder, { recursive: true })))
  const ids = async () => (await readdir(plugins)).filter(isPluginId).sort()
  for (const id of await ids()) await settle(homeOf(id))

  return {
    ids: async () => {
      const all = await ids()
      const releases = await Promise.all(all.map(release))
      return all.filter((_, index) => releases[index] !== undefined)
    },
    release,
    folders: (id) => foldersIn(homeOf(id)),
    workspace: async () => {
      const folder = join(scratch, randomUUID())
      await mkdir(folder)
      return folder
    },
    place: async (id, unfolded) => {
      const home = homeOf(id)
      const name = randomUUID()
      await mkdir(join(home, "releases"), { recursive: true })
      await rename(unfolded, join(home, "releases", name))
      await writeWhole(join(home, "current"), name)
      await settle(home)
    },
    remove: async (id) => {
      const gone = join(scratch, randomUUID())
      await rename(homeOf(id), gone).catch(ifThere)
      await rm(gone, { recursive: true, force: true })
    },
    cache,
    index: join(root, "plugins.db"),
    replace: async (from, to) => {
      await mkdir(dirname(to), { recursive: true })
      await rename(from, to)
    }
  }
}

const foldersIn = (home: string): PluginFolders => ({
  tftpboot: join(home, "var", "tftpboot"),
  templates: join(home, "var", "templates"),
  cache: join(home, "var", "cache"),
  installed: join(home, "var", "installed")
})

const nameOfRelease = (home: string): Promise<string | undefined> =>
  readFile(join(home, "current"), "utf8").catch(() => undefined)

/** Brings the files of the installed release's own `var` to the plugin's, and removes other releases. */
const settle = async (home: string): Promise<void> => {
  const releases = join(home, "releases")
  const current = await nameOfRelease(home)
  const merged = await readFile(join(home, "merged"), "utf8").catch(() => undefined)
  if (current !== undefined && merged !== current) {
    const before = merged && join(releases, merged, "var")
    await layBeside(join(releases, current, "var"), join(home, "var"), before)
    await writeWhole(join(home, "merged"), current)
  }
  for (const name of await readdir(releases).catch(() => [])) {
    if (name !== current) await rm(join(releases, name), { recursive: true, force: true })
  }
}

/**
 * Copies the files of a package's `var`. A file that is there already stays, unless it is still the one that the
 * release before brought.
 */
const layBeside = async (from: string, to: string, before: string | undefined): Promise<void> => {
  const entries = await readdir(from, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries.filter((found) => found.isFile())) {
    const source = join(entry.parentPath, entry.name)
    const inner = source.slice(from.length + 1)
    const target = join(to, inner)
    const there = await contentOf(target)
    if (
      there !== undefined &&
      (before === undefined || !(await contentOf(join(before, inner)))?.equals(there))
    )
      continue
    await mkdir(dirname(target), { recursive: true })
    await cp(source, `${target}.part`)
    await rename(`${target}.part`, target)
  }
}

const contentOf = (file: string): Promise<Buffer | undefined> => readFile(file).catch(() => undefined)

const writeWhole = async (file: string, content: string): Promise<void> => {
  await writeFile(`${file}.part`, content, { flush: true })
  await rename(`${file}.part`, file)
}

const ifThere = (error: unknown): void => {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error
}
