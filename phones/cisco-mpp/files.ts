import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginHost } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { profileOf } from "../cisco-spa/profile.ts"
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { mppModels } from "./models.ts"

/** The name of a phone's file. */
export const mppFileName = (device: DeviceDocument): string | undefined => {
  const mac = macOf(device)
  return mac === undefined ? undefined : `${mac}.xml`
}

/** The file of one phone (contracts/provisioning-vendors.md, section 6, "MPP"). */
export const mppFiles =
  (host: PluginHost) =>
  (device: DeviceDocument, given: RawConfig): ReadonlyArray<PhoneFile> => {
    const path = `${requiredMac(device)}.xml`
    requireHttp(given)
    const config = inOneLine(given)
    const name = textOf(device, "model")
    const model = ownOf(mppModels, name)
    const context = {
      ...profileOf(host, device, config, model),
      model,
      upgrade_rule: model === undefined ? "" : `${serverUrl(config)}/${model.firmware}`
    }
    const choice = { file: path, ...(name === undefined ? {} : { model: name }) }
    return [{ path, content: host.render(choice, context, "xml") }]
  }

/** The files for all phones: what each model asks for first, and the settings that all have in common. */
export const mppCommonFiles =
  (host: PluginHost) =>
  (base: RawConfig): ReadonlyArray<PhoneFile> => {
    const server = serverUrl(base)
    return [
      ...Object.values(mppModels).map(({ first, type }) => ({
        path: first,
        content: host.render(
          { file: first, base: "first" },
          { server, common: type === "ata" ? "spa-ata.xml" : "cp-phone.xml" },
          "xml"
        )
      })),
      ...["cp-phone.xml", "spa-ata.xml"].map((path) => ({
        path,
        content: host.render({ file: path, base: "common" }, { phone: path === "cp-phone.xml" }, "xml")
      }))
    ]
  }
