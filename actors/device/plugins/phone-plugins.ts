import { Context } from "effect"
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
