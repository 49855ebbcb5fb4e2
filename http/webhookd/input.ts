import { Effect } from "effect"
import { secretBytes } from "../../actors/subscription/signature.ts"
import { type DeliveryQuery, deliveryStates } from "../../schemas/webhookd/delivery.ts"
import { type Details, type Invalid, invalidData, windowTooLong } from "../../schemas/webhookd/errors.ts"
import {
  type LogQuery,
  logOrders,
  type SubscriptionBody,
  type UserSubscriptionBody
} from "../../schemas/webhookd/subscription.ts"
import * as wrong from "./problems.ts"

/**
 * Reads the bodies and queries of webhookd (contracts/webhooks.md 2, 3, 8 and 12). Every wrong field is told at
 * once; unknown keys are dropped.
 */

/** The body of an administrator's subscription. */
export const readSubscription = (body: unknown): Effect.Effect<SubscriptionBody, Invalid> =>
  reading(body, (fields) => ({
    ...common(fields),
    events_user_uuid: fields.uuid("events_user_uuid"),
    events_wazo_uuid:
      fields.given("events_wazo_uuid") === undefined
        ? fields.uuid("events_accent_uuid")
        : fields.uuid("events_wazo_uuid"),
    owner_user_uuid: fields.uuid("owner_user_uuid")
  }))

/** The body of a user's own subscription. */
export const readUserSubscription = (body: unknown): Effect.Effect<UserSubscriptionBody, Invalid> =>
  reading(body, common)

/** The query of the logs. */
export const readLogQuery = (query: RawQuery): Effect.Effect<LogQuery, Invalid> => {
  const reading = new QueryReading(query)
  const from = reading.date("from_date")
  const limit = reading.whole("limit")
  return reading.result({
    ...(from ? { from } : {}),
    ...(limit === undefined ? {} : { limit }),
    offset: reading.whole("offset") ?? 0,
    order: reading.choice("order", logOrders) ?? "started_at",
    direction: reading.choice("direction", directions) ?? "desc"
  })
}

/** The query of deliveries and of dead letters. */
export const readDeliveryQuery = (query: RawQuery): Effect.Effect<DeliveryQuery, Invalid> => {
  const reading = new QueryReading(query)
  const from = reading.date("from_date")
  const until = reading.date("until_date")
  const status = reading.choice("status", deliveryStates)
  return reading.result({
    ...(status === undefined ? {} : { status }),
    ...(query["event"] === undefined ? {} : { event: query["event"].replaceAll("\0", "") }),
    ...(from ? { from } : {}),
    ...(until ? { until } : {}),
    limit: Math.min(500, reading.whole("limit") ?? 50),
    offset: reading.whole("offset") ?? 0,
    direction: reading.choice("direction", directions) ?? "desc"
  })
}

/** The query of the catalogue. */
export const readCatalogueQuery = (query: RawQuery) => {
  const reading = new QueryReading(query)
  return reading.result({
    search: (query["search"] ?? "").toLowerCase(),
    limit: reading.whole("limit"),
    offset: reading.whole("offset") ?? 0
  })
}

/** The body of a rotation: both members may be left out. */
export const readRotation = (body: unknown) => {
  if (!isRecord(body)) return Effect.fail(invalidData(notAnObject))
  const { key, grace_period_seconds: grace = 86_400 } = body
  const details: Record<string, unknown> = {}
  if (key !== undefined && (typeof key !== "string" || secretBytes(key) === undefined)) {
    details["key"] = ["Must be whsec_ and the base64 of 24 to 64 bytes."]
  }
  if (typeof grace !== "number" || !Number.isInteger(grace)) {
    details["grace_period_seconds"] = wrong.wrongType("integer")
  } else if (grace < 0 || grace > 604_800) {
    details["grace_period_seconds"] = ["Must be between 0 and 604800."]
  }
  return Object.keys(details).length === 0
    ? Effect.succeed({ key: typeof key === "string" ? key : undefined, grace: Number(grace) })
    : Effect.fail(invalidData(details))
}

const recoverable = ["failed", "succeeded", "cancelled"]
const longestWindowMillis = 14 * 86_400_000

