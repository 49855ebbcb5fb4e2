import { Schema } from "effect"
import { Moment } from "./queue.ts"

/** What an agent does now. A call or its wrap-up is told before a pause. */
export const AgentActivity = Schema.Literals([
  "logged_off",
  "ready",
  "paused",
  "ringing",
  "talking",
  "wrap_up"
])
export type AgentActivity = typeof AgentActivity.Type

/** An agent as a supervisor sees it. */
export const SupervisedAgent = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  number: Schema.String,
  state: AgentActivity,
  /** Null when it is not known: an agent that was never logged in. */
  since: Schema.NullOr(Moment),
  logged_in_since: Schema.NullOr(Moment),
  extension: Schema.NullOr(Schema.String),
  context: Schema.NullOr(Schema.String),
  /** The call that rings or is talked now. */
  call: Schema.NullOr(
    Schema.Struct({
      queue: Schema.String,
      caller_number: Schema.String,
      caller_name: Schema.String,
      since: Moment,
      /** Of the caller's channel; null while it rings. */
      uniqueid: Schema.NullOr(Schema.String)
    })
  ),
  paused: Schema.Boolean,
  paused_reason: Schema.NullOr(Schema.String),
  paused_since: Schema.NullOr(Moment),
  /** Calls of queues answered today, since midnight where the runtime is; a logoff does not reset them. */
  calls_taken: Schema.Int,
  /** Why a supervisor logged the agent off; null when nobody did, or gave no reason. */
  logoff_reason: Schema.NullOr(Schema.String),
  queues: Schema.Array(
    Schema.Struct({
      id: Schema.Int,
      name: Schema.String,
      label: Schema.NullOr(Schema.String),
      logged: Schema.Boolean
    })
  )
})
export type SupervisedAgent = typeof SupervisedAgent.Type

/** Everything of some tenants in a few numbers. */
export const Summary = Schema.Struct({
  tenant_uuid: Schema.String,
  /** False while Asterisk is away: the numbers of queues are what was known last. */
  live: Schema.Boolean,
  queues: Schema.Int,
  callers_waiting: Schema.Int,
  longest_wait: Schema.NullOr(Schema.Int),
  calls_connected: Schema.Int,
  answered: Schema.Int,
  abandoned: Schema.Int,
  agents: Schema.Struct({
    logged_off: Schema.Int,
    ready: Schema.Int,
    paused: Schema.Int,
    ringing: Schema.Int,
    talking: Schema.Int,
    wrap_up: Schema.Int
  })
})
export type Summary = typeof Summary.Type
