import { Schema } from "effect"
import { AgentNumber, AgentQueues } from "./agent.ts"
import { FreeText, formed, Links, nullable, text, type Unlinked, whole } from "./fields.ts"
import { LineCreation, LineOfUser } from "./line.ts"
import { QueueReference } from "./references.ts"

/** Users: the people of a tenant (contracts/callcenter.md 10). */

const settings = {
  lastname: nullable(text(128)),
  email: nullable(formed(/^[^\s@]+@[^\s@]+$/, 254)),
  username: nullable(text(254, 1)),
  password: nullable(text(128, 1)),
  mobile_phone_number: nullable(formed(/^\+?[0-9*#]+$/, 80)),
  description: nullable(FreeText),
  userfield: nullable(text(128)),
  language: nullable(formed(/^[a-z]{2}_[A-Z]{2}$/, 5)),
  timezone: nullable(text(128)),
  caller_id: Schema.optionalKey(text(160)),
  enabled: Schema.optionalKey(Schema.Boolean),
  subscription_type: Schema.optionalKey(whole(0, 10)),
  ring_seconds: Schema.optionalKey(whole(0, 10_800)),
  simultaneous_calls: Schema.optionalKey(whole(1, 20))
}
const Firstname = text(128)

/**
 * A new user, with lines and an agent of its own if it brings them. The agent's names are the user's and its number
 * the first extension, unless given.
 */
export const UserCreation = Schema.Struct({
  ...settings,
  firstname: Firstname,
  lines: Schema.optionalKey(Schema.Array(LineCreation).check(Schema.isMaxLength(100))),
  agent: nullable(
    Schema.Struct({
      number: nullable(AgentNumber),
      firstname: nullable(text(128)),
      lastname: nullable(text(128)),
      queues: Schema.optionalKey(AgentQueues)
    })
  )
})
export type UserCreation = typeof UserCreation.Type

export const UserEdit = Schema.Struct({ ...settings, firstname: Schema.optionalKey(Firstname) })
export type UserEdit = typeof UserEdit.Type

export const User = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  tenant_uuid: Schema.String,
  /** ISO 8601 with microseconds, UTC. */
  created_at: Schema.String,
  firstname: Schema.String,
  lastname: Schema.NullOr(Schema.String),
  email: Schema.NullOr(Schema.String),
  username: Schema.NullOr(Schema.String),
  password: Schema.NullOr(Schema.String),
  mobile_phone_number: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  userfield: Schema.NullOr(Schema.String),
  language: Schema.NullOr(Schema.String),
  timezone: Schema.NullOr(Schema.String),
  caller_id: Schema.String,
  enabled: Schema.Boolean,
  subscription_type: Schema.Int,
  ring_seconds: Schema.Int,
  simultaneous_calls: Schema.Int,
  lines: Schema.Array(LineOfUser),
  agent: Schema.NullOr(Schema.Struct({ id: Schema.Int, number: Schema.String, links: Links })),
  queues: Schema.Array(QueueReference),
  links: Links
})
export type User = Unlinked<typeof User.Type>

/** `view=directory`: a phone book entry. Line, extension and context are those of the main line. */
export const UserDirectoryEntry = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  line_id: Schema.NullOr(Schema.Int),
  agent_id: Schema.NullOr(Schema.String),
  firstname: Schema.String,
  lastname: Schema.NullOr(Schema.String),
  email: Schema.NullOr(Schema.String),
  exten: Schema.NullOr(Schema.String),
  mobile_phone_number: Schema.NullOr(Schema.String),
  voicemail_number: Schema.NullOr(Schema.String),
  userfield: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  context: Schema.NullOr(Schema.String)
})
export type UserDirectoryEntry = typeof UserDirectoryEntry.Type

/** `view=summary`: one row of an administrator's table. */
export const UserSummary = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  firstname: Schema.String,
  lastname: Schema.NullOr(Schema.String),
  email: Schema.NullOr(Schema.String),
  extension: Schema.NullOr(Schema.String),
  context: Schema.NullOr(Schema.String),
  provisioning_code: Schema.NullOr(Schema.String),
  protocol: Schema.NullOr(Schema.String),
  enabled: Schema.Boolean,
  subscription_type: Schema.Int,
  is_webrtc: Schema.Boolean
})
export type UserSummary = typeof UserSummary.Type

export const userColumns = [
  "id",
  "uuid",
  "firstname",
  "lastname",
  "fullname",
  "email",
  "username",
  "mobile_phone_number",
  "description",
  "userfield",
  "language",
  "timezone",
  "caller_id",
  "enabled",
  "subscription_type",
  "exten",
  "context",
  "provisioning_code"
] as const
