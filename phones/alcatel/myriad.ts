import { normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginFactory, PluginHost, TimeZone } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { isSwitchboard, macOf, requiredMac, requiredModel, requireHttp } from "../kit/device.ts"
import { directoryUrl } from "../kit/directory-url.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedLines } from "../kit/lines.ts"
import { byLocale, localeOf, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { checkSync } from "../kit/synchronize.ts"
import { deviceInfo, firstMatch, namesMac } from "../kit/user-agent.ts"
import { capabilityOf, myriadModels as models, type Model } from "./models.ts"

/** Alcatel-Lucent Myriad M3, M5, M7 and 8028s-GE (contracts/provisioning-vendors.md, section 13). */
export const alcatelLucent: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Alcatel-Lucent M3, M5, M7 and 8028s-GE.",
    description_fr: "Alcatel-Lucent M3, M5, M7 et 8028s-GE.",
    capabilities: capabilitiesOf("Alcatel-Lucent", models, ({ version }) => version, capabilityOf)
  },
  extract: (request) =>
    deviceInfo({
      mac: namesMac(request.userAgent) ? undefined : normalizeMac(request.query.mac ?? ""),
      ...firstMatch(request.userAgent, userAgents)
    }),
  associate: association({
    vendor: "Alcatel-Lucent",
    isModel: (model) => ownOf(models, model) !== undefined,
    isVersion: (version, model) => `${version}.`.startsWith(`${ownOf(models, model)?.version}.`)
  }),
  commonFiles: (base) =>
    Object.keys(models).map((model) => {
      const path = `config.${model}.xml`
      return {
        path,
        content: host.render({ file: path, base: "common" }, { server: serverUrl(base) }, "xml")
      }
    }),
  deviceFiles: (device, config) => [deviceFile(host, device, inOneLine(config))],
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : `config.${mac}.xml`
  },
  isSensitive: (name) => /^config\.[0-9a-f]{12}\.xml/.test(name)
})

const userAgents = [
  [
    /^ALE (?<model>M[357]|8028s-GE)(?:-CE)? (?<version>(?:[0-9]{1,4}\.?){4,5}) (?<mac>[0-9a-f]{12})/,
    ({ model, version, mac }: Readonly<Record<string, string | undefined>>) =>
      deviceInfo({ vendor: "Alcatel-Lucent", model, version, mac: normalizeMac(mac ?? "") })
  ]
] as const

const deviceFile = (host: PluginHost, device: DeviceDocument, config: RawConfig): PhoneFile => {
  requireHttp(config)
  const path = `config.${requiredMac(device)}.xml`
  const model = requiredModel(device)
  const context = { ...derived(host, config, ownOf(models, model)), switchboard: isSwitchboard(device) }
  return { path, content: host.render({ file: path, model }, context, "xml") }
}

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, config: RawConfig, model: Model | undefined): object => {
  const lines = sortedLines(config)
  const url = directoryUrl(config, { entry: "input", vendor: "snom" })
  return {
    ...config,
    server: serverUrl(config),
    lines: lines.map((line) => ({
      ...line,
      title: [line.number, line.display_name].filter(Boolean).join(" - "),
      dtmf: dtmf[line.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"],
      srtp: srtpModes[line.srtp_mode ?? config.sip_srtp_mode]
    })),
    unused: Array.from({ length: model?.lines ?? 0 }, (_, index) => index + 1).filter(
      (number) => !lines.some(({ line }) => line === number)
    ),
    vlan: config.vlan_enabled ? { id: config.vlan_id, pcPort: config.vlan_pc_port_id } : undefined,
    time: config.timezone ? time(host.timeZone(config.timezone)) : undefined,
    language: ownOf(languages, localeOf(config)?.language) ?? 0,
    directory: url && { url, title: byLocale(config, directoryTitles) ?? "Directory" },
    keys: keys(config, model)
  }
}

const time = (zone: TimeZone | undefined) =>
  zone && { name: zone.name, offset: offset(zone.utcOffset), summer: zone.dst === null ? 0 : 2 }

/** `+1:00`. */
const offset = (seconds: number) => {
  const minutes = Math.abs(Math.round(seconds / 60))
  return `${seconds < 0 ? "-" : "+"}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`
}

/** The first key is the line's; the function keys begin with the second. */
const keys = (config: RawConfig, model: Model | undefined): ReadonlyArray<object> =>
  sortedKeys(config)
    .map((key) => ({
      position: key.key + 1,
      type: key.type === "blf" ? 59 : 1,
      account: key.line ?? 1,
      label: key.label,
      value: key.value
    }))
    .filter(({ position }) => position <= (model?.keys ?? 0))

const dtmf = { "RTP-in-band": 1, "RTP-out-of-band": 2, "SIP-INFO": 4 } as const
const srtpModes = { disabled: 0, preferred: 1, required: 2 } as const

/** The phones number the languages in this order. */
const languages: Readonly<Record<string, number>> = Object.fromEntries(
  "en fr de it es nl pt hu cs sk sl et pl lt lv tr el sv no da fi is zh"
    .split(" ")
    .map((language, index) => [language, index])
)

const directoryTitles = {
  fr: "Annuaire",
  de: "Telefonbuch",
  es: "Directorio",
  it: "Rubrica",
  nl: "Telefoonboek"
}
