import { posix } from "node:path"
import { normalizeMac, type DeviceDocument, type DeviceInfo } from "../../schemas/provd/device.ts"
import {
  support,
  type PhoneFile,
  type PhoneRequest,
  type PluginFactory,
  type PluginHost
} from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { phonebookUrl, userOf } from "../kit/directory-url.ts"
import { byLocale, localeOf, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { checkSync } from "../kit/synchronize.ts"
import { deviceInfo, firstMatch } from "../kit/user-agent.ts"
import { accountsOf } from "./accounts.ts"
import { capabilityOf, familyOf, models } from "./models.ts"
import { zoneCode, zoneName } from "./time-zone.ts"

/** Gigaset N510, N720, N670 and N870 (contracts/provisioning-vendors.md, section 11). */
export const gigaset: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Gigaset DECT bases N510, N610, N670, N720, N770 and N870.",
    description_fr: "Bases DECT Gigaset N510, N610, N670, N720, N770 et N870.",
    capabilities: capabilitiesOf("Gigaset", models, ({ version }) => version, capabilityOf)
  },
  extract,
  associate: association({
    vendor: "Gigaset",
    isModel: (model) => ownOf(models, model) !== undefined,
    isVersion: (version, model) => version === ownOf(models, model)?.version,
    otherModel: support.unknown
  }),
  deviceFiles: (device, config) => [deviceFile(host, device, inOneLine(config))],
  synchronize: checkSync,
  remoteStateTrigger: fileNameFor,
  isSensitive: (name) => /^(?:[0-9A-F]{12}|[0-9a-f]{12})\.xml$/.test(name),
  rewritePath: (path) => posix.normalize(`/${path}`)
})

const extract = (request: PhoneRequest): DeviceInfo | undefined =>
  request.protocol === "dhcp"
    ? fromDhcp(request.options[60] ?? "")
    : firstMatch(request.userAgent, userAgents)

const read = ({ model, version, mac }: Readonly<Record<string, string | undefined>>) =>
  deviceInfo({
    vendor: "Gigaset",
    model: model?.replaceAll("-", " "),
    version,
    mac: mac === undefined ? undefined : normalizeMac(mac)
  })

const userAgents = [
  [
    /^(?:Gigaset )?(?<model>N\d{3}[ -].+)\/(?<version>\d{2,3}\.\d{2,3}\.\d{2,3}\.\d{2,3}\.\d{2,3});?(?<mac>[A-F0-9]{12})?$/,
    read
  ],
  [
    /^"?(?:Gigaset )?(?<model>[\w\s]+)\/(?<version>(?:\w{2,3}\.){3,4}\w{1,3})(?:\+.+)?;(?<mac>[0-9A-F]{12})?(?:;Handset=\d+)?"?$/,
    read
  ]
] as const

const fromDhcp = (vendorClass: string): DeviceInfo | undefined => {
  const model = ownOf(vendorClasses, vendorClass.replace(/^Gigaset_/, ""))
  return model === undefined ? undefined : { vendor: "Gigaset", model }
}

const vendorClasses: Readonly<Record<string, string>> = {
  N720_DM_PRO: "N720 DM PRO",
  N510_IP_PRO: "N510 IP PRO"
}

/** The bases ask for their file in upper case, since the N670 in lower case. */
function fileNameFor(device: DeviceDocument): string | undefined {
  const mac = macOf(device)
  if (mac === undefined) return undefined
  return `${familyOf(textOf(device, "model")) === "nx70" ? mac : mac.toUpperCase()}.xml`
}

const deviceFile = (host: PluginHost, device: DeviceDocument, config: RawConfig): PhoneFile => {
  requireHttp(config)
  const mac = requiredMac(device)
  if (textOf(device, "ip") === undefined) throw new Error("the device has no IP address")
  const file = fileNameFor(device) ?? ""
  const model = textOf(device, "model")
  const choice = { file, ...(model === undefined ? {} : { model }), base: `base-${familyOf(model)}` }
  return { path: file, content: host.render(choice, derived(host, mac.toUpperCase(), config), "xml") }
}

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, mac: string, config: RawConfig): object => {
  const zone = config.timezone ? host.timeZone(config.timezone) : undefined
  const url = serverUrl(config)
  return {
    ...config,
    ...accountsOf(config),
    mac,
    now: Math.floor(Date.now() / 1000),
    server: { url, withoutScheme: url.replace(/^\w+:\/\//, "") },
    adminPassword: config.admin_password?.replaceAll('"', "'"),
    pin: pin(config.admin_password),
    vlan: config.vlan_enabled
      ? { id: `0x${(config.vlan_id ?? 0).toString(16)}`, priority: config.vlan_priority ?? 0 }
      : undefined,
    dns: config.dns_enabled && config.dns_ip ? hexAddress(config.dns_ip) : undefined,
    time: zone && {
      code: `0x${zoneCode(zone).toString(16).padStart(2, "0")}`,
      name: zoneName(zone),
      dst: zone.dst !== null
    },
    directory: directory(config),
    tones: ownOf(tones, localeOf(config)?.country) ?? 0,
    toneScheme: ownOf(toneSchemes, localeOf(config)?.country) ?? "Retail",
    webLanguage: byLocale(config, webLanguages) ?? "0x1",
    transport: { udp: 1, tcp: 2, tls: 3 }[config.sip_transport],
    transportLayer: config.sip_transport === "udp" ? 17 : 6,
    featureCodes: [
      { name: "DND", value: config.exten_dnd },
      { name: "CFU", value: config.exten_fwd_unconditional },
      { name: "CFB", value: config.exten_fwd_busy },
      { name: "CFNR", value: config.exten_fwd_no_answer }
    ].filter(({ value }) => value)
  }
}

/** The PIN of a base has four digits, two a byte; any other password is none. */
const pin = (password: string | null | undefined) => {
  const [, first, second] = /^(\d\d)(\d\d)$/.exec(password ?? "") ?? []
  return first === undefined || second === undefined ? undefined : `0x${first},0x${second}`
}

const hexAddress = (address: string) => {
  const octets = address.split(".").map(Number)
  if (octets.length !== 4 || octets.some((octet) => !(octet >= 0 && octet <= 255))) return undefined
  return `0x${octets.map((octet) => octet.toString(16).padStart(2, "0")).join("")}`
}

/** The user stands in the path; the base puts its own parameters behind the question mark. */
const directory = (config: RawConfig) => {
  const base = phonebookUrl(config)
  const user = userOf(config)
  if (base === undefined || user === undefined) return undefined
  const url = `${base}/directories/lookup/default/gigaset/${encodeURIComponent(user.uuid)}?`
  return { url, title: byLocale(config, directoryTitles) ?? "Directory" }
}

const directoryTitles = {
  fr: "Annuaire",
  de: "Telefonbuch",
  es: "Directorio",
  it: "Rubrica",
  nl: "Telefoonboek"
}

const tones: Readonly<Record<string, number>> = {
  US: 1,
  CA: 1,
  CH: 2,
  AU: 4,
  ES: 6,
  FR: 7,
  GB: 8,
  NL: 9,
  PL: 10,
  RU: 11,
  DE: 12,
  IT: 13
}

const toneSchemes: Readonly<Record<string, string>> = { DE: "Germany", ES: "Spain", FR: "France" }

const webLanguages = {
  en: "0x1",
  de: "0x2",
  es: "0x4",
  it: "0x7",
  fr: "0x9",
  nl: "0xa",
  tr: "0x10",
  pl: "0x11"
}
