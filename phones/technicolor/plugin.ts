import { normalizeMac, type DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginFactory, PluginHost } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
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
import { capabilityOf, functionKeys, models, type Model } from "./models.ts"
import { zoneNumber } from "./zone-number.ts"

/** Technicolor, once Thomson, ST2022, ST2030 and TB30 (contracts/provisioning-vendors.md, section 8). */
export const technicolor: PluginFactory = (host) => {
  const serialNumber = serialNumbers()
  return {
    info: {
      version: "1.0.0",
      description: "Technicolor (Thomson) ST2022, ST2030 and TB30.",
      description_fr: "Technicolor (Thomson) ST2022, ST2030 et TB30.",
      capabilities: capabilitiesOf("Technicolor", models, ({ version }) => version, capabilityOf)
    },
    extract: ({ userAgent }) => firstMatch(userAgent, userAgents),
    associate: association({
      vendor: "Technicolor",
      isModel: (model) => ownOf(models, model) !== undefined,
      isVersion: (version, model) => version === ownOf(models, model)?.version
    }),
    commonFiles: (base) => Object.values(models).flatMap((model) => commonFiles(host, model, base)),
    deviceFiles: (device, config) => [deviceFile(host, device, inOneLine(config), serialNumber())],
    synchronize: checkSync,
    remoteStateTrigger: (device) => {
      const mac = macOf(device)
      return mac === undefined ? undefined : nameFor(device, mac)
    },
    isSensitive: (name) => /^[A-Z0-9]+S_[0-9A-F]{12}\.txt$/.test(name)
  }
}

const userAgents = [
  [
    /^(?:Thomson|THOMSON) (?<model>\w+) hw[^ ]+ fw(?<version>[^ ]+) (?<mac>[^ ]+)$/,
    ({ model, version, mac }: Readonly<Record<string, string | undefined>>) => {
      const normalized = normalizeMac(mac ?? "")
      if (normalized === undefined) return undefined
      return deviceInfo({ vendor: "Technicolor", model, version, mac: normalized })
    }
  ]
] as const

/**
 * Twelve digits that are never given twice: the phone takes a file only when the number in it is another than before.
 * They follow the clock, so that they differ after a restart too.
 */
const serialNumbers = () => {
  let last = 0
  return (): string => {
    last = Math.max(last + 1, Date.now())
    return String(last % 1_000_000_000_000).padStart(12, "0")
  }
}

const commonFiles = (host: PluginHost, model: Model, base: RawConfig): ReadonlyArray<PhoneFile> => {
  const context = { ...base, ...model, server: serverUrl(base) }
  return [
    { name: `${model.prefix}.inf`, template: "inf" },
    { name: `comconf-${model.version}-1.txt`, template: "comconf" }
  ].map(({ name, template }) => ({
    path: name,
    content: latin1(host.render({ file: name, base: template }, context, "none"))
  }))
}

const nameFor = (device: DeviceDocument, mac: string) => {
  const model = textOf(device, "model")
  const prefix =
    ownOf(models, model)?.prefix ?? (model && /^[A-Z0-9]+$/.test(model) ? `${model}S` : "ST2030S")
  return `${prefix}_${mac.toUpperCase()}.txt`
}

const deviceFile = (
  host: PluginHost,
  device: DeviceDocument,
  config: RawConfig,
  configSn: string
): PhoneFile => {
  requireHttp(config)
  const path = nameFor(device, requiredMac(device))
  const model = textOf(device, "model")
  const choice = { file: path, ...(model === undefined ? {} : { model }) }
  return { path, content: latin1(host.render(choice, { ...derived(host, config), configSn }, "none")) }
}

/** The phones read ISO-8859-1; what it cannot say becomes a question mark. */
const latin1 = (text: string): Uint8Array =>
  Buffer.from(text.normalize("NFC").replaceAll(/[\u{100}-\u{10ffff}]/gu, "?"), "latin1")

/** The config with what the templates need beside it. */
const derived = (host: PluginHost, config: RawConfig): object => {
  const lines = sortedLines(config)
  const url = directoryUrl(config, { entry: "lookup", vendor: "thomson", suffix: "&term=#SEARCH" })
  const zone = config.timezone ? host.timeZone(config.timezone) : undefined
  return {
    ...config,
    language: byLocale(config, languages) ?? { type: 0, country: "US" },
    dns: config.dns_enabled && config.dns_ip ? config.dns_ip : "0.0.0.0",
    vlan: config.vlan_enabled
      ? { id: config.vlan_id, priority: config.vlan_priority, pcPort: config.vlan_pc_port_id }
      : undefined,
    lines: accounts(lines),
    transport: transports[config.sip_transport],
    mailbox: lines.find((line) => line.voicemail)?.voicemail ?? config.exten_voicemail,
    dtmf: dtmf[lines[0]?.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"],
    directory: { url, title: url && (byLocale(config, directoryTitles) ?? "Directory") },
    keys: keys(config),
    zoneNumber: zone && zoneNumber(zone)
  }
}

/** Every phone is told of four lines; those that it lacks do no harm. */
const accounts = (lines: ReadonlyArray<NumberedLine>): ReadonlyArray<object> =>
  [1, 2, 3, 4].map((number) => {
    const line = lines.find((line) => line.line === number)
    if (line === undefined) return { line: number, used: false }
    return {
      ...line,
      used: true,
      proxy: address(line.proxy_ip, line.proxy_port),
      backupProxy: address(line.backup_proxy_ip, line.backup_proxy_port),
      registrar: address(line.registrar_ip || line.proxy_ip, line.registrar_port),
      backupRegistrar: address(line.backup_registrar_ip, line.backup_registrar_port)
    }
  })

const address = (host: string | null | undefined, port: number | null | undefined) => {
  if (!host) return ""
  return port && port !== 5060 ? `${bracketed(host)}:${port}` : host
}

/** L dials, S watches. */
const keys = (config: RawConfig): ReadonlyArray<object> => {
  const wanted = new Map(sortedKeys(config).map((key) => [key.key, key]))
  return Array.from({ length: functionKeys }, (_, index) => {
    const key = wanted.get(index + 1)
    return { key: index + 1, kind: key?.type === "blf" ? "S" : "L", value: key?.value }
  })
}

const dtmf = { "RTP-in-band": 0, "RTP-out-of-band": 1, "SIP-INFO": 4 } as const
const transports = { udp: 0, tcp: 1, tls: 2 } as const

const languages: Readonly<Record<string, { readonly type: number; readonly country: string }>> = {
  en: { type: 0, country: "US" },
  fr: { type: 1, country: "FR" },
  fr_CA: { type: 1, country: "US" },
  es: { type: 2, country: "ES" },
  de: { type: 3, country: "DE" }
}

const directoryTitles = { fr: "Annuaire", es: "Directorio", de: "Telefonbuch" }
