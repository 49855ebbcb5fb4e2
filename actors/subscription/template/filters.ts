import { randomInt } from "node:crypto"
import { formatPercent } from "./percent.ts"
import { capitalise, methodOf, replaceText, sorted } from "./methods.ts"
import { arithmetic, lookUp } from "./operators.ts"
import { dictionaryJson, percentEncode } from "./python-text.ts"
import { linked } from "./urlize.ts"
import {
  type Callable,
  equal,
  Group,
  isDict,
  isList,
  isMissing,
  isNumber,
  isTrue,
  itemsOf,
  Missing,
  type Named,
  Namespace,
  numeric,
  repr,
  sizeLimit,
  TemplateError,
  tooBig,
  toText,
  Tuple,
  typeName,
  type Value,
  wholeOf
} from "./values.ts"

/** Filters and tests by name, for filters that take one. */
export interface Toolbox {
  readonly filter: (name: string, value: Value, args: ReadonlyArray<Value>) => Value
  readonly test: (name: string, value: Value, args: ReadonlyArray<Value>) => boolean
}

type Filter = (value: Value, args: ReadonlyArray<Value>, named: Named, tools: Toolbox) => Value

/** A parameter by position or by name. */
const parameter = (args: ReadonlyArray<Value>, named: Named, at: number, name: string): Value =>
  at < args.length ? args[at] : named.get(name)

