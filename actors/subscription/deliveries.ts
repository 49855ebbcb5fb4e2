import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { AppConfig } from "../../runtime/config.ts"
import { inTransaction } from "../../runtime/database/transaction.ts"
import { Platform } from "../../runtime/platform.ts"
import { eventTimestamp } from "../../schemas/events/envelope.ts"
import {
  type Conflict,
  deliveryInProgress,
  type NotFound,
  noSuchDelivery
} from "../../schemas/webhookd/errors.ts"
import type {
  DeadLetter,
  Delivery,
  DeliveryDetail,
  DeliveryPage,
  DeliveryQuery
} from "../../schemas/webhookd/delivery.ts"
import { type DeliveryPolicy, defaultPolicy } from "../../schemas/webhookd/policy.ts"
import type { Subscription } from "../../schemas/webhookd/subscription.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { againOnConflict } from "../../runtime/database/transaction.ts"
import { HookBell } from "./hook-bell.ts"
import { HookLogs } from "./hook-logs.ts"
import type { KeyTaken, NoteAnswer } from "./idempotency-keys.ts"
import { attemptsInAll } from "./retry.ts"

/** The hooks of a subscription, and sending them again (contracts/webhooks.md 15.4). */
export class Deliveries extends Context.Service<
  Deliveries,
  {
    readonly list: (subscriptionUuid: string, query: DeliveryQuery) => Effect.Effect<DeliveryPage<Delivery>>
    readonly get: (subscriptionUuid: string, uuid: string) => Effect.Effect<DeliveryDetail, NotFound>
    /** One attempt at once, with the config and the secrets of now. */
    readonly redeliver: (
      subscriptionUuid: string,
      uuid: string,
      note: NoteAnswer
    ) => Effect.Effect<Delivery, NotFound | Conflict | KeyTaken>
    /** Sends again what came to its end in one of the states; answers how many. */
    readonly recover: (
      subscriptionUuid: string,
      window: { readonly since: Date; readonly until: Date; readonly states: ReadonlyArray<string> }
    ) => Effect.Effect<number>
    /** Sends an event of no other meaning, whatever the subscription's filters are. */
    readonly test: (subscription: Subscription) => Effect.Effect<Delivery>
    readonly deadLetters: (
      tenants: ReadonlyArray<string>,
      query: DeliveryQuery
    ) => Effect.Effect<DeliveryPage<DeadLetter>>
  }
>()("strowger/actors/subscription/Deliveries") {
  static readonly layer: Layer.Layer<
    Deliveries,
    never,
    SqlClient.SqlClient | HookBell | HookLogs | AppConfig | Platform
  > = Layer.effect(
    Deliveries,
    Effect.suspend(() => makeDeliveries)
  )
}

interface DeliveryRow {
  readonly uuid: string
  readonly subscription_uuid: string
  readonly event_name: string
  readonly state: Delivery["state"]
  readonly attempts: number
  readonly max_attempts: number | null
  readonly policy: DeliveryPolicy | null
  readonly created_at: Date
  readonly next_attempt_at: Date
  readonly last_status_code: number | null
  readonly last_error: string | null
}

const stateNow = `CASE WHEN h.state IN ('pending', 'waiting') AND (s.breaker = 'open' OR NOT s.enabled)
  THEN 'held' ELSE h.state END`
const columns = `h.uuid::text AS uuid, h.subscription_uuid::text AS subscription_uuid, h.event_name,
  ${stateNow} AS state, h.attempts, h.max_attempts, s.policy, h.created_at, h.next_attempt_at, h.last_status_code, h.last_error`
const from = "webhook_hook h JOIN webhook_subscription s ON s.uuid = h.subscription_uuid"

