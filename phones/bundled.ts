import type { PluginFactory } from "../schemas/provd/phone-plugin.ts"

/** A plugin that comes with the product. */
export interface BundledPlugin {
  readonly id: string
  readonly factory: PluginFactory
  /** The folder of its templates, absolute. */
  readonly templates: string
}

/** The plugins that come with the product, by id. */
export const bundledPlugins: ReadonlyArray<BundledPlugin> = []
