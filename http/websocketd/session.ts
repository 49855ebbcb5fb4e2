import { Option, Schema } from "effect"
import {
  ClientFrame,
  type Close,
  closes,
  type ProtocolVersion,
  type ServerFrame
} from "../../schemas/websocketd/frames.ts"

/** What the protocol remembers of a session between two client frames. */
export interface Session {
  readonly version: ProtocolVersion
  /** Events flow only when started. */
  readonly started: boolean
}

/** What a client frame asks for. `answer` is to be sent once it was done; undefined: this version keeps silent. */
export type Reaction =
  | { readonly kind: "subscribe"; readonly eventName: string; readonly answer: string | undefined }
  | { readonly kind: "start"; readonly answer: string }
  | { readonly kind: "authenticate"; readonly tokenId: string; readonly answer: string | undefined }
  | { readonly kind: "answer"; readonly answer: string | undefined }
  | { readonly kind: "close"; readonly close: Close }

/** A message as it came: its text, or null for a binary one. */
export type ClientMessage = string | null

/** The first frame of the server. */
export const initFrame = (version: ProtocolVersion): string =>
  encode({ op: "init", code: 0, data: { version } })

/** The reaction to one client message (contracts/events.md 4.2). Pure; never throws, whatever was sent. */
export const react = (session: Session, message: ClientMessage): Reaction => {
  const frame = message === null ? Option.none() : decodeFrame(message)
  return Option.match(frame, { onNone: () => protocolError, onSome: (frame) => reactTo(session, frame) })
}

const reactTo = (session: Session, frame: ClientFrame): Reaction => {
  const talkative = session.version === 2 || !session.started
  switch (frame.op) {
    case "subscribe":
      return {
        kind: "subscribe",
        eventName: frame.data.event_name,
        answer: talkative ? done("subscribe") : undefined
      }
    case "start":
      return { kind: "start", answer: done("start") }
    case "token":
      return {
        kind: "authenticate",
        tokenId: frame.data.token,
        answer: talkative ? done("token") : undefined
      }
    case "ping":
      return {
        kind: "answer",
        answer:
          session.version === 2
            ? encode({ op: "pong", code: 0, data: { payload: frame.data.payload } })
            : undefined
      }
  }
}

const decodeFrame = Schema.decodeUnknownOption(Schema.fromJsonString(ClientFrame))

const protocolError: Reaction = { kind: "close", close: closes.protocolError }

const encode = (frame: ServerFrame): string => JSON.stringify(frame)

const done = (op: "subscribe" | "start" | "token"): string => encode({ op, code: 0, data: null })
