import { support, type PluginFactory } from "../../schemas/provd/phone-plugin.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { extractSnom } from "./extract.ts"
import { snomCommonFiles, snomFiles } from "./files.ts"
import { snomCapability, snomModels } from "./models.ts"
import { compareVersions, isSnomSecret, snomTrigger } from "./names.ts"

/** Snom desk phones (contracts/provisioning-vendors.md, section 3). */
export const snom: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Snom 300, 700, 800 and D series",
    capabilities: capabilitiesOf("Snom", snomModels, ({ version }) => version, snomCapability)
  },
  extract: extractSnom,
  associate: (info) => {
    if (info.vendor !== "Snom") return score(info)
    // Firmware before 7 takes no XML, and what begins with M is the base of cordless handsets.
    if (info.model !== undefined && /^M\d/.test(info.model)) return support.none
    if (info.version === undefined) return support.probable
    return compareVersions(info.version, "7") < 0 ? support.none : score(info)
  },
  commonFiles: snomCommonFiles(host),
  deviceFiles: snomFiles(host),
  synchronize: (_device, _config, { notify }) => notify({ event: "check-sync;reboot=false" }),
  remoteStateTrigger: snomTrigger,
  isSensitive: isSnomSecret
})

const score = association({
  vendor: "Snom",
  isModel: (model) => Object.hasOwn(snomModels, model),
  isVersion: (version, model) => snomModels[model]?.version === version
})
