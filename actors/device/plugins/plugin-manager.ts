import { Context, type Effect } from "effect"
import type { JsonObject } from "../../../schemas/provd/device.ts"
import type { InvalidParameter } from "../system-parameters.ts"
import type {
  CorruptIndex,
  NoPluginServer,
  NoSuchPlugin,
  OperationUnderWay,
  PackageNotInstalled,
  PluginInstalled,
  PluginLoadFailed,
  PluginNotInstalled,
  UnknownPackage,
  UnknownParameter,
  UnknownPlugin
} from "./plugin-errors.ts"

/** Documents by id, as `pkgs` of the contract has them. */
export type Packages = Readonly<Record<string, JsonObject>>

/** Where the operations of the plugin manager live (`Operations`), as the paths below `/0.2/`. */
export const pluginOperations = {
  install: "pg_mgr/install/install",
  upgrade: "pg_mgr/install/upgrade",
  update: "pg_mgr/install/update",
  packageInstall: (plugin: string) => `pg_mgr/plugins/${plugin}/install/install`
} as const

/** One setting of a plugin with what it is set to; the description in the language of the parameter `locale`. */
export interface ParameterValue {
  readonly id: string
  readonly description: string
  readonly value: string | null
}

/** What a plugin in service offers beside its info. */
export interface PluginServices {
  readonly packages: boolean
  readonly parameters: boolean
}

/**
 * Plugins and their packages as administrators see them (contracts/provisioning.md 6.4 and section 7). What gives an
 * operation's id has been checked and goes on in the background; what is asynchronous in the contract fails there.
 * Descriptions are in the language of the parameter `locale`.
 */
export class PluginManager extends Context.Service<
  PluginManager,
  {
    /** Operation in `pluginOperations.install`. */
    readonly install: (
      plugin: string
    ) => Effect.Effect<
      string,
      PluginInstalled | UnknownPlugin | OperationUnderWay | NoPluginServer | CorruptIndex
    >
    /** Operation in `pluginOperations.upgrade`. */
    readonly upgrade: (
      plugin: string
    ) => Effect.Effect<
      string,
      PluginNotInstalled | UnknownPlugin | OperationUnderWay | NoPluginServer | CorruptIndex
    >
    readonly uninstall: (plugin: string) => Effect.Effect<void, PluginNotInstalled | OperationUnderWay>
    /** Fetches the index of the repository. Operation in `pluginOperations.update`. */
    readonly update: Effect.Effect<string, OperationUnderWay | NoPluginServer>
    /** Brings an installed plugin into service anew. When that fails its devices end not configured. */
    readonly reload: (
      plugin: string
    ) => Effect.Effect<void, PluginNotInstalled | PluginLoadFailed | OperationUnderWay>
    /** `plugin-info` of each installed plugin, in service or not. */
    readonly installed: Effect.Effect<Packages>
    /** What the stored index offers, and the plugins that come with the product. */
    readonly installable: Effect.Effect<Packages, CorruptIndex>
    /** Ids of the plugins in service, in their order. */
    readonly loaded: Effect.Effect<ReadonlyArray<string>>
    /** Why installed plugins are not in service, by id. */
    readonly failures: Effect.Effect<Readonly<Record<string, string>>>
    /** Which resources a plugin in service has. */
    readonly services: (plugin: string) => Effect.Effect<PluginServices, NoSuchPlugin>
    /** Everything in `plugin-info`. */
    readonly info: (plugin: string) => Effect.Effect<JsonObject, NoSuchPlugin>

    /** Installs a package of a plugin, again when it is there. Operation in `pluginOperations.packageInstall`. */
    readonly installPackage: (
      plugin: string,
      id: string
    ) => Effect.Effect<string, NoSuchPlugin | UnknownPackage | OperationUnderWay | CorruptIndex>
    readonly uninstallPackage: (
      plugin: string,
      id: string
    ) => Effect.Effect<void, NoSuchPlugin | PackageNotInstalled | OperationUnderWay>
    readonly installedPackages: (plugin: string) => Effect.Effect<Packages, NoSuchPlugin>
    readonly installablePackages: (plugin: string) => Effect.Effect<Packages, NoSuchPlugin | CorruptIndex>

    readonly parameters: (plugin: string) => Effect.Effect<ReadonlyArray<ParameterValue>, NoSuchPlugin>
    readonly parameter: (
      plugin: string,
      id: string
    ) => Effect.Effect<string | null, NoSuchPlugin | UnknownParameter>
    /** Persisted. The plugin's files are generated anew. Null removes the value. */
    readonly setParameter: (
      plugin: string,
      id: string,
      value: unknown
    ) => Effect.Effect<void, NoSuchPlugin | UnknownParameter | InvalidParameter>
  }
>()("strowger/actors/device/plugins/PluginManager") {}
