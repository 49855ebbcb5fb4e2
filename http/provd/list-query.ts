import type { DocumentQuery } from "../../actors/device/devices.ts"

/** A query parameter; of one that is given several times the first counts. */
export type Given = string | ReadonlyArray<string> | undefined

/** The list parameters of a request, as they came. */
export interface ListParameters {
  readonly q?: Given
  readonly q64?: Given
  readonly fields?: Given
  readonly skip?: Given
  readonly limit?: Given
  readonly sort?: Given
  readonly sort_ord?: Given
}

/**
 * Reads the parameters of a list (contracts/provisioning.md 4.5). What makes no sense is ignored; only a selector
 * that is JSON and no object is left for whoever searches, to refuse.
 */
export const documentQueryOf = (given: ListParameters): DocumentQuery => {
  const selector = selectorOf(given)
  const fields = first(given.fields)
  const skip = integerOf(given.skip)
  const limit = integerOf(given.limit)
  const key = first(given.sort)
  return {
    ...(selector !== undefined && { selector }),
    ...(fields !== undefined && { fields: fields.split(",").map((field) => field.trim()) }),
    ...(skip !== undefined && { skip: Math.max(0, skip) }),
    ...(limit !== undefined && limit !== 0 && { limit }),
    ...(key !== undefined && { sort: { key, descending: first(given.sort_ord) === "DESC" } })
  }
}

/** The first value of a parameter. */
export const first = (given: Given): string | undefined =>
  given === undefined || typeof given === "string" ? given : given[0]

/** `q64` wins over `q`. A JSON string counts as no selector. */
const selectorOf = ({ q, q64 }: ListParameters): unknown => {
  const encoded = first(q64)
  const text = encoded === undefined ? first(q) : Buffer.from(encoded, "base64").toString("utf8")
  const parsed = text === undefined ? undefined : parse(text)
  return typeof parsed === "string" ? undefined : parsed
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const integerOf = (given: Given): number | undefined => {
  const text = first(given)?.trim()
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
