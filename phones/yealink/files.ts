import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginHost, TimeZone } from "../../schemas/provd/phone-plugin.ts"
import type { DtmfMode, RawConfig, SipTransport, SrtpMode } from "../../schemas/provd/raw-config-type.ts"
import { isSwitchboard, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { directoryUrl, serviceUrl } from "../kit/directory-url.ts"
import { sortedKeys, type NumberedKey } from "../kit/keys.ts"
import { sortedLines, type NumberedLine } from "../kit/lines.ts"
import { localeOf, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { hourOf } from "../kit/time-zone.ts"
import { handsetFirmware, yealinkModels, type YealinkModel } from "./models.ts"

/** The name of a phone's file. */
export const yealinkFileName = (mac: string): string => `${mac}.cfg`

/** The file of one phone (contracts/provisioning-vendors.md, section 2). */
export const yealinkFiles =
  (host: PluginHost) =>
  (device: DeviceDocument, given: RawConfig): ReadonlyArray<PhoneFile> => {
    const mac = requiredMac(device)
    requireHttp(given)
    const config = inOneLine(given)
    const name = textOf(device, "model")
    const model = ownOf(yealinkModels, name)
    const path = yealinkFileName(mac)
    const context = {
      ...config,
      ...localeWords(config),
      server: serverUrl(config),
      model,
      generation: generationOf(device, model),
      handset_firmware: model?.handsets === true ? handsetFirmware : {},
      accounts: accountsOf(config, model),
      keys: keysOf(config, model),
      pickup: config.exten_pickup_call || null,
      zone: zoneOf(config.timezone ? host.timeZone(config.timezone) : undefined),
      syslog_number: { critical: 2, error: 3, warning: 4, info: 6, debug: 6 }[config.syslog_level],
      directory: directoryUrl(config, { entry: "lookup", vendor: "yealink", suffix: "&term=#SEARCH" }),
      dnd_on: serviceUrl(config, "yealink", "dnd", "enable"),
      dnd_off: serviceUrl(config, "yealink", "dnd", "disable"),
      switchboard: isSwitchboard(device)
    }
    const choice = { file: path, ...(name === undefined ? {} : { model: name }) }
    return [{ path, content: host.render(choice, context, "none") }]
  }

/** 86 for a phone on 66.86.0.15; without a version that of the model, without a model the newest. */
const generationOf = (device: DeviceDocument, model: YealinkModel | undefined): number => {
  const version = textOf(device, "version") ?? model?.version ?? ""
  const generation = /^\d+\.(\d+)\./.exec(version)?.[1]
  return generation === undefined ? 86 : Number(generation)
}

const transports: Readonly<Record<SipTransport, number>> = { udp: 0, tcp: 1, tls: 2 }
const dtmfTypes: Readonly<Record<DtmfMode, number>> = {
  "RTP-in-band": 0,
  "RTP-out-of-band": 1,
  "SIP-INFO": 2
}
const encryptions: Readonly<Record<SrtpMode, number>> = { disabled: 0, preferred: 1, required: 2 }

/** Every account of the phone: those without a line are switched off. */
const accountsOf = (config: RawConfig, model: YealinkModel | undefined) => {
  const lines = new Map(sortedLines(config).map((line) => [line.line, line]))
  const numbers =
    model === undefined ? [...lines.keys()] : Array.from({ length: model.accounts }, (_, index) => index + 1)
  return numbers.map((number) => {
    const line = lines.get(number)
    return line === undefined ? { index: number, enabled: false } : accountOf(config, number, line)
  })
}

const accountOf = (config: RawConfig, number: number, line: NumberedLine) => ({
  ...line,
  index: number,
  enabled: true,
  extension: line.number || line.username,
  display_name: line.display_name || line.number,
  transport: transports[config.sip_transport],
  dtmf_type: dtmfTypes[line.dtmf_mode ?? config.sip_dtmf_mode ?? "SIP-INFO"],
  srtp_encryption: encryptionOf(config, line),
  voicemail: line.voicemail || config.exten_voicemail
})

/** Keys of calls travel in clear text without TLS; the shared account of new phones is never encrypted by it. */
const encryptionOf = (config: RawConfig, line: NumberedLine) =>
  config.sip_transport === "tls" && line.number !== "autoprov"
    ? encryptions.required
    : encryptions[line.srtp_mode ?? config.sip_srtp_mode]

/** Every key of the phone and of its modules; those without function are emptied. */
const keysOf = (config: RawConfig, model: YealinkModel | undefined) => {
  const keys = new Map(sortedKeys(config).map((key) => [key.key, key]))
  const lines = new Map(sortedLines(config).map((line) => [line.line, line]))
  return namesOf(model, keys).map(([number, name]) => {
    const key = keys.get(number)
    if (key !== undefined) return { name, ...key, line: key.line ?? 1, type: typeOf(key) }
    const line = lines.get(number)
    if (line === undefined) return { name, type: keyTypes.none, module: name.startsWith("expansion_module") }
    const extension = line.number || line.username
    return { name, type: keyTypes.line, line: number, value: extension, label: extension }
  })
}

const keyTypes = { none: 0, park: 10, record: 11, speeddial: 13, line: 15, blf: 16 }

/** The feature code by which a call is recorded. */
const record = "*3"

const typeOf = (key: NumberedKey) =>
  key.type === "speeddial" && key.value === record ? keyTypes.record : keyTypes[key.type]

/** The keys as they are counted: line keys, memory keys, then module after module. */
const namesOf = (
  model: YealinkModel | undefined,
  keys: ReadonlyMap<number, NumberedKey>
): ReadonlyArray<readonly [number: number, name: string]> => {
  if (model === undefined) return [...keys.keys()].map((number) => [number, `linekey.${number}`])
  const count = (length: number) => Array.from({ length }, (_, index) => index + 1)
  const { count: modules, keys: perModule } = model.modules ?? { count: 0, keys: 0 }
  return [
    ...count(model.lineKeys).map((number) => `linekey.${number}`),
    ...count(model.memoryKeys ?? 0).map((number) => `memorykey.${number}`),
    ...count(modules).flatMap((module) =>
      count(perModule).map((number) => `expansion_module.${module}.key.${number}`)
    )
  ].map((name, index) => [index + 1, name])
}

/** What the phone calls its languages, and the number that a handset has for each. */
const languages: Readonly<Record<string, { readonly name: string; readonly handset: number }>> = {
  de: { name: "German", handset: 2 },
  en: { name: "English", handset: 0 },
  es: { name: "Spanish", handset: 6 },
  fr: { name: "French", handset: 1 },
  it: { name: "Italian", handset: 3 }
}

/** The countries whose tones the phone has, and those that have another's. */
const toneCountries: Readonly<Record<string, string>> = {
  AT: "Austria",
  AU: "Australia",
  BE: "Belgium",
  CA: "United States",
  CH: "Switzerland",
  DE: "Germany",
  ES: "Spain",
  FR: "France",
  GB: "Great Britain",
  IT: "Italy",
  NL: "Netherlands",
  US: "United States"
}

const localeWords = (config: RawConfig) => {
  const locale = localeOf(config)
  const language = ownOf(languages, locale?.language)
  return {
    language: language?.name,
    handset_language: language?.handset,
    country: ownOf(toneCountries, locale?.country)
  }
}

/** Month/week/weekday/hour; week 5 is the last, Sunday is 7. */
const zoneOf = (zone: TimeZone | undefined) => {
  if (zone === undefined) return undefined
  const change = (at: NonNullable<TimeZone["dst"]>["start"]) =>
    `${at.month}/${at.week}/${at.weekday === 0 ? 7 : at.weekday}/${hourOf(at)}`
  return {
    offset: offsetOf(zone.utcOffset),
    dst: zone.dst && {
      start: change(zone.dst.start),
      end: change(zone.dst.end),
      minutes: zone.dst.save / 60
    }
  }
}

/** `+1`, `-5`, `+5:30`. */
const offsetOf = (seconds: number): string => {
  const minutes = Math.abs(seconds) / 60
  const rest = minutes % 60
  const hours = `${seconds < 0 ? "-" : "+"}${Math.floor(minutes / 60)}`
  return rest === 0 ? hours : `${hours}:${String(rest).padStart(2, "0")}`
}
