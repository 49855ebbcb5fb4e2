import type { PluginFactory } from "../../schemas/provd/phone-plugin.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { macOf } from "../kit/device.ts"
import { checkSync } from "../kit/synchronize.ts"
import { extractYealink } from "./extract.ts"
import { yealinkFileName, yealinkFiles } from "./files.ts"
import { capabilityOf, yealinkModels } from "./models.ts"

/** Yealink desk phones, conference phones and DECT bases (contracts/provisioning-vendors.md, section 2). */
export const yealink: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Yealink T2, T3, T4, T5, CP and W series",
    capabilities: capabilitiesOf("Yealink", yealinkModels, ({ version }) => version, capabilityOf)
  },
  extract: extractYealink,
  associate: association({
    vendor: "Yealink",
    isModel: (model) => Object.hasOwn(yealinkModels, model),
    isVersion: (version, model) => yealinkModels[model]?.version === version
  }),
  commonFiles: () => [
    {
      path: "directory_setting.xml",
      content: host.render({ file: "directory_setting.xml", base: "directory_setting.xml" }, {}, "xml")
    }
  ],
  deviceFiles: yealinkFiles(host),
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : yealinkFileName(mac)
  },
  isSensitive: (name) => /^[0-9a-f]{12}\.cfg/.test(name)
})
