import {
  isDict,
  isNumber,
  itemsOf,
  numeric,
  repr,
  sizeLimit,
  TemplateError,
  tooBig,
  toText,
  Tuple,
  type Value
} from "./values.ts"

/** Python's `text % values`: `%s %r %d %i %f %e %g %x %X %o %c %%`, with flags, width, precision and `%(key)s`. */
export const formatPercent = (text: string, values: Value): string => {
  const items = values instanceof Tuple ? [...itemsOf(values)] : [values]
  let used = 0
  return text.replace(
    pattern,
    (
      whole,
      key: string | undefined,
      flags: string,
      width: string,
      precision: string | undefined,
      type: string
    ) => {
      if (type === "%") return "%"
      if (Number(width || 0) > sizeLimit || Number(precision || 0) > 100) throw tooBig()
      let value: Value
      if (key === undefined) {
        if (used >= items.length) throw new TemplateError("not enough arguments for the format")
        value = items[used++]
      } else {
        if (!isDict(values)) throw new TemplateError("the format requires a mapping")
        value = values.get(key)
      }
      const digits = precision === undefined ? undefined : Number(precision || 0)
      const written = writtenAs(type, value, digits)
      if (written === undefined) throw new TemplateError(`cannot format ${whole}`)
      const signed =
        flags.includes("+") && isNumber(value) && !written.startsWith("-") ? `+${written}` : written
      if (flags.includes("-")) return signed.padEnd(Number(width || 0))
      if (flags.includes("0") && isNumber(value)) {
        const sign = /^[+-]/.exec(signed)?.[0] ?? ""
        return sign + signed.slice(sign.length).padStart(Number(width || 0) - sign.length, "0")
      }
      return signed.padStart(Number(width || 0))
    }
  )
}

const pattern = /%(?:\(([^)]*)\))?([-+ #0]*)(\d*)(?:\.(\d*))?([a-zA-Z%])/g

const writtenAs = (type: string, value: Value, digits: number | undefined): string | undefined => {
  if (type === "s") return digits === undefined ? toText(value) : toText(value).slice(0, digits)
  if (type === "r") return repr(value)
  if (type === "c")
    return typeof value === "bigint" ? String.fromCodePoint(Number(value) % 0x110000) : toText(value)
  if (!isNumber(value)) return undefined
  const number = numeric(value)
  const whole = typeof number === "bigint" ? number : BigInt(Math.trunc(number))
  switch (type) {
    case "d":
    case "i":
    case "u":
      return whole.toString()
    case "x":
      return whole.toString(16)
    case "X":
      return whole.toString(16).toUpperCase()
    case "o":
      return whole.toString(8)
    case "f":
    case "F":
      return Number(number).toFixed(digits ?? 6)
    case "e":
      return Number(number)
        .toExponential(digits ?? 6)
        .replace(/e([+-])(\d)$/, "e$10$2")
    case "g":
      return String(Number(Number(number).toPrecision(Math.max(1, digits ?? 6))))
    default:
      return undefined
  }
}
