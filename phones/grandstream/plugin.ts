import { normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import {
  support,
  type PhoneFile,
  type PluginFactory,
  type PluginHost
} from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { bracketed } from "../kit/directory-url.ts"
import { sortedLines, type NumberedLine } from "../kit/lines.ts"
import { byLocale, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { posixTimeZone } from "../kit/posix-time-zone.ts"
import { serverParts, serverUrl } from "../kit/server-url.ts"
import { checkSync } from "../kit/synchronize.ts"
import { deviceInfo, firstMatch } from "../kit/user-agent.ts"
import { binarySettings, settingsOf } from "./binary.ts"
import { namedKeys, valueKeys } from "./keys.ts"
import { capabilityOf, models, unlisted } from "./models.ts"

/** Grandstream GXP, GRP, GXV and HT (contracts/provisioning-vendors.md, section 9). */
export const grandstream: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Grandstream GXP, GRP and GXV phones and HT adapters.",
    description_fr: "Téléphones Grandstream GXP, GRP et GXV et adaptateurs HT.",
    capabilities: capabilitiesOf("Grandstream", models, ({ version }) => version, capabilityOf)
  },
  extract: ({ userAgent }) => firstMatch(userAgent, userAgents),
  associate: association({
    vendor: "Grandstream",
    isModel: (model) => ownOf(models, model) !== undefined,
    isVersion: (version, model) => version.startsWith(ownOf(models, model)?.version ?? version),
    otherModel: support.unknown
  }),
  deviceFiles: (device, config) => deviceFiles(host, device, inOneLine(config)),
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : `cfg${mac}.xml`
  },
  isSensitive: (name) => /^cfg[0-9a-f]{12}(?:\.xml)?$/.test(name)
})

const read = ({ model, version, mac }: Readonly<Record<string, string | undefined>>) => {
  const normalized = normalizeMac(mac ?? "")
  if (normalized === undefined) return undefined
  return deviceInfo({ vendor: "Grandstream", model, version, mac: normalized })
}

const userAgents = [
  [/^Grandstream Model HW (?<model>\w+)(?:\s+V[^ ]+)? SW (?<version>[^ ]+) DevId (?<mac>[^ ]+)/, read],
  [/^Grandstream (?<model>GXP2000) .*:(?<version>[^ ]+)\) DevId (?<mac>[^ ]+)/, read]
] as const

const deviceFiles = (
  host: PluginHost,
  device: DeviceDocument,
  config: RawConfig
): ReadonlyArray<PhoneFile> => {
  requireHttp(config)
  const mac = requiredMac(device)
  const file = `cfg${mac}.xml`
  const name = textOf(device, "model")
  const model = ownOf(models, name) ?? unlisted
  const choice = {
    file,
    ...(name === undefined ? {} : { model: name }),
    base: model.dialect === "names" ? "base-names" : "base"
  }
  const lines = sortedLines(config)
  const context = {
    ...derived(host, config),
    lines: lines.map((line) => account(line, config)),
    valueKeys: valueKeys(model, config),
    namedKeys: namedKeys(model, config, lines)
  }
  const content = host.render(choice, context, "xml")
  return [
    { path: `Grandstream/${file}`, content },
    ...(name === "GXP2000"
      ? [{ path: `Grandstream/cfg${mac}`, content: binarySettings(mac, settingsOf(content)) }]
      : [])
  ]
}

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, config: RawConfig): object => {
  const zone = config.timezone ? host.timeZone(config.timezone) : undefined
  return {
    ...config,
    timeZone: zone && posixTimeZone(zone),
    language: byLocale(config, languages),
    vlan: config.vlan_enabled ? { id: config.vlan_id, priority: config.vlan_priority } : undefined,
    dns: config.dns_enabled && config.dns_ip ? octets(config.dns_ip) : [],
    logLevel: logLevels[config.syslog_level],
    server: {
      protocol: serverParts(config).secure ? 2 : 1,
      path: `${serverUrl(config).replace(/^\w+:\/\//, "")}/Grandstream`
    },
    codecs,
    codecNames
  }
}

/** The phones take an IPv4 address in four parts. */
const octets = (address: string): ReadonlyArray<string> => {
  const parts = address.split(".")
  return parts.length === 4 ? parts : []
}

const account = (line: NumberedLine, config: RawConfig): object => ({
  ...line,
  codes: line.line === 1 ? firstAccount : furtherAccount(line.line),
  password: line.password === "autoprov" ? "" : line.password,
  server: address(line.registrar_ip || line.proxy_ip, line.registrar_port),
  backup: address(line.backup_registrar_ip || line.backup_proxy_ip, line.backup_registrar_port),
  outbound: address(line.outbound_proxy_ip, line.outbound_proxy_port),
  mailbox: line.voicemail || config.exten_voicemail,
  transport: transports[config.sip_transport],
  transportName: transportNames[config.sip_transport],
  srtp: srtpModes[line.srtp_mode ?? config.sip_srtp_mode],
  dtmf: dtmf[line.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"]
})

const address = (host: string | null | undefined, port: number | null | undefined) => {
  if (!host) return ""
  return port ? `${bracketed(host)}:${port}` : host
}

const firstAccount = {
  active: "P271",
  name: "P270",
  server: "P47",
  backup: "P2312",
  outbound: "P48",
  user: "P35",
  auth: "P36",
  password: "P34",
  display: "P3",
  voicemail: "P33",
  mwi: "P99",
  transport: "P130",
  srtp: "P183",
  codecs: ["P57", "P58", "P59", "P60"],
  inAudio: "P2301",
  inRtp: "P2302",
  inSip: "P2303",
  callFeatures: "P191",
  reset: "P26015"
} as const

/** The second account's settings begin with P4, the third's with P5. */
const furtherAccount = (line: number) => {
  const x = line + 2
  return {
    active: `P${x}01`,
    name: `P${x}17`,
    server: `P${x}02`,
    backup: `P2${x}12`,
    outbound: `P${x}03`,
    user: `P${x}04`,
    auth: `P${x}05`,
    password: `P${x}06`,
    display: `P${x}07`,
    voicemail: `P${x}26`,
    mwi: `P${x}15`,
    transport: `P${x}48`,
    srtp: `P${x}43`,
    codecs: [51, 52, 53, 54].map((choice) => `P${x}${choice}`),
    inAudio: `P2${x}01`,
    inRtp: `P2${x}02`,
    inSip: `P2${x}03`,
    callFeatures: `P${x}20`,
    reset: `P26${x}15`
  }
}

/** RTP payload types: G.722, A-law, mu-law, G.729. */
const codecs = [9, 8, 0, 18]
const codecNames = ["G722", "PCMA", "PCMU", "G729A/B"]

const dtmf = {
  "RTP-in-band": { inAudio: true, inRtp: false, inSip: false },
  "RTP-out-of-band": { inAudio: false, inRtp: true, inSip: false },
  "SIP-INFO": { inAudio: false, inRtp: false, inSip: true }
} as const

const transports = { udp: 0, tcp: 1, tls: 2 } as const
const transportNames = { udp: "UDP", tcp: "TCP", tls: "TlsOrTcp" } as const
const srtpModes = { disabled: 0, preferred: 1, required: 2 } as const
const logLevels = { critical: 4, error: 4, warning: 3, info: 2, debug: 1 } as const

const languages: Readonly<Record<string, string>> = {
  en: "en",
  fr: "fr",
  de: "de",
  es: "es",
  it: "it",
  nl: "nl"
}
