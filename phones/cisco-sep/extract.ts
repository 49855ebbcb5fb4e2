import { normalizeMac, type DeviceInfo } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { deviceInfo, firstMatch, namesMac, type UserAgentForm } from "../kit/user-agent.ts"

/** What a request tells of a Cisco SEP phone (contracts/provisioning-vendors.md, sections 1 and 6). */
export const extractSep = (request: PhoneRequest): DeviceInfo | undefined => {
  if (request.protocol === "dhcp") return firstMatch(request.options[60] ?? "", classes)
  // A phone that tells its address itself is no SEP phone, whatever it asks for.
  return namesMac(request.userAgent) ? undefined : firstMatch(request.path, names)
}

const names: ReadonlyArray<UserAgentForm> = [
  [/^\/?Communicator[/\\]/, () => deviceInfo({ vendor: "Cisco", model: "CIPC" })],
  [
    /^\/?(?:SEP(?<sep>[\dA-F]{12})\.cnf\.xml|(?:CTL|ITL)SEP(?<trust>[\dA-F]{12})\.tlv|ITLFile\.tlv)$/,
    ({ sep, trust }) => deviceInfo({ vendor: "Cisco", mac: normalizeMac(sep ?? trust ?? "") })
  ]
]

/** A 7920 is no 7920G; the other 79xx are called with their G. */
const classes: ReadonlyArray<UserAgentForm> = [
  [
    /^Cisco System.*\bPhone (?:(?:79(?<short>\d\d)|CP-79(?<long>\d\d)G)|CP-(?<number>\d{4}))/,
    ({ short, long, number }) => {
      const old = short ?? long
      const model = old === undefined ? number : old === "20" ? "7920" : `79${old}G`
      return deviceInfo({ vendor: "Cisco", model })
    }
  ],
  [/^Cisco System/, () => deviceInfo({ vendor: "Cisco" })]
]
