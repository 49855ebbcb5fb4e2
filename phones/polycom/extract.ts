import { normalizeMac, type DeviceInfo } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { deviceInfo } from "../kit/user-agent.ts"

/**
 * What a request tells of a Polycom phone (contracts/provisioning-vendors.md, section 4). While it starts, the boot
 * loader asks for files with its own version: the version counts only for files that the SIP application asks for.
 */
export const extractPolycom = ({ protocol, userAgent, path }: PhoneRequest): DeviceInfo | undefined => {
  if (protocol !== "http") return undefined
  const agent = /^FileTransport Polycom\w+-(\w*?)-UA\/([\d.]+)/.exec(userAgent)
  if (agent === null) return undefined
  const [, model = "", version] = agent
  return deviceInfo({
    vendor: "Polycom",
    model: model.replaceAll("_", ""),
    version: ofSipApplication.test(path) ? version : undefined,
    mac: normalizeMac(ofOnePhone.exec(path)?.[1] ?? "")
  })
}

const ofSipApplication =
  /\/(?:common\.cfg|phone1\.cfg|sip\.cfg|[\da-f]{12}-(?:phone\.cfg|license\.cfg|directory\.xml|app\.log))$/

const ofOnePhone =
  /\/(?!0{12})([\da-f]{12})(?:\.cfg|-user\.cfg|-boot\.log|-phone\.cfg|-license\.cfg|-directory\.xml|-app\.log)$/
