import { Schema } from "effect"

/** The error body of the supervisor's surface. `timestamp` in seconds since the epoch. */
const body = {
  message: Schema.String,
  error_id: Schema.String,
  details: Schema.Record(Schema.String, Schema.Unknown),
  timestamp: Schema.Finite
}

export class BadRequest extends Schema.Error<BadRequest>("supervisor/BadRequest")(body, {
  httpApiStatus: 400
}) {}
export class Unauthorized extends Schema.Error<Unauthorized>("supervisor/Unauthorized")(body, {
  httpApiStatus: 401
}) {}
export class NotFound extends Schema.Error<NotFound>("supervisor/NotFound")(body, { httpApiStatus: 404 }) {}
export class Conflict extends Schema.Error<Conflict>("supervisor/Conflict")(body, { httpApiStatus: 409 }) {}
export class Unavailable extends Schema.Error<Unavailable>("supervisor/Unavailable")(body, {
  httpApiStatus: 503
}) {}

/** Every way a supervisor's request can be refused once its caller is known. */
export type SupervisorError = BadRequest | NotFound | Conflict | Unavailable

type Details = Readonly<Record<string, unknown>>

const now = () => Date.now() / 1000

export const invalidData = (details: Details) =>
  new BadRequest({ message: "Sent data is invalid", error_id: "invalid-data", details, timestamp: now() })

/** One field whose value has the right form and cannot be used. */
export const invalidField = (field: string, message: string) =>
  invalidData({ [field]: { message, constraint_id: "reference", constraint: "known" } })

export const unauthorized = (details: Details) =>
  new Unauthorized({ message: "Unauthorized", error_id: "unauthorized", details, timestamp: now() })

export const unknownPath = (message: string) =>
  new NotFound({ message, error_id: "not-found", details: {}, timestamp: now() })
export const unknownQueue = (queueId: number) =>
  new NotFound({
    message: "No such queue",
    error_id: "unknown-queue",
    details: { queue_id: queueId },
    timestamp: now()
  })
export const unknownAgent = (agentId: number) =>
  new NotFound({
    message: "No such agent",
    error_id: "unknown-agent",
    details: { agent_id: agentId },
    timestamp: now()
  })
export const unknownCall = (call: string) =>
  new NotFound({
    message: "No such call in a queue",
    error_id: "unknown-call",
    details: { call },
    timestamp: now()
  })

export const agentNotLoggedIn = (agentId: number) =>
  new Conflict({
    message: "The agent is not logged in",
    error_id: "agent-not-logged-in",
    details: { agent_id: agentId },
    timestamp: now()
  })
export const agentNotTalking = (agentId: number) =>
  new Conflict({
    message: "The agent is not talking",
    error_id: "agent-not-talking",
    details: { agent_id: agentId },
    timestamp: now()
  })

export const asteriskUnreachable = (error: string) =>
  new Unavailable({
    message: "Asterisk cannot be reached",
    error_id: "asterisk-unreachable",
    details: { original_error: error },
    timestamp: now()
  })
export const asteriskRefused = (error: string) =>
  new Unavailable({
    message: "Asterisk refused the action",
    error_id: "asterisk-refused",
    details: { original_error: error },
    timestamp: now()
  })
export const databaseUnreachable = () =>
  new Unavailable({
    message: "The database does not answer",
    error_id: "database-unreachable",
    details: {},
    timestamp: now()
  })
