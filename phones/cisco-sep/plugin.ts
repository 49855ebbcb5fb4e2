import { support, type PluginFactory } from "../../schemas/provd/phone-plugin.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { extractSep } from "./extract.ts"
import { protocolOf, sepFileName, sepFiles } from "./files.ts"
import { sepCapability, sepModels } from "./models.ts"

/** Cisco 79xx and 89xx with SIP or SCCP (contracts/provisioning-vendors.md, section 6). */
export const ciscoSep: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Cisco 7900 and 8900 with SIP or SCCP",
    capabilities: capabilitiesOf("Cisco", sepModels, ({ version }) => version, sepCapability)
  },
  extract: extractSep,
  associate: (info) =>
    info.vendor === "Cisco" && /^(?:SPA|ATA)/.test(info.model ?? "") ? support.none : score(info),
  commonFiles: () => [{ path: "dialplan.xml", content: host.render({ base: "dialplan.xml" }, {}, "xml") }],
  deviceFiles: sepFiles(host),
  synchronize: async (_device, config, { notify }) => {
    if (protocolOf(config) === "SCCP") throw new Error("a phone with SCCP cannot be told to fetch its files")
    await notify({
      event: "service-control",
      contentType: "text/plain",
      body: [
        "action=restart",
        "RegisterCallId={}",
        "ConfigVersionStamp={0000000000000000}",
        "DialplanVersionStamp={0000000000000000}",
        "SoftkeyVersionStamp={0000000000000000}"
      ]
    })
  },
  remoteStateTrigger: sepFileName,
  // The soft phone names its files as its own system does.
  rewritePath: (path) => path.replaceAll("\\", "/"),
  isSensitive: (name) => /^SEP[0-9A-F]{12}\.cnf\.xml$/.test(name)
})

const score = association({
  vendor: "Cisco",
  isModel: (model) => Object.hasOwn(sepModels, model),
  // Above the plugins of Cisco's other phones, which do tell their model.
  noModel: support.probable + 10
})
