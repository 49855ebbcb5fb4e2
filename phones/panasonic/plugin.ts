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
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { bracketed } from "../kit/directory-url.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedLines, type NumberedLine } from "../kit/lines.ts"
import { byLocale, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { checkSync } from "../kit/synchronize.ts"
import { deviceInfo, firstMatch } from "../kit/user-agent.ts"
import { capabilityOf, models, version as target } from "./models.ts"

/** Panasonic KX-UT (contracts/provisioning-vendors.md, section 12). */
export const panasonic: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Panasonic KX-UT113, KX-UT123, KX-UT133 and KX-UT136.",
    description_fr: "Panasonic KX-UT113, KX-UT123, KX-UT133 et KX-UT136.",
    capabilities: capabilitiesOf("Panasonic", models, target, capabilityOf)
  },
  extract: ({ userAgent }) => firstMatch(userAgent, userAgents),
  associate: association({
    vendor: "Panasonic",
    isModel: (model) => ownOf(models, model) !== undefined,
    isVersion: (version) => version === target,
    otherModel: support.unknown
  }),
  commonFiles: (base) =>
    Object.keys(models).map((model) => {
      const path = `${model}.cfg`
      return {
        path,
        content: host.render({ file: path, base: "common" }, { server: serverUrl(base) }, "none")
      }
    }),
  deviceFiles: (device, config) => [deviceFile(host, device, inOneLine(config))],
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : nameFor(mac)
  },
  isSensitive: (name) => /^Config[0-9A-F]{12}\.cfg$/.test(name)
})

const nameFor = (mac: string) => `Config${mac.toUpperCase()}.cfg`

const userAgents = [
  [
    /^Panasonic_(?<model>[^ ]+)\/(?<version>[^ ]+) \((?<mac>[^ ]+)\)/,
    ({ model, version, mac }: Readonly<Record<string, string | undefined>>) => {
      const normalized = normalizeMac(mac ?? "")
      if (normalized === undefined) return undefined
      return deviceInfo({ vendor: "Panasonic", model, version, mac: normalized })
    }
  ]
] as const

const deviceFile = (host: PluginHost, device: DeviceDocument, config: RawConfig): PhoneFile => {
  requireHttp(config)
  const file = nameFor(requiredMac(device))
  const model = textOf(device, "model")
  const context = escaped(derived(host, config, model))
  return {
    path: `Panasonic/${file}`,
    content: host.render({ file, ...(model === undefined ? {} : { model }) }, context, "none")
  }
}

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, config: RawConfig, model: string | undefined): object => {
  const known = ownOf(models, model)
  return {
    ...config,
    server: serverUrl(config),
    firmware: known && { version: target, file: known.firmware },
    vlan: config.vlan_enabled
      ? { id: config.vlan_id, priority: config.vlan_priority, pcPort: config.vlan_pc_port_id }
      : undefined,
    time: config.timezone ? time(host.timeZone(config.timezone)) : undefined,
    language: byLocale(config, languages),
    logLevel: logLevels[config.syslog_level],
    transport: transports[config.sip_transport],
    codecs,
    lines: sortedLines(config).map((line) => account(line, config)),
    buttons: buttons(config, known?.buttons ?? 0)
  }
}

const account = (line: NumberedLine, config: RawConfig) => {
  const registrar = line.registrar_ip || line.proxy_ip
  return {
    ...line,
    uri: line.username && registrar ? `sip:${line.username}@${bracketed(registrar)}` : "",
    mailbox: line.voicemail || config.exten_voicemail,
    dtmf: dtmf[line.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"]
  }
}

/** A line has the button of its number; beside those are the function keys. */
const buttons = (config: RawConfig, count: number) => {
  const lines = new Map(sortedLines(config).map(({ line, number }) => [line, number]))
  const keys = new Map(sortedKeys(config).map((key) => [key.key, key]))
  return Array.from({ length: count }, (_, index) => {
    const key = index + 1
    if (lines.has(key)) return { key, act: `${facility}DN`, value: key, label: lines.get(key) }
    const wanted = keys.get(key)
    if (wanted === undefined) return { key, act: "", value: "", label: "" }
    const act = wanted.type === "blf" ? `${facility}CONTACT` : `${facility}ONETOUCH`
    return { key, act, value: wanted.value, label: wanted.label }
  })
}

const facility = "X_PANASONIC_IPTEL_"

/** Times in minutes; the fifth week is the last; Sunday is 0. */
const time = (zone: TimeZone | undefined) =>
  zone && {
    minutes: Math.round(zone.utcOffset / 60),
    dst: zone.dst && {
      minutes: Math.round(zone.dst.save / 60),
      changes: [change("START", zone.dst.start), change("STOP", zone.dst.end)]
    }
  }

const change = (name: string, { month, week, weekday, time }: DstChange) => ({
  name,
  month,
  week,
  weekday,
  minutes: Math.min(1439, Math.floor(time / 60))
})

/** Every text as it stands between the quotes of the phone's format. */
const escaped = (value: object): object =>
  Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escapedValue(inner)]))

const escapedValue = (value: unknown): unknown => {
  if (typeof value === "string") return value.replaceAll(/["\\]/g, String.raw`\$&`)
  if (Array.isArray(value)) return value.map(escapedValue)
  return typeof value === "object" && value !== null ? escaped(value) : value
}

/** G.722, A-law, mu-law, G.729A by the phones' numbers. */
const codecs = [0, 1, 4, 3].map((number, index) => ({ number, priority: index + 1 }))
const dtmf = { "RTP-out-of-band": 0, "RTP-in-band": 1, "SIP-INFO": 2 } as const
const transports = { udp: 0, tcp: 1, tls: 2 } as const
const logLevels = { critical: 2, error: 3, warning: 4, info: 6, debug: 6 } as const

const languages: Readonly<Record<string, string>> = {
  en: "EN",
  es: "ES",
  fr: "FR",
  de: "DE",
  it: "IT",
  nl: "NL"
}
