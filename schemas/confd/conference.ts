import { Schema } from "effect"
import { formed, Links, nullable, text, type Unlinked, whole } from "./fields.ts"
import { ExtensionReference } from "./references.ts"

/** Conference rooms (contracts/callcenter.md 10). */

const Pin = formed(/^[0-9]{1,80}$/, 80)
const onOff = Schema.optionalKey(Schema.Boolean)

/** Creation and edit alike. */
export const ConferenceBody = Schema.Struct({
  name: nullable(text(128)),
  preprocess_subroutine: nullable(text(79)),
  max_users: Schema.optionalKey(whole(0)),
  pin: nullable(Pin),
  admin_pin: nullable(Pin),
  record: onOff,
  quiet_join_leave: onOff,
  announce_join_leave: onOff,
  announce_user_count: onOff,
  announce_only_user: onOff,
  music_on_hold: nullable(text(128))
})
export type ConferenceBody = typeof ConferenceBody.Type

export const Conference = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  name: Schema.NullOr(Schema.String),
  preprocess_subroutine: Schema.NullOr(Schema.String),
  max_users: Schema.Int,
  pin: Schema.NullOr(Schema.String),
  admin_pin: Schema.NullOr(Schema.String),
  record: Schema.Boolean,
  quiet_join_leave: Schema.Boolean,
  announce_join_leave: Schema.Boolean,
  announce_user_count: Schema.Boolean,
  announce_only_user: Schema.Boolean,
  music_on_hold: Schema.NullOr(Schema.String),
  extensions: Schema.Array(ExtensionReference),
  incalls: Schema.Array(Schema.Never),
  links: Links
})
export type Conference = Unlinked<typeof Conference.Type>

export const conferenceColumns = [
  "id",
  "name",
  "preprocess_subroutine",
  "max_users",
  "music_on_hold",
  "exten"
] as const
