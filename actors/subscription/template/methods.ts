import { formatBraces } from "./braces.ts"
import {
  Callable,
  compare,
  equal,
  isDict,
  isList,
  isMissing,
  itemsOf,
  type Named,
  sizeLimit,
  TemplateError,
  tooBig,
  Tuple,
  type Value,
  wholeOf
} from "./values.ts"

type Method<Owner> = (owner: Owner, args: ReadonlyArray<Value>, named: Named) => Value

/** A method of Python's str, dict, list or tuple; undefined when it has none of that name. */
export const methodOf = (owner: Value, name: string): Callable | undefined => {
  if (typeof owner === "string") return bound(textMethods, owner, name)
  if (isDict(owner)) return bound(dictMethods, owner, name)
  if (isList(owner)) return bound(listMethods, owner, name)
  if (owner instanceof Tuple) return bound(listMethods, owner.items, name)
  return undefined
}

const bound = <Owner>(
  methods: ReadonlyMap<string, Method<Owner>>,
  owner: Owner,
  name: string
): Callable | undefined => {
  const method = methods.get(name)
  return method && new Callable(name, (args, named) => method(owner, args, named))
}

const dictMethods = new Map<string, Method<ReadonlyMap<Value, Value>>>([
  ["keys", (dict) => [...dict.keys()]],
  ["values", (dict) => [...dict.values()]],
  ["items", (dict) => [...dict].map((pair) => new Tuple(pair))],
  ["get", (dict, [key, otherwise]) => (dict.has(key) ? dict.get(key) : (otherwise ?? null))],
  ["copy", (dict) => new Map(dict)]
])

const listMethods = new Map<string, Method<ReadonlyArray<Value>>>([
  [
    "index",
    (list, [value]) => {
      const at = list.findIndex((one) => equal(one, value))
      if (at === -1) throw new TemplateError("the value is not in the list")
      return BigInt(at)
    }
  ],
  ["count", (list, [value]) => BigInt(list.filter((one) => equal(one, value)).length)],
  ["copy", (list) => [...list]]
])

const textOf = (value: Value): string => {
  if (typeof value !== "string") throw new TemplateError("expected a string")
  return value
}

const pad = (
  text: string,
  args: ReadonlyArray<Value>,
  put: (missing: number, fill: string) => string
): string => {
  const width = wholeOf(args[0])
  if (width > sizeLimit) throw tooBig()
  const missing = width - [...text].length
  return missing <= 0 ? text : put(missing, args[1] === undefined ? " " : textOf(args[1]))
}

const stripped = (text: string, characters: Value, start: boolean, end: boolean): string => {
  const set = isMissing(characters) || characters === null ? undefined : new Set(textOf(characters))
  const kept = (char: string) => (set === undefined ? char.trim() !== "" : !set.has(char))
  const chars = [...text]
  const from = start ? chars.findIndex(kept) : 0
  const to = end ? chars.findLastIndex(kept) + 1 : chars.length
  return from === -1 ? "" : chars.slice(from, to).join("")
}

const split = (text: string, separator: Value, limit: Value): ReadonlyArray<string> => {
  const most = wholeOf(limit, -1)
  if (isMissing(separator) || separator === null) {
    const words = text.trim() === "" ? [] : text.trim().split(/\s+/)
    if (most < 0 || words.length <= most + 1) return words
    const rest = text.trimStart().replace(new RegExp(`^(?:\\S+\\s+){${Math.min(most, words.length)}}`), "")
    return [...words.slice(0, most), rest]
  }
  const by = textOf(separator)
  if (by === "") throw new TemplateError("empty separator")
  const parts = text.split(by)
  return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(by)]
}

const parted = (text: string, by: string, at: number, fromEnd: boolean): Tuple => {
  if (by === "") throw new TemplateError("empty separator")
  if (at === -1) return new Tuple(fromEnd ? ["", "", text] : [text, "", ""])
  return new Tuple([text.slice(0, at), by, text.slice(at + by.length)])
}

const affixed = (affix: Value, holds: (affix: string) => boolean): boolean =>
  affix instanceof Tuple ? affix.items.some((one) => holds(textOf(one))) : holds(textOf(affix))

