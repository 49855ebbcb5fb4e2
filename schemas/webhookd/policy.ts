import { Schema } from "effect"

/** How the hooks of one subscription are delivered (contracts/webhooks.md 15.5). Null: as the server does. */
export const DeliveryPolicy = Schema.Struct({
  /** Attempts in all. */
  max_attempts: Schema.NullOr(Schema.Int),
  /** Seconds between the attempts; overrides the server's factor and `max_attempts`. */
  retry_schedule: Schema.NullOr(Schema.Array(Schema.Finite)),
  /** Up to this part of a delay is added to it. */
  jitter: Schema.Finite,
  honor_retry_after: Schema.Boolean,
  rate_limit_per_second: Schema.NullOr(Schema.Finite),
  max_concurrency: Schema.Int,
  /** `fifo`: one hook after the other, in the order of their events. */
  ordering: Schema.Literals(["none", "fifo"]),
  signature: Schema.Literals(["v1", "v1a", "both", "none"]),
  /** Sent with every call. */
  headers: Schema.Record(Schema.String, Schema.String),
  enabled: Schema.Boolean
})
export type DeliveryPolicy = typeof DeliveryPolicy.Type

/** What holds for a subscription of which nobody said anything. */
export const defaultPolicy: DeliveryPolicy = {
  max_attempts: null,
  retry_schedule: null,
  jitter: 0.2,
  honor_retry_after: true,
  rate_limit_per_second: null,
  max_concurrency: 10,
  ordering: "none",
  signature: "v1",
  headers: {},
  enabled: true
}
