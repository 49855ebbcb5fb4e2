import type { AmiMessage } from "../runtime/ami/ami.ts"
import { makeReply, type ManagerUser, type Reply, type Request, type SessionState } from "./actions/action.ts"
import { type CatalogueEntry, isAllowed } from "./actions/catalogue.ts"
import { passesFilters } from "./actions/event-filter.ts"
import { tellSecurity } from "./actions/session-actions.ts"
import type { Cancel } from "./agenda.ts"
import type { PbxEvent } from "./engine.ts"
import type { Fault } from "./faults.ts"
import type { Pbx } from "./pbx.ts"

export interface SessionOptions {
  readonly pbx: Pbx
  readonly catalogue: ReadonlyMap<string, CatalogueEntry>
  readonly users: () => ReadonlyArray<ManagerUser>
  readonly id: string
  readonly addresses: { readonly local: string; readonly remote: string }
  readonly faultOf: (action: string) => Fault | undefined
  readonly write: (message: AmiMessage) => void
  /** Closes the connection once everything written is out. */
  readonly close: () => void
}

/**
 * One AMI session (contracts/callcenter.md 7): takes actions one after the other, answers each, and passes on the
 * events that its user may and wants to see. As in Asterisk, no event comes between an action and its answer.
 */
export interface Session {
  readonly state: () => SessionState
  readonly receive: (action: AmiMessage) => void
  readonly event: (event: PbxEvent) => void
  readonly stop: () => void
}

export const makeSession = (options: SessionOptions): Session => {
  const { pbx } = options
  const { engine } = pbx
  const startedAt = pbx.clock.now()
  let state: SessionState = { user: undefined, challenge: undefined, eventMask: new Set(), filters: [] }
  const actions: Array<AmiMessage> = []
  let heldEvents: Array<AmiMessage> = []
  /** Between an action and its answer, when the answer takes time. */
  let isBusy = false
  let isAnswering = false
  let isEnding = false
  let isOver = false
  let waiting: (() => void) | undefined

  const stop = () => {
    isOver = true
    cancelLoginTimeout()
  }
  const end = () => {
    stop()
    options.close()
  }
  const cancelLoginTimeout: Cancel = engine.after(LOGIN_TIMEOUT, () => {
    if (state.user === undefined && !isOver) end()
  })
  const write = (message: AmiMessage) => {
    if (!isOver) options.write(message)
  }
  const releaseEvents = () => {
    const held = heldEvents
    heldEvents = []
    for (const message of held) write(message)
  }
  const hold = () => {
    isBusy = true
    return () => {
      isBusy = false
      releaseEvents()
      engine.defer(takeActions)
    }
  }
  const untilEvent = (seconds: number | undefined, work: () => void) => {
    const cancel = seconds === undefined ? () => undefined : engine.after(seconds, () => waiting?.())
    waiting = () => {
      waiting = undefined
      cancel()
      work()
    }
  }

  const securityContext = () => ({ pbx, session: requestSession })
  const requestSession: Request["session"] = {
    state: () => state,
    update: (change) => {
      state = { ...state, ...change }
    },
    hold,
    untilEvent,
    addresses: options.addresses,
    id: options.id,
    startedAt,
    get users() {
      return options.users()
    },
    end: () => {
      isEnding = true
      engine.defer(end)
    }
  }

  /** What is wrong with the message as such, or with this user sending it; else the action it is for. */
  const check = (message: AmiMessage, action: string): CatalogueEntry | string => {
    if (message.headers.length > MAX_HEADERS) return "Too many lines in message or allocation failure"
    if (message.headers.some(isTooLong)) return "Failed to parse message: line too long"
    if (action === "") {
      tellSecurity(securityContext(), "RequestBadFormat", "Error", account(), [
        ["RequestType", "Action: NONE"]
      ])
      return "Missing action in request"
    }
    const requestType = [["RequestType", `Action: ${action}`]] as const
    const entry = options.catalogue.get(action.toLowerCase())
    const isOpen = state.user !== undefined || OPEN_ACTIONS.has(action.toLowerCase())
    if (entry === undefined && isOpen) {
      tellSecurity(securityContext(), "RequestBadFormat", "Error", account(), requestType)
      return `Invalid/unknown command: ${action}. Use Action: ListCommands to show available commands.`
    }
    if (entry === undefined || !isOpen || !mayTake(entry)) {
      tellSecurity(securityContext(), "RequestNotAllowed", "Error", account(), requestType)
      return "Permission denied"
    }
    return entry
  }
  const account = () => state.user?.username ?? ""
  const mayTake = ({ classes }: CatalogueEntry) =>
    classes.length === 0 || isAllowed(state.user?.write, classes)

  const run = (message: AmiMessage, reply: Reply, action: string) => {
    const entry = check(message, action)
    if (typeof entry === "string") return reply.error(entry)
    if (entry.handler === undefined) return reply.error(`${entry.name} is not simulated`)
    return entry.handler({
      get: (name) => firstValue(message, name),
      headers: message.headers,
      reply,
      pbx,
      session: requestSession
    })
  }
  const process = (message: AmiMessage) => {
    const action = firstValue(message, "Action")
    const actionId = firstValue(message, "ActionID")
    const fault = options.faultOf(action)
    const reply = (writeAnswer: (answer: AmiMessage) => void) => makeReply(actionId, writeAnswer)
    switch (fault?.kind) {
      case undefined:
        return run(message, reply(write), action)
      case "error":
        return reply(write).error(fault.message)
      case "close-before-effect":
        return end()
      case "mute":
        return run(message, reply(ignore), action)
      case "close-after-effect":
        run(message, reply(ignore), action)
        return engine.defer(end)
      case "answer-twice": {
        const answer: Array<AmiMessage> = []
        run(
          message,
          reply((part) => answer.push(part)),
          action
        )
        return [...answer, ...answer].forEach(write)
      }
      case "delay":
        return run(
          message,
          reply((part) => void engine.after(fault.seconds, () => write(part))),
          action
        )
    }
  }
  const mayGoOn = () => !isBusy && !isEnding && !isOver
  const takeActions = () => {
    while (mayGoOn()) {
      const message = actions.shift()
      if (message === undefined) return
      isAnswering = true
      process(message)
      isAnswering = false
      if (!isBusy) releaseEvents()
    }
  }

  return {
    state: () => state,
    receive: (action) => {
      actions.push(action)
      engine.step(() => {
        waiting?.()
        takeActions()
      })
    },
    event: ({ eventClass, message }) => {
      if (isOver || !state.eventMask.has(eventClass) || !passesFilters(state.filters, message)) return
      if (!isBusy && !isAnswering) return write(message)
      heldEvents.push(message)
      if (waiting !== undefined) engine.defer(() => waiting?.())
    },
    stop
  }
}

/** Asterisk takes the first header of a name, and no blanks in front of its value. */
const firstValue = (message: AmiMessage, name: string): string => {
  const wanted = name.toLowerCase()
  const found = message.headers.find(([key]) => key.toLowerCase() === wanted)
  return found?.[1].trimStart() ?? ""
}

const isTooLong = ([name, value]: readonly [string, string]): boolean =>
  Buffer.byteLength(`${name}: ${value}\r\n`) > MAX_LINE

const ignore = () => undefined

const OPEN_ACTIONS = new Set(["login", "logoff", "challenge"])
const MAX_HEADERS = 128
const MAX_LINE = 1024
/** Seconds that a session may stay without logging in. */
const LOGIN_TIMEOUT = 30
