import type { JsonObject } from "./device.ts"
import { own } from "./json.ts"

/** What is wrong with the id of a device or config (contracts/provisioning.md 3.1); undefined: nothing. */
export const idProblem = (id: unknown): string | undefined =>
  typeof id === "string" && /^[A-Za-z0-9_.-]{1,255}$/.test(id)
    ? undefined
    : "id: up to 255 of the characters A-Z a-z 0-9 _ . - are expected"

/** The first problem among those found; undefined: there is none. */
export const firstOf = (...problems: ReadonlyArray<string | undefined>): string | undefined =>
  problems.find((problem) => problem !== undefined)

/** A copy without some keys. */
export const withoutKeys = (document: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([key]) => !keys.includes(key)))

/** The text of a value that a number may stand for; undefined: there is none. */
export const textOf = (document: JsonObject, key: string): string | undefined => {
  const value = own(document, key)
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined
}
