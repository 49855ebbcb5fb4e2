import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { AskError } from "../../runtime/actor/errors.ts"
import { registerKind } from "../../runtime/actor/host.ts"
import type { ActorHost } from "../../runtime/actor/host.ts"
import { AppConfig, millis, type Settings } from "../../runtime/config.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import type { SubscriptionHealth } from "../../schemas/webhookd/delivery.ts"
import type { Subscription } from "../../schemas/webhookd/subscription.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { HookBell } from "./hook-bell.ts"
import {
  type BreakerRules,
  breakerRules,
  type SubscriptionEvent,
  type SubscriptionIdentity
} from "./machine.ts"
import { subscriptionActor, subscriptionKind } from "./subscription.ts"

/** Asking the actors of subscriptions (contracts/webhooks.md 15.7). */
export class Supervision extends Context.Service<
  Supervision,
  {
    readonly enable: (subscription: Subscription) => Effect.Effect<void>
    readonly disable: (subscription: Subscription, reason: string) => Effect.Effect<void>
    readonly health: (subscription: Subscription) => Effect.Effect<SubscriptionHealth>
    /** Tells an actor; what it cannot take now is logged and forgotten. */
    readonly tell: (event: SubscriptionEvent) => Effect.Effect<void>
  }
>()("strowger/actors/subscription/Supervision") {
  static readonly layer: Layer.Layer<
    Supervision,
    never,
    SqlClient.SqlClient | ActorSystem | ActorHost | HookBell | AppConfig
  > = Layer.effect(
    Supervision,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const actors = yield* ActorSystem
      yield* registerKind(subscriptionKind(yield* HookBell, rulesOf(yield* AppConfig)))
      const ask = (event: SubscriptionEvent) =>
        Effect.asVoid(Effect.orDie(actors.ask(subscriptionActor, event.subscription.uuid, event)))
      return {
        enable: (subscription) => ask({ type: "enable", subscription: identityOf(subscription) }),
        disable: (subscription, reason) =>
          ask({ type: "disable", subscription: identityOf(subscription), reason }),
        tell: (event) =>
          actors
            .tell(subscriptionActor, event.subscription.uuid, event)
            .pipe(
              Effect.catch((error: AskError) =>
                Effect.logWarning(`A subscription did not hear of an attempt: ${error._tag}`)
              )
            ),
        health: Effect.fnUntraced(function* ({ uuid }) {
          const view = yield* Effect.orDie(actors.peek(subscriptionActor, uuid))
          const [row] = yield* dieOnSqlError(figures(sql, uuid))
          const moment = (at: number | null | undefined) =>
            at === null || at === undefined ? null : new Date(at).toISOString()
          const held = row !== undefined && (row.breaker === "open" || !row.enabled)
          return {
            enabled: row?.enabled ?? true,
            breaker: row?.breaker ?? "closed",
            consecutive_failures: view?.context.consecutiveFailures ?? 0,
            first_failure_at: moment(view?.context.firstFailureAt),
            last_success_at: row?.last_success_at?.toISOString() ?? null,
            pending: held ? 0 : (row?.waiting ?? 0),
            held: held ? (row?.waiting ?? 0) : 0,
            success_rate_24h: row?.success_rate ?? null,
            latency_ms: { p50: row?.p50 ?? null, p95: row?.p95 ?? null, p99: row?.p99 ?? null }
          }
        })
      }
    })
  )
}

/** The knobs of the breaker. */
const rulesOf = (settings: Settings): BreakerRules => ({
  ...breakerRules,
  enabled: settings.hookBreaker,
  consecutive: settings.hookBreakerFailures,
  consecutiveMillis: millis(settings.hookBreakerFailureSpan),
  ratio: settings.hookBreakerPercent / 100,
  ratioAttempts: settings.hookBreakerAttempts,
  ratioMillis: millis(settings.hookBreakerWindow),
  coolDownMillis: millis(settings.hookBreakerCoolDown),
  longestCoolDownMillis: millis(settings.hookBreakerLongestCoolDown),
  disableMillis: settings.hookDisableAfterHours * 3_600_000
})

const identityOf = (subscription: Subscription): SubscriptionIdentity => ({
  uuid: subscription.uuid,
  name: subscription.name,
  tenantUuid: subscription.owner_tenant_uuid,
  ownerUserUuid: subscription.owner_user_uuid
})

interface Figures {
  readonly enabled: boolean
  readonly breaker: SubscriptionHealth["breaker"]
  readonly waiting: number
  readonly last_success_at: Date | null
  readonly success_rate: number | null
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** Of the last 24 hours; latencies are those of single attempts, in milliseconds. */
const figures = (sql: SqlClient.SqlClient, uuid: string) => sql<Figures>`
  SELECT s.enabled, s.breaker,
    (SELECT count(*)::integer FROM webhook_hook h WHERE h.subscription_uuid = s.uuid AND h.state IN ('pending', 'waiting')) AS waiting,
    (SELECT max(l.ended_at) FROM webhook_log l WHERE l.subscription_uuid = s.uuid AND l.status = 'success') AS last_success_at,
    day.*
  FROM webhook_subscription s, LATERAL (
    SELECT avg((l.status = 'success')::integer)::float8 AS success_rate,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM l.ended_at - l.started_at) * 1000)::float8 AS p50,
      percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM l.ended_at - l.started_at) * 1000)::float8 AS p95,
      percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM l.ended_at - l.started_at) * 1000)::float8 AS p99
    FROM webhook_log l WHERE l.subscription_uuid = s.uuid AND l.started_at > now() - interval '24 hours') AS day
  WHERE s.uuid = ${uuid}::uuid`
