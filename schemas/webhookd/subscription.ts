import { Schema } from "effect"

/** A stored rule: which events, of whom, lead to which call (contracts/webhooks.md 2). */
export const Subscription = Schema.Struct({
  uuid: Schema.String,
  name: Schema.String,
  service: Schema.String,
  events: Schema.Array(Schema.String),
  events_user_uuid: Schema.NullOr(Schema.String),
  events_wazo_uuid: Schema.NullOr(Schema.String),
  config: Schema.Record(Schema.String, Schema.String),
  owner_user_uuid: Schema.NullOr(Schema.String),
  owner_tenant_uuid: Schema.String,
  metadata: Schema.Record(Schema.String, Schema.NullOr(Schema.String))
})
export type Subscription = typeof Subscription.Type

/** What an administrator may write. The filters and the owner are null where the body names none. */
export type SubscriptionBody = Omit<Subscription, "uuid" | "owner_tenant_uuid">
/** What a user may write. */
export type UserSubscriptionBody = Pick<Subscription, "name" | "service" | "events" | "config" | "metadata">

/** One attempt of a hook (contracts/webhooks.md 2, log row). */
export const HookLog = Schema.Struct({
  uuid: Schema.String,
  status: Schema.Literals(["success", "failure", "error"]),
  /** ISO 8601 with offset and microseconds. */
  started_at: Schema.String,
  ended_at: Schema.String,
  /** The number of this attempt, from 1. */
  attempts: Schema.Int,
  max_attempts: Schema.Int,
  event: Schema.Record(Schema.String, Schema.Unknown),
  detail: Schema.Record(Schema.String, Schema.Unknown)
})
export type HookLog = typeof HookLog.Type

export const logOrders = ["started_at", "ended_at", "status", "attempts", "max_attempts"] as const

/** A page of the logs of a subscription (contracts/webhooks.md 8). */
export interface LogQuery {
  readonly from?: Date
  readonly limit?: number
  readonly offset: number
  readonly order: (typeof logOrders)[number]
  readonly direction: "asc" | "desc"
}
