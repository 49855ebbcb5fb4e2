import { Schema } from "effect"
import { formed, Links, nullable, Options, text, type Unlinked, whole } from "./fields.ts"

/** Queues and their members (contracts/callcenter.md 3.1 and 10). */

/** The Asterisk queue name. */
const QueueName = formed(/^[-_.a-zA-Z0-9]+$/, 128).check(
  Schema.makeFilter((name: string) => (name === "general" ? "Reserved Asterisk section name" : undefined))
)

const onOff = Schema.optionalKey(Schema.Boolean)
const count = Schema.optionalKey(Schema.NullOr(whole(0)))

const settings = {
  label: nullable(text(128)),
  options: Schema.optionalKey(Options),
  timeout: count,
  music_on_hold: nullable(text(128)),
  preprocess_subroutine: nullable(text(79)),
  caller_id_mode: nullable(Schema.Literals(["prepend", "overwrite", "append"])),
  caller_id_name: nullable(text(80)),
  ring_on_hold: onOff,
  retry_on_timeout: onOff,
  announce_hold_time_on_entry: onOff,
  ignore_forward: onOff,
  mark_answered_elsewhere: onOff,
  enabled: onOff,
  data_quality: onOff,
  wait_time_threshold: count,
  wait_ratio_threshold: nullable(
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 2_147_483_647 }))
  )
}

export const QueueCreation = Schema.Struct({ ...settings, name: QueueName })
export type QueueCreation = typeof QueueCreation.Type

/** The name cannot be changed; one that is sent is ignored. */
export const QueueEdit = Schema.Struct(settings)
export type QueueEdit = typeof QueueEdit.Type

/** What a queue does unless its options say otherwise. Times in seconds. */
export const defaultQueueOptions: Options = [
  ["timeout", "15"],
  ["queue-youarenext", "queue-youarenext"],
  ["queue-thereare", "queue-thereare"],
  ["queue-callswaiting", "queue-callswaiting"],
  ["queue-holdtime", "queue-holdtime"],
  ["queue-minutes", "queue-minutes"],
  ["queue-seconds", "queue-seconds"],
  ["queue-thankyou", "queue-thankyou"],
  ["queue-reporthold", "queue-reporthold"],
  ["periodic-announce", "queue-periodic-announce"],
  ["announce-frequency", "0"],
  ["periodic-announce-frequency", "0"],
  ["announce-round-seconds", "0"],
  ["announce-holdtime", "no"],
  ["retry", "5"],
  ["wrapuptime", "0"],
  ["maxlen", "0"],
  ["servicelevel", "0"],
  ["strategy", "ringall"],
  ["memberdelay", "0"],
  ["weight", "0"],
  ["timeoutpriority", "conf"],
  ["setqueueentryvar", "1"],
  ["setqueuevar", "1"]
]

const person = {
  firstname: Schema.NullOr(Schema.String),
  lastname: Schema.NullOr(Schema.String),
  priority: Schema.Int,
  links: Links
}

export const Queue = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  name: Schema.String,
  label: Schema.NullOr(Schema.String),
  options: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
  timeout: Schema.NullOr(Schema.Int),
  music_on_hold: Schema.NullOr(Schema.String),
  preprocess_subroutine: Schema.NullOr(Schema.String),
  caller_id_mode: Schema.NullOr(Schema.String),
  caller_id_name: Schema.NullOr(Schema.String),
  ring_on_hold: Schema.Boolean,
  retry_on_timeout: Schema.Boolean,
  announce_hold_time_on_entry: Schema.Boolean,
  ignore_forward: Schema.Boolean,
  mark_answered_elsewhere: Schema.Boolean,
  enabled: Schema.Boolean,
  data_quality: Schema.Boolean,
  wait_time_threshold: Schema.NullOr(Schema.Int),
  wait_ratio_threshold: Schema.NullOr(Schema.Finite),
  extensions: Schema.Array(Schema.Never),
  schedules: Schema.Array(Schema.Never),
  members: Schema.Struct({
    agents: Schema.Array(
      Schema.Struct({ id: Schema.Int, number: Schema.String, penalty: Schema.Int, ...person })
    ),
    users: Schema.Array(Schema.Struct({ uuid: Schema.String, ...person }))
  }),
  links: Links
})
export type Queue = Unlinked<typeof Queue.Type>

export const queueColumns = [
  "id",
  "name",
  "label",
  "preprocess_subroutine",
  "exten",
  "enabled",
  "timeout",
  "music_on_hold",
  "caller_id_mode",
  "caller_id_name"
] as const

/** How an agent is member of a queue; an empty object means penalty 0 and priority 0. */
export const AgentMember = Schema.Struct({
  penalty: Schema.optionalKey(whole(0)),
  priority: Schema.optionalKey(whole(0))
})

export const UserMember = Schema.Struct({ priority: Schema.optionalKey(whole(0)) })
