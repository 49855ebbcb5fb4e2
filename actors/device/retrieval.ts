import {
  type DeviceDocument,
  type DeviceInfo,
  deviceInfoKeys,
  type JsonObject
} from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { DeviceIndex } from "./device-index.ts"

/**
 * Which device a request comes from (contracts/provisioning.md 8.3): by mac, by serial number, by uuid, then by the
 * address that it has. `secure`: a uuid proves nothing.
 */
export const retrieve = (
  index: DeviceIndex["Service"],
  info: DeviceInfo,
  profile: "default" | "secure"
): { readonly id: string | undefined; readonly several: boolean } => {
  const keys = profile === "secure" ? (["mac", "sn"] as const) : (["mac", "sn", "uuid"] as const)
  for (const key of keys) {
    const value = info[key]
    const [id] = value === undefined ? [] : index.idsBy(key, value)
    if (id !== undefined) return { id, several: false }
  }
  const candidates = info.ip === undefined ? [] : index.idsBy("ip", info.ip)
  const possible = candidates.filter((id) => {
    const known = index.get(id)
    return known !== undefined && !contradicts(known.document, info)
  })
  return { id: possible.length === 1 ? possible[0] : undefined, several: possible.length > 1 }
}

/** By what a phone that nobody entered is known, and by which its requests wait for each other. */
export const identityOf = ({ mac, sn, uuid, ip }: DeviceInfo): string | undefined => {
  if (mac !== undefined) return `mac:${mac}`
  if (sn !== undefined) return `sn:${sn}`
  if (uuid !== undefined) return `uuid:${uuid}`
  return ip === undefined ? undefined : `ip:${ip}`
}

/** What a request changes of its device (contracts/provisioning.md 8.4): what it lacks, its address, its version. */
export const learnedFrom = (document: DeviceDocument, info: DeviceInfo): JsonObject => {
  const changes: Record<string, string> = {}
  for (const [key, value] of Object.entries(info)) {
    const isNews = key === "ip" || key === "version" ? textOf(document, key) !== value : !(key in document)
    if (isNews) changes[key] = value
  }
  return changes
}

/** The parts of a device that plugins are asked about. */
export const infoOf = (document: JsonObject): DeviceInfo =>
  Object.fromEntries(
    deviceInfoKeys.flatMap((key) => {
      const value = textOf(document, key)
      return value === undefined || value === "" ? [] : [[key, value]]
    })
  )

const contradicts = (document: DeviceDocument, info: DeviceInfo): boolean =>
  (["mac", "vendor", "model"] as const).some((key) => {
    const known = textOf(document, key)
    const told = info[key]
    return known !== undefined && known !== "" && told !== undefined && known !== told
  })
