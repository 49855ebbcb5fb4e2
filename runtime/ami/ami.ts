import { Context, type Effect, Schema } from "effect"

/**
 * One AMI message: its headers in order, `Key` and value as received. A repeated key stands as often as it came.
 */
export interface AmiMessage {
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /** What `header` answers, found without parsing the other headers. Received messages have it. */
  readonly last?: (name: string) => string | undefined
}

/** An action to send: its name and its headers in order; a header may be repeated. ActionID is the connection's. */
export interface AmiAction {
  readonly action: string
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>
}

/** The answer: the response, then the events of its list in order (contracts/callcenter.md 7.3). */
export interface AmiAnswer {
  readonly response: AmiMessage
  readonly events: ReadonlyArray<AmiMessage>
}

/** No logged-in session: nothing was sent, or the session was lost before the answer (`sent` tells which). */
export class AmiUnavailable extends Schema.TaggedError<AmiUnavailable>()("AmiUnavailable", {
  message: Schema.String,
  sent: Schema.Boolean
}) {}

/** No answer within `ami.action_timeout`. The action may have been carried out. */
export class AmiTimeout extends Schema.TaggedError<AmiTimeout>()("AmiTimeout", { action: Schema.String }) {
  override get message() {
    return `the AMI action ${this.action} was not answered in time`
  }
}

/** A CR, LF, NUL, an empty or colon-bearing key, a line over 1024 bytes or more than 128 headers. Nothing was sent. */
export class AmiInvalidAction extends Schema.TaggedError<AmiInvalidAction>()("AmiInvalidAction", {
  message: Schema.String,
  header: Schema.String
}) {}

export type AmiError = AmiUnavailable | AmiTimeout | AmiInvalidAction

/**
 * The logged-in AMI session of this PBX (contracts/callcenter.md 7). Actions of many callers are in flight at
 * once; an AMI `Response: Error` is an answer, not an error.
 */
export class Ami extends Context.Service<
  Ami,
  {
    readonly send: (action: AmiAction) => Effect.Effect<AmiAnswer, AmiError>
    /** Whether a logged-in session is up now. */
    readonly up: () => boolean
  }
>()("strowger/runtime/ami/Ami") {}

/** The last value of a header, compared without case; undefined when absent. */
export const header = (message: AmiMessage, name: string): string | undefined => {
  if (message.last !== undefined) return message.last(name)
  const wanted = name.toLowerCase()
  let found: string | undefined
  for (const [key, value] of message.headers) if (key.toLowerCase() === wanted) found = value
  return found
}
