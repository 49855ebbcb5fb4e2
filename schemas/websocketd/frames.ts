import { Schema } from "effect"

/** The largest client message that is still read, in bytes; a longer one closes with 1009 (contracts/events.md 4.3). */
export const maxMessageBytes = 1_048_576

/** Every string of a client lies inside one message. */
const Text = Schema.String.check(Schema.isMaxLength(maxMessageBytes))

const Nothing = { code: Schema.Literal(0), data: Schema.Null }

/** The two protocol versions (contracts/events.md 4.2). */
export type ProtocolVersion = 1 | 2

/** What a client may send (contracts/events.md 4.2). Unknown keys are ignored, also `data` where none is needed. */
export const ClientFrame = Schema.Union([
  Schema.Struct({ op: Schema.Literal("subscribe"), data: Schema.Struct({ event_name: Text }) }),
  Schema.Struct({ op: Schema.Literal("start") }),
  Schema.Struct({ op: Schema.Literal("token"), data: Schema.Struct({ token: Text }) }),
  Schema.Struct({ op: Schema.Literal("ping"), data: Schema.Struct({ payload: Text }) })
])
export type ClientFrame = typeof ClientFrame.Type

/**
 * What the server sends (contracts/events.md 4.2), except the events of version 1, which are bare envelopes.
 */
export const ServerFrame = Schema.Union([
  Schema.Struct({
    op: Schema.Literal("init"),
    code: Schema.Literal(0),
    data: Schema.Struct({ version: Schema.Literals([1, 2]) })
  }),
  Schema.Struct({ op: Schema.Literal("subscribe"), ...Nothing }),
  Schema.Struct({ op: Schema.Literal("start"), ...Nothing }),
  Schema.Struct({ op: Schema.Literal("token"), ...Nothing }),
  Schema.Struct({
    op: Schema.Literal("pong"),
    code: Schema.Literal(0),
    data: Schema.Struct({ payload: Text })
  }),
  Schema.Struct({
    op: Schema.Literal("event"),
    code: Schema.Literal(0),
    data: Schema.Record(Schema.String, Schema.Unknown)
  })
])
export type ServerFrame = typeof ServerFrame.Type

/** A WebSocket close: its code and its reason (RFC 6455 5.5.1). */
export interface Close {
  readonly code: number
  readonly reason: string
}

/** Why the server closes a session (contracts/events.md 4.3). */
export const closes = {
  noToken: { code: 4001, reason: "no token" },
  authenticationFailed: { code: 4002, reason: "authentication failed" },
  authenticationExpired: { code: 4003, reason: "authentication expired" },
  protocolError: { code: 4004, reason: "" },
  /** More filters than one session may hold; the code is RFC 6455's own for a broken policy. */
  tooManyFilters: { code: 1008, reason: "too many subscriptions" },
  /** An internal error, and a reader that is too far behind. */
  internalError: { code: 1011, reason: "" },
  serverStopping: { code: 1001, reason: "" }
} as const satisfies Record<string, Close>