/** The body of a recovery: a window of at most 14 days. */
export const readRecovery = (body: unknown) => {
  if (!isRecord(body)) return Effect.fail(invalidData(notAnObject))
  const details: Record<string, unknown> = {}
  const moment = (name: string): Date | undefined => {
    const value = body[name]
    if (value === undefined) return undefined
    const at = typeof value === "string" ? dateOf(value) : null
    if (at === null) details[name] = wrong.wrongType("datetime")
    return at ?? undefined
  }
  const until = moment("until") ?? new Date()
  const since = moment("since")
  if (body["since"] === undefined) details["since"] = wrong.required
  const states = body["states"] ?? ["failed"]
  const known = Array.isArray(states) && states.every((state) => recoverable.includes(state))
  if (!known) details["states"] = [wrong.notOneOf(recoverable)]
  if (since !== undefined && until.getTime() - since.getTime() > longestWindowMillis) {
    return Effect.fail(windowTooLong())
  }
  return Object.keys(details).length === 0 && since !== undefined
    ? Effect.succeed({ since, until, states: (states as ReadonlyArray<unknown>).map(String) })
    : Effect.fail(invalidData(details))
}

/** The body of a preview. */
export const readPreview = (body: unknown) => {
  if (!isRecord(body)) return Effect.fail(invalidData(notAnObject))
  const { template, event_name: eventName = "", event = {} } = body
  const details: Record<string, unknown> = {}
  if (template === undefined) details["template"] = wrong.required
  else if (typeof template !== "string") details["template"] = wrong.wrongType("string")
  else if (template.length > 16_384) details["template"] = [wrong.tooLong(16_384)]
  if (typeof eventName !== "string") details["event_name"] = wrong.wrongType("string")
  if (!isRecord(event)) details["event"] = wrong.wrongType("dict")
  return Object.keys(details).length === 0
    ? Effect.succeed({ template: String(template), eventName: String(eventName), event })
    : Effect.fail(invalidData(details))
}

/** Types of notifications that the platform itself sends. */
const reserved = ["messageReceived", "voicemailReceived", "incomingCall", "cancelIncomingCall", "missedCall"]

/** The body of an application's own notification; its errors are plain sentences (contracts/webhooks.md 10.3). */
export const readNotification = (body: unknown) => {
  if (!isRecord(body)) return Effect.fail(invalidData(notAnObject))
  const details: Record<string, unknown> = {}
  const text = (name: string, max: number): string => {
    const value = body[name]
    if (value === undefined) details[name] = [wrong.required.message]
    else if (value === null) details[name] = [wrong.notNull.message]
    else if (typeof value !== "string" || hasNul(value)) details[name] = [wrong.wrongType("string").message]
    else if ([...value].length > max) details[name] = [wrong.tooLong(max).message]
    return String(value)
  }
  for (const key of Object.keys(body)) {
    if (!["notification_type", "user_uuid", "title", "body", "extra"].includes(key))
      details[key] = [wrong.unknownField]
  }
  const type = text("notification_type", 100)
  if (!("notification_type" in details)) {
    if (!/^[a-z0-9_]+$/i.test(type))
      details["notification_type"] = ["String does not match expected pattern."]
    else if (reserved.includes(type)) details["notification_type"] = ["Invalid input."]
  }
  const userUuid = text("user_uuid", 1024)
  if (!("user_uuid" in details) && [...userUuid].length !== 36)
    details["user_uuid"] = [wrong.wrongLength(36).message]
  const { extra = {} } = body
  if (!isRecord(extra)) details["extra"] = [wrong.wrongType("dict").message]
  const notification = {
    type,
    title: text("title", 128),
    body: text("body", 250),
    extra: isRecord(extra) ? extra : {}
  }
  return Object.keys(details).length === 0
    ? Effect.succeed({ userUuid, notification })
    : Effect.fail(invalidData(details))
}

type RawQuery = Readonly<Record<string, string | undefined>>
const directions = ["asc", "desc"] as const

/** The parameters of a query; what is wrong is noted under its name. */
class QueryReading {
  readonly #details: Record<string, unknown> = {}
  readonly #query: RawQuery

  constructor(query: RawQuery) {
    this.#query = query
  }

  whole(name: string): number | undefined {
    const value = this.#query[name]
    if (value === undefined) return undefined
    if (!/^\s*[+-]?\d{1,15}\s*$/.test(value)) this.#details[name] = wrong.wrongType("integer")
    else if (Number(value) < 0) this.#details[name] = [wrong.belowMinimum(0)]
    return Number(value)
  }

