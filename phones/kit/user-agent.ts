import type { DeviceInfo } from "../../schemas/provd/device.ts"

/** A form of a User-Agent and what its groups say; undefined: a phone of somebody else after all. */
export type UserAgentForm = readonly [
  form: RegExp,
  read: (groups: Readonly<Record<string, string | undefined>>) => DeviceInfo | undefined
]

/** What the first form that a text has tells of the phone. The forms name their groups. */
export const firstMatch = (text: string, forms: ReadonlyArray<UserAgentForm>): DeviceInfo | undefined => {
  for (const [form, read] of forms) {
    const match = form.exec(text)
    if (match !== null) return read(match.groups ?? {})
  }
  return undefined
}

/** The keys that have a value; undefined when there are none. */
export const deviceInfo = (
  known: Readonly<Partial<Record<keyof DeviceInfo, string | undefined>>>
): DeviceInfo | undefined => {
  const entries = Object.entries(known).filter(([, value]) => value !== undefined && value !== "")
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** The last segment of a path. */
export const fileNameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/**
 * Whether a User-Agent names the mac of its phone. The name of the file it asks for then says nothing of who it is:
 * plugins must not contradict each other (contracts/provisioning.md 8.2).
 */
export const namesMac = (userAgent: string): boolean =>
  /(?<![\da-f])[\da-f]{2}(?:[:-]?[\da-f]{2}){5}(?![\da-f])/i.test(userAgent)
