import { Schema } from "effect"

/** A queue of an agent in its status (contracts/callcenter.md 4.1). */
export const AgentQueueStatus = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  /** The label; empty when the queue has none. */
  display_name: Schema.String,
  logged: Schema.Boolean,
  paused: Schema.Boolean,
  paused_reason: Schema.NullOr(Schema.String)
})

/** What agentd tells of an agent (contracts/callcenter.md 4.1). */
export const AgentStatus = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  origin_uuid: Schema.String,
  number: Schema.String,
  logged: Schema.Boolean,
  paused: Schema.Boolean,
  paused_reason: Schema.NullOr(Schema.String),
  extension: Schema.NullOr(Schema.String),
  context: Schema.NullOr(Schema.String),
  state_interface: Schema.NullOr(Schema.String),
  queues: Schema.Array(AgentQueueStatus)
})
export type AgentStatus = typeof AgentStatus.Type