  choice<const Choice extends string>(name: string, choices: ReadonlyArray<Choice>): Choice | undefined {
    const found = choices.find((one) => one === this.#query[name])
    if (this.#query[name] !== undefined && found === undefined)
      this.#details[name] = [wrong.notOneOf(choices)]
    return found
  }

  date(name: string): Date | undefined {
    const value = this.#query[name]
    const at = value === undefined ? undefined : dateOf(value)
    if (at === null) this.#details[name] = wrong.wrongType("datetime")
    return at ?? undefined
  }

  result<A>(read: A): Effect.Effect<A, Invalid> {
    return Object.keys(this.#details).length === 0
      ? Effect.succeed(read)
      : Effect.fail(invalidData(this.#details))
  }
}

/** The usual spellings of a switch; absent is false. */
export const readSwitch = (name: string, value: string | undefined): Effect.Effect<boolean, Invalid> => {
  const read = value === undefined ? false : booleanOf(value)
  return read === undefined
    ? Effect.fail(invalidData({ [name]: wrong.wrongType("boolean") }))
    : Effect.succeed(read)
}

/** `key:value` pairs; of one key the last counts, what has no colon is ignored. */
export const readMetadataFilter = (pairs: ReadonlyArray<string> = []): Record<string, string> =>
  Object.fromEntries(
    pairs
      .filter((pair) => pair.includes(":") && !pair.includes("\0"))
      .map((pair) => [pair.slice(0, pair.indexOf(":")), pair.slice(pair.indexOf(":") + 1)])
  )

/** A JSON patch of the configuration: nothing but `debug` can be replaced. Answers the last value, if any. */
export const readConfigPatch = (body: unknown): Effect.Effect<boolean | undefined, Invalid> => {
  if (!Array.isArray(body)) return Effect.fail(invalidData(notAnObject))
  const details: Record<string, unknown> = {}
  let debug: boolean | undefined
  body.forEach((item: unknown, index) => {
    const found = patchProblems(item)
    if (Object.keys(found).length > 0) details[String(index)] = found
    else if (isRecord(item)) debug = booleanOf(item["value"])
  })
  return Object.keys(details).length === 0 ? Effect.succeed(debug) : Effect.fail(invalidData(details))
}

const patchProblems = (item: unknown): Details => {
  if (!isRecord(item)) return notAnObject
  const found: Record<string, unknown> = {}
  for (const key of Object.keys(item)) {
    if (!["op", "path", "value"].includes(key)) found[key] = [wrong.unknownField]
  }
  if (!("op" in item)) found["op"] = [wrong.required.message]
  else if (item["op"] !== "replace") found["op"] = ["Must be one of: replace."]
  if (!("path" in item)) found["path"] = [wrong.required.message]
  else if (item["path"] !== "/debug") found["path"] = ["Must be one of: /debug."]
  if (!("value" in item)) found["value"] = wrong.required
  else if (booleanOf(item["value"]) === undefined) found["value"] = wrong.wrongType("boolean")
  return found
}

const notAnObject: Details = { _schema: ["Invalid input type."] }

const reading = <A>(body: unknown, read: (fields: Fields) => A): Effect.Effect<A, Invalid> => {
  if (!isRecord(body)) return Effect.fail(invalidData(notAnObject))
  const fields = new Fields(body)
  const result = read(fields)
  return Object.keys(fields.problems).length === 0
    ? Effect.succeed(result)
    : Effect.fail(invalidData(fields.problems))
}

const common = (fields: Fields): UserSubscriptionBody => {
  const service = fields.text("service")
  return {
    name: fields.text("name"),
    service,
    events: fields.events(),
    config: fields.config(service === "http"),
    metadata: fields.metadata()
  }
}

/** The fields of a body. What is wrong is noted under its name; then the answered value means nothing. */
class Fields {
  readonly problems: Record<string, unknown> = {}
  readonly #body: Readonly<Record<string, unknown>>

  constructor(body: Readonly<Record<string, unknown>>) {
    this.#body = body
  }

  given(name: string): unknown {
    return Object.hasOwn(this.#body, name) ? this.#body[name] : undefined
  }

  text(name: string): string {
    const value = this.#required(name)
    if (value === undefined) return ""
    const found = textProblem(value, 128)
    if (found !== undefined) this.problems[name] = found
    return String(value)
  }

  uuid(name: string): string | null {
    const value = this.given(name)
    if (value === undefined || value === null) return null
    if (typeof value !== "string" || value.includes("\0")) this.problems[name] = wrong.wrongType("string")
    else if ([...value].length !== 36) this.problems[name] = [wrong.wrongLength(36)]
    return String(value)
  }

  events(): ReadonlyArray<string> {
    const value = this.#required("events")
    if (value === undefined) return []
    if (!Array.isArray(value)) {
      this.problems["events"] = wrong.wrongType("list")
      return []
    }
    const found = value.flatMap((item: unknown, index) => {
      const problem = item === null ? wrong.notNull : textProblem(item, 128)
      return problem === undefined ? [] : [[String(index), problem] as const]
    })
    if (found.length > 0) this.problems["events"] = Object.fromEntries(found)
    return [...new Set(value.map(String))]
  }

  config(isHttp: boolean): Readonly<Record<string, string>> {
    const value = this.#required("config")
    if (value === undefined) return {}
    if (!isRecord(value)) {
      this.problems["config"] = wrong.wrongType("dict")
      return {}
    }
    const { config, problem } = isHttp ? httpConfig(value) : otherConfig(value)
    if (problem !== undefined) this.problems["config"] = problem
    return config
  }

  metadata(): Readonly<Record<string, string | null>> {
    const value = this.given("metadata")
    if (value === undefined) return {}
    if (!isRecord(value)) {
      this.problems["metadata"] = value === null ? wrong.notNull : wrong.wrongType("dict")
      return {}
    }
    const found = Object.entries(value).filter(
      ([key, item]) => key.includes("\0") || (item !== null && (typeof item === "object" || hasNul(item)))
    )
    if (found.length > 0) {
      this.problems["metadata"] = Object.fromEntries(found.map(([key]) => [key, wrong.wrongType("string")]))
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, item === null ? null : String(item)])
    )
  }

  #required(name: string): unknown {
    const value = this.given(name)
    if (value === undefined) this.problems[name] = wrong.required
    if (value === null) this.problems[name] = wrong.notNull
    return value ?? undefined
  }
}

interface ConfigReading {
  readonly config: Readonly<Record<string, string>>
  readonly problem?: unknown
}

const methods = ["head", "get", "post", "put", "delete"]
const httpLimits: Readonly<Record<string, number>> = {
  url: 8192,
  body: 16_384,
  content_type: 256,
  verify_certificate: 1024
}

const httpConfig = (given: Readonly<Record<string, unknown>>): ConfigReading => {
  const config: Record<string, string> = {}
  const problems: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    if (value === null) continue
    const limit = httpLimits[key]
    if (key === "method") {
      const method = typeof value === "string" ? value.toLowerCase() : undefined
      if (method === undefined) problems[key] = wrong.wrongType("string")
      else if (!methods.includes(method)) problems[key] = wrong.notOneOf(methods)
      else config[key] = method
    } else if (limit === undefined) {
      problems[key] = [wrong.unknownField]
    } else {
      const found = textProblem(value, limit)
      if (found !== undefined) problems[key] = found
      else if (key === "verify_certificate" && !/^(true$|false$|\/)/.test(String(value))) {
        problems[key] = wrong.badVerification
      } else config[key] = String(value)
    }
  }
  for (const key of ["method", "url"]) {
    if (given[key] === undefined || given[key] === null) problems[key] = wrong.required
  }
  return Object.keys(problems).length === 0 ? { config } : { config, problem: problems }
}

const otherConfig = (given: Readonly<Record<string, unknown>>): ConfigReading => {
  const entries = Object.entries(given)
  if (entries.some(([key, value]) => key.includes("\0") || typeof value !== "string" || hasNul(value))) {
    return { config: {}, problem: [wrong.notText] }
  }
  if (entries.some(([key, value]) => key.length > 128 || String(value).length > 2048)) {
    return { config: {}, problem: [wrong.textTooLong] }
  }
  return { config: Object.fromEntries(entries.map(([key, value]) => [key, String(value)])) }
}

/** A wrong type stands alone, a wrong length in a list. */
const textProblem = (
  value: unknown,
  max: number
): wrong.FieldProblem | ReadonlyArray<wrong.FieldProblem> | undefined => {
  if (typeof value !== "string" || hasNul(value)) return wrong.wrongType("string")
  return [...value].length > max ? [wrong.tooLong(max)] : undefined
}

const hasNul = (value: unknown): boolean => typeof value === "string" && value.includes("\0")

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The usual spellings of a boolean. */
const booleanOf = (value: unknown): boolean | undefined => {
  if (typeof value === "boolean") return value
  if (value === 1 || value === 0) return value === 1
  if (typeof value !== "string") return undefined
  if (/^(true|t|1|yes|y|on)$/i.test(value)) return true
  return /^(false|f|0|no|n|off)$/i.test(value) ? false : undefined
}

/** ISO 8601; without an offset UTC is meant. Null: no date. */
export const dateOf = (value: string): Date | null => {
  const [, day, time = "00:00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s?(Z|[+-]\d\d:?\d\d)?$/i.exec(value.trim()) ??
    []
  if (day === undefined) return null
  const at = new Date(`${day}T${time}${zone.toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, "$1:$2")}`)
  return Number.isNaN(at.getTime()) ? null : at
}
