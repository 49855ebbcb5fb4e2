import { Schema } from "effect"

/** Moments are ISO 8601 in UTC; durations are whole seconds. */
export const Moment = Schema.String

/** What a member of a queue does, as its device and its calls show. */
export const MemberState = Schema.Literals([
  "ready",
  "paused",
  "ringing",
  "talking",
  "wrap_up",
  "busy",
  "unavailable"
])
export type MemberState = typeof MemberState.Type

const MemberCounts = Schema.Struct({
  ready: Schema.Int,
  paused: Schema.Int,
  ringing: Schema.Int,
  /** In a call of this queue. */
  talking: Schema.Int,
  wrap_up: Schema.Int,
  /** In a call of their own, or of another queue. */
  busy: Schema.Int,
  /** Their device cannot be reached. */
  unavailable: Schema.Int
})

/**
 * A queue at this moment. The counters go back to the last start of Asterisk, or to the last time that it was told
 * to reset them.
 */
export const QueueState = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  name: Schema.String,
  label: Schema.NullOr(Schema.String),
  /** False while Asterisk is away, or does not know the queue: the rest is what was known last. */
  live: Schema.Boolean,
  callers_waiting: Schema.Int,
  /** Of the caller who waits longest; null when nobody waits. */
  longest_wait: Schema.NullOr(Schema.Int),
  longest_wait_since: Schema.NullOr(Moment),
  calls_connected: Schema.Int,
  answered: Schema.Int,
  abandoned: Schema.Int,
  service_level: Schema.Struct({
    /** A call should be answered within this; 0: the queue has none. */
    threshold: Schema.Int,
    /** Of the answered calls, the percentage that was; null before the first one, and without a threshold. */
    percent: Schema.NullOr(Schema.Finite)
  }),
  members_by_state: MemberCounts
})
export type QueueState = typeof QueueState.Type

const party = {
  /** Of the caller's channel. */
  uniqueid: Schema.String,
  channel: Schema.String,
  caller_number: Schema.String,
  caller_name: Schema.String,
  since: Moment
}

/** A queue with everybody who is in it. */
export const QueueDetail = Schema.Struct({
  ...QueueState.fields,
  /** In the order of their positions. */
  callers: Schema.Array(Schema.Struct({ position: Schema.Int, wait: Schema.Int, ...party })),
  calls: Schema.Array(
    Schema.Struct({
      ...party,
      /** Before a member answered; null when nobody saw it. */
      waited: Schema.NullOr(Schema.Int),
      /** Null when the member is no agent. */
      agent_id: Schema.NullOr(Schema.Int),
      interface: Schema.String
    })
  ),
  members: Schema.Array(
    Schema.Struct({
      agent_id: Schema.NullOr(Schema.Int),
      name: Schema.String,
      interface: Schema.String,
      penalty: Schema.Int,
      state: MemberState,
      paused: Schema.Boolean,
      paused_reason: Schema.NullOr(Schema.String),
      /** As Asterisk counts them for this queue. */
      calls_taken: Schema.Int,
      last_call: Schema.NullOr(Moment)
    })
  )
})
export type QueueDetail = typeof QueueDetail.Type
