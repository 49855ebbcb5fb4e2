import { Effect } from "effect"
import { stat } from "node:fs/promises"
import type { JsonObject } from "../../../schemas/provd/device.ts"
import type { Step } from "../operations.ts"
import type { makeExclusiveWork } from "./exclusive-work.ts"
import type { InstalledPlugins } from "./installed-plugins.ts"
import type { PackageDefinition } from "./package-definitions.ts"
import { NoSuchPlugin, UnknownPackage } from "./plugin-errors.ts"
import { type Packages, pluginOperations } from "./plugin-manager.ts"
import { pluginPackages } from "./plugin-packages.ts"
import type { PluginRegistry } from "./plugin-registry.ts"
import type { makePluginRepository } from "./plugin-repository.ts"

/** The part of the plugin manager that is about packages (contracts/provisioning.md 7.4): see `PluginManager`. */
export const makePackageManager = (
  installed: InstalledPlugins["Service"],
  registry: PluginRegistry["Service"],
  repository: ReturnType<typeof makePluginRepository>,
  { exclusively, inBackground }: ReturnType<typeof makeExclusiveWork>,
  /** A document in the language of the administrator. */
  shown: (document: JsonObject) => JsonObject
) => {
  const usable = (id: string) => Effect.orElseSucceed(installed.find(id), () => undefined)
  const packagesOf = Effect.fnUntraced(function* (id: string) {
    if (registry.instance(id) === undefined) return yield* new NoSuchPlugin({ plugin: id })
    const plugin = yield* usable(id)
    if (plugin === undefined) return yield* new NoSuchPlugin({ plugin: id })
    return pluginPackages(plugin.packageDefinitions, plugin.folders, repository.proxies)
  })
  const hasDefinitions = (id: string) =>
    Effect.gen(function* () {
      const plugin = yield* usable(id)
      if (plugin === undefined) return false
      return yield* Effect.promise(() =>
        stat(plugin.packageDefinitions).then(
          () => true,
          () => false
        )
      )
    })

  return {
    /** Whether a plugin defines packages. */
    hasDefinitions,
    installPackage: (plugin: string, id: string) =>
      inBackground(
        `${plugin}/${id}`,
        pluginOperations.packageInstall(plugin),
        "install_pkg",
        Effect.gen(function* () {
          const packages = yield* packagesOf(plugin)
          const definition = (yield* packages.definitions).get(id)
          if (definition === undefined) return yield* new UnknownPackage({ id })
          return (root: Step) =>
            repository.inWorkspace((folder) => packages.install(definition, folder, root))
        })
      ),

    uninstallPackage: (plugin: string, id: string) =>
      exclusively(
        `${plugin}/${id}`,
        Effect.flatMap(packagesOf(plugin), (packages) => packages.uninstall(id))
      ),

    installedPackages: (plugin: string) =>
      Effect.gen(function* () {
        const packages = yield* packagesOf(plugin)
        return shownAll(yield* packages.installed, shown)
      }),

    installablePackages: (plugin: string) =>
      Effect.gen(function* () {
        const packages = yield* packagesOf(plugin)
        const definitions = yield* packages.definitions
        return shownAll(
          Object.fromEntries([...definitions].map(([id, offered]) => [id, offer(offered)])),
          shown
        )
      })
  }
}

const offer = ({ document, files }: PackageDefinition): JsonObject => ({
  ...document,
  dsize: files.reduce((sum, { size }) => sum + size, 0)
})

const shownAll = (documents: Packages, shown: (document: JsonObject) => JsonObject): Packages =>
  Object.fromEntries(Object.entries(documents).map(([id, document]) => [id, shown(document)]))
