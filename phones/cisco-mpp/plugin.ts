import { support, type PluginFactory } from "../../schemas/provd/phone-plugin.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { checkSync } from "../kit/synchronize.ts"
import { extractMpp } from "./extract.ts"
import { mppCommonFiles, mppFileName, mppFiles } from "./files.ts"
import { mppCapability, mppModels } from "./models.ts"

/** Cisco multiplatform (3PCC) 6800, 7800, 8800 and ATA19x (contracts/provisioning-vendors.md, section 6). */
export const ciscoMpp: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Cisco 6800, 7800, 8800 and ATA190 multiplatform",
    capabilities: capabilitiesOf("Cisco", mppModels, ({ version }) => version, mppCapability)
  },
  extract: extractMpp,
  associate: association({
    vendor: "Cisco",
    isModel: (model) => Object.hasOwn(mppModels, model),
    isVersion: (version, model) => mppModels[model]?.version === version,
    otherModel: support.improbable,
    noModel: support.probable
  }),
  commonFiles: mppCommonFiles(host),
  deviceFiles: mppFiles(host),
  synchronize: checkSync,
  remoteStateTrigger: mppFileName,
  isSensitive: (name) => /^\w{0,3}[0-9a-fA-F]{12}(?:\.cnf)?\.xml$/.test(name)
})
