import { normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import {
  support,
  type DstChange,
  type PhoneFile,
  type PluginFactory,
  type PluginHost,
  type TimeZone
} from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { isSwitchboard, macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { directoryUrl } from "../kit/directory-url.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedLines } from "../kit/lines.ts"
import { byLocale, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverParts, serverUrl } from "../kit/server-url.ts"
import { checkSync } from "../kit/synchronize.ts"
import { hourOf } from "../kit/time-zone.ts"
import { deviceInfo, firstMatch } from "../kit/user-agent.ts"
import { programmedKeys } from "./keys.ts"
import { capabilityOf, models, type Model } from "./models.ts"

/** Aastra and Mitel 67xxi, 68xxi, 69xx and 9xxxi (contracts/provisioning-vendors.md, section 7). */
export const aastra: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Aastra and Mitel 67xxi, 68xxi, 69xx, 9143i and 9480i.",
    description_fr: "Aastra et Mitel 67xxi, 68xxi, 69xx, 9143i et 9480i.",
    capabilities: capabilitiesOf("Aastra", models, ({ version }) => version, capabilityOf)
  },
  extract: ({ userAgent }) => firstMatch(userAgent, userAgents),
  associate: association({
    vendor: "Aastra",
    isModel: (model) => ownOf(models, model) !== undefined,
    isVersion: (version, model) => version === ownOf(models, model)?.version,
    otherModel: support.unknown
  }),
  commonFiles: (base) => [
    {
      path: "Aastra/aastra.cfg",
      content: host.render({ file: "aastra.cfg", base: "common" }, { ...base, server: server(base) }, "none")
    }
  ],
  deviceFiles: (device, config) => deviceFiles(host, device, inOneLine(config)),
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : `${mac.toUpperCase()}.cfg`
  },
  isSensitive: (name) => /^[0-9A-F]{12}\.cfg$/.test(name)
})

const userAgents = [
  [
    /^(?:Aastra|Mitel)(?<model>\w+) MAC:(?<mac>[^ ]+) V:(?<version>[^ ]+)-SIP$/,
    ({ model, mac, version }: Readonly<Record<string, string | undefined>>) => {
      const normalized = normalizeMac(mac ?? "")
      if (normalized === undefined || model === undefined) return undefined
      return deviceInfo({ vendor: "Aastra", model: ownOf(renamed, model) ?? model, version, mac: normalized })
    }
  ]
] as const

/** Models that call themselves otherwise than they are sold. */
const renamed: Readonly<Record<string, string>> = {
  "51i": "6751i",
  "53i": "6753i",
  "55i": "6755i",
  "57i": "6757i"
}

