import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { dirname, join } from "node:path"
import { AppConfig, BadKnobs, type Settings } from "../../../runtime/config.ts"
import { dieOnSqlError } from "../../../runtime/database/sql-errors.ts"
import type { BundledPlugin } from "../../../phones/bundled.ts"
import { BundledPlugins } from "./bundled-plugins.ts"
import { faultText } from "./fault-text.ts"
import { codeOfPackage, type PluginCode } from "./plugin-instance.ts"
import { incompatibility, readPackagedInfo } from "./plugin-info.ts"
import { PluginLoadFailed } from "./plugin-errors.ts"
import { openPluginStore, type PluginFolders, type PluginStore } from "./plugin-store.ts"
import type { ParameterValues } from "./thread-protocol.ts"

/** What is there of an installed plugin, before its code runs. */
export interface InstalledPlugin {
  readonly id: string
  readonly code: PluginCode
  /** The templates of its package. */
  readonly templates: string
  /** The definitions of its packages, a file that need not exist. */
  readonly packageDefinitions: string
  readonly folders: PluginFolders
}

/**
 * Which plugins are installed, and the values of their parameters: archives on disk, which come before plugins of the
 * product with the same id, and the set of plugins of the product in the database. Persisted when an effect succeeds.
 */
export class InstalledPlugins extends Context.Service<
  InstalledPlugins,
  {
    readonly ids: Effect.Effect<ReadonlyArray<string>>
    /** Undefined: not installed. Fails when what is there cannot be used. */
    readonly find: (id: string) => Effect.Effect<InstalledPlugin | undefined, PluginLoadFailed>
    readonly isInstalled: (id: string) => Effect.Effect<boolean>
    /** Whether a plugin of the product is installed, or not any more. */
    readonly setBundled: (id: string, installed: boolean) => Effect.Effect<void>
    readonly bundled: (id: string) => BundledPlugin | undefined
    /** Plugins of the product that are not installed, in no form. */
    readonly absentBundled: Effect.Effect<ReadonlyArray<BundledPlugin>>
    /** Forgets everything of a plugin: package, own files, parameters. */
    readonly remove: (id: string) => Effect.Effect<void>
    readonly parameters: (id: string) => Effect.Effect<ParameterValues>
    readonly setParameter: (plugin: string, id: string, value: string | null) => Effect.Effect<void>
    /** Plugins whose devices have not heard of a change, since a crash came between. */
    readonly unsettled: Effect.Effect<ReadonlyArray<string>>
    /** From now on until it is settled the plugin is among the unsettled. */
    readonly unsettle: (id: string) => Effect.Effect<void>
    readonly settle: (id: string) => Effect.Effect<void>
    readonly store: PluginStore
  }
