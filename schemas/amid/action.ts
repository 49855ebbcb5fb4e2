/** The parameters of an action as its JSON body gives them. */
export type ActionHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** What no action can be made of: the header at fault (`_schema` for the body itself), and why. */
export interface InvalidParameters {
  readonly invalid: string
  readonly reason: string
}

/**
 * Turns a JSON body into AMI headers (contracts/callcenter.md 9.1): a string as is, a number in the decimal it was
 * written in, booleans as `True` and `False`, null dropped, an array as the header repeated. A body that is no JSON
 * is no parameters.
 */
export const actionHeaders = (body: string): ActionHeaders | InvalidParameters => {
  const parsed = parse(body)
  if (parsed === undefined) return []
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return { invalid: "_schema", reason: "Not an object" }
  const headers: Array<readonly [string, string]> = []
  for (const [name, value] of Object.entries(parsed)) {
    const wrongName = nameProblem(name)
    if (wrongName !== undefined) return { invalid: name, reason: wrongName }
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === null) continue
      const text = headerText(each)
      if (text === undefined) return { invalid: name, reason: "Not a string" }
      if (endsLine(text)) return { invalid: name, reason: "Holds CR, LF or NUL" }
      headers.push([name, text])
    }
  }
  return headers
}

/** Whether a text would end the line of a header, and begin another one. */
export const endsLine = (text: string): boolean =>
  text.includes("\r") || text.includes("\n") || text.includes("\0")

const nameProblem = (name: string): string | undefined => {
  if (name === "") return "A header needs a name"
  if (name.includes(":")) return "A header name holds no colon"
  return endsLine(name) ? "Holds CR, LF or NUL" : undefined
}

const headerText = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "string":
      return value
    case "number":
      return Number.isFinite(value) ? value.toLocaleString("en", unrounded) : undefined
    case "boolean":
      return value ? "True" : "False"
    default:
      return undefined
  }
}

/** Numbers keep the digits they were written with, as text; those with an exponent stay numbers. */
const parse = (body: string): unknown => {
  try {
    return JSON.parse(body, keepDigits)
  } catch {
    return undefined
  }
}

const keepDigits = (
  _key: string,
  value: unknown,
  ...[context]: ReadonlyArray<{ readonly source?: string }>
) =>
  typeof value === "number" && context?.source !== undefined && /^[-\d.]+$/.test(context.source)
    ? context.source
    : value

const unrounded = { useGrouping: false, maximumFractionDigits: 20 } as const
