import { normalizeMac, type DeviceDocument, type DeviceInfo } from "../../schemas/provd/device.ts"
import {
  support,
  type DstChange,
  type PhoneFile,
  type PhoneRequest,
  type PluginFactory,
  type PluginHost,
  type TimeZone
} from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { association } from "../kit/association.ts"
import { capabilitiesOf } from "../kit/capabilities.ts"
import { macOf, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { directoryUrl, serviceUrl } from "../kit/directory-url.ts"
import { sortedLines } from "../kit/lines.ts"
import { byLocale, localeOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverParts, serverUrl } from "../kit/server-url.ts"
import { checkSync } from "../kit/synchronize.ts"
import { hourOf } from "../kit/time-zone.ts"
import { deviceInfo, fileNameOf, firstMatch, namesMac } from "../kit/user-agent.ts"
import { keysOf } from "./keys.ts"
import { capabilityOf, firmwareCheckFiles, modelByCommonFile, modelOf, models, type Model } from "./models.ts"

/** Fanvil X, V, i, H and W series (contracts/provisioning-vendors.md, section 10). */
export const fanvil: PluginFactory = (host) => ({
  info: {
    version: "1.0.0",
    description: "Fanvil X, V, H and W phones and i door phones.",
    description_fr: "Téléphones Fanvil X, V, H et W et portiers i.",
    capabilities: capabilitiesOf("Fanvil", models, ({ version }) => version, capabilityOf)
  },
  extract: (request) => deviceInfo({ ...fromPath(request), ...firstMatch(request.userAgent, userAgents) }),
  associate: association({
    vendor: "Fanvil",
    isModel: (model) => modelOf(model) !== undefined,
    isVersion: (version, model) => version === modelOf(model)?.version,
    otherModel: support.unknown
  }),
  commonFiles: (base) =>
    Object.entries(models).flatMap(([name, model]) => commonFiles(host, name, model, base)),
  deviceFiles: (device, config) => [deviceFile(host, device, inOneLine(config))],
  synchronize: checkSync,
  remoteStateTrigger: (device) => {
    const mac = macOf(device)
    return mac === undefined ? undefined : `${mac}.cfg`
  },
  isSensitive: (name) => /^[0-9a-f]{12}\.cfg$/.test(name)
})

const userAgents = [
  [
    /^Fanvil (?<model>[VHXWi][0-9]{1,3}[WSGVUCi]?[DV]?[0-9]?(?:-V[12])?(?:\s?Pro)?) (?<version>[0-9.]+) (?<mac>[\da-f]{12})$/,
    ({ model, version, mac }: Readonly<Record<string, string | undefined>>) =>
      deviceInfo({
        vendor: "Fanvil",
        model: model?.replaceAll(" ", "-"),
        version,
        mac: normalizeMac(mac ?? "")
      })
  ]
] as const

const fromPath = ({ path, userAgent }: PhoneRequest): DeviceInfo | undefined => {
  const model = modelByCommonFile.get(fileNameOf(path))
  if (model !== undefined) return { vendor: "Fanvil", model }
  // Other vendors' files have such names too.
  if (namesMac(userAgent)) return undefined
  const [, mac] = /\b(?!0{12})([\da-f]{12})\.cfg$/.exec(path) ?? []
  return mac === undefined ? undefined : deviceInfo({ mac: normalizeMac(mac) })
}

const commonFiles = (
  host: PluginHost,
  name: string,
  model: Model,
  base: RawConfig
): ReadonlyArray<PhoneFile> => {
  const context = { ...base, ...serverOf(base, model), version: model.version, built: builtOn(model) }
  const template = model.dialect === "plain" ? "common-plain" : "common"
  const first = model.commonFile === undefined ? [] : [model.commonFile]
  return [
    ...first.map((path) => file(path, host.render({ file: path, base: template }, context, "xml"))),
    ...firmwareCheckFiles(name, model).map(([path, edition]) =>
      file(path, host.render({ file: path, base: "firmware" }, { ...context, model: edition }, "none"))
    )
  ]
}

const file = (name: string, content: string): PhoneFile => ({ path: `Fanvil/${name}`, content })

/** The firmware's file says when it was made. */
const builtOn = ({ firmware }: Model) => {
  const [, year, month, day] = /[T_](\d{4})-?(\d\d)-?(\d\d)/.exec(firmware) ?? []
  return year === undefined ? undefined : `${year}-${month}-${day}`
}

const deviceFile = (host: PluginHost, device: DeviceDocument, config: RawConfig): PhoneFile => {
  requireHttp(config)
  const name = `${requiredMac(device)}.cfg`
  const modelName = textOf(device, "model")
  const model = modelOf(modelName)
  const choice = {
    file: name,
    ...(modelName === undefined ? {} : { model: modelName }),
    base: isPlain(modelName, model) ? "base-plain" : "base"
  }
  return file(name, host.render(choice, derived(host, config, modelName, model), "xml"))
}

/** Of the models that are not listed only the X ones of two characters speak the old dialect. */
const isPlain = (name: string | undefined, model: Model | undefined) =>
  model === undefined ? !/^X\d$/.test(name ?? "X2") : model.dialect === "plain"

/** The config with what the templates need beside it. */
const derived = (
  host: PluginHost,
  config: RawConfig,
  name: string | undefined,
  model: Model | undefined
): object => ({
  ...config,
  ...serverOf(config, model),
  language: language(config, name, model),
  tones: tones(config),
  time: config.timezone ? time(host.timeZone(config.timezone)) : undefined,
  webAccounts: webAccounts(config),
  lines: sortedLines(config).map((line) => ({
    ...line,
    title: [line.number, line.display_name].filter(Boolean).join(" "),
    secret: line.password === "autoprov" ? "" : line.password,
    mailbox: line.voicemail || config.exten_voicemail,
    dtmf: dtmf[line.dtmf_mode ?? config.sip_dtmf_mode ?? "RTP-out-of-band"]
  })),
  transport: transports[config.sip_transport],
  vlan: config.vlan_enabled ? { id: config.vlan_id, priority: config.vlan_priority ?? 0 } : undefined,
  log: logLevels[config.syslog_level],
  keys: keysOf(config, model?.keys ?? { perPage: 10 }),
  softKeys: model?.keys.soft !== undefined,
  doorphone: model?.type === "doorphone",
  directory: directory(config),
  doNotDisturb: {
    on: serviceUrl(config, "fanvil", "dnd", "enable"),
    off: serviceUrl(config, "fanvil", "dnd", "disable")
  }
})

const serverOf = (config: RawConfig, model: Model | undefined) => {
  const server = serverUrl(config)
  const { secure } = serverParts(config)
  return {
    server,
    protocol: secure ? 4 : 2,
    protocolPlain: secure ? 5 : 4,
    firmware: model === undefined ? undefined : `${server}/Fanvil/firmware/${model.firmware}`
  }
}

/** Only for phones that a person has: confd writes the version into their configs. */
const directory = (config: RawConfig) => {
  if ((config.config_version ?? 0) < 1) return undefined
  const page = { entry: "lookup", suffix: "&term=" } as const
  const url = directoryUrl(config, { ...page, vendor: "fanvil" })
  const contacts = directoryUrl(config, { ...page, vendor: "fanvil-v2" })
  return url === undefined
    ? undefined
    : { url, contacts, title: byLocale(config, directoryTitles) ?? "Directory" }
}

const directoryTitles = {
  fr: "Annuaire",
  de: "Telefonbuch",
  es: "Directorio",
  it: "Rubrica",
  nl: "Telefoonboek"
}

const webAccounts = (config: RawConfig) => [
  ...(config.admin_password
    ? [{ index: 1, name: config.admin_username || "admin", password: config.admin_password, level: 10 }]
    : []),
  ...(config.user_password
    ? [{ index: 2, name: config.user_username || "guest", password: config.user_password, level: 5 }]
    : [])
]

/** The phones count quarters of an hour from Greenwich. */
const time = (zone: TimeZone | undefined) =>
  zone && {
    quarters: Math.round(zone.utcOffset / 900),
    name: zoneName(zone.utcOffset),
    dst: zone.dst && {
      minutes: Math.min(60, Math.round(zone.dst.save / 60)),
      changes: [change("Start", zone.dst.start), change("End", zone.dst.end)]
    }
  }

const zoneName = (offset: number) => {
  if (offset === 0) return "UTC"
  const minutes = Math.abs(Math.round(offset / 60))
  const rest = minutes % 60 === 0 ? "" : `:${minutes % 60}`
  const hours = String(Math.floor(minutes / 60))
  return offset > 0 ? `UTC+${hours}${rest}` : `UTC-${hours.padStart(2, "0")}${rest}`
}

/** Sunday is 0, the last week of a month -1. */
const change = (name: "Start" | "End", rule: DstChange) => ({
  name,
  month: rule.month,
  week: rule.week === 5 ? -1 : rule.week,
  weekday: rule.weekday,
  hour: hourOf(rule)
})

const language = (config: RawConfig, name: string | undefined, model: Model | undefined) => {
  const series = model?.languages ?? (/^X\d+[UCi]|^X[27]/.test(name ?? "") ? "short" : "v")
  if (series === "short") {
    const spoken = localeOf(config)?.language
    return spoken === undefined ? undefined : (renamedLanguages[spoken] ?? spoken)
  }
  return byLocale(config, series === "x" ? xLanguages : vLanguages)
}

const renamedLanguages: Readonly<Record<string, string>> = { ca: "cat", eu: "eus", sk: "slo" }
const xLanguages = { en: "0", nl: "3", fr: "4", it: "7", es: "10", de: "16" }
const vLanguages = { en: "0", nl: "3", fr: "5", es: "6", it: "7", de: "16" }

const tones = (config: RawConfig) => {
  const country = localeOf(config)?.country
  return country === undefined ? undefined : (countries[country] ?? countries.US)
}

/** The phones' numbers of the countries whose tones they play. */
const countries: Readonly<Record<string, string>> = {
  DE: "2",
  CA: "18",
  GB: "13",
  US: "11",
  ES: "33",
  FR: "25",
  IT: "21",
  NL: "5"
}

const dtmf = { "RTP-in-band": 0, "RTP-out-of-band": 1, "SIP-INFO": 2 } as const
const transports = { udp: 0, tcp: 1, tls: 3 } as const
const logLevels = {
  critical: { number: 2, name: "ERROR" },
  error: { number: 3, name: "ERROR" },
  warning: { number: 4, name: "WARN" },
  info: { number: 6, name: "INFO" },
  debug: { number: 7, name: "DEBUG" }
} as const
