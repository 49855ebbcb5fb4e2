import { normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginHost } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { ciscoTimeZone } from "../cisco-sep/time-zones.ts"
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { spaModels, type SpaModel } from "./models.ts"
import { profileOf } from "./profile.ts"

/** The name of a device's file; the second port of an ATA190 asks for one of its own. */
export const spaFileName = (device: DeviceDocument): string | undefined => {
  const mac = macOf(device)
  if (mac === undefined) return undefined
  return textOf(device, "model")?.startsWith("ATA") ? ataFileName(mac) : `${mac}.xml`
}

/** The files of one device (contracts/provisioning-vendors.md, section 5). */
export const spaFiles =
  (host: PluginHost) =>
  (device: DeviceDocument, given: RawConfig): ReadonlyArray<PhoneFile> => {
    const mac = requiredMac(device)
    requireHttp(given)
    const config = inOneLine(given)
    const name = textOf(device, "model")
    const model = ownOf(spaModels, name)
    const context = {
      ...profileOf(host, device, config, model?.board),
      model,
      upgrade_rule: model === undefined ? "" : upgradeRule(serverUrl(config), model)
    }
    if (name?.startsWith("ATA")) return ataFiles(host, config, mac, name, context)
    const path = `${mac}.xml`
    const choice = { file: path, ...(name === undefined ? {} : { model: name }) }
    return [{ path, content: host.render(choice, context, "xml") }]
  }

/** The files for all devices: what each model asks for first, and the settings that all have in common. */
export const spaCommonFiles =
  (host: PluginHost) =>
  (base: RawConfig): ReadonlyArray<PhoneFile> => {
    const server = serverUrl(base)
    const firsts = Object.values(spaModels).filter(({ kind }) => kind !== "ata190")
    return [
      ...firsts.map(({ first, kind }) => ({
        path: first,
        content: host.render(
          { file: first, base: "first" },
          { server, common: kind === "phone" ? "spa-phone.xml" : "spa-ata.xml" },
          "xml"
        )
      })),
      ...["spa-phone.xml", "spa-ata.xml"].map((path) => ({
        path,
        content: host.render({ file: path, base: "common" }, { phone: path === "spa-phone.xml" }, "xml")
      })),
      { path: "dialplan.xml", content: host.render({ base: "dialplan.xml" }, {}, "xml") }
    ]
  }

const ataFileName = (mac: string) => `ATA${mac.toUpperCase()}.cnf.xml`

/** The second port counts as a device of its own: its address lacks the first byte and ends in 01. */
const ataFiles = (host: PluginHost, config: RawConfig, mac: string, model: string, context: object) => {
  const lines = Object.keys(config.sip_lines).length
  const ports = [mac, normalizeMac(`${mac.slice(2)}01`)?.replaceAll(":", "")].slice(0, lines >= 2 ? 2 : 1)
  return ports.flatMap((address, index) => {
    if (address === undefined) return []
    const path = ataFileName(address)
    const own = { ...context, port: index + 1, time_zone: ciscoTimeZone(config.timezone, host.timeZone) }
    return [{ path, content: host.render({ file: path, model, base: "ATA190" }, own, "xml") }]
  })
}

/** Phones older than 7.5.2b take the last step over that release. */
const upgradeRule = (server: string, model: SpaModel): string => {
  if (model.firmware === undefined) return ""
  const url = `${server}/firmware/${model.firmware}`
  return model.dictionary === "spa50x_30x"
    ? `($SWVER lt 7.5.2b) ? ${server}/firmware/spa50x-30x-7-5-2b.bin | ${url}`
    : url
}
