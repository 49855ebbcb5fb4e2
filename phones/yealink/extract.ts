import { normalizeMac, type DeviceInfo } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { deviceInfo, fileNameOf, firstMatch, type UserAgentForm } from "../kit/user-agent.ts"

/** What a request tells of a Yealink phone (contracts/provisioning-vendors.md, section 2). */
export const extractYealink = ({ protocol, userAgent, path }: PhoneRequest): DeviceInfo | undefined => {
  if (protocol !== "http") return undefined
  if (userAgent !== "") return firstMatch(userAgent, forms)
  const digits = /^([0-9a-f]{12})\.(?:cfg|boot)$/i.exec(fileNameOf(path))?.[1]?.toLowerCase()
  if (digits === undefined || !prefixes.has(digits.slice(0, 6))) return undefined
  return deviceInfo({ vendor: "Yealink", mac: normalizeMac(digits) })
}

const yealink = (groups: Readonly<Record<string, string | undefined>>) =>
  deviceInfo({
    vendor: "Yealink",
    model: groups.model,
    version: groups.version,
    mac: normalizeMac(groups.mac ?? "")
  })

const forms: ReadonlyArray<UserAgentForm> = [
  [/^[yY]ealink\s+SIP(?: VP)?-(?<model>\w+)\s+(?<version>[\d.]+)\s+(?<mac>[\da-fA-F:]{17})$/, yealink],
  [/^[yY]ealink\s+(?<model>[A-Z]+\d+[A-Z]*)\s+(?<version>[\d.]+)\s+(?<mac>[\da-fA-F:]{17})$/, yealink],
  [/^(?<model>VP530P?|W\d\d[PB])\s+(?<version>[\d.]+)\s+(?<mac>[\da-fA-F:]{17})$/, yealink],
  [/^[yY]ealink-(?<model>\w+)\s+(?<version>[\d.]+)\s+[\d.]+$/, yealink]
]

/** The first three bytes of Yealink's MAC addresses. */
const prefixes: ReadonlySet<string> = new Set([
  "001565",
  "e434d7",
  "805ec0",
  "805e0c",
  "249ad8",
  "44dbd2",
  "644f56",
  "ec1da9",
  "3497d7",
  "b061a9",
  "c4fc22",
  "f01653"
])
