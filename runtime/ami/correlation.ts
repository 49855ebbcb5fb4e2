import { type AmiAction, type AmiAnswer, type AmiMessage, header } from "./ami.ts"
import type { ReceivedMessage } from "./message.ts"

/**
 * Which answer belongs to which action on one AMI connection (contracts/callcenter.md 7.3).
 *
 * Each action travels under an ActionID of ours, whatever its sender chose. What comes back is shown with the
 * sender's ActionID, or without any: in answers, and in asynchronous events that repeat the ActionID of an action
 * (a UserEvent, an OriginateResponse).
 */
export class Correlation {
  readonly #prefix: string
  readonly #mark: string
  #count = 0
  readonly #pending = new Map<string, Pending>()
  /** The WaitEvent whose events are coming: they carry no ActionID. */
  #waiting: Pending | undefined
  /** Lists that nobody waits for any more and whose events are still to come. */
  readonly #orphanedLists = new BoundedMap<true>(MAX_ORPHANED_LISTS)
  /** Our ActionID to the sender's, for events that come after the answer. */
  readonly #given = new BoundedMap<string>(MAX_GIVEN_IDS)

  /** `prefix` starts every ActionID of this connection and must not occur in those of other clients. */
  constructor(prefix: string) {
    this.#prefix = prefix
    this.#mark = `\r\nActionID: ${prefix}`
  }

  nextActionId(): string {
    this.#count++
    return `${this.#prefix}${this.#count}`
  }

  /**
   * Expects the answer to an action that goes out under `actionId`. `settle` is called once at most, with
   * undefined when the connection was lost before the answer was complete.
   */
  expect(actionId: string, action: AmiAction, settle: (answer: AmiAnswer | undefined) => void): void {
    const given = givenActionId(action)
    if (given !== undefined) this.#given.set(actionId, given)
    this.#pending.set(actionId, {
      actionId,
      settle,
      isWaitEvent: action.action.toLowerCase() === "waitevent",
      response: undefined,
      events: []
    })
  }

  /** Nobody waits for this answer any more: whatever is still to come of it is swallowed. */
  abandon(actionId: string): void {
    const pending = this.#pending.get(actionId)
    if (pending === undefined) return
    this.#forget(pending)
    if (pending.response !== undefined && !pending.isWaitEvent) this.#orphanedLists.set(actionId, true)
  }

  /** The connection is gone: every action still waiting is settled without an answer. */
  lose(): void {
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    this.#waiting = undefined
    for (const { settle } of pending) settle(undefined)
  }

  /** Takes a message. Answers it if it is an asynchronous event, undefined if it was part of an answer. */
  receive(message: ReceivedMessage): AmiMessage | undefined {
    const actionId = this.#ownActionId(message)
    if (message.kind === "response") {
      if (actionId !== undefined) this.#receiveResponse(actionId, message)
      return undefined
    }
    return actionId === undefined && this.#waiting === undefined
      ? message
      : this.#receiveEvent(actionId, message)
  }

  #receiveResponse(actionId: string, message: ReceivedMessage): void {
    const pending = this.#pending.get(actionId)
    const startsList = listMark(message) === "start"
    if (pending === undefined) {
      if (startsList) this.#orphanedLists.set(actionId, true)
      return
    }
    if (pending.response !== undefined) return
    pending.response = this.#withGivenId(message, actionId)
    if (pending.isWaitEvent && message.name === "Success") this.#waiting = pending
    else if (!startsList) this.#settle(pending)
  }

  #receiveEvent(actionId: string | undefined, message: ReceivedMessage): AmiMessage | undefined {
    const pending = this.#waiting ?? (actionId === undefined ? undefined : this.#pending.get(actionId))
    if (pending?.response !== undefined) {
      pending.events.push(actionId === undefined ? message : this.#withGivenId(message, actionId))
      if (actionId === pending.actionId && endsAnswer(pending, message)) this.#settle(pending)
      return undefined
    }
    if (actionId === undefined) return message
    if (!this.#orphanedLists.has(actionId)) return this.#withGivenId(message, actionId)
    if (isListEnd(message)) this.#orphanedLists.delete(actionId)
    return undefined
  }

  #settle(pending: Pending): void {
    this.#forget(pending)
    if (pending.response !== undefined) pending.settle({ response: pending.response, events: pending.events })
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending.actionId)
    if (this.#waiting === pending) this.#waiting = undefined
  }

  /** The search for our own mark is far cheaper than looking for an ActionID line in every event. */
  #ownActionId(message: ReceivedMessage): string | undefined {
    if (!message.includes(this.#mark)) return undefined
    const actionId = header(message, "ActionID")
    return actionId?.startsWith(this.#prefix) === true ? actionId : undefined
  }

  #withGivenId(message: AmiMessage, actionId: string): AmiMessage {
    const given = this.#given.get(actionId)
    const headers: Array<readonly [string, string]> = []
    for (const entry of message.headers) {
      if (entry[1] !== actionId || entry[0].toLowerCase() !== "actionid") headers.push(entry)
      else if (given !== undefined) headers.push([entry[0], given])
    }
    return { headers }
  }
}

interface Pending {
  readonly actionId: string
  readonly settle: (answer: AmiAnswer | undefined) => void
  readonly isWaitEvent: boolean
  response: AmiMessage | undefined
  readonly events: Array<AmiMessage>
}

const MAX_ORPHANED_LISTS = 1024
const MAX_GIVEN_IDS = 4096

/** An empty ActionID counts as none: Asterisk would not echo it. */
const givenActionId = (action: AmiAction): string | undefined =>
  action.headers?.find(([name, value]) => value !== "" && name.toLowerCase() === "actionid")?.[1]

const listMark = (message: AmiMessage): string | undefined => header(message, "EventList")?.toLowerCase()

const isListEnd = (message: AmiMessage): boolean => {
  const mark = listMark(message)
  return mark === "complete" || mark === "cancelled"
}

/** WaitEvent's last event carries its ActionID like that of a list, but no EventList. */
const endsAnswer = (pending: Pending, message: ReceivedMessage): boolean =>
  pending.isWaitEvent ? message.name === "WaitEventComplete" : isListEnd(message)

/** A map that forgets its oldest entry when it is full. */
class BoundedMap<A> {
  readonly #entries = new Map<string, A>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  get(key: string): A | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: A): void {
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#size) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
