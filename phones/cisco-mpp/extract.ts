import { normalizeMac, type DeviceInfo } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { deviceInfo, firstMatch, type UserAgentForm } from "../kit/user-agent.ts"

/** What a request tells of a Cisco multiplatform phone (contracts/provisioning-vendors.md, sections 1 and 6). */
export const extractMpp = (request: PhoneRequest): DeviceInfo | undefined => {
  if (request.protocol === "dhcp") return firstMatch(request.options[60] ?? "", classes)
  if (request.protocol === "tftp") return firstMatch(request.path, names)
  const info = firstMatch(request.userAgent, agents)
  if (info === undefined || info.mac !== undefined) return info
  const mac = normalizeMac(/\/([\da-f]{12})\.xml$/.exec(request.path)?.[1] ?? "")
  return mac === undefined ? info : { ...info, mac }
}

type Groups = Readonly<Record<string, string | undefined>>

const cisco = ({ model, version, mac, sn }: Groups) =>
  deviceInfo({ vendor: "Cisco", model, version, mac: normalizeMac(mac ?? ""), sn })

const classes: ReadonlyArray<UserAgentForm> = [
  [/^CP-(?<model>[0-9]{4})-3PCC/, cisco],
  [/^CISCO (?<model>ATA[0-9]{3})-MPP/, cisco]
]

const names: ReadonlyArray<UserAgentForm> = [
  [/^\/?Cisco\/CP-(?<model>[0-9]{4})-3PCC\/(?<mac>[\da-fA-F]{12})\.cfg$/, cisco]
]

const agents: ReadonlyArray<UserAgentForm> = [
  [/^Cisco-CP-(?<model>[0-9]{4})-3PCC\/(?<version>\S+) \((?<mac>[\dA-Fa-f]{12})\)$/, cisco],
  [/^Cisco\/(?<model>ATA[0-9]{3})-MPP-(?<version>\S+) \((?<sn>\S+)\)$/, cisco]
]
