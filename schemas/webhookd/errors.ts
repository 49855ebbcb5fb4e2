import { Schema } from "effect"

/** The error body of webhookd (contracts/webhooks.md 3). */
const body = {
  message: Schema.String,
  error_id: Schema.String,
  details: Schema.Record(Schema.String, Schema.Unknown),
  /** Unix seconds. */
  timestamp: Schema.Finite
}

export class Invalid extends Schema.Error<Invalid>("webhookd/Invalid")(body, { httpApiStatus: 400 }) {}
export class Unauthorized extends Schema.Error<Unauthorized>("webhookd/Unauthorized")(body, {
  httpApiStatus: 401
}) {}
export class NotFound extends Schema.Error<NotFound>("webhookd/NotFound")(body, { httpApiStatus: 404 }) {}
export class Conflict extends Schema.Error<Conflict>("webhookd/Conflict")(body, { httpApiStatus: 409 }) {}

/** What is wrong with each field: nested as the fields are. */
export type Details = Readonly<Record<string, unknown>>

const described = (message: string, error_id: string, details: Details) => ({
  message,
  error_id,
  details,
  timestamp: Date.now() / 1000
})

export const invalidData = (details: Details) =>
  new Invalid(described("Sent data is invalid", "invalid-data", details))
export const userTokenRequired = () =>
  new Invalid(described("The token belongs to no user", "token-with-user-uuid-required", {}))
export const invalidUser = (user_uuid: string) =>
  new Invalid(described("No such user, or not of this tenant", "invalid-user-uuid", { user_uuid }))
export const windowTooLong = () =>
  new Invalid(described("The window is longer than 14 days", "invalid-window", {}))
export const templateError = (message: string) => new Invalid(described(message, "template-error", {}))
export const tooManyKeys = () => new Conflict(described("Too many old keys are valid", "too-many-keys", {}))
export const idempotencyKeyReused = (idempotency_key: string) =>
  new Conflict(
    described("The key was used for another request", "idempotency-key-reused", { idempotency_key })
  )
export const deliveryInProgress = (delivery_uuid: string) =>
  new Conflict(described("The delivery is in progress", "delivery-in-progress", { delivery_uuid }))
export const noSuchSubscription = (subscription_uuid: string) =>
  new NotFound(described("No such subscription", "no-such-subscription", { subscription_uuid }))
export const noSuchDelivery = (delivery_uuid: string) =>
  new NotFound(described("No such delivery", "no-such-delivery", { delivery_uuid }))
export const notFound = (message: string) => new NotFound(described(message, "not-found", {}))
export const unauthorized = (details: Details) =>
  new Unauthorized(described("Unauthorized", "unauthorized", details))
