import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { DstChange, PhoneFile, PluginHost, TimeZone } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig, SipTransport } from "../../schemas/provd/raw-config-type.ts"
import { isSwitchboard, requiredMac, requireHttp, textOf } from "../kit/device.ts"
import { directoryUrl } from "../kit/directory-url.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedLines } from "../kit/lines.ts"
import { byLocale, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { hourOf } from "../kit/time-zone.ts"
import { moduleKeys, polycomModels, type PolycomModel } from "./models.ts"

/** The name of a phone's file. */
export const polycomFileName = (mac: string): string => `${mac}-user.cfg`

/** The file of one phone (contracts/provisioning-vendors.md, section 4). */
export const polycomFiles =
  (host: PluginHost) =>
  (device: DeviceDocument, given: RawConfig): ReadonlyArray<PhoneFile> => {
    const mac = requiredMac(device)
    requireHttp(given)
    const config = inOneLine(given)
    const name = textOf(device, "model")
    const path = polycomFileName(mac)
    const context = {
      ...config,
      root: /^[0-3]\./.test(textOf(device, "version") ?? "") ? "config" : "polycomConfig",
      transport: transports[config.sip_transport],
      accounts: sortedLines(config).map((line) => ({
        ...line,
        index: line.line,
        display_name: line.display_name || line.number,
        auth_username: line.auth_username || line.username,
        extension: line.number || line.username,
        voicemail: line.voicemail || config.exten_voicemail
      })),
      dtmf_mode: config.sip_dtmf_mode ?? sortedLines(config)[0]?.dtmf_mode ?? "RTP-out-of-band",
      keys: keysOf(config, ownOf(polycomModels, name)),
      zone: zoneOf(config.timezone ? host.timeZone(config.timezone) : undefined),
      syslog_number: { critical: 5, error: 4, warning: 3, info: 2, debug: 1 }[config.syslog_level],
      language: byLocale(config, languages),
      directory: directoryUrl(config, { entry: "input", vendor: "polycom" }),
      directory_label: byLocale(config, directoryLabels) ?? "Directory",
      switchboard: isSwitchboard(device)
    }
    const choice = { file: path, ...(name === undefined ? {} : { model: name }) }
    return [{ path, content: host.render(choice, context, "xml") }]
  }

/** The files for all phones: the one that names the others, and settings that all have in common. */
export const polycomCommonFiles =
  (host: PluginHost) =>
  (base: RawConfig): ReadonlyArray<PhoneFile> =>
    ["000000000000.cfg", "common.cfg"].map((path) => ({
      path,
      content: host.render({ file: path, base: path }, base, "xml")
    }))

const transports: Readonly<Record<SipTransport, string>> = { udp: "UDPOnly", tcp: "TCPOnly", tls: "TLS" }

const languages: Readonly<Record<string, string>> = {
  de: "German_Germany",
  en: "English_United_States",
  en_GB: "English_United_Kingdom",
  es: "Spanish_Spain",
  fr: "French_France",
  it: "Italian_Italy",
  nl: "Dutch_Netherlands"
}

const directoryLabels: Readonly<Record<string, string>> = { en: "Directory", fr: "Annuaire" }

/** The keys that the phone has, with its modules; the phone watches every one of them. */
const keysOf = (config: RawConfig, model: PolycomModel | undefined) => {
  const count =
    model === undefined ? Number.POSITIVE_INFINITY : model.keys + (model.modules ?? 0) * moduleKeys
  return sortedKeys(config).filter(({ key }) => key <= count)
}

const zoneOf = (zone: TimeZone | undefined) =>
  zone && {
    offset: zone.utcOffset,
    changes: zone.dst === null ? [] : [changeOf("start", zone.dst.start), changeOf("stop", zone.dst.end)]
  }

/** Sunday is 1; other weeks than the last are told by their first day. */
const changeOf = (name: string, change: DstChange) => ({
  name,
  month: change.month,
  hour: hourOf(change),
  weekday: change.weekday + 1,
  last: change.week === 5,
  date: (change.week - 1) * 7 + 1
})
