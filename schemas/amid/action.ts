/** The parameters of an action as its JSON body gives them. */
export type ActionHeaders = ReadonlyArray<readonly [name: string, value: string]>

/**
 * Turns a JSON object into AMI headers (contracts/callcenter.md 9.1): a string as is, a number in decimal, booleans
 * as `True` and `False`, null dropped, an array as the header repeated. Undefined for what no header can be made of.
 */
export const actionHeaders = (body: unknown): ActionHeaders | { readonly invalid: string } => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return { invalid: "_schema" }
  const headers: Array<readonly [string, string]> = []
  for (const [name, value] of Object.entries(body)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === null) continue
      const text = headerText(each)
      if (text === undefined) return { invalid: name }
      headers.push([name, text])
    }
  }
  return headers
}

const headerText = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "string":
      return value
    case "number":
      return String(value)
    case "boolean":
      return value ? "True" : "False"
    default:
      return undefined
  }
}
