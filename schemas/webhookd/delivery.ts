import { Schema } from "effect"
import { HookLog } from "./subscription.ts"

/** What a hook is doing (contracts/webhooks.md 15.4). `held`: the breaker is open, or the subscription disabled. */
export const deliveryStates = [
  "pending",
  "running",
  "waiting",
  "succeeded",
  "failed",
  "held",
  "cancelled"
] as const

const item = {
  uuid: Schema.String,
  event_name: Schema.String,
  state: Schema.Literals(deliveryStates),
  attempts: Schema.Int,
  max_attempts: Schema.Int,
  created_at: Schema.String,
  next_attempt_at: Schema.NullOr(Schema.String),
  last_status_code: Schema.NullOr(Schema.Int),
  last_error: Schema.NullOr(Schema.String)
}

/** A hook as its owner sees it. */
export const Delivery = Schema.Struct(item)
export type Delivery = typeof Delivery.Type

/** A hook with its event and every attempt. */
export const DeliveryDetail = Schema.Struct({
  ...item,
  event: Schema.Record(Schema.String, Schema.Unknown),
  logs: Schema.Array(HookLog)
})
export type DeliveryDetail = typeof DeliveryDetail.Type

/** A hook that was given up. */
export const DeadLetter = Schema.Struct({ ...item, subscription_uuid: Schema.String })
export type DeadLetter = typeof DeadLetter.Type

export interface DeliveryQuery {
  readonly status?: Delivery["state"]
  readonly event?: string
  readonly from?: Date
  readonly until?: Date
  readonly limit: number
  readonly offset: number
  readonly direction: "asc" | "desc"
}

/** `total`: all of them; `filtered`: those that the query picks. */
export interface DeliveryPage<Item> {
  readonly items: ReadonlyArray<Item>
  readonly total: number
  readonly filtered: number
}

/** The signing key of a subscription; of old keys only when they end (contracts/webhooks.md 15.2). */
export const SecretView = Schema.Struct({
  key: Schema.String,
  /** Where calls are signed with `v1a`: what receivers verify them with. */
  public_key: Schema.optionalKey(Schema.String),
  created_at: Schema.String,
  previous: Schema.Array(Schema.Struct({ created_at: Schema.String, expires_at: Schema.String }))
})
export type SecretView = typeof SecretView.Type

/** How a subscription fares (contracts/webhooks.md 15.7). */
export const SubscriptionHealth = Schema.Struct({
  enabled: Schema.Boolean,
  breaker: Schema.Literals(["closed", "open", "half_open"]),
  consecutive_failures: Schema.Int,
  first_failure_at: Schema.NullOr(Schema.String),
  last_success_at: Schema.NullOr(Schema.String),
  pending: Schema.Int,
  held: Schema.Int,
  /** Null when nothing was tried. */
  success_rate_24h: Schema.NullOr(Schema.Finite),
  latency_ms: Schema.Struct({
    p50: Schema.NullOr(Schema.Finite),
    p95: Schema.NullOr(Schema.Finite),
    p99: Schema.NullOr(Schema.Finite)
  })
})
export type SubscriptionHealth = typeof SubscriptionHealth.Type
