import { support, type PluginFactory } from "../../schemas/provd/phone-plugin.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { checkSync } from "../kit/synchronize.ts"
import { extractSpa } from "./extract.ts"
import { spaCommonFiles, spaFileName, spaFiles } from "./files.ts"
import { spaCapability, spaModels } from "./models.ts"

/** Cisco SPA phones and gateways, ATA190 and PAP2T (contracts/provisioning-vendors.md, section 5). */
export const ciscoSpa: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Cisco SPA100, SPA300, SPA500, PAP2T, ATA190",
    capabilities: capabilitiesOf("Cisco", spaModels, ({ version }) => version, spaCapability)
  },
  extract: extractSpa,
  associate: association({
    vendor: "Cisco",
    isModel: (model) => Object.hasOwn(spaModels, model),
    isVersion: (version, model) => spaModels[model]?.version === version,
    // Without the file that a model asks for first it never comes to ask for its own.
    otherModel: support.improbable,
    noModel: support.probable
  }),
  commonFiles: spaCommonFiles(host),
  deviceFiles: spaFiles(host),
  synchronize: checkSync,
  remoteStateTrigger: spaFileName,
  isSensitive: (name) => /^\w{0,3}[0-9a-fA-F]{12}(?:\.cnf)?\.xml$/.test(name)
})
