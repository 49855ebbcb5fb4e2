import { Effect } from "effect"
import { type Invalid, invalidData } from "../../schemas/webhookd/errors.ts"
import { type DeliveryPolicy, defaultPolicy } from "../../schemas/webhookd/policy.ts"
import { isRecord } from "./input.ts"
import * as wrong from "./problems.ts"

/**
 * The body of a policy (contracts/webhooks.md 15.5). What is left out or null is as the server does it; an unknown key
 * is refused.
 */
export const readPolicy = (body: unknown): Effect.Effect<DeliveryPolicy, Invalid> => {
  if (!isRecord(body)) return Effect.fail(invalidData({ _schema: ["Invalid input type."] }))
  const details: Record<string, unknown> = {}
  const policy: Record<string, unknown> = {}
  for (const key of Object.keys(body)) if (!(key in fields)) details[key] = [wrong.unknownField]
  for (const [key, read] of Object.entries(fields)) {
    const value = body[key] ?? null
    if (value === null) continue
    const problem = read(value)
    if (problem === undefined) policy[key] = value
    else details[key] = problem
  }
  return Object.keys(details).length === 0
    ? // Every key is of its field's type, as checked above.
      Effect.succeed({ ...defaultPolicy, ...(policy as Partial<DeliveryPolicy>) })
    : Effect.fail(invalidData(details))
}

/** What is wrong with a value that is not null; undefined: nothing. */
type Check = (value: unknown) => unknown

const between =
  (min: number, max: number): Check =>
  (value) => {
    if (typeof value !== "number" || !Number.isFinite(value)) return wrong.wrongType("number")
    return value < min || value > max ? [wrong.outside(min, max)] : undefined
  }

const wholeBetween =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) ? between(min, max)(value) : wrong.wrongType("integer")

const boolean: Check = (value) => (typeof value === "boolean" ? undefined : wrong.wrongType("boolean"))

const oneOf =
  (...choices: ReadonlyArray<string>): Check =>
  (value) =>
    choices.includes(String(value)) && typeof value === "string" ? undefined : [wrong.notOneOf(choices)]

const longestPause = 7 * 86_400

const schedule: Check = (value) => {
  if (!Array.isArray(value)) return wrong.wrongType("list")
  if (value.length < 1 || value.length > 19) return [wrong.outsideLength(1, 19)]
  const found = value.flatMap((pause: unknown, index) => {
    const problem = between(0, longestPause)(pause)
    return problem === undefined ? [] : [[String(index), problem] as const]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** Headers of the connection and of the delivery itself (RFC 9110, 7.6.1). */
const refused =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|webhook-.*|x-strowger-.*)$/i

const headers: Check = (value) => {
  if (!isRecord(value)) return wrong.wrongType("dict")
  const names = Object.keys(value)
  if (names.length > 20) return [wrong.outsideLength(0, 20)]
  const found = names.flatMap((name) => {
    const problem = headerProblem(name, value[name])
    return problem === undefined ? [] : [[name, [problem]] as const]
  })
  const folded = names.map((name) => name.toLowerCase())
  const twice = names.filter((name, index) => folded.indexOf(name.toLowerCase()) !== index)
  const all = [...found, ...twice.map((name) => [name, ["The header is there twice."]] as const)]
  return all.length === 0 ? undefined : Object.fromEntries(all)
}

const headerProblem = (name: string, value: unknown): string | undefined => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/.test(name)) return "Not a name of a header."
  if (refused.test(name)) return "This header cannot be set."
  return typeof value === "string" && /^[\x20-\x7e\t]{0,4096}$/.test(value)
    ? undefined
    : "Not a value of a header."
}

const fields: Readonly<Record<keyof DeliveryPolicy, Check>> = {
  max_attempts: wholeBetween(1, 20),
  retry_schedule: schedule,
  jitter: between(0, 0.5),
  honor_retry_after: boolean,
  rate_limit_per_second: between(0.1, 10_000),
  max_concurrency: wholeBetween(1, 100),
  ordering: oneOf("none", "fifo"),
  signature: oneOf("v1", "v1a", "both", "none"),
  headers,
  enabled: boolean
}
