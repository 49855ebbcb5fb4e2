/**
 * The values of templates are Python's (contracts/webhooks.md 7.5): a bigint is an int, a number a float, a Map a
 * dict. Nothing of JavaScript's own objects is reachable: names are looked up in tables of this folder alone.
 */
export type Value =
  | undefined
  | null
  | boolean
  | bigint
  | number
  | string
  | Missing
  | Tuple
  | Callable
  | Namespace
  | ReadonlyArray<Value>
  | ReadonlyMap<Value, Value>

/** The template cannot be rendered; the hook fails for good. */
export class TemplateError extends Error {
  override readonly name = "TemplateError"
}

/** An undefined value, with the words for whoever goes one step further. */
export class Missing {
  readonly what: string
  readonly forbidden: boolean
  constructor(what: string, forbidden = false) {
    this.what = what
    this.forbidden = forbidden
  }
}

export class Tuple {
  readonly items: ReadonlyArray<Value>
  constructor(items: ReadonlyArray<Value>) {
    this.items = items
  }
}

/** One group of `groupby`: a pair whose parts have names. */
export class Group extends Tuple {}

export type Named = ReadonlyMap<string, Value>

export class Callable {
  readonly title: string
  readonly call: (args: ReadonlyArray<Value>, named: Named) => Value
  constructor(title: string, call: Callable["call"]) {
    this.title = title
    this.call = call
  }
}

/** An object with attributes: `loop`, `namespace()`, a macro's module. */
export class Namespace {
  readonly title: string
  readonly attributes: Map<string, Value>
  constructor(title: string, attributes: Map<string, Value>) {
    this.title = title
    this.attributes = attributes
  }
}

/** No list, string or number of a template grows beyond this. */
export const sizeLimit = 1_048_576

export const tooBig = (): TemplateError => new TemplateError("the template makes more than 1 MiB")

/** What JSON.parse gives, as values. Whole numbers are ints. */
export const fromJson = (json: unknown): Value => {
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : json
  if (Array.isArray(json)) return json.map(fromJson)
  if (typeof json === "object" && json !== null) {
    return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]))
  }
  return typeof json === "string" || typeof json === "boolean" || json === null ? json : new Missing("value")
}

export const isDict = (value: Value): value is ReadonlyMap<Value, Value> => value instanceof Map
export const isList = (value: Value): value is ReadonlyArray<Value> => Array.isArray(value)
export const isMissing = (value: Value): value is Missing | undefined =>
  value instanceof Missing || value === undefined
export const isNumber = (value: Value): value is bigint | number | boolean =>
  typeof value === "bigint" || typeof value === "number" || typeof value === "boolean"

export const isTrue = (value: Value): boolean => {
  if (isMissing(value) || value === null || value === false) return false
  if (typeof value === "string") return value !== ""
  if (typeof value === "bigint") return value !== 0n
  if (typeof value === "number") return value !== 0
  if (isList(value)) return value.length > 0
  if (value instanceof Tuple) return value.items.length > 0
  if (isDict(value)) return value.size > 0
  return true
}

/** Python's `str`. */
export const toText = (value: Value): string => {
  if (typeof value === "string") return value
  if (isMissing(value)) return ""
  return repr(value)
}

/** Python's `repr`. */
export const repr = (value: Value): string => {
  const text = reprOf(value, 0)
  if (text.length > sizeLimit) throw tooBig()
  return text
}

const reprOf = (value: Value, depth: number): string => {
  if (depth > 64) return "..."
  const inner = (item: Value) => reprOf(item, depth + 1)
  if (value === null) return "None"
  if (isMissing(value)) return "Undefined"
  if (typeof value === "boolean") return value ? "True" : "False"
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "number") return floatText(value)
  if (typeof value === "string") return quoted(value)
  if (isList(value)) return `[${value.map(inner).join(", ")}]`
  if (value instanceof Tuple) {
    return value.items.length === 1 ? `(${inner(value.items[0])},)` : `(${value.items.map(inner).join(", ")})`
  }
  if (isDict(value)) {
    return `{${[...value].map(([key, item]) => `${inner(key)}: ${inner(item)}`).join(", ")}}`
  }
  return `<${value.title}>`
}

const floatText = (value: number): string => {
  if (Number.isNaN(value)) return "nan"
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf"
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return Object.is(value, -0) ? "-0.0" : `${value}.0`
  const magnitude = Math.abs(value)
  const text = magnitude < 1e-4 || magnitude >= 1e16 ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, "e$10$2")
}

