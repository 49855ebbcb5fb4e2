import { normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginFactory, PluginHost, TimeZone } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig, SipLine } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { bracketed, directoryUrl } from "../kit/directory-url.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedLines, type NumberedLine } from "../kit/lines.ts"
import { byLocale, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { checkSync } from "../kit/synchronize.ts"
import { deviceInfo, firstMatch } from "../kit/user-agent.ts"
import { accountCodes, lineKeyCodes } from "./codes.ts"
import { capabilityOf, models, version as target } from "./models.ts"

/** Htek UC9xx (contracts/provisioning-vendors.md, section 14). */
export const htek: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Htek UC902, UC903, UC912, UC923, UC924 and UC926.",
    description_fr: "Htek UC902, UC903, UC912, UC923, UC924 et UC926.",
    capabilities: capabilitiesOf("Htek", models, target, capabilityOf)
  },
  extract: ({ userAgent }) => firstMatch(userAgent, userAgents),
  associate: association({
    vendor: "Htek",
    isModel: (model) => ownOf(models, model) !== undefined,
    isVersion: (version) => version === target
  }),
  commonFiles: (base) => commonFiles(host, base),
  deviceFiles: (device, config) => [deviceFile(host, device, inOneLine(config))],
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : `cfg${mac}.xml`
  },
  isSensitive: (name) => /^cfg[0-9a-f]{12}\.xml/.test(name)
})

const userAgents = [
  [
    /^Htek (?<model>[^ ]+) (?<version>[^ ]+) (?<mac>[^ ]+)$/,
    ({ model, version, mac }: Readonly<Record<string, string | undefined>>) =>
      deviceInfo({ vendor: "Htek", model, version, mac: normalizeMac(mac ?? "") })
  ]
] as const

const commonFiles = (host: PluginHost, base: RawConfig): ReadonlyArray<PhoneFile> =>
  [...new Set(Object.values(models).map((model) => model.commonFile))].map((path) => ({
    path,
    content: host.render({ file: path, base: "common" }, { ...base, server: serverUrl(base) }, "xml")
  }))

const deviceFile = (host: PluginHost, device: DeviceDocument, config: RawConfig): PhoneFile => {
  requireHttp(config)
  const path = `cfg${requiredMac(device)}.xml`
  const model = textOf(device, "model")
  const context = derived(host, config, ownOf(models, model)?.lineKeys ?? 0)
  return {
    path,
    content: host.render({ file: path, ...(model === undefined ? {} : { model }) }, context, "xml")
  }
}

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, config: RawConfig, lineKeys: number): object => {
  const lines = sortedLines(config)
  const url = directoryUrl(config, { entry: "lookup", vendor: "htek" })
  return {
    ...config,
    server: serverUrl(config),
    profile: lines[0] && profile(lines[0], config),
    transport: transports[config.sip_transport],
    codecs,
    lines: lines.flatMap((line) => account(line, config)),
    time: config.timezone ? time(host.timeZone(config.timezone)) : undefined,
    vlan: config.vlan_enabled
      ? { id: config.vlan_id, priority: config.vlan_priority ?? 0, pcPort: config.vlan_pc_port_id ?? 0 }
      : undefined,
    logLevel: logLevels[config.syslog_level],
    directory: url && { url, title: byLocale(config, directoryTitles) ?? "Directory" },
    keys: keys(config, lines, lineKeys)
  }
}

/** All accounts share the server of the first one. */
const profile = (line: SipLine, config: RawConfig) => ({
  server: address(line.proxy_ip, line.proxy_port),
  backup: address(line.backup_proxy_ip, line.backup_proxy_port),
  outbound: address(line.outbound_proxy_ip, line.outbound_proxy_port),
  dtmf: dtmf[line.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"],
  srtp: srtpModes[line.srtp_mode ?? config.sip_srtp_mode],
  mwi: config.sip_subscribe_mwi === false ? 0 : 1
})

const address = (host: string | null | undefined, port: number | null | undefined) =>
  host ? `${bracketed(host)}:${port ?? 5060}` : ""

const account = (line: NumberedLine, config: RawConfig): ReadonlyArray<object> => {
  const codes = accountCodes(line.line)
  if (codes === undefined) return []
  return [{ ...line, codes, mailbox: line.voicemail || config.exten_voicemail }]
}

/** Every line key: a line has the key of its number, then come the function keys. */
const keys = (
  config: RawConfig,
  lines: ReadonlyArray<NumberedLine>,
  count: number
): ReadonlyArray<object> => {
  const byNumber = new Map(sortedKeys(config).map((key) => [key.key, key]))
  const accounts = new Map(lines.map((line) => [line.line, line]))
  return Array.from({ length: count }, (_, index) => {
    const key = index + 1
    const line = accounts.get(key)
    const codes = lineKeyCodes(key)
    if (line !== undefined) return { key, codes, type: 1, value: "", label: line.number, account: key - 1 }
    const wanted = byNumber.get(key)
    if (wanted === undefined) return { key, codes, type: 0, value: "", label: "", account: anyAccount }
    const { type, value, label } = wanted
    const own = wanted.line === undefined ? anyAccount : wanted.line - 1
    return { key, codes, type: keyTypes[type], value, label, account: own }
  })
}

const anyAccount = 255
const keyTypes = { speeddial: 2, blf: 3, park: 8 } as const

/** The phones know by the zone when its clocks change. */
const time = (zone: TimeZone | undefined) =>
  zone && { code: zoneCode(zone), summer: zone.dst === null ? 0 : 2 }

const zoneCode = (zone: TimeZone) => {
  const minutes = zone.utcOffset / 60
  const distance = ([offset]: readonly [number, number]) => Math.abs(offset - minutes)
  return zones.reduce((best, entry) => (distance(entry) < distance(best) ? entry : best))[1]
}

/** Minutes east of Greenwich and the phones' number of the zone. */
const zones: ReadonlyArray<readonly [minutes: number, code: number]> = [
  [-660, 105],
  [-600, 2],
  [-540, 3],
  [-480, 6],
  [-420, 10],
  [-360, 14],
  [-300, 18],
  [-270, 19],
  [-240, 20],
  [-210, 26],
  [-180, 30],
  [-120, 31],
  [-60, 32],
  [0, 33],
  [60, 49],
  [120, 57],
  [180, 73],
  [210, 74],
  [240, 77],
  [300, 83],
  [330, 84],
  [360, 85],
  [420, 88],
  [480, 89],
  [540, 93],
  [570, 94],
  [600, 96],
  [630, 100],
  [660, 101],
  [720, 102],
  [765, 103],
  [780, 104]
]

/** G.722, A-law, mu-law, G.729, Opus, G.726-32. */
const codecs = [9, 8, 0, 18, 120, 2]
const dtmf = { "RTP-out-of-band": 0, "RTP-in-band": 1, "SIP-INFO": 2 } as const
const transports = { udp: 0, tcp: 1, tls: 2 } as const
const srtpModes = { disabled: 0, preferred: 1, required: 2 } as const
const logLevels = { critical: 4, error: 4, warning: 3, info: 2, debug: 1 } as const

const directoryTitles = {
  fr: "Annuaire",
  de: "Telefonbuch",
  es: "Directorio",
  it: "Rubrica",
  nl: "Telefoonboek"
}
