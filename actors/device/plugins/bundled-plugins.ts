import { Context, Layer } from "effect"
import type { BundledPlugin } from "../../../phones/bundled.ts"

/** The plugins that come with the product. */
export class BundledPlugins extends Context.Service<BundledPlugins, ReadonlyArray<BundledPlugin>>()(
  "strowger/actors/device/plugins/BundledPlugins"
) {
  static readonly layer = (plugins: ReadonlyArray<BundledPlugin>): Layer.Layer<BundledPlugins> =>
    Layer.succeed(BundledPlugins, plugins)
}
