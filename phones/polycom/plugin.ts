import { support, type PluginFactory } from "../../schemas/provd/phone-plugin.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { macOf } from "../kit/device.ts"
import { checkSync } from "../kit/synchronize.ts"
import { extractPolycom } from "./extract.ts"
import { polycomCommonFiles, polycomFileName, polycomFiles } from "./files.ts"
import { polycomCapability, polycomModels } from "./models.ts"

/** Polycom SoundPoint, SoundStation and VVX (contracts/provisioning-vendors.md, section 4). */
export const polycom: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Polycom SoundPoint IP, SoundStation IP and VVX",
    capabilities: capabilitiesOf("Polycom", polycomModels, ({ version }) => version, polycomCapability)
  },
  extract: extractPolycom,
  associate: association({
    vendor: "Polycom",
    isModel: (model) => Object.hasOwn(polycomModels, model),
    model: support.complete + 1
  }),
  commonFiles: polycomCommonFiles(host),
  deviceFiles: polycomFiles(host),
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : polycomFileName(mac)
  },
  isSensitive: (name) => /^[0-9a-f]{12}-user\.cfg$/.test(name)
})