const lengthOf = (value: Value): bigint => {
  if (isMissing(value)) return 0n
  if (isDict(value)) return BigInt(value.size)
  return BigInt(itemsOf(value).length)
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;"
}
const escape: Filter = (value) => toText(value).replace(/[&<>'"]/g, (char) => escapes[char] ?? char)

/** `a.b.0` of an item. */
const path = (name: Value): ((item: Value) => Value) => {
  if (name === undefined || name === null) return (item) => item
  const steps = typeof name === "bigint" ? [name] : toText(name).split(".").map(keyOf)
  return (item) => steps.reduce<Value>((owner, key) => lookUp(owner, key, "item"), item)
}
const keyOf = (step: string): Value => (/^\d+$/.test(step) ? BigInt(step) : step)

const folded =
  (sensitive: Value) =>
  (value: Value): Value =>
    typeof value === "string" && !isTrue(sensitive) ? value.toLowerCase() : value

const extreme =
  (reverse: boolean): Filter =>
  (value, args, named) => {
    const attribute = path(parameter(args, named, 1, "attribute"))
    const fold = folded(parameter(args, named, 0, "case_sensitive"))
    return (
      sorted(itemsOf(value), (item) => fold(attribute(item)), reverse)[0] ??
      new Missing("the item of an empty list")
    )
  }

const chosen =
  (wanted: boolean): Filter =>
  (value, [name, ...rest], _named, tools) =>
    itemsOf(value).filter(
      (item) => (name === undefined ? isTrue(item) : tools.test(toText(name), item, rest)) === wanted
    )

const chosenBy =
  (wanted: boolean): Filter =>
  (value, [attribute, name, ...rest], _named, tools) => {
    const of = path(attribute)
    return itemsOf(value).filter(
      (item) => (name === undefined ? isTrue(of(item)) : tools.test(toText(name), of(item), rest)) === wanted
    )
  }

const map: Filter = (value, [name, ...rest], named, tools) => {
  if (name === undefined) {
    const of = path(named.get("attribute"))
    const otherwise = named.get("default")
    return itemsOf(value).map((item) => {
      const found = of(item)
      return isMissing(found) && otherwise !== undefined ? otherwise : found
    })
  }
  return itemsOf(value).map((item) => tools.filter(toText(name), item, rest))
}

const groupby: Filter = (value, args, named) => {
  const of = path(parameter(args, named, 0, "attribute"))
  const otherwise = parameter(args, named, 1, "default")
  const fold = folded(parameter(args, named, 2, "case_sensitive"))
  const keyFor = (item: Value) => {
    const found = of(item)
    return isMissing(found) && otherwise !== undefined ? otherwise : found
  }
  const groups: Array<{ key: Value; items: Array<Value> }> = []
  for (const item of sorted(itemsOf(value), (one) => fold(keyFor(one)), false)) {
    const key = keyFor(item)
    const last = groups.at(-1)
    if (last !== undefined && equal(fold(last.key), fold(key))) last.items.push(item)
    else groups.push({ key, items: [item] })
  }
  return groups.map(({ key, items }) => new Group([key, items]))
}

const batch: Filter = (value, args, named) => {
  const size = wholeOf(parameter(args, named, 0, "linecount"))
  if (size < 1) throw new TemplateError("a batch needs a size from 1")
  const fill = parameter(args, named, 1, "fill_with")
  const items = itemsOf(value)
  const rows: Array<ReadonlyArray<Value>> = []
  for (let at = 0; at < items.length; at += size) {
    const row = items.slice(at, at + size)
    rows.push(fill === undefined || fill === null ? row : [...row, ...filling(size - row.length, fill)])
  }
  return rows
}

const filling = (count: number, value: Value): ReadonlyArray<Value> => {
  if (count > 100_000) throw tooBig()
  return Array.from({ length: Math.max(0, count) }, () => value)
}

const slices: Filter = (value, args, named) => {
  const count = wholeOf(parameter(args, named, 0, "slices"))
  if (count < 1 || count > 100_000) throw new TemplateError("slice needs a count from 1 to 100000")
  const fill = parameter(args, named, 1, "fill_with")
  const items = itemsOf(value)
  const each = Math.floor(items.length / count)
  const longer = items.length % count
  let at = 0
  return Array.from({ length: count }, (_, index) => {
    const part = items.slice(at, (at += each + (index < longer ? 1 : 0)))
    return fill !== undefined && fill !== null && longer > 0 && index >= longer ? [...part, fill] : part
  })
}

const dictsort: Filter = (value, args, named) => {
  if (!isDict(value)) throw new TemplateError(`${typeName(value)} is not a mapping`)
  const fold = folded(parameter(args, named, 0, "case_sensitive"))
  const at = parameter(args, named, 1, "by") === "value" ? 1 : 0
  return sorted(
    [...value].map((one) => new Tuple(one)),
    (one) => (one instanceof Tuple ? fold(one.items[at]) : one),
    isTrue(parameter(args, named, 2, "reverse"))
  )
}

const toInt: Filter = (value, args, named) => {
  const otherwise = parameter(args, named, 0, "default") ?? 0n
  const base = wholeOf(parameter(args, named, 1, "base"), 10)
  if (typeof value === "number") return Number.isFinite(value) ? BigInt(Math.trunc(value)) : otherwise
  if (isNumber(value)) return numeric(value)
  if (typeof value !== "string" || value.length > 4300) return otherwise
  const text = value.trim().replaceAll("_", "")
  if (base === 10 && /^[+-]?\d+$/.test(text)) return BigInt(text.replace(/^\+/, ""))
  if (base === 10 && /^[+-]?(\d+\.\d*|\.?\d+)(e[+-]?\d{1,2})?$/i.test(text))
    return BigInt(Math.trunc(Number(text)))
  const parsed = base >= 2 && base <= 36 ? Number.parseInt(text.replace(/^0[xob]/i, ""), base) : Number.NaN
  return base === 10 || Number.isNaN(parsed) ? otherwise : BigInt(parsed)
}

const toFloat: Filter = (value, args, named) => {
  const otherwise = parameter(args, named, 0, "default") ?? 0
  if (isNumber(value)) return Number(numeric(value))
  const text = toText(value).trim()
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : otherwise
}

const round: Filter = (value, args, named) => {
  const digits = Math.max(-300, Math.min(100, wholeOf(parameter(args, named, 0, "precision"), 0)))
  const method = parameter(args, named, 1, "method") ?? "common"
  if (!isNumber(value)) throw new TemplateError("expected a number")
  const number = numeric(value)
  const factor = 10 ** digits
  if (method === "ceil") return Math.ceil(Number(number) * factor) / factor
  if (method === "floor") return Math.floor(Number(number) * factor) / factor
  if (typeof number === "bigint") return digits >= 0 ? number : roundWhole(number, 10n ** BigInt(-digits))
  return digits >= 0 ? roundDecimal(number, digits) : roundTens(number, 10 ** -digits)
}

/** Half goes to the even neighbour, as Python has it. */
const roundWhole = (number: bigint, unit: bigint): bigint => {
  const rest = ((number % unit) + unit) % unit
  const below = number - rest
  const up = rest * 2n > unit || (rest * 2n === unit && (below / unit) % 2n !== 0n)
  return up ? below + unit : below
}

const roundTens = (number: number, unit: number): number => {
  const scaled = number / unit
  const below = Math.floor(scaled)
  const rest = scaled - below
  return (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below) * unit
}

/** By the exact value of the float: `toFixed` is exact, but for halves, which it rounds up. */
const roundDecimal = (number: number, digits: number): number => {
  if (!Number.isFinite(number) || Math.abs(number) >= 1e21) return number
  const exact = Math.abs(number).toFixed(Math.min(100, digits + 40))
  const [whole = "", fraction = ""] = exact.split(".")
  if (!/^50*$/.test(fraction.slice(digits))) return Number(number.toFixed(digits))
  const cut = BigInt(whole + fraction.slice(0, digits))
  const text = (cut % 2n === 0n ? cut : cut + 1n).toString().padStart(digits + 1, "0")
  const rounded = Number(`${text.slice(0, text.length - digits)}.${text.slice(text.length - digits)}`)
  return number < 0 ? -rounded : rounded
}

const sort: Filter = (value, args, named) => {
  const attributes = parameter(args, named, 2, "attribute")
  const fold = folded(parameter(args, named, 1, "case_sensitive"))
  const of =
    typeof attributes === "string" && attributes.includes(",")
      ? attributes.split(",").map((one) => path(one.trim()))
      : [path(attributes)]
  return sorted(
    itemsOf(value),
    (item) => (of.length === 1 ? fold(of[0]?.(item)) : new Tuple(of.map((one) => fold(one(item))))),
    isTrue(parameter(args, named, 0, "reverse"))
  )
}

const unique: Filter = (value, args, named) => {
  const fold = folded(parameter(args, named, 0, "case_sensitive"))
  const of = path(parameter(args, named, 1, "attribute"))
  const seen = new Set<string>()
  return itemsOf(value).filter((item) => {
    const key = fold(of(item))
    const mark = `${isNumber(key) ? "number" : typeName(key)} ${repr(key)}`
    if (seen.has(mark)) return false
    seen.add(mark)
    return true
  })
}

const sum: Filter = (value, args, named) => {
  const of = path(parameter(args, named, 0, "attribute"))
  return itemsOf(value).reduce<Value>(
    (total, item) => arithmetic("+", total, of(item)),
    parameter(args, named, 1, "start") ?? 0n
  )
}

const join: Filter = (value, args, named) => {
  const of = path(parameter(args, named, 1, "attribute"))
  const joined = itemsOf(value)
    .map((item) => toText(of(item)))
    .join(toText(parameter(args, named, 0, "d") ?? ""))
  if (joined.length > sizeLimit) throw tooBig()
  return joined
}

const indent: Filter = (value, args, named) => {
  const width = parameter(args, named, 0, "width") ?? 4n
  const first = isTrue(parameter(args, named, 1, "first"))
  const blank = isTrue(parameter(args, named, 2, "blank"))
  const prefix = typeof width === "string" ? width : toText(arithmetic("*", " ", width))
  const lines = toText(value).split("\n")
  if (lines.length * prefix.length > sizeLimit) throw tooBig()
  return lines
    .map((line, index) =>
      (index === 0 && !first) || (line === "" && !blank && index > 0) ? line : prefix + line
    )
    .join("\n")
}

const truncate: Filter = (value, args, named) => {
  const text = [...toText(value)]
  const length = wholeOf(parameter(args, named, 0, "length"), 255)
  const end = toText(parameter(args, named, 2, "end") ?? "...")
  const leeway = wholeOf(parameter(args, named, 3, "leeway"), 5)
  if (text.length <= length + leeway) return text.join("")
  const cut = text.slice(0, Math.max(0, length - [...end].length)).join("")
  return isTrue(parameter(args, named, 1, "killwords")) ? cut + end : cut.replace(/ [^ ]*$/, "") + end
}

const wordwrap: Filter = (value, args, named) => {
  const width = Math.max(1, wholeOf(parameter(args, named, 0, "width"), 79))
  const breaks = isTrue(parameter(args, named, 1, "break_long_words") ?? true)
  const glue = toText(parameter(args, named, 2, "wrapstring") ?? "\n")
  return toText(value)
    .split("\n")
    .map((line) => wrapLine(line, width, breaks).join(glue))
    .join(glue)
}

const wrapLine = (line: string, width: number, breaks: boolean): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let current = ""
  // A word may be divided after its hyphens.
  for (const chunk of line.match(/ +|[^ ]+?-+(?=[\p{L}\p{N}_])|[^ ]+/gu) ?? []) {
    if (current.length + chunk.length <= width) {
      if (current !== "" || lines.length === 0 || chunk.trim() !== "") current += chunk
      continue
    }
    if (current.trimEnd() !== "") lines.push(current.trimEnd())
    current = ""
    const word = chunk.trim()
    const full = breaks ? Math.max(0, Math.ceil(word.length / width) - 1) : 0
    for (let at = 0; at < full; at++) lines.push(word.slice(at * width, (at + 1) * width))
    current = word.slice(full * width)
  }
  return current.trimEnd() === "" ? lines : [...lines, current.trimEnd()]
}

const urlencode: Filter = (value) => {
  if (typeof value === "string") return percentEncode(value, "/")
  const pairs = isDict(value)
    ? [...value]
    : isList(value) || value instanceof Tuple
      ? itemsOf(value).map((one): readonly [Value, Value] => {
          const [key, item] = itemsOf(one)
          return [key, item]
        })
      : undefined
  if (pairs === undefined) return percentEncode(toText(value), "/")
  const query = (part: Value) => percentEncode(toText(part), "").replaceAll("%20", "+")
  return pairs.map(([key, item]) => `${query(key)}=${query(item)}`).join("&")
}

const urlize: Filter = (value, args, named) => {
  const limit = parameter(args, named, 0, "trim_url_limit")
  const target = parameter(args, named, 2, "target")
  const rel = ["noopener", ...(isTrue(parameter(args, named, 1, "nofollow")) ? ["nofollow"] : [])]
  const more = toText(parameter(args, named, 3, "rel") ?? "")
  const all = [...new Set([...rel, ...more.split(/\s+/).filter((one) => one !== "")])].sort()
  const into =
    target === undefined || target === null ? "" : ` target="${escape(target, [], named, noTools)}"`
  return linked(toText(escape(value, [], named, noTools)), {
    limit: limit === undefined || limit === null ? undefined : wholeOf(limit),
    attributes: ` rel="${all.join(" ")}"${into}`
  })
}

const noTools: Toolbox = {
  filter: (_name, value) => value,
  test: () => false
}

const xmlattr: Filter = (value, args, named) => {
  if (!isDict(value)) throw new TemplateError(`${typeName(value)} is not a mapping`)
  const pairs = [...value].filter(([, item]) => item !== null && !isMissing(item))
  if (pairs.some(([key]) => /[\s/>=]/.test(toText(key))))
    throw new TemplateError("invalid character in attribute name")
  const text = pairs
    .map(([key, item]) => `${escape(key, [], named, noTools)}="${escape(item, [], named, noTools)}"`)
    .join(" ")
  return text !== "" && isTrue(parameter(args, named, 0, "autospace") ?? true) ? ` ${text}` : text
}

const otherwise: Filter = (value, args, named) => {
  const fallback = parameter(args, named, 0, "default_value") ?? ""
  const alsoFalse = isTrue(parameter(args, named, 1, "boolean"))
  return isMissing(value) || (alsoFalse && !isTrue(value)) ? fallback : value
}

const attr: Filter = (value, [name]) => {
  const key = toText(name)
  if (key.startsWith("_")) return new Missing(`'${key}' of ${typeName(value)}`, true)
  if (value instanceof Namespace) return value.attributes.get(key) ?? new Missing(`'${key}'`)
  return methodOf(value, key) ?? new Missing(`'${key}' of ${typeName(value)}`)
}

const edge =
  (at: 0 | -1): Filter =>
  (value) =>
    itemsOf(value).at(at) ?? (itemsOf(value).length > 0 ? null : new Missing("the item of an empty list"))

const trim: Filter = (value, args) => method("strip", toText(value), args)

const method = (name: string, owner: Value, args: ReadonlyArray<Value>): Value => {
  const found: Callable | undefined = methodOf(owner, name)
  return found === undefined ? new Missing(name) : found.call(args, new Map())
}

const tojson: Filter = (value, args, named) => {
  const indentation = parameter(args, named, 0, "indent")
  const json = dictionaryJson(value, indentation === undefined ? undefined : wholeOf(indentation))
  return json.replace(/[<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
}

/** What may stand after `|` (contracts/webhooks.md 7.5, filters). */
export const filters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  [
    "abs",
    (value) => {
      if (!isNumber(value)) throw new TemplateError("expected a number")
      const number = numeric(value)
      return number < 0 ? arithmetic("-", 0n, number) : number
    }
  ],
  ["attr", attr],
  ["batch", batch],
  ["capitalize", (value) => capitalise(toText(value))],
  [
    "center",
    (value, args, named) => method("center", toText(value), [parameter(args, named, 0, "width") ?? 80n])
  ],
  ["count", lengthOf],
  ["length", lengthOf],
  ["d", otherwise],
  ["default", otherwise],
  ["dictsort", dictsort],
  ["e", escape],
  ["escape", escape],
  ["forceescape", escape],
  ["first", edge(0)],
  ["last", edge(-1)],
  ["float", toFloat],
  [
    "format",
    (value, args, named) => formatPercent(toText(value), named.size > 0 ? new Map(named) : new Tuple(args))
  ],
  ["groupby", groupby],
  ["indent", indent],
  ["int", toInt],
  [
    "items",
    (value) => {
      if (isMissing(value)) return []
      if (!isDict(value)) throw new TemplateError("expected a mapping")
      return [...value].map((one) => new Tuple(one))
    }
  ],
  ["join", join],
  ["list", (value) => [...itemsOf(value)]],
  ["lower", (value) => toText(value).toLowerCase()],
  ["map", map],
  ["max", extreme(true)],
  ["min", extreme(false)],
  ["pprint", (value) => repr(value)],
  [
    "random",
    (value) => {
      const items = itemsOf(value)
      return items.length === 0 ? new Missing("the item of an empty list") : items[randomInt(items.length)]
    }
  ],
  ["reject", chosen(false)],
  ["rejectattr", chosenBy(false)],
  ["select", chosen(true)],
  ["selectattr", chosenBy(true)],
  [
    "replace",
    (value, args, named) =>
      replaceText(
        toText(value),
        toText(parameter(args, named, 0, "old")),
        toText(parameter(args, named, 1, "new")),
        wholeOf(parameter(args, named, 2, "count"), -1)
      )
  ],
  [
    "reverse",
    (value) => (typeof value === "string" ? [...value].reverse().join("") : [...itemsOf(value)].reverse())
  ],
  ["round", round],
  ["safe", (value) => toText(value)],
  ["slice", slices],
  ["sort", sort],
  ["string", (value) => toText(value)],
  [
    "striptags",
    (value) =>
      toText(value)
        .replace(/<!--[\s\S]*?-->|<[^>]*>/g, "")
        .replace(/\s+/g, " ")
        .trim()
  ],
  ["sum", sum],
  [
    "title",
    (value) =>
      toText(value)
        .split(/([-\s({[<]+)/)
        .map(capitalise)
        .join("")
  ],
  ["tojson", tojson],
  ["trim", trim],
  ["truncate", truncate],
  ["unique", unique],
  ["upper", (value) => toText(value).toUpperCase()],
  ["urlencode", urlencode],
  ["urlize", urlize],
  ["wordcount", (value) => BigInt(toText(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)],
  ["wordwrap", wordwrap],
  ["xmlattr", xmlattr]
])
