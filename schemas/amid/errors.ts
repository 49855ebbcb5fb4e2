import { Schema } from "effect"

/** The error body of amid (contracts/callcenter.md 2). `timestamp` in seconds since the epoch. */
const body = {
  message: Schema.String,
  error_id: Schema.String,
  details: Schema.Record(Schema.String, Schema.Unknown),
  timestamp: Schema.Finite
}

export class BadRequest extends Schema.Error<BadRequest>("amid/BadRequest")(body, { httpApiStatus: 400 }) {}
export class Unauthorized extends Schema.Error<Unauthorized>("amid/Unauthorized")(body, {
  httpApiStatus: 401
}) {}
export class IncompatibleAction extends Schema.Error<IncompatibleAction>("amid/IncompatibleAction")(body, {
  httpApiStatus: 501
}) {}
export class Unreachable extends Schema.Error<Unreachable>("amid/Unreachable")(body, {
  httpApiStatus: 503
}) {}

const now = () => Date.now() / 1000

export const invalidData = (message: string, details: Readonly<Record<string, unknown>>) =>
  new BadRequest({ message, error_id: "invalid-data", details, timestamp: now() })
export const unauthorized = (details: Readonly<Record<string, unknown>>) =>
  new Unauthorized({ message: "Unauthorized", error_id: "unauthorized", details, timestamp: now() })
export const incompatibleAction = (action: string) =>
  new IncompatibleAction({
    message: `The action ${action} is not compatible with this service`,
    error_id: "incompatible-action",
    details: { action },
    timestamp: now()
  })
export const unreachable = (where: string, error: string) =>
  new Unreachable({
    message: "Asterisk cannot be reached",
    error_id: "ajam-unreachable",
    details: { ajam_url: where, original_error: error },
    timestamp: now()
  })
