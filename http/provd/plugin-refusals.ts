import type {
  CorruptIndex,
  NoPluginServer,
  OperationUnderWay,
  PackageNotInstalled,
  PluginInstalled,
  PluginLoadFailed,
  PluginNotInstalled,
  UnknownPackage,
  UnknownPlugin
} from "../../actors/device/plugins/plugin-errors.ts"

/** Why the plugin manager does not do what was asked, in a sentence. */
export const refusalText = (error: Refusal): string => {
  switch (error._tag) {
    case "CorruptIndex":
      return `The index cannot be read: ${error.message}`
    case "NoPluginServer":
      return "No plugin server is set"
    case "OperationUnderWay":
      return `An operation is in progress: ${error.what}`
    case "PackageNotInstalled":
      return `The package ${error.id} is not installed`
    case "PluginInstalled":
      return `The plugin ${error.plugin} is already installed`
    case "PluginLoadFailed":
      return `The plugin ${error.plugin} cannot be loaded: ${error.message}`
    case "PluginNotInstalled":
      return `The plugin ${error.plugin} is not installed`
    case "UnknownPackage":
      return `There is no package ${error.id}`
    case "UnknownPlugin":
      return `There is no plugin ${error.plugin}`
  }
}

type Refusal =
  | CorruptIndex
  | NoPluginServer
  | OperationUnderWay
  | PackageNotInstalled
  | PluginInstalled
  | PluginLoadFailed
  | PluginNotInstalled
  | UnknownPackage
  | UnknownPlugin
