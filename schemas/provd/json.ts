import type { Json, JsonObject } from "./device.ts"

/** How deep a stored document may be nested. */
export const deepestDocument = 64

/** Whether a value is an object of JSON: neither null nor a list. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A list of JSON, which `Array.isArray` does not tell of a read-only one. */
export const isList = (value: unknown): value is ReadonlyArray<Json> => Array.isArray(value)

/** Equality of JSON values: order matters in lists, not in objects. */
export const sameJson = (one: unknown, other: unknown): boolean => {
  if (one === other) return true
  if (isList(one)) {
    return (
      isList(other) && one.length === other.length && one.every((item, index) => sameJson(item, other[index]))
    )
  }
  if (!isObject(one) || !isObject(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && sameJson(one[key], other[key]))
  )
}

/** An own value: what an object inherits (`__proto__`, `constructor`) is no part of a document. */
export const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/**
 * Why a value cannot be stored: nested too deep, or a text that no database of ours keeps (NUL, half a surrogate
 * pair). Undefined: it can.
 */
export const unstorable = (value: unknown, depth = 0): string | undefined => {
  if (depth > deepestDocument) return "it is nested too deep"
  if (typeof value === "string") {
    return value.includes("\0") || !value.isWellFormed() ? "it holds a character that is none" : undefined
  }
  if (isList(value)) return firstProblem(value, depth)
  if (!isObject(value)) return undefined
  return unstorable(Object.keys(value).join(""), depth) ?? firstProblem(Object.values(value), depth)
}

const firstProblem = (values: ReadonlyArray<unknown>, depth: number): string | undefined => {
  for (const value of values) {
    const problem = unstorable(value, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}
