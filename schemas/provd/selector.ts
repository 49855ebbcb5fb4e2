import type { Json, JsonObject } from "./device.ts"
import { deepestDocument, isList, isObject, own, sameJson, unstorable } from "./json.ts"

/** Whether a document is one of those that are looked for. */
export type Selector = (document: JsonObject) => boolean

/** The most conditions that a selector may have. */
const mostConditions = 256

/** The longest list that a condition may compare with. */
const longestList = 10_000

/**
 * Reads a selector (contracts/provisioning.md 4.5): every entry must hold. A key may be dotted; a value is compared
 * for equality, or is an object of operators that must all hold. Gives the problem of one that is refused.
 */
export const readSelector = (selector: unknown): Selector | { readonly problem: string } => {
  if (selector === undefined || typeof selector === "string") return () => true
  if (!isObject(selector)) return { problem: "the selector must be an object" }
  const entries = Object.entries(selector)
  if (entries.length > mostConditions) return { problem: `a selector has at most ${mostConditions} entries` }
  if (unstorable(selector) !== undefined) return { problem: "the selector is nested too deep, or no text" }
  const conditions: Array<Selector> = []
  for (const [key, wanted] of entries) {
    const test = readCondition(wanted)
    if (typeof test === "string") return { problem: `${key}: ${test}` }
    const path = pathOf(key)
    conditions.push((document) => test(valuesAt(document, path)))
  }
  return (document) => conditions.every((holds) => holds(document))
}

/** List parameters that narrow what was selected, in the order in which they apply. */
export interface ListShape {
  readonly sort?: { readonly key: string; readonly descending: boolean }
  readonly skip?: number
  /** Absent: all. Negative: none. */
  readonly limit?: number
  readonly fields?: ReadonlyArray<string>
}

/** Sorts, skips, limits and then cuts documents down to the wanted fields (contracts/provisioning.md 4.5). */
export const shaped = (
  documents: ReadonlyArray<JsonObject>,
  { sort, skip, limit, fields }: ListShape
): ReadonlyArray<JsonObject> => {
  const sorted = sort === undefined ? documents : sortedBy(documents, pathOf(sort.key), sort.descending)
  const from = Math.max(0, skip ?? 0)
  const page =
    limit === undefined || limit === 0 ? sorted.slice(from) : sorted.slice(from, from + Math.max(0, limit))
  if (fields === undefined) return page
  const paths = fields.slice(0, mostConditions).map(pathOf)
  return page.map((document) => projected(document, [["id"], ...paths]))
}

type Test = (values: ReadonlyArray<Json>) => boolean

/** A test of what stands at a key: nothing, one value, or the values of several objects of a list. */
const readCondition = (wanted: Json): Test | string => {
  const isOperators = isObject(wanted) && Object.keys(wanted).some((key) => key.startsWith("$"))
  if (!isOperators) return (values) => values.some((value) => sameJson(value, wanted))
  const tests: Array<Test> = []
  for (const [operator, operand] of Object.entries(wanted)) {
    const read = Object.hasOwn(operators, operator) ? operators[operator] : undefined
    if (read === undefined) return `there is no operator ${operator}`
    const test = read(operand)
    if (typeof test === "string") return `${operator}: ${test}`
    tests.push(test)
  }
  return (values) => tests.every((holds) => holds(values))
}

/** Each operator, made of its operand. */
const operators: Readonly<Record<string, (operand: Json) => Test | string>> = {
  $in: (operand) => listed(operand, (list) => (values) => values.some((value) => isAmong(list, value))),
  $nin: (operand) => listed(operand, (list) => (values) => !values.some((value) => isAmong(list, value))),
  $contains: (operand) => (values) => values.some((value) => contains(value, operand)),
  $gt: (operand) => ordered(operand, (order) => order > 0),
  $ge: (operand) => ordered(operand, (order) => order >= 0),
  $lt: (operand) => ordered(operand, (order) => order < 0),
  $le: (operand) => ordered(operand, (order) => order <= 0),
  $ne: (operand) => (values) => !values.some((value) => sameJson(value, operand)),
  $exists: (operand) =>
    typeof operand === "boolean" ? (values) => values.length > 0 === operand : "a boolean is expected"
}

const listed = (operand: Json, test: (list: ReadonlyArray<Json>) => Test): Test | string => {
  if (!isList(operand)) return "a list is expected"
  return operand.length > longestList ? `at most ${longestList} items are allowed` : test(operand)
}

const isAmong = (list: ReadonlyArray<Json>, value: Json): boolean =>
  list.some((item) => sameJson(item, value))

const contains = (value: Json, part: Json): boolean => {
  if (isList(value)) return isAmong(value, part)
  return typeof value === "string" && typeof part === "string" && value.includes(part)
}

/** Values of another type than the operand have no order. */
const ordered =
  (operand: Json, holds: (order: number) => boolean): Test =>
  (values) =>
    values.some((value) => {
      const order = compared(value, operand)
      return order !== undefined && holds(order)
    })

const compared = (one: Json, other: Json): number | undefined => {
  const bothTexts = typeof one === "string" && typeof other === "string"
  const bothNumbers = typeof one === "number" && typeof other === "number"
  if (!bothTexts && !bothNumbers) return undefined
  return one < other ? -1 : one > other ? 1 : 0
}

const pathOf = (key: string): ReadonlyArray<string> => key.split(".").slice(0, deepestDocument)

/** What stands at a path through objects; the last key may also be one of the objects in a list. */
const valuesAt = (document: JsonObject, path: ReadonlyArray<string>): ReadonlyArray<Json> => {
  let place: Json | undefined = document
  for (const key of path.slice(0, -1)) {
    if (!isObject(place)) return []
    place = own(place, key)
  }
  const last = path.at(-1) ?? ""
  const holders = isList(place) ? place : [place ?? null]
  return holders.flatMap((holder) => {
    const value = isObject(holder) ? own(holder, last) : undefined
    return value === undefined ? [] : [value]
  })
}

const sortedBy = (
  documents: ReadonlyArray<JsonObject>,
  path: ReadonlyArray<string>,
  descending: boolean
): ReadonlyArray<JsonObject> => {
  const keyed = documents.map((document) => ({ document, text: sortText(valuesAt(document, path)[0]) }))
  const direction = descending ? -1 : 1
  keyed.sort((one, other) => direction * (one.text < other.text ? -1 : one.text > other.text ? 1 : 0))
  return keyed.map(({ document }) => document)
}

const sortText = (value: Json | undefined): string => {
  if (value === undefined || value === null) return ""
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

/** The document with nothing but some paths of it. */
const projected = (document: JsonObject, paths: ReadonlyArray<ReadonlyArray<string>>): JsonObject => {
  const byKey = new Map<string, Array<ReadonlyArray<string>>>()
  for (const [key = "", ...rest] of paths) byKey.set(key, [...(byKey.get(key) ?? []), rest])
  const entries: Array<readonly [string, Json]> = []
  for (const [key, below] of byKey) {
    const value = own(document, key)
    if (value === undefined) continue
    if (below.some((rest) => rest.length === 0)) entries.push([key, value])
    else if (isObject(value)) {
      const inner = projected(value, below)
      if (Object.keys(inner).length > 0) entries.push([key, inner])
    }
  }
  return Object.fromEntries(entries)
}
