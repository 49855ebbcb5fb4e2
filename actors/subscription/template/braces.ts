import {
  isNumber,
  Missing,
  type Named,
  numeric,
  repr,
  sizeLimit,
  TemplateError,
  tooBig,
  toText,
  type Value
} from "./values.ts"

/** Python's `str.format` with positions, names, `!r`, `!s` and format specifications; attributes and indexes are refused. */
export const formatBraces = (text: string, args: ReadonlyArray<Value>, named: Named): string => {
  let next = 0
  const formatted = text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, field: string | undefined) => {
    if (field === undefined) return whole[0] ?? ""
    const [, name = "", conversion, spec = ""] = /^([^:!]*)(?:!([rs]))?(?::(.*))?$/s.exec(field) ?? []
    if (/[.[]/.test(name)) throw new TemplateError("access to attributes in a format is unsafe")
    const value = name === "" ? args[next++] : /^\d+$/.test(name) ? args[Number(name)] : named.get(name)
    if (value === undefined) throw new TemplateError(`the format has no value for {${name}}`)
    if (conversion === "r") return formatValue(repr(value), spec)
    return formatValue(conversion === "s" || value instanceof Missing ? toText(value) : value, spec)
  })
  if (formatted.length > sizeLimit) throw tooBig()
  return formatted
}

const specification = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d*)([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/su

/** Python's format specification mini-language. */
const formatValue = (value: Value, spec: string): string => {
  const match = specification.exec(spec)
  if (match === null) throw new TemplateError(`the format specification ${spec} is not valid`)
  const [, given, alignment, sign, alternate, zero, width, grouping, precision, type] = match
  if (Number(width || 0) > sizeLimit || Number(precision ?? 0) > 100) throw tooBig()
  const isText = typeof value === "string" || !isNumber(value)
  const digits = precision === undefined ? undefined : Number(precision)
  const body = isText
    ? textBody(toText(value), digits, type)
    : numberBody(value, { digits, type, grouping, alternate: alternate !== undefined, sign })
  const fill = given ?? (zero === undefined ? " " : "0")
  const align = alignment ?? (zero !== undefined && !isText ? "=" : isText ? "<" : ">")
  return padded(body, Number(width || 0), fill, align)
}

const padded = (body: string, width: number, fill: string, align: string): string => {
  const missing = width - [...body].length
  if (missing <= 0) return body
  if (align === "<") return body + fill.repeat(missing)
  if (align === ">") return fill.repeat(missing) + body
  if (align === "^") {
    const before = Math.floor(missing / 2)
    return fill.repeat(before) + body + fill.repeat(missing - before)
  }
  const prefix = /^[-+ ]?(?:0[xXob])?/.exec(body)?.[0] ?? ""
  return prefix + fill.repeat(missing) + body.slice(prefix.length)
}

const textBody = (text: string, digits: number | undefined, type: string | undefined): string => {
  if (type !== undefined && type !== "s") throw new TemplateError(`a string cannot be formatted with ${type}`)
  return digits === undefined ? text : [...text].slice(0, digits).join("")
}

interface NumberFormat {
  readonly digits: number | undefined
  readonly type: string | undefined
  readonly grouping: string | undefined
  readonly alternate: boolean
  readonly sign: string | undefined
}

const bases: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  b: [2, "0b"],
  o: [8, "0o"],
  x: [16, "0x"],
  X: [16, "0X"]
}

const numberBody = (value: bigint | number | boolean, format: NumberFormat): string => {
  const { digits, type, grouping, alternate, sign } = format
  if (type === undefined && typeof value === "boolean") return toText(value)
  const number = numeric(value)
  const unsigned = magnitude(number, type, digits, alternate)
  const negative = typeof number === "bigint" ? number < 0n : number < 0 || Object.is(number, -0)
  const mark = negative ? "-" : sign === undefined || sign === "-" ? "" : sign
  return mark + (grouping === undefined ? unsigned : grouped(unsigned, grouping))
}

const grouped = (text: string, separator: string): string =>
  text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, separator))

const magnitude = (
  number: bigint | number,
  type: string | undefined,
  digits: number | undefined,
  alternate: boolean
): string => {
  const base = type === undefined ? undefined : bases[type]
  if (base !== undefined) {
    if (typeof number !== "bigint") throw new TemplateError(`a float cannot be formatted with ${type}`)
    const text = (number < 0n ? -number : number).toString(base[0])
    return (alternate ? base[1] : "") + (type === "X" ? text.toUpperCase() : text)
  }
  if (type === "c") return String.fromCodePoint(Number(number) % 0x110000)
  if (type === "d" || (typeof number === "bigint" && (type === undefined || type === "n"))) {
    if (typeof number !== "bigint") throw new TemplateError("a float cannot be formatted with d")
    return (number < 0n ? -number : number).toString()
  }
  return float(Math.abs(Number(number)), type, digits)
}

const float = (number: number, type: string | undefined, digits: number | undefined): string => {
  if (type === undefined && digits === undefined) return toText(number)
  switch (type?.toLowerCase()) {
    case "f":
      return number.toFixed(digits ?? 6)
    case "%":
      return `${(number * 100).toFixed(digits ?? 6)}%`
    case "e":
      return cased(exponential(number.toExponential(digits ?? 6)), type)
    default:
      return cased(general(number, digits ?? 6), type)
  }
}

const exponential = (text: string): string => text.replace(/e([+-])(\d)$/, "e$10$2")
const cased = (text: string, type: string | undefined): string =>
  type === "E" || type === "G" ? text.toUpperCase() : text

const general = (number: number, digits: number): string => {
  const precision = Math.max(1, digits)
  const exponent = number === 0 ? 0 : Number(number.toExponential(precision - 1).split("e")[1])
  if (exponent >= -4 && exponent < precision) return String(Number(number.toPrecision(precision)))
  return exponential(String(number.toExponential(precision - 1)).replace(/\.?0+e/, "e"))
}
