import { Data, type Effect } from "effect"
import type { DeviceDocument, DeviceInfo } from "../../../schemas/provd/device.ts"
import type { PhoneFile, PhoneRequest, PluginInfo, SipNotify } from "../../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../../schemas/provd/raw-config-type.ts"

/** A plugin's code threw, or did not come back in time. The message is for the log: it may quote the plugin. */
export class PluginFailure extends Data.TaggedError("PluginFailure")<{
  readonly plugin: string
  readonly message: string
}> {}

/**
 * A plugin in service. What can be answered at once is; code from outside the project runs in a thread of its own and
 * answers with a promise. Where no Effect is given a call never throws and never hangs: a failure is logged and shows
 * as no answer.
 */
export interface LoadedPlugin {
  readonly id: string
  readonly info: PluginInfo
  readonly extract: (request: PhoneRequest) => DeviceInfo | undefined | Promise<DeviceInfo | undefined>
  /** Undefined when the plugin failed: it is then left out of the choice. */
  readonly associate: (info: DeviceInfo) => number | undefined | Promise<number | undefined>
  readonly deviceFiles: (
    device: DeviceDocument,
    config: RawConfig
  ) => Effect.Effect<ReadonlyArray<PhoneFile>, PluginFailure>
  /** Absent: not supported. */
  readonly synchronize?: (
    device: DeviceDocument,
    config: RawConfig,
    notify: (notify: SipNotify) => Promise<void>
  ) => Effect.Effect<void, PluginFailure>
  readonly remoteStateTrigger: (device: DeviceDocument) => string | undefined | Promise<string | undefined>
  readonly isSensitive: (name: string) => boolean | Promise<boolean>
  readonly rewritePath: (path: string) => string | Promise<string>
  /** The generated files for every phone of the plugin, by path. */
  readonly commonFiles: ReadonlyMap<string, PhoneFile>
  /** Folder of the files that packages and administrators put there (`var/tftpboot`), absolute. */
  readonly fileRoot: string
}
