import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { DstChange, PhoneFile, PluginHost, TimeZone } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { isSwitchboard, requiredMac, requiredModel, requireHttp } from "../kit/device.ts"
import { bracketed, directoryUrl } from "../kit/directory-url.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedLines, type NumberedLine } from "../kit/lines.ts"
import { byLocale, localeOf, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { commonFileOf } from "./common-file.ts"
import { hourOf } from "../kit/time-zone.ts"
import { snomFirmware, snomModels } from "./models.ts"
import { snomFileNames, snomLocale } from "./names.ts"

/** Identities that a phone has. */
const identities = 12

/** The files of one phone (contracts/provisioning-vendors.md, section 3). */
export const snomFiles =
  (host: PluginHost) =>
  (device: DeviceDocument, given: RawConfig): ReadonlyArray<PhoneFile> => {
    const mac = requiredMac(device)
    const name = requiredModel(device)
    requireHttp(given)
    const config = inOneLine(given)
    const names = snomFileNames(name, mac)
    const server = serverUrl(config)
    const model = ownOf(snomModels, name)
    const accounts = accountsOf(config)
    const locale = snomLocale(config)
    const context = {
      ...config,
      name,
      server,
      model,
      accounts,
      failovers: accounts.filter((account) => account.failover !== undefined),
      keys: keysOf(config, model?.orbit === true),
      short_labels: model === undefined ? name.startsWith("D") : model.shortLabels === true,
      language: locale?.language,
      tones: locale?.tones,
      locale_name: localeOf(config)?.name,
      zone: zoneOf(config.timezone ? host.timeZone(config.timezone) : undefined),
      directory: directoryUrl(config, { entry: "input", vendor: "snom" }),
      directory_label: byLocale(config, directoryLabels) ?? "Directory",
      switchboard: isSwitchboard(device),
      log_level: { critical: 2, error: 3, warning: 4, info: 6, debug: 8 }[config.syslog_level]
    }
    return [
      { path: names.xml, content: host.render({ file: names.xml, model: name }, context, "xml") },
      {
        path: names.htm,
        content: host.render({ base: "setting-files" }, { server, files: [names.xml] }, "xml")
      }
    ]
  }

/** The files for all phones. */
export const snomCommonFiles =
  (host: PluginHost) =>
  (base: RawConfig): ReadonlyArray<PhoneFile> => {
    const common = commonFileOf(host, base)
    return [
      common("snom-general.xml", "general"),
      common("gui_lang.xml", "languages", { root: "gui-languages", kind: "gui" }),
      common("web_lang.xml", "languages", { root: "web-languages", kind: "web" }),
      ...Object.entries(snomModels).flatMap(([name, model]) => [
        common(`snom${name}.htm`, "setting-files", {
          files: ["snom-general.xml", `snom${name}.xml`, "gui_lang.xml", "web_lang.xml"]
        }),
        common(`snom${name}.xml`, "model", { name }),
        common(`snom${name}-firmware.xml`, "firmware", { firmware: snomFirmware(name, model) })
      ])
    ]
  }

const directoryLabels: Readonly<Record<string, string>> = {
  de: "Telefonbuch",
  en: "Directory",
  es: "Directorio",
  fr: "Annuaire",
  it: "Rubrica",
  nl: "Telefoongids"
}

/**
 * The accounts, each backup with an identity of its own behind the last line: the phone registers there when the first
 * fails. A backup for which no identity is left is given up.
 */
const accountsOf = (config: RawConfig) => {
  const lines = sortedLines(config).filter(({ line }) => line <= identities)
  let free = (lines.at(-1)?.line ?? 0) + 1
  return lines.map((line) => {
    const account = {
      ...line,
      index: line.line,
      display_name: line.display_name || line.number,
      auth_username: line.auth_username || line.username,
      voicemail: line.voicemail || config.exten_voicemail,
      dtmf_info: (line.dtmf_mode ?? config.sip_dtmf_mode) === "SIP-INFO" ? "sip_info_only" : "off",
      srtp: config.sip_transport === "tls" ? "on" : "off",
      host: line.proxy_ip,
      outbound: outboundOf(config, line.proxy_ip, line.proxy_port)
    }
    const failover = line.backup_proxy_ip && free <= identities ? failoverOf(config, line, free++) : undefined
    return { ...account, failover }
  })
}

const failoverOf = (config: RawConfig, line: NumberedLine, index: number) => ({
  index,
  name: [line.display_name, line.number].filter(Boolean).join(" "),
  message: `Identity${String(index).padStart(2, "0")}IsNotRegistered`,
  host: line.backup_proxy_ip,
  outbound: outboundOf(config, line.backup_proxy_ip, line.backup_proxy_port)
})

const outboundOf = (config: RawConfig, ip: string | null | undefined, port: number | null | undefined) =>
  ip ? `${bracketed(ip)}${port ? `:${port}` : ""};transport=${config.sip_transport}` : ""

/** A lamp needs the code by which the call is picked up: without it the key is left out. */
const keysOf = (config: RawConfig, orbit: boolean) =>
  sortedKeys(config).flatMap(({ key, type, value, label }) => {
    const index = key - 1
    if (type === "blf") {
      return config.exten_pickup_call
        ? [{ index, label, function: `blf ${value}|${config.exten_pickup_call}` }]
        : []
    }
    return [{ index, label, function: `${type === "park" && orbit ? "orbit" : "speed"} ${value}` }]
  })

/** The phone knows summer time by the country of its tones; where it has none, by the rule itself. */
const zoneOf = (zone: TimeZone | undefined) => {
  if (zone === undefined) return undefined
  return {
    hours: `${zone.utcOffset < 0 ? "-" : "+"}${Math.abs(zone.utcOffset) / 3600}`,
    offset: zone.utcOffset,
    dst: zone.dst && `${zone.dst.save} ${changeOf(zone.dst.start)} ${changeOf(zone.dst.end)}`
  }
}

/** Month.week.weekday hour: the last Sunday of March at two is `03.05.07 02:00:00`. */
const changeOf = (change: DstChange) =>
  `${two(change.month)}.${two(change.week)}.${two(change.weekday === 0 ? 7 : change.weekday)} ${two(hourOf(change))}:00:00`

const two = (number: number) => String(number).padStart(2, "0")
