import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Tenants } from "../actors/identity/tenants.ts"
import { EventBus } from "../runtime/bus/event-bus.ts"
import { Outbox } from "../runtime/bus/outbox.ts"
import { authTenantAdded } from "../schemas/events/auth.ts"
import { type BusEvent, makeEvent } from "../schemas/events/envelope.ts"

/** What tests of one surface do behind its back. */
export interface Backstage {
  /** A new tenant below the given one, by default below the master. */
  readonly tenant: (parent?: string) => Effect.Effect<string>
  /** The events that the work publishes, in order. */
  readonly eventsOf: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<ReadonlyArray<BusEvent>, E, R>
}

export const makeBackstage = Effect.gen(function* () {
  const tenants = yield* Tenants
  const sql = yield* SqlClient.SqlClient
  const bus = yield* EventBus
  const outbox = yield* Outbox
  const tenant = Effect.fnUntraced(function* (parent = tenants.master) {
    const uuid = randomUUID()
    const slug = uuid.slice(0, 8)
    yield* sql`INSERT INTO auth_tenant ${sql.insert({ uuid, slug, parent_uuid: parent })}`
    const data = { uuid, name: slug, slug, domain_names: [] }
    yield* bus.publish(makeEvent(authTenantAdded, { originUuid: uuid, at: 0 }, { tenantUuid: uuid }, data))
    yield* Effect.sleep(1).pipe(Effect.repeat({ until: () => tenants.exists(uuid) }))
    return uuid
  }, Effect.orDie)
  const eventsOf: Backstage["eventsOf"] = (work) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* outbox.drained
        const seen: Array<BusEvent> = []
        yield* bus.subscribe({}, (event) => seen.push(event))
        yield* work
        yield* outbox.drained
        return seen
      })
    )
  return { tenant, eventsOf } satisfies Backstage
})

/** Sends a request; a text is sent as it is, anything else as JSON. */
export type Send<Answer> = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>
) => Effect.Effect<Answer>

/** The methods of a client of a surface. */
export interface Verbs<Answer> {
  readonly send: Send<Answer>
  readonly get: (path: string) => Effect.Effect<Answer>
  readonly post: (path: string, body?: unknown) => Effect.Effect<Answer>
  readonly put: (path: string, body?: unknown) => Effect.Effect<Answer>
  readonly delete: (path: string) => Effect.Effect<Answer>
}

/** Requests below an address with a token, each answer read by the surface's own `answerOf`. */
export const verbsOf = <Answer>(
  base: string,
  token: string,
  answerOf: (response: Response, text: string) => Answer
): Verbs<Answer> => {
  const send: Send<Answer> = (method, path, body, headers) =>
    Effect.promise(async () => {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: {
          "x-auth-token": token,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      return answerOf(response, await response.text())
    })
  return {
    send,
    get: (path) => send("GET", path),
    post: (path, body) => send("POST", path, body),
    put: (path, body) => send("PUT", path, body),
    delete: (path) => send("DELETE", path)
  }
}
