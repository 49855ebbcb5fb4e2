import { Data } from "effect"

/** No plugin of that id is in service. */
export class NoSuchPlugin extends Data.TaggedError("NoSuchPlugin")<{ readonly plugin: string }> {}
/** Neither the repository's index nor the product has a plugin of that id. */
export class UnknownPlugin extends Data.TaggedError("UnknownPlugin")<{ readonly plugin: string }> {}
/** The plugin is installed already. */
export class PluginInstalled extends Data.TaggedError("PluginInstalled")<{ readonly plugin: string }> {}
/** No plugin of that id is installed. */
export class PluginNotInstalled extends Data.TaggedError("PluginNotInstalled")<{ readonly plugin: string }> {}
/** The same plugin, package or index is being worked on. `what` names it. */
export class OperationUnderWay extends Data.TaggedError("OperationUnderWay")<{ readonly what: string }> {}
/** No repository is set, and what was asked for is not here. */
export class NoPluginServer extends Data.TaggedError("NoPluginServer") {}
/** The stored index of the repository, or the package definitions of a plugin, cannot be read. */
export class CorruptIndex extends Data.TaggedError("CorruptIndex")<{ readonly message: string }> {}
/** A plugin's code could not be brought into service. The message is for administrators and holds no secrets. */
export class PluginLoadFailed extends Data.TaggedError("PluginLoadFailed")<{
  readonly plugin: string
  readonly message: string
}> {}
/** A download, an archive or an installation went wrong; nothing of it is left behind. */
export class InstallationFailed extends Data.TaggedError("InstallationFailed")<{
  readonly message: string
}> {}
/** The plugin offers no such package, or none at all. */
export class UnknownPackage extends Data.TaggedError("UnknownPackage")<{ readonly id: string }> {}
/** The package is not installed. */
export class PackageNotInstalled extends Data.TaggedError("PackageNotInstalled")<{ readonly id: string }> {}
/** The plugin declares no such parameter. */
export class UnknownParameter extends Data.TaggedError("UnknownParameter")<{ readonly id: string }> {}
