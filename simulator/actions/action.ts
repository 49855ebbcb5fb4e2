import type { AmiMessage } from "../../runtime/ami/ami.ts"
import type { EventClass, Headers } from "../engine.ts"
import type { Pbx } from "../pbx.ts"

/** A manager user, as manager.conf has it. */
export interface ManagerUser {
  readonly username: string
  readonly secret: string
  /** Classes of events it may see and of actions it may take. Default all. */
  readonly read?: ReadonlyArray<EventClass>
  readonly write?: ReadonlyArray<EventClass>
}

/** What a session has come to; the actions that act on the session change it. */
export interface SessionState {
  readonly user: ManagerUser | undefined
  readonly challenge: string | undefined
  readonly eventMask: ReadonlySet<EventClass>
  readonly filters: ReadonlyArray<EventFilter>
}

export interface EventFilter {
  readonly excludes: boolean
  readonly matches: (message: AmiMessage) => boolean
}

/** One action under way. */
export interface Request {
  /** The value of the first header of that name, as Asterisk takes it; "" when there is none. */
  readonly get: (name: string) => string
  readonly headers: Headers
  readonly reply: Reply
  readonly pbx: Pbx
  readonly session: {
    readonly state: () => SessionState
    readonly update: (change: Partial<SessionState>) => void
    /** Takes no further action from the client until the answer to this is called. */
    readonly hold: () => () => void
    /** Calls back once, with the next event of the session or after that many seconds. */
    readonly untilEvent: (seconds: number | undefined, work: () => void) => void
    readonly addresses: { readonly local: string; readonly remote: string }
    readonly id: string
    readonly startedAt: number
    readonly users: ReadonlyArray<ManagerUser>
    /** Says that the client may come no further; closes when the answer is out. */
    readonly end: () => void
  }
}

/** Writes answers in Asterisk's shape: ActionID second, and never an empty one. */
export interface Reply {
  /** `ActionID` as a list event carries it; no header when the action had none. */
  readonly id: Headers
  readonly send: (headers: Headers) => void
  readonly success: (headers: Headers) => void
  readonly ack: (message: string) => void
  readonly error: (message: string) => void
  /** A response, the events of its list, and the event that ends it. */
  readonly list: (list: {
    readonly message: string
    readonly events: ReadonlyArray<Headers>
    readonly complete: string
    /** Headers behind ListItems. */
    readonly more?: Headers
  }) => void
}

/** Carries out an action. */
export type Handler = (request: Request) => void

/** Handlers by action name. */
export type Handlers = Readonly<Record<string, Handler>>

export const makeReply = (actionId: string, write: (message: AmiMessage) => void): Reply => {
  const id: Headers = actionId === "" ? [] : [["ActionID", actionId]]
  const send = (headers: Headers) => write({ headers })
  const response = (kind: string, headers: Headers) => send([["Response", kind], ...id, ...headers])
  return {
    id,
    send,
    success: (headers) => response("Success", headers),
    ack: (message) => response("Success", [["Message", message]]),
    error: (message) => response("Error", [["Message", message]]),
    list: ({ message, events, complete, more = [] }) => {
      response("Success", [
        ["EventList", "start"],
        ["Message", message]
      ])
      for (const event of events) send(event)
      send([
        ["Event", complete],
        ...id,
        ["EventList", "Complete"],
        ["ListItems", String(events.length)],
        ...more
      ])
    }
  }
}

/** Asterisk's idea of yes and no; undefined when it is neither. */
export const truth = (text: string): boolean | undefined => {
  const word = text.toLowerCase()
  if (["yes", "true", "y", "t", "1", "on"].includes(word)) return true
  return ["no", "false", "n", "f", "0", "off"].includes(word) ? false : undefined
}

/** The whole number at the start of the text, as C reads it; `fallback` when there is none. */
export const wholeNumber = (text: string, fallback: number): number => {
  const number = Number.parseInt(text, 10)
  return Number.isNaN(number) ? fallback : number
}
