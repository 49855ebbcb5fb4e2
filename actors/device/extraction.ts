import { normalizeIp } from "../../schemas/provd/address.ts"
import { type DeviceInfo, normalizeMac } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import type { LoadedPlugin } from "./plugins/loaded-plugin.ts"

/**
 * What a request tells of the phone (contracts/provisioning.md 8.2): every plugin says what it finds, the value that
 * most of them give counts, of two with as many the one seen first. The address is the sender's, whatever a plugin
 * says; so is the mac of DHCP. A value that cannot be one is left out. A promise only when a plugin gives one.
 */
export const extractInfo = (
  plugins: ReadonlyArray<LoadedPlugin>,
  request: PhoneRequest
): DeviceInfo | Promise<DeviceInfo> => {
  const answers = plugins.map((plugin) => plugin.extract(request))
  return answers.some(isPromise)
    ? Promise.all(answers).then((infos) => combined(infos, request))
    : // None of them is a promise.
      combined(answers as ReadonlyArray<DeviceInfo | undefined>, request)
}

/** Whether an answer of a plugin must be waited for. */
export const isPromise = <A>(value: A | Promise<A>): value is Promise<A> => value instanceof Promise

type Key = keyof DeviceInfo
const keys: ReadonlyArray<Key> = ["mac", "sn", "uuid", "vendor", "model", "version"]

const combined = (infos: ReadonlyArray<DeviceInfo | undefined>, request: PhoneRequest): DeviceInfo => {
  const found: Partial<Record<Key, string>> = {}
  for (const key of keys) {
    const value = mostVoted(infos.map((info) => readers[key](info?.[key])))
    if (value !== undefined) found[key] = value
  }
  const ip = normalizeIp(request.address.split("%", 1)[0] ?? "")
  const mac = request.protocol === "dhcp" ? macOf(request.mac) : undefined
  return {
    ...found,
    ...(ip === undefined ? {} : { ip }),
    ...(mac === undefined ? {} : { mac })
  }
}

const mostVoted = (values: ReadonlyArray<string | undefined>): string | undefined => {
  const votes = new Map<string, number>()
  for (const value of values) if (value !== undefined) votes.set(value, (votes.get(value) ?? 0) + 1)
  let best: string | undefined
  for (const [value, count] of votes) {
    if (best === undefined || count > (votes.get(best) ?? 0)) best = value
  }
  return best
}

const macOf = (value: unknown): string | undefined =>
  typeof value === "string" ? normalizeMac(value) : undefined

/** Code from outside may give anything, and a phone may have told it anything. */
const textIn = (value: unknown): string | undefined =>
  typeof value === "string" &&
  value.length > 0 &&
  value.length <= longest &&
  !/\p{Cc}/u.test(value) &&
  value.isWellFormed()
    ? value
    : undefined

const longest = 256

const readers: Readonly<Record<Key, (value: unknown) => string | undefined>> = {
  ip: textIn,
  mac: macOf,
  sn: textIn,
  uuid: (value) => textIn(value)?.toLowerCase(),
  vendor: textIn,
  model: textIn,
  version: textIn
}
