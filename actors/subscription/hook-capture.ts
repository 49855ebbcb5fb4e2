import { Context, Effect, Layer, Queue } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { services } from "../../schemas/webhookd/subscription.ts"
import { OutboxTap, type TappedEvent } from "../../runtime/bus/outbox-tap.ts"

/** Rung when hooks may be due: after a commit that wrote some. Whoever works them off waits for it. */
export class HookBell extends Context.Service<
  HookBell,
  { readonly ring: () => void; readonly heard: Effect.Effect<void> }
>()("strowger/actors/subscription/HookBell") {
  static readonly layer: Layer.Layer<HookBell> = Layer.effect(
    HookBell,
    Effect.map(Queue.sliding<void>(1), (queue) => ({
      ring: () => void Queue.offerUnsafe(queue, undefined),
      heard: Queue.take(queue)
    }))
  )
}

/**
 * Hooks are written by the transaction that takes their event out of the outbox: an event whose change was committed
 * gets its hooks, once, whatever is killed (contracts/webhooks.md 15.3).
 */
export const hookCaptureLayer: Layer.Layer<never, never, SqlClient.SqlClient | HookBell> = Layer.effect(
  OutboxTap,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const bell = yield* HookBell
    return { take: (events) => captureHooks(sql, events), committed: bell.ring }
  })
)

/**
 * One hook for each event and enabled subscription that it matches (contracts/webhooks.md 6), with the subscription's
 * config as it is now. What a subscription is told about itself makes no hook of its own.
 */
export const captureHooks = (
  sql: SqlClient.SqlClient,
  events: ReadonlyArray<TappedEvent>
): Effect.Effect<void, SqlError.SqlError> => {
  const plain = events.filter(({ name }) => !name.includes("\0"))
  if (plain.length === 0) return Effect.void
  return Effect.asVoid(sql`
    INSERT INTO webhook_hook (uuid, subscription_uuid, event_name, event, service, config)
    SELECT gen_random_uuid(), s.uuid, e.name, e.body, s.service, s.config
    FROM unnest(${plain.map(({ name }) => name)}::text[], ${plain.map(({ body }) => body)}::text[],
        ${plain.map(({ headers }) => textOf(headers["tenant_uuid"]))}::text[],
        ${plain.map(({ headers }) => textOf(headers["origin_uuid"]))}::text[],
        ${plain.map(({ headers }) => JSON.stringify(addressees(headers)))}::text[],
        ${plain.map(subject)}::text[])
      WITH ORDINALITY AS e (name, body, tenant, origin, users, subject, position)
    JOIN webhook_subscription s ON s.events @> ARRAY[e.name]
    WHERE s.enabled AND s.service = ANY(${firingServices})
      AND (s.owner_tenant_uuid = e.tenant
        OR s.owner_tenant_uuid = (SELECT uuid::text FROM auth_tenant WHERE uuid = parent_uuid))
      AND CASE WHEN e.name = 'global_voicemail_message_created' THEN jsonb_exists(e.users::jsonb, '*')
        ELSE s.events_user_uuid IS NULL OR jsonb_exists(e.users::jsonb, s.events_user_uuid) END
      AND (s.events_wazo_uuid IS NULL OR s.events_wazo_uuid = e.origin)
      AND s.uuid::text <> e.subject
    ORDER BY e.position, s.number`)
}

/** A hook of another service would wait for ever. */
const firingServices: ReadonlyArray<string> = services

const textOf = (value: unknown): string => (typeof value === "string" && !value.includes("\0") ? value : "")

/** The users of the `user_uuid:` headers. */
const addressees = (headers: TappedEvent["headers"]): ReadonlyArray<string> =>
  Object.keys(headers)
    .filter((key) => key.startsWith(prefix) && headers[key] === true && !key.includes("\0"))
    .map((key) => key.slice(prefix.length))
const prefix = "user_uuid:"

/** The subscription that a notice is about; none for any other event. */
const subject = ({ name, data }: TappedEvent): string =>
  name.startsWith("webhookd_") && typeof data === "object" && data !== null && "subscription_uuid" in data
    ? textOf(data.subscription_uuid)
    : ""
