import { Schema } from "effect"

/** The error body of the inspection surface, in the form of amid's. `timestamp` in seconds since the epoch. */
const body = {
  message: Schema.String,
  error_id: Schema.String,
  details: Schema.Record(Schema.String, Schema.Unknown),
  timestamp: Schema.Finite
}

export class BadRequest extends Schema.Error<BadRequest>("inspect/BadRequest")(body, {
  httpApiStatus: 400
}) {}
export class Unauthorized extends Schema.Error<Unauthorized>("inspect/Unauthorized")(body, {
  httpApiStatus: 401
}) {}
export class NotFound extends Schema.Error<NotFound>("inspect/NotFound")(body, { httpApiStatus: 404 }) {}
export class Conflict extends Schema.Error<Conflict>("inspect/Conflict")(body, { httpApiStatus: 409 }) {}
export class Unavailable extends Schema.Error<Unavailable>("inspect/Unavailable")(body, {
  httpApiStatus: 503
}) {}

const fields = (message: string, error_id: string, details: Readonly<Record<string, unknown>>) => ({
  message,
  error_id,
  details,
  timestamp: Date.now() / 1000
})

export const invalidData = (details: Readonly<Record<string, unknown>>) =>
  new BadRequest(fields("Sent data is invalid", "invalid-data", details))
/** `reason` is `not_found_or_expired`, `missing_permission` or `not_master_tenant`. */
export const unauthorized = (required_access: string, reason: string) =>
  new Unauthorized(fields("Unauthorized", "unauthorized", { required_access, reason }))
export const noSuchKind = (kind: string) =>
  new NotFound(fields("No such kind of actor", "unknown-kind", { kind }))
export const noSuchActor = (kind: string, id: string) =>
  new NotFound(fields("No such actor", "unknown-actor", { kind, id }))
export const actorBusy = (kind: string, id: string, reason: string) =>
  new Conflict(fields(reason, "actor-busy", { kind, id }))
export const storeUnavailable = () =>
  new Unavailable(fields("The database is not available", "database-unavailable", {}))