const quoted = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\\'"]|[^\P{C}]|[^\P{Z} ]/gu, (char) => {
    if (char === "'" || char === '"') return char === quote ? `\\${char}` : char
    return shortEscapes[char] ?? codeEscape(char.codePointAt(0) ?? 0)
  })
  return quote + escaped + quote
}

const shortEscapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

const codeEscape = (code: number): string => {
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`
}

/** What a `for` goes through. Strings by character, dicts by key; an undefined value has nothing. */
export const itemsOf = (value: Value): ReadonlyArray<Value> => {
  if (isList(value)) return value
  if (value instanceof Tuple) return value.items
  if (typeof value === "string") return [...value]
  if (isDict(value)) return [...value.keys()]
  if (value instanceof Missing && value.forbidden) throw unsafe(value)
  if (isMissing(value)) return []
  throw new TemplateError(`${typeName(value)} is not iterable`)
}

export const unsafe = ({ what }: Missing): TemplateError => new TemplateError(`access to ${what} is unsafe`)

export const typeName = (value: Value): string => {
  if (value === null) return "NoneType"
  if (isMissing(value)) return "Undefined"
  if (typeof value === "boolean") return "bool"
  if (typeof value === "bigint") return "int"
  if (typeof value === "number") return "float"
  if (typeof value === "string") return "str"
  if (isList(value)) return "list"
  if (value instanceof Tuple) return "tuple"
  return isDict(value) ? "dict" : value.title
}

/** Python's `==`. */
export const equal = (left: Value, right: Value): boolean => {
  if (isNumber(left) && isNumber(right)) {
    // Loose equality of JavaScript compares a bigint with a number by value, as Python does.
    // oxlint-disable-next-line eqeqeq
    return numeric(left) == numeric(right)
  }
  if (isMissing(left) || isMissing(right)) return isMissing(left) && isMissing(right)
  if (isList(left) && isList(right)) return sameItems(left, right)
  if (left instanceof Tuple && right instanceof Tuple) return sameItems(left.items, right.items)
  if (isDict(left) && isDict(right)) {
    return (
      left.size === right.size &&
      [...left].every(([key, item]) => right.has(key) && equal(item, right.get(key)))
    )
  }
  return left === right
}

const sameItems = (left: ReadonlyArray<Value>, right: ReadonlyArray<Value>): boolean =>
  left.length === right.length && left.every((item, index) => equal(item, right[index]))

/** Python's `<`; negative when left comes first. */
export const compare = (left: Value, right: Value): number => {
  if (isNumber(left) && isNumber(right)) {
    const [a, b] = [numeric(left), numeric(right)]
    return a < b ? -1 : a > b ? 1 : 0
  }
  if (typeof left === "string" && typeof right === "string") return compareText(left, right)
  const [a, b] = [sequence(left), sequence(right)]
  if (a !== undefined && b !== undefined && isList(left) === isList(right)) {
    for (const [index, item] of a.entries()) {
      if (index >= b.length) return 1
      if (!equal(item, b[index])) return compare(item, b[index])
    }
    return a.length - b.length
  }
  throw new TemplateError(`${typeName(left)} and ${typeName(right)} have no order`)
}

/** By code points, as Python compares. */
const compareText = (left: string, right: string): number => {
  const [a, b] = [[...left], [...right]]
  for (const [index, char] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    if (char !== other) return (char.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0)
  }
  return a.length - b.length
}

const sequence = (value: Value): ReadonlyArray<Value> | undefined =>
  isList(value) ? value : value instanceof Tuple ? value.items : undefined

/** A number of Python, where True is 1. */
export const numeric = (value: bigint | number | boolean): bigint | number =>
  typeof value === "boolean" ? (value ? 1n : 0n) : value

/** An argument that must be whole, such as an index or a width. */
export const wholeOf = (value: Value, otherwise?: number): number => {
  if ((value === undefined || value === null) && otherwise !== undefined) return otherwise
  if (typeof value !== "bigint" && typeof value !== "boolean") {
    throw new TemplateError(`expected an int, got ${typeName(value)}`)
  }
  const whole = Number(value)
  if (!Number.isSafeInteger(whole)) throw new TemplateError("the number is too large")
  return whole
}
