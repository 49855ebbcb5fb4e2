import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginHost } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig, SipTransport } from "../../schemas/provd/raw-config-type.ts"
import { macOf, requiredMac, requireTftp, textOf } from "../kit/device.ts"
import { directoryUrl } from "../kit/directory-url.ts"
import { sortedKeys } from "../kit/keys.ts"
import { sortedCallManagers, sortedLines } from "../kit/lines.ts"
import { byLocale, ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { sepModels } from "./models.ts"
import { ciscoTimeZone } from "./time-zones.ts"

/** The name of a phone's file. */
export const sepFileName = (device: DeviceDocument): string | undefined => {
  const mac = macOf(device)
  return mac === undefined ? undefined : `SEP${mac.toUpperCase()}.cnf.xml`
}

/** The protocol that a phone is to speak: as configured, else SCCP where there are call managers and no SIP accounts. */
export const protocolOf = (config: RawConfig): "SIP" | "SCCP" => {
  if (config.protocol) return config.protocol
  const managers = Object.keys(config.sccp_call_managers).length
  return managers > 0 && Object.keys(config.sip_lines).length === 0 ? "SCCP" : "SIP"
}

/** The file of one phone (contracts/provisioning-vendors.md, section 6). */
export const sepFiles =
  (host: PluginHost) =>
  (device: DeviceDocument, given: RawConfig): ReadonlyArray<PhoneFile> => {
    const path = `SEP${requiredMac(device).toUpperCase()}.cnf.xml`
    requireTftp(given)
    const config = inOneLine(given)
    const protocol = protocolOf(config)
    const name = textOf(device, "model")
    const loads = ownOf(sepModels, name)?.loads
    const context = {
      ...config,
      time_zone: ciscoTimeZone(config.timezone, host.timeZone),
      language: byLocale(config, languages),
      load: protocol === "SIP" ? loads?.sip : loads?.sccp,
      directory: directoryUrl(config, { entry: "menu", vendor: "cisco" }),
      ...(protocol === "SIP" ? sipOf(config) : { call_managers: sortedCallManagers(config) })
    }
    // Templates of a model are for the protocol that the model was made for.
    const base = protocol === "SIP" ? "base" : "sccp"
    const choice = { file: path, base, ...(name === undefined ? {} : { model: `${name}-${protocol}` }) }
    return [{ path, content: host.render(choice, context, "xml") }]
  }

const languages: Readonly<
  Record<string, { readonly name: string; readonly code: string; readonly network: string }>
> = {
  de: { name: "german_germany", code: "de", network: "germany" },
  en: { name: "english_united_states", code: "en", network: "united_states" },
  es: { name: "spanish_spain", code: "es", network: "spain" },
  fr_CA: { name: "french_france", code: "fr", network: "canada" },
  fr: { name: "french_france", code: "fr", network: "france" }
}

const transports: Readonly<Record<SipTransport, number>> = { tcp: 1, udp: 2, tls: 3 }

/** All lines register with the proxies of the first. */
const sipOf = (config: RawConfig) => {
  const lines = sortedLines(config)
  const [first] = lines
  return {
    transport: transports[config.sip_transport],
    proxies: proxiesOf(config, first),
    outbound: {
      ip: first?.outbound_proxy_ip ?? config.sip_outbound_proxy_ip,
      port: first?.outbound_proxy_port ?? config.sip_outbound_proxy_port
    },
    accounts: lines.map((line) => ({
      ...line,
      index: line.line,
      port: line.proxy_port ?? config.sip_proxy_port ?? 5060,
      display_name: line.display_name || line.number,
      auth_username: line.auth_username || line.username,
      voicemail: line.voicemail || config.exten_voicemail
    })),
    dtmf: (first?.dtmf_mode ?? config.sip_dtmf_mode) === "RTP-in-band" ? "none" : "avt",
    keys: keysOf(config, lines.at(-1)?.line ?? 0)
  }
}

const proxiesOf = (config: RawConfig, first: ReturnType<typeof sortedLines>[number] | undefined) => {
  const main = first?.proxy_ip || config.sip_proxy_ip
  const backup = first?.backup_proxy_ip || config.sip_backup_proxy_ip
  return [
    { ip: main, port: first?.proxy_port ?? config.sip_proxy_port ?? 5060 },
    { ip: backup, port: first?.backup_proxy_port ?? config.sip_backup_proxy_port ?? 5060 }
  ].filter(({ ip }) => Boolean(ip))
}

const featureIds = { blf: 21, speeddial: 2, park: 2 }

/** Function keys are buttons behind the last line. */
const keysOf = (config: RawConfig, lastLine: number) =>
  sortedKeys(config).map(({ key, type, value, label }) => ({
    button: lastLine + key,
    feature: featureIds[type],
    value,
    label,
    watched: type === "blf"
  }))
