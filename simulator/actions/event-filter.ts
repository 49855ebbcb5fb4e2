import { type AmiMessage, header } from "../../runtime/ami/ami.ts"
import type { EventFilter } from "./action.ts"

/**
 * A filter as the Filter action describes it: a regular expression over the whole event, `!` in front to leave
 * out what it matches, or with criteria such as `action(exclude),name(VarSet),header(Variable),method(contains)`.
 * Answers Asterisk's error text when it is none.
 */
export const eventFilter = (criteria: string, pattern: string): EventFilter | string => {
  const isNegated = pattern.startsWith("!")
  const text = isNegated ? pattern.slice(1) : pattern
  const options = new Map<string, string>()
  for (const part of criteria.split(",").map((each) => each.trim())) {
    const option = /^(action|name|header|method)\(([^)]+)\)$/.exec(part)
    if (part !== "" && option === null) return BAD_FORMAT
    if (option !== null) options.set(option[1] ?? "", option[2] ?? "")
  }
  const method = options.get("method") ?? (options.size === 0 || text !== "" ? "regex" : "none")
  if ((text === "") !== (method === "none")) return BAD_FORMAT
  const test = makeTest(method, text)
  if (typeof test === "string") return test

  const name = options.get("name")
  const headerName = options.get("header")
  const action = options.get("action")
  return {
    excludes: action === undefined ? isNegated : action === "exclude",
    matches: (message) => {
      if (name !== undefined && header(message, "Event") !== name) return false
      if (headerName === undefined) return test(wholeText(message))
      const value = header(message, headerName.replace(/:$/, ""))
      return value !== undefined && test(value)
    }
  }
}

/** Asterisk sends an event when some include filter takes it, or there is none, and no exclude filter does. */
export const passesFilters = (filters: ReadonlyArray<EventFilter>, message: AmiMessage): boolean => {
  const includes = filters.filter((filter) => !filter.excludes)
  const isIncluded = includes.length === 0 || includes.some((filter) => filter.matches(message))
  return isIncluded && !filters.some((filter) => filter.excludes && filter.matches(message))
}

const BAD_FORMAT = "Filter was formatted incorrectly.  Check the syntax of the filter given."
const BAD_PATTERN = "Filter did not compile.  Check the syntax of the filter given."

const makeTest = (method: string, text: string): ((value: string) => boolean) | string => {
  switch (method) {
    case "none":
      return () => true
    case "exact":
      return (value) => value === text
    case "starts_with":
      return (value) => value.startsWith(text)
    case "ends_with":
      return (value) => value.endsWith(text)
    case "contains":
      return (value) => value.includes(text)
    case "regex":
      return regularExpression(text)
    default:
      return BAD_FORMAT
  }
}

const regularExpression = (text: string): ((value: string) => boolean) | string => {
  try {
    const pattern = new RegExp(text)
    return (value) => pattern.test(value)
  } catch {
    return BAD_PATTERN
  }
}

const wholeText = (message: AmiMessage): string =>
  message.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")