const deviceFiles = (
  host: PluginHost,
  device: DeviceDocument,
  config: RawConfig
): ReadonlyArray<PhoneFile> => {
  requireHttp(config)
  const mac = requiredMac(device).toUpperCase()
  const file = `${mac}.cfg`
  const model = textOf(device, "model")
  const certificates = config.sip_servers_root_and_intermediate_certificates ?? []
  const certificateFile = certificates.length > 0 ? `${mac}-ca_servers.crt` : undefined
  const context = { ...derived(host, device, config), certificates: certificateFile }
  return [
    {
      path: `Aastra/${file}`,
      content: host.render({ file, ...(model === undefined ? {} : { model }) }, context, "none")
    },
    ...(certificateFile === undefined
      ? []
      : [{ path: `Aastra/${certificateFile}`, content: certificates.map(withNewline).join("") }])
  ]
}

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, device: DeviceDocument, config: RawConfig): object => {
  const name = textOf(device, "model") ?? ""
  const model = ownOf(models, name)
  const directory = directoryUrl(config, { entry: "input", vendor: "aastra" })
  const modern = model === undefined || model.defaults !== "classic"
  return {
    ...config,
    server: server(config),
    log: { modules: logModules, level: logLevels[config.syslog_level] },
    vlan: config.vlan_enabled
      ? { id: config.vlan_id, priority: config.vlan_priority, pcPort: config.vlan_pc_port_id ?? untagged }
      : undefined,
    time: config.timezone ? time(host.timeZone(config.timezone)) : undefined,
    language: language(device, model, config),
    dtmf: config.sip_dtmf_mode ? dtmf[config.sip_dtmf_mode] : undefined,
    transport: transports[config.sip_transport],
    codecs,
    lines: sortedLines(config).map((line) => ({
      ...line,
      dtmfMethod: dtmf[line.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"].method,
      srtpMode: srtpModes[line.srtp_mode ?? config.sip_srtp_mode],
      mailbox: line.voicemail || config.exten_voicemail
    })),
    parking: sortedKeys(config).find((key) => key.type === "park")?.value,
    switchboard: isSwitchboard(device),
    directoryScript: modern ? directory : undefined,
    keys: model === undefined ? [] : programmedKeys(model, name, config, directory)
  }
}

const server = (config: RawConfig) => {
  const { host, port, path, secure } = serverParts(config)
  const scheme = secure ? "https" : "http"
  const folder = `${path}/Aastra`.slice(1)
  return { url: serverUrl(config), scheme, protocol: scheme.toUpperCase(), host, port, path: folder }
}

const time = (zone: TimeZone | undefined) =>
  zone && {
    minutes: -Math.round(zone.utcOffset / 60),
    dst: zone.dst && {
      minutes: Math.min(60, Math.round(zone.dst.save / 60)),
      changes: [change("start", zone.dst.start), change("end", zone.dst.end)]
    }
  }

/** Sunday is day 1, the last week of a month is -1. */
const change = (name: string, { month, week, weekday, ...rest }: DstChange) => ({
  name,
  month,
  week: week === 5 ? -1 : week,
  day: weekday + 1,
  hour: hourOf({ month, week, weekday, ...rest })
})

/** The firmware 5 and later looks for languages beside its configuration, older ones in `i18n` of the root. */
const language = (device: DeviceDocument, model: Model | undefined, config: RawConfig) => {
  const known = byLocale(config, languages)
  if (known === undefined) return undefined
  const version = textOf(device, "version") ?? model?.version ?? ""
  const folder = Number.parseInt(version, 10) >= 5 ? "Aastra/i18n" : "i18n"
  return { ...known, file: `${folder}/${known.file}` }
}

const languages: Readonly<
  Record<string, { readonly file: string; readonly tones: string; readonly input: string }>
> = {
  de: { file: "lang_de.txt", tones: "Germany", input: "German" },
  es: { file: "lang_es.txt", tones: "Europe", input: "Spanish" },
  fr: { file: "lang_fr.txt", tones: "France", input: "French" },
  fr_CA: { file: "lang_fr_ca.txt", tones: "US", input: "French" },
  it: { file: "lang_it.txt", tones: "Italy", input: "Italian" },
  nl: { file: "lang_nl_nl.txt", tones: "Germany", input: "Dutch" }
}

const dtmf = {
  "RTP-in-band": { outOfBand: 0, method: 0 },
  "RTP-out-of-band": { outOfBand: 1, method: 0 },
  "SIP-INFO": { outOfBand: 1, method: 1 }
} as const

const srtpModes = { disabled: 0, preferred: 1, required: 2 } as const
const transports = { udp: 1, tcp: 2, tls: 4 } as const

/** G.722, A-law, mu-law and G.729 in packets of 20 ms. */
const codecs = [9, 8, 0, 18].map((payload) => `payload=${payload};ptime=20;silsupp=off`).join(",")

const logLevels = { critical: 1, error: 3, warning: 7, info: 39, debug: 65_535 } as const
const logModules = [
  "linemgr",
  "user interface",
  "sip",
  "ept",
  "ind",
  "kbd",
  "net",
  "provis",
  "rtpt",
  "snd",
  "stun"
] as const

/** The VLAN id of a PC port without tags. */
const untagged = 4095

const withNewline = (pem: string) => (pem.endsWith("\n") ? pem : `${pem}\n`)
