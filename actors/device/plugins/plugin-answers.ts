import { type DeviceInfo, deviceInfoKeys, normalizeMac } from "../../../schemas/provd/device.ts"
import type { PhoneFile, PluginParameter } from "../../../schemas/provd/phone-plugin.ts"

/** What a plugin's code gave is not what the interface promises. Names the part that is wrong. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer"
}

/** Bounds on what one call of a plugin may give. */
const answerLimits = {
  /** Characters of one value of a device info. */
  infoText: 255,
  /** Characters of a path. */
  path: 512,
  files: 1_000,
  /** Bytes of all files of one call. */
  content: 16 * 1024 * 1024
} as const

/** The known, usable parts of a device info; undefined when there are none. */
export const deviceInfoOf = (answer: unknown): DeviceInfo | undefined => {
  if (typeof answer !== "object" || answer === null) return undefined
  const given = new Map<string, unknown>(Object.entries(answer))
  const info: Partial<Record<keyof DeviceInfo, string>> = {}
  for (const key of deviceInfoKeys) {
    const text = usableText(given.get(key))
    const value = key === "mac" && text !== undefined ? normalizeMac(text) : text
    if (value !== undefined) info[key] = value
  }
  return Object.keys(info).length === 0 ? undefined : info
}

/** A score of contracts/provisioning.md 7.3; anything but a whole number is none. */
export const scoreOf = (answer: unknown): number | undefined =>
  typeof answer === "number" && Number.isInteger(answer) ? answer : undefined

/** Files below the root of the file service, within the limits. Throws `WrongAnswer`. */
export const filesOf = (answer: unknown): ReadonlyArray<PhoneFile> => {
  if (!Array.isArray(answer)) throw new WrongAnswer("expected a list of files")
  if (answer.length > answerLimits.files) throw new WrongAnswer(`more than ${answerLimits.files} files`)
  let size = 0
  return answer.map((entry: unknown) => {
    const file = fileOf(entry)
    size += file.content.length
    if (size > answerLimits.content) throw new WrongAnswer(`more than ${answerLimits.content} bytes`)
    return file
  })
}

/** Whether a path stays below the folder it is relative to, whatever the platform's separators. */
export const isInnerPath = (path: string): boolean =>
  path.length > 0 &&
  path.length <= answerLimits.path &&
  !/[\0\\]/.test(path) &&
  path.split("/").every((part) => part !== "" && part !== "." && part !== "..")

/** The parameters that a plugin declares; wrong ones are left out. */
export const parametersOf = (answer: unknown): ReadonlyArray<PluginParameter> =>
  Array.isArray(answer) ? answer.filter(isParameter) : []

const usableText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= answerLimits.infoText ? value : undefined

const fileOf = (entry: unknown): PhoneFile => {
  if (typeof entry !== "object" || entry === null) throw new WrongAnswer("a file is no object")
  const { path, content } = entry as Partial<Record<keyof PhoneFile, unknown>> // read only, each is checked
  if (typeof path !== "string" || !isInnerPath(path)) throw new WrongAnswer("the path of a file is wrong")
  if (typeof content !== "string" && !(content instanceof Uint8Array))
    throw new WrongAnswer("the content of a file is neither text nor bytes")
  return { path, content }
}

const isParameter = (entry: unknown): entry is PluginParameter =>
  typeof entry === "object" &&
  entry !== null &&
  "id" in entry &&
  typeof entry.id === "string" &&
  /^[A-Za-z0-9_.-]{1,64}$/.test(entry.id) &&
  "description" in entry &&
  typeof entry.description === "string"
