/**
 * The one envelope of every event (contracts/events.md 2.1 to 2.3): who may see it (class), where it is
 * routed, which right it needs. Data only: sending is the business of `runtime/bus`.
 */

/** Who may see an event (events.md 2.2). */
export type EventClass = "service" | "tenant" | "user" | "multi-user"

export type HeaderValue = string | boolean | number | null

/**
 * One line of the catalogue. `routingKey` and `acl` are formats: `{agent_id}`, `{line.id}` are filled from the
 * data, then from the extra headers, then from `{name}`. `acl` is given only where it is not
 * `events.<routing key>`; null means that no right is needed.
 */
export interface EventDefinition<Data extends object = object> {
  readonly name: string
  readonly class: EventClass
  readonly routingKey: string
  readonly acl?: string | null
  /** Names of the data fields repeated as message headers (events.md 2.1). */
  readonly headerFields?: ReadonlyArray<string>
  /** Carries the type of the payload; never present at run time. */
  readonly Data?: Data
}

/** An event ready for the bus: its headers, its payload and its routing key. */
export interface BusEvent {
  readonly name: string
  readonly headers: Readonly<Record<string, HeaderValue>>
  readonly data: object
  readonly routingKey: string
}

/** To whom an event of a class is addressed. */
export interface EventTarget {
  readonly tenantUuid?: string
  readonly userUuids?: ReadonlyArray<string>
  readonly headers?: Readonly<Record<string, HeaderValue>>
}

/** What the sender adds: the platform's uuid and the moment. */
export interface EventOrigin {
  readonly originUuid: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

export const defineEvent = <Data extends object>(definition: EventDefinition<Data>): EventDefinition<Data> =>
  definition

/** Escapes a value inside a routing key or an ACL (events.md 2.3). */
export const escapeWord = (value: string): string =>
  value.replaceAll(".", "__DOT__").replaceAll("#", "__HASH__").replaceAll("*", "__STAR__")

/** ISO 8601 with microseconds, UTC, no zone (events.md 2.1). */
export const eventTimestamp = (at: number): string => `${new Date(at).toISOString().slice(0, -1)}000`

/** Builds the event of a definition for a target. Pure. */
export const makeEvent = <Data extends object>(
  definition: EventDefinition<Data>,
  origin: EventOrigin,
  target: EventTarget,
  data: Data
): BusEvent => {
  const extra = {
    ...Object.fromEntries(
      (definition.headerFields ?? []).map((field) => [field, lookup(data, field) as HeaderValue])
    ),
    ...target.headers
  }
  const fill = (format: string) => fillFormat(format, data, extra, definition.name)
  const routingKey = fill(definition.routingKey)
  const acl =
    definition.acl === undefined
      ? `events.${routingKey}`
      : definition.acl === null
        ? null
        : fill(definition.acl)
  return {
    name: definition.name,
    routingKey,
    data,
    headers: {
      ...extra,
      name: definition.name,
      origin_uuid: origin.originUuid,
      timestamp: eventTimestamp(origin.at),
      required_access: `event.${definition.name}`,
      required_acl: acl,
      ...classHeaders(definition.class, target)
    }
  }
}

/** The message body: the headers with the payload under `data` (events.md 2.1). */
export const envelopeOf = (event: BusEvent): Record<string, unknown> => ({
  ...event.headers,
  data: event.data
})

const classHeaders = (eventClass: EventClass, target: EventTarget): Record<string, HeaderValue> => {
  if (eventClass === "service" || target.tenantUuid === undefined) return {}
  const headers: Record<string, HeaderValue> = { tenant_uuid: target.tenantUuid }
  if (eventClass === "tenant") headers["user_uuid:*"] = true
  else for (const uuid of target.userUuids ?? []) headers[`user_uuid:${uuid}`] = true
  return headers
}

const fillFormat = (format: string, data: object, extra: Record<string, HeaderValue>, name: string): string =>
  format.replace(/\{([^}]+)\}/g, (_, path: string) => {
    const value = lookup(data, path) ?? extra[path] ?? (path === "name" ? name : undefined)
    return value === undefined || value === null ? "None" : escapeWord(String(value))
  })

const lookup = (data: object, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      data
    )
