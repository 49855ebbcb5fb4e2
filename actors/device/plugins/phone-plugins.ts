import { Context } from "effect"
import type { DeviceDocument } from "../../../schemas/provd/device.ts"
import { textOf } from "../../../schemas/provd/document.ts"
import type { LoadedPlugin } from "./loaded-plugin.ts"

/** The plugins in service. At most one instance an id; a new instance serves the next request. */
export class PhonePlugins extends Context.Service<
  PhonePlugins,
  {
    /** In the order of their ids. The same array until something changes. */
    readonly loaded: () => ReadonlyArray<LoadedPlugin>
    readonly get: (id: string) => LoadedPlugin | undefined
  }
>()("strowger/actors/device/PhonePlugins") {}

/** The plugin that a device names; undefined: it names none, or that one is not in service. */
export const pluginOf = (
  plugins: PhonePlugins["Service"],
  device: DeviceDocument
): LoadedPlugin | undefined => plugins.get(textOf(device, "plugin") ?? "")
