import { join } from "node:path"
import type { PluginFactory } from "../schemas/provd/phone-plugin.ts"
import { aastra } from "./aastra/plugin.ts"
import { alcatelLucent } from "./alcatel/myriad.ts"
import { alcatelTouch } from "./alcatel/touch.ts"
import { ciscoMpp } from "./cisco-mpp/plugin.ts"
import { ciscoSep } from "./cisco-sep/plugin.ts"
import { ciscoSpa } from "./cisco-spa/plugin.ts"
import { fanvil } from "./fanvil/plugin.ts"
import { gigasetC } from "./gigaset/c-series.ts"
import { gigaset } from "./gigaset/plugin.ts"
import { grandstream } from "./grandstream/plugin.ts"
import { htek } from "./htek/plugin.ts"
import { panasonic } from "./panasonic/plugin.ts"
import { polycom } from "./polycom/plugin.ts"
import { snomDect } from "./snom-dect/plugin.ts"
import { snom } from "./snom/plugin.ts"
import { technicolor } from "./technicolor/plugin.ts"
import { yealink } from "./yealink/plugin.ts"

/** A plugin that comes with the product. */
export interface BundledPlugin {
  readonly id: string
  readonly factory: PluginFactory
  /** The folder of its templates, absolute. */
  readonly templates: string
}

/** The plugins that come with the product, by id. */
export const bundledPlugins: ReadonlyArray<BundledPlugin> = [
  bundled("strowger-aastra", "aastra", aastra),
  bundled("strowger-alcatel", "alcatel", alcatelTouch),
  bundled("strowger-alcatel-lucent", "alcatel", alcatelLucent),
  bundled("strowger-cisco-mpp", "cisco-mpp", ciscoMpp),
  bundled("strowger-cisco-sep", "cisco-sep", ciscoSep),
  bundled("strowger-cisco-spa", "cisco-spa", ciscoSpa),
  bundled("strowger-fanvil", "fanvil", fanvil),
  bundled("strowger-gigaset", "gigaset", gigaset),
  bundled("strowger-gigaset-c", "gigaset", gigasetC),
  bundled("strowger-grandstream", "grandstream", grandstream),
  bundled("strowger-htek", "htek", htek),
  bundled("strowger-panasonic", "panasonic", panasonic),
  bundled("strowger-polycom", "polycom", polycom),
  bundled("strowger-snom", "snom", snom),
  bundled("strowger-snom-dect", "snom-dect", snomDect),
  bundled("strowger-technicolor", "technicolor", technicolor),
  bundled("strowger-yealink", "yealink", yealink)
]

function bundled(id: string, folder: string, factory: PluginFactory): BundledPlugin {
  return { id, factory, templates: join(import.meta.dirname, folder, "templates") }
}
