import { normalizeMac, type DeviceInfo } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { deviceInfo, firstMatch, type UserAgentForm } from "../kit/user-agent.ts"

/** What a request tells of a Cisco SPA, ATA190 or PAP2T (contracts/provisioning-vendors.md, sections 1 and 5). */
export const extractSpa = (request: PhoneRequest): DeviceInfo | undefined => {
  if (request.protocol === "dhcp") return firstMatch(request.options[60] ?? "", classes)
  if (request.protocol === "tftp") return firstMatch(request.path, names)
  const info = firstMatch(request.userAgent, agents)
  if (info === undefined || info.mac !== undefined) return info
  const mac = normalizeMac(/\b([\da-f]{12})\.xml$/.exec(request.path)?.[1] ?? "")
  return mac === undefined ? info : { ...info, mac }
}

type Groups = Readonly<Record<string, string | undefined>>

const cisco = ({ model = "", version, mac, sn }: Groups) =>
  deviceInfo({
    vendor: "Cisco",
    model: model.replaceAll("-", "").toUpperCase(),
    version,
    mac: normalizeMac(mac ?? ""),
    sn
  })

const classes: ReadonlyArray<UserAgentForm> = [
  [/^(?:CISCO|Cisco) (?<model>SPA[0-9]{3,4}[A-Za-z]*[0-9]?|ATA190G?g?2?)/, cisco],
  [/^LINKSYS (?<model>SPA-?[0-9]{3,4})/, cisco]
]

const names: ReadonlyArray<UserAgentForm> = [
  [/^\/?spa(?<psn>.+?)\.cfg$/, ({ psn }) => cisco({ model: `SPA${psn}` })],
  [/^\/?init\.cfg$/, () => cisco({ model: "PAP2T" })],
  [/^\/?ATA[\dA-F]{12}\.cnf\.xml$/, () => cisco({ model: "ATA190" })]
]

/** The newer ATAs speak of themselves alike and belong to the MPP plugin. */
const agents: ReadonlyArray<UserAgentForm> = [
  [/^Cisco\/(?!ATA\d+-MPP)(?<model>\w+)-(?<version>\S+) (?:\((?<mac>[\dA-F]{12})\))?\((?<sn>\w+)\)$/, cisco],
  [/^Linksys\/(?<model>[\w-]+)-(?<version>[^\s-]+) \((?<sn>\w+)\)$/, cisco]
]
