import { isDict, isList, isMissing, TemplateError, toText, Tuple, typeName, type Value } from "./values.ts"

/** JSON as Python's `json.dumps` writes it: `", "` and `": "` between, everything beyond ASCII escaped. */
export const pythonJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, item]) => item !== undefined)
    return `{${members.map(([key, item]) => `${asciiText(key)}: ${pythonJson(item)}`).join(", ")}}`
  }
  return typeof value === "string" ? asciiText(value) : (JSON.stringify(value) ?? "null")
}

/** A value of a template as JSON with its keys in order (the filter `tojson`). */
export const dictionaryJson = (value: Value, indent: number | undefined): string => {
  const write = (item: Value, depth: number): string => {
    if (depth > 64) throw new TemplateError("the value nests too deep")
    const pad = indent === undefined ? "" : `\n${" ".repeat(Math.min(64, indent) * (depth + 1))}`
    const end = indent === undefined ? "" : `\n${" ".repeat(Math.min(64, indent) * depth)}`
    const glue = indent === undefined ? ", " : `,${pad}`
    if (isList(item) || item instanceof Tuple) {
      const items = isList(item) ? item : item.items
      return items.length === 0
        ? "[]"
        : `[${pad}${items.map((one) => write(one, depth + 1)).join(glue)}${end}]`
    }
    if (isDict(item)) {
      const members = [...item]
        .map(([key, one]) => [jsonKey(key), one] as const)
        .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
        .map(([key, one]) => `${asciiText(key)}: ${write(one, depth + 1)}`)
      return members.length === 0 ? "{}" : `{${pad}${members.join(glue)}${end}}`
    }
    if (typeof item === "string") return asciiText(item)
    if (item === null) return "null"
    if (typeof item === "boolean") return String(item)
    if (isMissing(item) || (typeof item !== "bigint" && typeof item !== "number")) {
      throw new TemplateError(`${typeName(item)} cannot be written as JSON`)
    }
    return toText(item)
  }
  return write(value, 0)
}

const jsonKey = (key: Value): string =>
  key === null ? "null" : typeof key === "boolean" ? String(key) : toText(key)

const asciiText = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Percent-encoded UTF-8; unreserved characters (RFC 3986) and those of `keep` stay. */
export const percentEncode = (text: string, keep: string): string =>
  [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const char = String.fromCharCode(byte)
      return /[A-Za-z0-9_.~-]/.test(char) || keep.includes(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
    })
    .join("")