const makeDeliveries = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const bell = yield* HookBell
  const logs = yield* HookLogs
  const { hookMaxAttempts } = yield* AppConfig
  const { uuid: originUuid } = yield* Platform

  const itemOf = (row: DeliveryRow): Delivery => ({
    uuid: row.uuid,
    event_name: row.event_name,
    state: row.state,
    attempts: row.attempts,
    max_attempts:
      row.max_attempts ??
      attemptsInAll({ ...defaultPolicy, ...row.policy }, { maxAttempts: hookMaxAttempts, factor: 1 }),
    created_at: row.created_at.toISOString(),
    next_attempt_at:
      row.state === "pending" || row.state === "waiting" ? row.next_attempt_at.toISOString() : null,
    last_status_code: row.last_status_code,
    last_error: row.last_error
  })

  const page = Effect.fnUntraced(function* (scope: ReturnType<typeof sql.and>, query: DeliveryQuery) {
    const picked = sql.and([
      scope,
      ...(query.status === undefined ? [] : [sql`${sql.literal(stateNow)} = ${query.status}`]),
      ...(query.event === undefined ? [] : [sql`h.event_name = ${query.event}`]),
      ...(query.from === undefined ? [] : [sql`h.created_at >= ${query.from}`]),
      ...(query.until === undefined ? [] : [sql`h.created_at <= ${query.until}`])
    ])
    const direction = sql.literal(query.direction === "asc" ? "ASC" : "DESC")
    const rows = yield* sql<DeliveryRow>`
      SELECT ${sql.literal(columns)} FROM ${sql.literal(from)} WHERE ${picked}
      ORDER BY h.number ${direction} LIMIT ${query.limit} OFFSET ${query.offset}`
    const [counts] = yield* sql<{ total: number; filtered: number }>`
      SELECT count(*)::integer AS total, (count(*) FILTER (WHERE ${picked}))::integer AS filtered
      FROM ${sql.literal(from)} WHERE ${scope}`
    return { rows, total: counts?.total ?? 0, filtered: counts?.filtered ?? 0 }
  })

  const find = Effect.fnUntraced(function* (subscriptionUuid: string, uuid: string) {
    const [row] = yield* sql<DeliveryRow & { readonly event: string }>`
      SELECT ${sql.literal(columns)}, h.event FROM ${sql.literal(from)}
      WHERE h.subscription_uuid = ${subscriptionUuid}::uuid AND h.uuid::text = ${uuid.toLowerCase()}`
    return row ?? (yield* noSuchDelivery(uuid))
  })

  const again = (condition: ReturnType<typeof sql.and>) =>
    againOnConflict(
      sql,
      sql`
    UPDATE webhook_hook h SET state = CASE WHEN h.attempts = 0 THEN 'pending' ELSE 'waiting' END, redelivery = true,
      next_attempt_at = now(), config = s.config, service = s.service
    FROM webhook_subscription s WHERE s.uuid = h.subscription_uuid AND ${condition} RETURNING h.uuid`
    )

  const ended = sql`h.state IN ('succeeded', 'failed', 'cancelled')`

  return Deliveries.of({
    list: (subscriptionUuid, query) =>
      Effect.map(
        dieOnSqlError(page(sql.and([sql`h.subscription_uuid = ${subscriptionUuid}::uuid`]), query)),
        ({ rows, ...counts }) => ({ ...counts, items: rows.map(itemOf) })
      ),
    get: (subscriptionUuid, uuid) =>
      dieOnSqlError(
        Effect.gen(function* () {
          const row = yield* find(subscriptionUuid, uuid)
          return {
            ...itemOf(row),
            event: JSON.parse(row.event),
            logs: yield* logs.ofHook(row.uuid)
          }
        })
      ),
    redeliver: (subscriptionUuid, uuid, note) =>
      dieOnSqlError(
        inTransaction(
          sql,
          Effect.gen(function* () {
            const known = yield* find(subscriptionUuid, uuid)
            const started = yield* again(sql.and([sql`h.uuid = ${known.uuid}::uuid`, ended]))
            if (started.length === 0) return yield* deliveryInProgress(known.uuid)
            const item = itemOf(yield* find(subscriptionUuid, uuid))
            yield* note(item)
            return item
          })
        ).pipe(Effect.tap(() => Effect.sync(bell.ring)))
      ),
    recover: (subscriptionUuid, { since, until, states }) =>
      dieOnSqlError(
        Effect.gen(function* () {
          const started = yield* again(
            sql.and([
              sql`h.subscription_uuid = ${subscriptionUuid}::uuid`,
              sql`h.created_at BETWEEN ${since} AND ${until}`,
              sql`h.state = ANY(${states})`,
              ended
            ])
          )
          bell.ring()
          return started.length
        })
      ),
    test: (subscription) =>
      dieOnSqlError(
        Effect.gen(function* () {
          const uuid = randomUUID()
          yield* sql`
            INSERT INTO webhook_hook (uuid, subscription_uuid, event_name, event, service, config)
            SELECT ${uuid}::uuid, s.uuid, 'webhookd_test', ${testEvent(subscription, originUuid)}, s.service, s.config
            FROM webhook_subscription s WHERE s.uuid = ${subscription.uuid}::uuid`
          bell.ring()
          return itemOf(yield* Effect.orDie(find(subscription.uuid, uuid)))
        })
      ),
    deadLetters: (tenants, query) =>
      Effect.map(
        dieOnSqlError(
          page(sql.and([sql`s.owner_tenant_uuid = ANY(${tenants})`, sql`h.state = 'failed'`]), query)
        ),
        ({ rows, ...counts }) => ({
          ...counts,
          items: rows.map((row) => ({ ...itemOf(row), subscription_uuid: row.subscription_uuid }))
        })
      )
  })
})

const testEvent = (subscription: Subscription, originUuid: string): string =>
  JSON.stringify({
    name: "webhookd_test",
    origin_uuid: originUuid,
    timestamp: eventTimestamp(Date.now()),
    required_access: "event.webhookd_test",
    required_acl: "events.webhookd.test",
    tenant_uuid: subscription.owner_tenant_uuid,
    data: { subscription_uuid: subscription.uuid, message: "A test of this subscription" }
  })
