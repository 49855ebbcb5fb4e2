import { Schema } from "effect"

const address = { kind: Schema.String, id: Schema.String }

/** The actor's state does not take the command. Nothing changed. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  ...address,
  /** The state as JSON text: `"off"`, `{"on":{"call":"idle"}}`. */
  state: Schema.String,
  command: Schema.String
}) {}

/** The machine took the command and ended it with `reject`. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  ...address,
  reason: Schema.String
}) {}

/** Another actor of the kind holds what the command would claim. Nothing changed. */
export class ClaimTaken extends Schema.TaggedError<ClaimTaken>()("ClaimTaken", {
  ...address,
  claims: Schema.Array(Schema.String)
}) {}

/**
 * The actor cannot answer: it crashed on this command, is failed or restarting, its mailbox is full, its store
 * is away, or no answer came in time. The command may or may not have been carried out, never half.
 */
export class ActorUnavailable extends Schema.TaggedError<ActorUnavailable>()("ActorUnavailable", {
  ...address,
  reason: Schema.Literals(["crashed", "failed", "mailbox-full", "store-unavailable", "timeout", "stopped"]),
  message: Schema.String
}) {}

export type AskError = Refused | Rejected | ClaimTaken | ActorUnavailable