>()("strowger/actors/device/plugins/InstalledPlugins") {
  /** Below `STROWGER_DATA_DIR`, in `provd`. */
  static readonly layer: Layer.Layer<
    InstalledPlugins,
    BadKnobs,
    AppConfig | BundledPlugins | SqlClient.SqlClient
  > = Layer.effect(
    InstalledPlugins,
    Effect.gen(function* () {
      const settings = yield* AppConfig
      const sql = yield* SqlClient.SqlClient
      const bundled = new Map((yield* BundledPlugins).map((plugin) => [plugin.id, plugin]))
      const store = yield* openStore(settings)
      const present = yield* presentAtFirst(settings, [...bundled.keys()])
      for (const id of bundled.keys()) {
        yield* dieOnSqlError(sql`
          INSERT INTO provd_bundled_plugins (id, installed) VALUES (${id}, ${present(id)})
          ON CONFLICT DO NOTHING`)
      }
      const installedBundled = Effect.map(
        dieOnSqlError(sql<{ id: string }>`SELECT id FROM provd_bundled_plugins WHERE installed`),
        (rows) => rows.map(({ id }) => id).filter((id) => bundled.has(id))
      )
      const ids = Effect.gen(function* () {
        const archives = yield* Effect.promise(() => store.ids())
        return [...new Set([...archives, ...(yield* installedBundled)])].sort()
      })
      const isInstalled = (id: string) => Effect.map(ids, (all) => all.includes(id))
      const setBundled = (id: string, installed: boolean) =>
        Effect.asVoid(
          dieOnSqlError(sql`UPDATE provd_bundled_plugins SET installed = ${installed} WHERE id = ${id}`)
        )

      return {
        ids,
        isInstalled,
        setBundled,
        bundled: (id) => bundled.get(id),
        absentBundled: Effect.map(ids, (present) =>
          [...bundled.values()].filter(({ id }) => !present.includes(id))
        ),
        find: (id) =>
          Effect.gen(function* () {
            if (!(yield* isInstalled(id))) return undefined
            const release = yield* Effect.promise(() => store.release(id))
            const folders = store.folders(id)
            if (release !== undefined) return yield* archived(id, release, folders, settings)
            const plugin = bundled.get(id)
            return plugin && fromProduct(plugin, folders)
          }),
        remove: (id) =>
          Effect.gen(function* () {
            yield* setBundled(id, false)
            yield* dieOnSqlError(sql`DELETE FROM provd_plugin_parameters WHERE plugin = ${id}`)
            yield* Effect.promise(() => store.remove(id))
          }),
        parameters: (id) =>
          Effect.map(
            dieOnSqlError(sql<{ id: string; value: string }>`
              SELECT id, value FROM provd_plugin_parameters WHERE plugin = ${id}`),
            (rows) => Object.fromEntries(rows.map((row) => [row.id, row.value]))
          ),
        setParameter: (plugin, id, value) =>
          Effect.asVoid(
            dieOnSqlError(
              value === null
                ? sql`DELETE FROM provd_plugin_parameters WHERE plugin = ${plugin} AND id = ${id}`
                : sql`INSERT INTO provd_plugin_parameters (plugin, id, value) VALUES (${plugin}, ${id}, ${value})
                      ON CONFLICT (plugin, id) DO UPDATE SET value = excluded.value`
            )
          ),
        unsettled: Effect.map(
          dieOnSqlError(sql<{ plugin: string }>`SELECT plugin FROM provd_plugin_changes ORDER BY plugin`),
          (rows) => rows.map(({ plugin }) => plugin)
        ),
        unsettle: (id) =>
          Effect.asVoid(
            dieOnSqlError(
              sql`INSERT INTO provd_plugin_changes (plugin) VALUES (${id}) ON CONFLICT DO NOTHING`
            )
          ),
        settle: (id) =>
          Effect.asVoid(dieOnSqlError(sql`DELETE FROM provd_plugin_changes WHERE plugin = ${id}`)),
        store
      }
    })
  )
}

const openStore = ({ dataDir }: Settings) =>
  Effect.tryPromise({
    try: () => openPluginStore(join(dataDir, "provd")),
    catch: (error) =>
      new BadKnobs({
        problems: [`STROWGER_DATA_DIR: no folder for phone plugins there: ${faultText(error)}`]
      })
  })

/** The knob `STROWGER_PHONE_PLUGINS`. */
const presentAtFirst = ({ phonePlugins }: Settings, known: ReadonlyArray<string>) => {
  if (phonePlugins === "all") return Effect.succeed(() => true)
  if (phonePlugins === "none") return Effect.succeed(() => false)
  const named = phonePlugins.split(",").map((id) => id.trim())
  const stranger = named.find((id) => !known.includes(id))
  return stranger === undefined
    ? Effect.succeed((id: string) => named.includes(id))
    : Effect.fail(
        new BadKnobs({
          problems: [`STROWGER_PHONE_PLUGINS: expected all, none or ids of bundled plugins, got ${stranger}`]
        })
      )
}

const fromProduct = ({ id, factory, templates }: BundledPlugin, folders: PluginFolders): InstalledPlugin => ({
  id,
  code: { kind: "bundled", factory },
  templates,
  packageDefinitions: join(dirname(templates), "pkgs", "pkgs.db"),
  folders
})

const archived = (id: string, release: string, folders: PluginFolders, settings: Settings) =>
  Effect.tryPromise({
    try: async (): Promise<InstalledPlugin> => {
      const packaged = await readPackagedInfo(release)
      const reason = settings.phonePluginCompatibility ? incompatibility(packaged.info) : undefined
      if (reason !== undefined) throw new Error(reason)
      return {
        id,
        code: await codeOfPackage(release, packaged),
        templates: join(release, "templates"),
        packageDefinitions: join(release, "pkgs", "pkgs.db"),
        folders
      }
    },
    catch: (error) => new PluginLoadFailed({ plugin: id, message: faultText(error) })
  })