/** Every letter after what is none is a capital. */
const titleCase = (text: string): string =>
  text
    .toLowerCase()
    .replace(/(^|\P{L})(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())

export const capitalise = (text: string): string => {
  const [first = "", ...rest] = text
  return first.toUpperCase() + rest.join("").toLowerCase()
}

export const replaceText = (text: string, from: string, to: string, count: number): string => {
  const pieces = from === "" ? ["", ...text, ""] : text.split(from)
  const times = count < 0 ? pieces.length - 1 : Math.min(count, pieces.length - 1)
  if (text.length + times * to.length > sizeLimit) throw tooBig()
  return [pieces.slice(0, times + 1).join(to), ...pieces.slice(times + 1)].join(from)
}

const textMethods = new Map<string, Method<string>>([
  ["upper", (text) => text.toUpperCase()],
  ["lower", (text) => text.toLowerCase()],
  ["casefold", (text) => text.toLowerCase()],
  ["title", titleCase],
  ["capitalize", capitalise],
  [
    "swapcase",
    (text) =>
      [...text]
        .map((char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()))
        .join("")
  ],
  ["strip", (text, [characters]) => stripped(text, characters, true, true)],
  ["lstrip", (text, [characters]) => stripped(text, characters, true, false)],
  ["rstrip", (text, [characters]) => stripped(text, characters, false, true)],
  [
    "split",
    (text, args, named) => split(text, args[0] ?? named.get("sep"), args[1] ?? named.get("maxsplit"))
  ],
  [
    "rsplit",
    (text, args, named) => {
      const most = wholeOf(args[1] ?? named.get("maxsplit"), -1)
      const parts = split(text, args[0] ?? named.get("sep"), -1n)
      if (most < 0 || parts.length <= most + 1) return parts
      const kept = parts.slice(parts.length - most)
      const by = args[0] ?? named.get("sep")
      if (typeof by === "string") return [parts.slice(0, parts.length - most).join(by), ...kept]
      const rest = text.trimEnd().replace(new RegExp(`(?:\\s+\\S+){${most}}$`), "")
      return [rest.trimStart(), ...kept]
    }
  ],
  ["partition", (text, [by]) => parted(text, textOf(by), text.indexOf(textOf(by)), false)],
  ["rpartition", (text, [by]) => parted(text, textOf(by), text.lastIndexOf(textOf(by)), true)],
  ["splitlines", (text) => (text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/))],
  ["replace", (text, [from, to, count]) => replaceText(text, textOf(from), textOf(to), wholeOf(count, -1))],
  ["startswith", (text, [affix]) => affixed(affix, (one) => text.startsWith(one))],
  ["endswith", (text, [affix]) => affixed(affix, (one) => text.endsWith(one))],
  [
    "join",
    (text, [items]) => {
      const joined = itemsOf(items).map(textOf).join(text)
      if (joined.length > sizeLimit) throw tooBig()
      return joined
    }
  ],
  ["format", (text, args, named) => formatBraces(text, args, named)],
  ["find", (text, [what]) => BigInt(text.indexOf(textOf(what)))],
  ["rfind", (text, [what]) => BigInt(text.lastIndexOf(textOf(what)))],
  ["count", (text, [what]) => BigInt(text.split(textOf(what)).length - 1)],
  [
    "index",
    (text, [what]) => {
      const at = text.indexOf(textOf(what))
      if (at === -1) throw new TemplateError("substring not found")
      return BigInt(at)
    }
  ],
  [
    "zfill",
    (text, [width]) => {
      const sign = /^[+-]/.exec(text)?.[0] ?? ""
      return (
        sign +
        pad(
          text.slice(sign.length),
          [BigInt(wholeOf(width) - sign.length), "0"],
          (missing, fill) => fill.repeat(missing) + text.slice(sign.length)
        )
      )
    }
  ],
  ["ljust", (text, args) => pad(text, args, (missing, fill) => text + fill.repeat(missing))],
  ["rjust", (text, args) => pad(text, args, (missing, fill) => fill.repeat(missing) + text)],
  [
    "center",
    (text, args) =>
      pad(text, args, (missing, fill) => {
        const before = Math.floor(missing / 2)
        return fill.repeat(before) + text + fill.repeat(missing - before)
      })
  ],
  ["isdigit", (text) => /^\p{Nd}+$/u.test(text)],
  ["isnumeric", (text) => /^\p{N}+$/u.test(text)],
  ["isalpha", (text) => /^\p{L}+$/u.test(text)],
  ["isalnum", (text) => /^[\p{L}\p{N}]+$/u.test(text)],
  ["isspace", (text) => /^\s+$/.test(text)],
  ["isupper", (text) => text !== text.toLowerCase() && text === text.toUpperCase()],
  ["islower", (text) => text !== text.toUpperCase() && text === text.toLowerCase()],
  [
    "removeprefix",
    (text, [affix]) => (text.startsWith(textOf(affix)) ? text.slice(textOf(affix).length) : text)
  ],
  [
    "removesuffix",
    (text, [affix]) =>
      affix !== "" && text.endsWith(textOf(affix)) ? text.slice(0, -textOf(affix).length) : text
  ]
])

/** Sorted as Python sorts; text without regard to case unless asked. */
export const sorted = (
  items: ReadonlyArray<Value>,
  key: (item: Value) => Value,
  reverse: boolean
): ReadonlyArray<Value> => {
  const ranked = items.map((item) => ({ item, rank: key(item) }))
  ranked.sort((left, right) => (reverse ? compare(right.rank, left.rank) : compare(left.rank, right.rank)))
  return ranked.map(({ item }) => item)
}
