import { normalizeMac, type DeviceInfo } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { deviceInfo } from "../kit/user-agent.ts"

/** What a request tells of a Snom desk phone (contracts/provisioning-vendors.md, section 3). */
export const extractSnom = ({ protocol, userAgent, path, query }: PhoneRequest): DeviceInfo | undefined => {
  if (protocol !== "http") return undefined
  const file = /\/snom(\w+)-([0-9A-F]{12})\.htm$/.exec(path)
  if (userAgent === "") {
    return file === null
      ? undefined
      : deviceInfo({ vendor: "Snom", model: file[1], mac: normalizeMac(file[2] ?? "") })
  }
  const agent = /\bsnom(\w+)-SIP ([\d.]+)(?:\s.+?\s([0-9A-F]{12})\b)?/.exec(userAgent)
  if (agent === null) return undefined
  const [, model, version, mac] = agent
  return deviceInfo({
    vendor: "Snom",
    model,
    version,
    mac: normalizeMac(mac ?? query.mac ?? "") ?? normalizeMac(file?.[2] ?? "")
  })
}

/** What a request tells of a Snom DECT base. */
export const extractSnomDect = ({ protocol, userAgent }: PhoneRequest): DeviceInfo | undefined => {
  if (protocol !== "http") return undefined
  const agent = /\b[sS]nom\s?(M[0-9]{3})\s([0-9.]+)\s([0-9a-fA-F]{12})\b/.exec(userAgent)
  if (agent === null) return undefined
  const [, model, version, mac] = agent
  return deviceInfo({ vendor: "Snom", model, version, mac: normalizeMac(mac ?? "") })
}
