import { join } from "node:path"
import type { PluginFactory } from "../schemas/provd/phone-plugin.ts"
import { yealink, yealinkTemplates } from "./yealink/plugin.ts"
import { aastra } from "./aastra/plugin.ts"

/** A plugin that comes with the product. */
export interface BundledPlugin {
  readonly id: string
  readonly factory: PluginFactory
  /** The folder of its templates, absolute. */
  readonly templates: string
}

/** The plugins that come with the product, by id. */
export const bundledPlugins: ReadonlyArray<BundledPlugin> = [bundled("strowger-aastra", "aastra", aastra)]

function bundled(id: string, folder: string, factory: PluginFactory): BundledPlugin {
  return { id, factory, templates: join(import.meta.dirname, folder, "templates") },
  { id: "strowger-yealink", factory: yealink, templates: yealinkTemplates }
]
