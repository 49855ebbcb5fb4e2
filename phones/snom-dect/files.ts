import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { PhoneFile, PluginHost } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { requiredMac, requiredModel, requireHttp } from "../kit/device.ts"
import { bracketed, directoryUrl } from "../kit/directory-url.ts"
import { sortedLines } from "../kit/lines.ts"
import { ownOf } from "../kit/locale.ts"
import { inOneLine } from "../kit/one-line.ts"
import { serverUrl } from "../kit/server-url.ts"
import { commonFileOf } from "../snom/common-file.ts"
import { snomFileNames, snomLocale } from "../snom/names.ts"
import { snomBases, type SnomBase } from "./models.ts"

/** SIP servers that a base knows. */
const maxServers = 10

/** The files of one base (contracts/provisioning-vendors.md, section 3, "DECT"). */
export const snomDectFiles =
  (host: PluginHost) =>
  (device: DeviceDocument, given: RawConfig): ReadonlyArray<PhoneFile> => {
    const mac = requiredMac(device)
    const model = requiredModel(device)
    requireHttp(given)
    const config = inOneLine(given)
    const names = snomFileNames(model, mac)
    const server = serverUrl(config)
    const servers = serversOf(config)
    const locale = snomLocale(config)
    const zone = config.timezone ? host.timeZone(config.timezone) : undefined
    const context = {
      ...config,
      server,
      engineer: ownOf(snomBases, model)?.engineer === true,
      servers,
      accounts: accountsOf(config, servers),
      language: locale?.language,
      tones: locale?.tones,
      zone: zone && { hours: hoursOf(zone.utcOffset), dst: zone.dst !== null },
      directory: directoryUrl(config, { entry: "input", vendor: "snom" })
    }
    return [
      { path: names.xml, content: host.render({ file: names.xml, model }, context, "xml") },
      {
        path: names.htm,
        content: host.render({ base: "setting-files" }, { server, files: [names.xml] }, "xml")
      }
    ]
  }

/** The files for all bases. */
export const snomDectCommonFiles =
  (host: PluginHost) =>
  (base: RawConfig): ReadonlyArray<PhoneFile> => {
    const common = commonFileOf(host, base)
    return [
      common("snom-general.xml", "general", { lines: 1000 }),
      ...Object.entries(snomBases).flatMap(([name, model]) => [
        common(`snom${name}.htm`, "setting-files", {
          files: [`snom${name}-firmware.xml`, "snom-general.xml", `snom${name}.xml`]
        }),
        common(`snom${name}.xml`, "model", { name }),
        common(`snom${name}-firmware.xml`, "firmware", firmwareOf(model))
      ])
    ]
  }

interface SipServer {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly transport: string
  readonly dtmf_info: string
}

/** One server for each proxy and port, in the order of the lines; those behind the tenth find no room. */
const serversOf = (config: RawConfig): ReadonlyArray<SipServer> => {
  const servers = new Map<string, SipServer>()
  for (const line of sortedLines(config)) {
    const address = addressOf(line)
    if (servers.has(address) || servers.size === maxServers) continue
    servers.set(address, {
      id: servers.size + 1,
      host: line.proxy_ip ?? "",
      port: line.proxy_port ?? 5060,
      transport: config.sip_transport,
      dtmf_info: (line.dtmf_mode ?? config.sip_dtmf_mode) === "SIP-INFO" ? "sip_info_only" : "off"
    })
  }
  return [...servers.values()]
}

/** The lines of the servers that there is room for. */
const accountsOf = (config: RawConfig, servers: ReadonlyArray<SipServer>) => {
  const ids = new Map(
    servers.map((server) => [addressOf({ proxy_ip: server.host, proxy_port: server.port }), server.id])
  )
  return sortedLines(config).flatMap((line) => {
    const id = ids.get(addressOf(line))
    if (id === undefined) return []
    return [
      {
        ...line,
        index: line.line,
        server: id,
        access_code: String(line.line).padStart(4, "0"),
        display_name: line.display_name || line.number,
        auth_username: line.auth_username || line.username,
        voicemail: line.voicemail || config.exten_voicemail
      }
    ]
  })
}

const addressOf = (line: { readonly proxy_ip?: string | null; readonly proxy_port?: number | null }) =>
  `${bracketed(line.proxy_ip ?? "")}:${line.proxy_port ?? 5060}`

const hoursOf = (seconds: number) => `${seconds < 0 ? "-" : "+"}${Math.abs(seconds) / 3600}`

/** 520 and 1 of 05.20.0001. */
const firmwareOf = (base: SnomBase) => {
  const [major = "0", minor = "0", branch = "0"] = base.version.split(".")
  return {
    firmware: Number(`${major}${minor}`),
    branch: Number(branch),
    handsets: ["M25", "M30", "M65", "M70", "M80", "M85", "M90"]
  }
}
