import { normalizeIp } from "./address.ts"
import type { DeviceDocument, JsonObject } from "./device.ts"
import { firstOf, withoutKeys } from "./document.ts"
import { isObject, own, sameJson, unstorable } from "./json.ts"

/** Keys of a device that only the runtime sets (contracts/provisioning.md 3.1). */
const serverSetKeys: ReadonlyArray<string> = ["id", "tenant_uuid", "is_new", "configured"]

/** A device as a client sends it, fit to be stored: no server-set keys, the ip in its one form. */
export type DeviceBody = JsonObject

/** What a client's document becomes, or what is wrong with it. Never looks at the id: see `idProblem`. */
export const readDeviceBody = (
  document: JsonObject
): { readonly body: DeviceBody } | { readonly problem: string } => {
  const given = withoutKeys(document, serverSetKeys)
  const problem = firstOf(
    unstorable(given),
    ...texts.map((key) => textProblem(given, key)),
    macProblem(own(given, "mac")),
    optionsProblem(own(given, "options"))
  )
  if (problem !== undefined) return { problem }
  const ip = own(given, "ip")
  if (ip === undefined || ip === null || ip === "") return { body: given }
  const normalized = typeof ip === "string" ? normalizeIp(ip) : undefined
  return normalized === undefined
    ? { problem: "ip: an IPv4 or IPv6 address is expected" }
    : { body: { ...given, ip: normalized } }
}

/** Whether a change makes the files of a device out of date (contracts/provisioning.md, section 10). */
export const needsReconfiguration = (before: JsonObject, after: JsonObject): boolean =>
  reconfiguring.some((key) => !sameJson(own(before, key) ?? null, own(after, key) ?? null))

/** Whether a device uses the shared account of phones that nobody gave a line (contracts/provisioning.md, section 10). */
export const isAutoprov = ({ config }: DeviceDocument): boolean => String(config ?? "").startsWith("autoprov")

const reconfiguring = ["plugin", "config", "mac", "uuid", "vendor", "model", "version", "options"]

const texts = [
  "sn",
  "uuid",
  "vendor",
  "model",
  "version",
  "plugin",
  "config",
  "description",
  "added",
  "remote_state_sip_username"
]

const textProblem = (document: JsonObject, key: string): string | undefined => {
  const value = own(document, key)
  const fits = value === undefined || value === null || typeof value === "string" || typeof value === "number"
  return fits ? undefined : `${key}: a text is expected`
}

const macProblem = (mac: unknown): string | undefined =>
  mac === undefined || mac === null || (typeof mac === "string" && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac))
    ? undefined
    : "mac: a form like 00:11:22:aa:bb:cc is expected"

const optionsProblem = (options: unknown): string | undefined =>
  options === undefined || options === null || isObject(options)
    ? undefined
    : "options: an object is expected"
