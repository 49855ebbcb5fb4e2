const longest = 300
/** A shorter value would blacken half of the message. */
const shortestSecret = 3
const secretNames = /password|secret|certificate|_key$|token/i

/**
 * What a plugin's code threw, fit for a log line: one line, bounded, without any password, key or certificate of the
 * parameters that the plugin was called with.
 */
export const faultText = (error: unknown, parameters?: unknown): string => {
  const text = error instanceof Error ? error.message || error.name : String(error)
  let line = text
  for (const secret of secretsIn(parameters)) line = line.replaceAll(secret, "***")
  line = line.split("\n", 1).join("").trim()
  return line.length > longest ? `${line.slice(0, longest)}…` : line
}

/** The longest first: one may be the beginning of another. */
const secretsIn = (parameters: unknown): ReadonlyArray<string> => {
  const found = new Set<string>()
  gather(parameters, false, found)
  return [...found].sort((a, b) => b.length - a.length)
}

const gather = (value: unknown, secret: boolean, found: Set<string>): void => {
  if (typeof value === "string") {
    if (secret && value.length >= shortestSecret) found.add(value)
    return
  }
  if (typeof value !== "object" || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    gather(inner, secret || secretNames.test(name), found)
  }
}
