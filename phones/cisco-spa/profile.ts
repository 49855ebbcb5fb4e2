import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { DstChange, PluginHost, TimeZone } from "../../schemas/provd/phone-plugin.ts"
import type { DtmfMode, RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { isSwitchboard } from "../kit/device.ts"
import { bracketed, directoryUrl } from "../kit/directory-url.ts"
import { sortedKeys, type NumberedKey } from "../kit/keys.ts"
import { sortedLines, type NumberedLine } from "../kit/lines.ts"
import { localeOf, ownOf } from "../kit/locale.ts"
import { serverUrl } from "../kit/server-url.ts"
import { hourOf } from "../kit/time-zone.ts"

/** The keys of a phone and how many modules can stand beside it. */
export interface KeyBoard {
  readonly keys: number
  readonly modules?: number
}

/** Keys of an expansion module. */
const moduleKeys = 32

/**
 * What the templates of Cisco's flat profiles are given, for the SPA and the MPP phones alike
 * (contracts/provisioning-vendors.md, section 5).
 */
export const profileOf = (
  host: PluginHost,
  device: DeviceDocument,
  config: RawConfig,
  board: KeyBoard | undefined
) => {
  const locale = localeOf(config)
  const language = ownOf(languages, locale?.language)
  const accounts = sortedLines(config).map((line) => accountOf(config, line))
  return {
    ...config,
    server: serverUrl(config),
    accounts,
    station: accounts.find((account) => account.index === 1)?.display_name,
    keys: keysOf(config, board),
    language: language ?? "English",
    locale_code: language === undefined ? "en-US" : `${locale?.language}-${locale?.country}`,
    zone: zoneOf(config.timezone ? host.timeZone(config.timezone) : undefined),
    directory: directoryUrl(config, { entry: "input", vendor: "cisco" }),
    directory_name: locale?.language === "fr" ? "Répertoire" : "Directory",
    switchboard: isSwitchboard(device)
  }
}

/** The languages that Cisco has dictionaries of. */
const languages: Readonly<Record<string, string>> = {
  de: "German",
  en: "English",
  es: "Spanish",
  fr: "French"
}

const dtmfMethods: Readonly<Record<DtmfMode, string>> = {
  "RTP-in-band": "InBand",
  "RTP-out-of-band": "AVT",
  "SIP-INFO": "INFO"
}

const accountOf = (config: RawConfig, line: NumberedLine) => {
  const dtmf = line.dtmf_mode ?? config.sip_dtmf_mode
  return {
    ...line,
    index: line.line,
    display_name: line.display_name || line.number,
    auth_username: line.auth_username || line.username,
    short_name: line.number || "$USER",
    proxy: proxyOf(line),
    backup: Boolean(line.backup_proxy_ip),
    outbound: line.outbound_proxy_ip
      ? `${bracketed(line.outbound_proxy_ip)}:${line.outbound_proxy_port ?? 5060}`
      : "",
    transport: config.sip_transport.toUpperCase(),
    dtmf_method: dtmf ? dtmfMethods[dtmf] : "Auto",
    encrypted: (line.srtp_mode ?? config.sip_srtp_mode) !== "disabled",
    secure: (line.srtp_mode ?? config.sip_srtp_mode) === "required" ? "Required" : "Optional"
  }
}

/** Two proxies are told as the SRV records that a name server would have given, in their order. */
const proxyOf = (line: NumberedLine) => {
  const main = `${bracketed(line.proxy_ip ?? "")}:${line.proxy_port ?? 5060}`
  if (!line.proxy_ip) return ""
  if (!line.backup_proxy_ip) return main
  const backup = `${bracketed(line.backup_proxy_ip)}:${line.backup_proxy_port ?? 5060}`
  return `xivo_proxies${line.line}:SRV=${main}:p=0|${backup}:p=1`
}

interface ProfileKey {
  /** The expansion module; undefined: a key of the phone itself. */
  readonly unit?: number
  readonly index: number
  readonly label: string
  readonly function: string
}

/** The keys of the phone, then those of its modules; what does not fit is left out. */
const keysOf = (config: RawConfig, board: KeyBoard | undefined) => {
  const { keys: own, modules = 0 } = board ?? { keys: 0 }
  return sortedKeys(config).flatMap((key): ReadonlyArray<ProfileKey> => {
    const { label } = key
    if (key.key <= own) return [{ index: key.key, label, function: functionOf(key) }]
    const behind = key.key - own - 1
    const unit = Math.floor(behind / moduleKeys) + 1
    return unit > modules
      ? []
      : [{ unit, index: (behind % moduleKeys) + 1, label, function: functionOf(key) }]
  })
}

/** The phone takes a semicolon for the end of a parameter. */
const functionOf = ({ type, value, label }: NumberedKey) => {
  const [target, name] = [value, label].map((text) => text.replaceAll(";", ","))
  return type === "blf"
    ? `fnc=sd+blf+cp;sub=${target}@$PROXY;nme=${name}`
    : `fnc=sd;ext=${target}@$PROXY;nme=${name}`
}

const zoneOf = (zone: TimeZone | undefined) => {
  if (zone === undefined) return undefined
  const minutes = Math.abs(zone.utcOffset) / 60
  return {
    name: `GMT${zone.utcOffset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`,
    hours: `${zone.utcOffset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}`,
    rule:
      zone.dst &&
      `start=${changeOf(zone.dst.start)};end=${changeOf(zone.dst.end)};save=${clock(zone.dst.save)}`
  }
}

/** Month/day/weekday/hour: the first Sunday, which is 7, on or behind the day; -1 is the last of the month. */
const changeOf = (change: DstChange) => {
  const day = change.week === 5 ? -1 : (change.week - 1) * 7 + 1
  return `${change.month}/${day}/${change.weekday === 0 ? 7 : change.weekday}/${clock(hourOf(change) * 3600)}`
}

const clock = (seconds: number) => `${Math.floor(seconds / 3600)}:${(seconds % 3600) / 60}:0`

const two = (number: number) => String(number).padStart(2, "0")
