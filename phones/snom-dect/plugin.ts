import { support, type PluginFactory } from "../../schemas/provd/phone-plugin.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { extractSnomDect } from "../snom/extract.ts"
import { compareVersions, isSnomSecret, snomTrigger } from "../snom/names.ts"
import { snomDectCommonFiles, snomDectFiles } from "./files.ts"
import { snomBaseCapability, snomBases } from "./models.ts"

/** Snom DECT bases (contracts/provisioning-vendors.md, section 3, "DECT"). */
export const snomDect: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Snom M series",
    capabilities: capabilitiesOf("Snom", snomBases, ({ version }) => version, snomBaseCapability)
  },
  extract: extractSnomDect,
  associate: (info) => {
    if (info.vendor !== "Snom") return score(info)
    // The desk phones have a plugin of their own.
    if (info.model !== undefined && !/^M\d/.test(info.model)) return support.none
    if (info.version === undefined) return support.probable
    return compareVersions(info.version, "05.00.0001") < 0 ? support.none : score(info)
  },
  commonFiles: snomDectCommonFiles(host),
  deviceFiles: snomDectFiles(host),
  synchronize: (_device, _config, { notify }) => notify({ event: "check-sync;reboot=true" }),
  remoteStateTrigger: snomTrigger,
  isSensitive: isSnomSecret
})

const score = association({
  vendor: "Snom",
  isModel: (model) => Object.hasOwn(snomBases, model),
  isVersion: (version, model) => snomBases[model]?.version === version
})
