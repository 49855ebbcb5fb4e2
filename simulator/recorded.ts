import { readFileSync } from "node:fs"
import { AmiDecoder } from "../runtime/ami/codec.ts"
import type { AmiMessage } from "../runtime/ami/ami.ts"
import { actionCatalogue } from "./actions/catalogue.ts"
import type { Dialplan } from "./dialplan.ts"
import { makePbx, type Pbx, type PbxOptions } from "./pbx.ts"
import { makeSession, type Session } from "./session.ts"

/** For tests: what a real Asterisk said, and a simulated one prepared in the same way. */

const fixture = (name: string): string =>
  readFileSync(new URL(`../runtime/ami/fixtures/${name}`, import.meta.url), "utf8")

export interface Exchange {
  readonly action: AmiMessage
  /** As text, CRLF line ends and closing empty lines included. */
  readonly answer: string
}

/** The recorded dialogue, each action with the whole of its answer, whatever came in between. */
export const recordedDialogue = (): ReadonlyArray<Exchange> => {
  const lines = fixture("queue-calls.dialogue.txt").split("\n")
  const actions = blocks(lines.filter((line) => line.startsWith(">")).map((line) => line.slice(2)))
  const answers = blocks(
    lines
      .filter((line) => line.startsWith("<") && !line.includes("Call Manager/"))
      .map((line) => line.slice(2))
  )
  return actions.map((action) => {
    const id = `ActionID: ${headerOf(action, "ActionID")}`
    return {
      action: { headers: action.map(splitHeader) },
      answer: answers
        .filter((answer) => answer.includes(id))
        .map((answer) => `${answer.join("\r\n")}\r\n\r\n`)
        .join("")
    }
  })
}

/** The events that an observer of the recorded dialogue saw. */
export const recordedEvents = (): ReadonlyArray<AmiMessage> => {
  const events: Array<AmiMessage> = []
  new AmiDecoder().push(Buffer.from(fixture("queue-calls.events.ami")), (message) => {
    if (message.kind === "event") events.push(message)
  })
  return events
}

/** The dialplan of the recorded Asterisk. */
const recordedDialplan: Dialplan = {
  caller: { s: [["Answer"], ["Wait", "20"]] },
  default: {
    1001: [["NoOp", "agent phone 1001"], ["Answer"], ["Wait", "4"], ["Hangup"]],
    1002: [["NoOp", "agent phone 1002"], ["Answer"], ["Wait", "4"], ["Hangup"]],
    3000: [["Answer"], ["Queue", "sales,,,,30"], ["Hangup"]],
    3001: [["Answer"], ["Queue", "support,,,,10"], ["Hangup"]],
    4000: [["Answer"], ["ConfBridge", "400"]],
    5000: [
      ["Answer"],
      ["UserEvent", "Pause,Agent: 1001,Reason: caf\\xc3\\xa9 au lait"],
      ["Wait", "1"],
      ["Hangup"]
    ],
    6000: [["Answer"], ["Wait", "60"]]
  }
}

/** Set up as the recorded Asterisk was, at the second of its first action. */
export const recordedPbx = (options: Partial<PbxOptions> = {}): Pbx =>
  makePbx({
    seed: "recorded",
    queues: [
      { name: "support", strategy: "leastrecent" },
      { name: "sales", strategy: "rrmemory", serviceLevel: 20, wrapUpTime: 5 }
    ],
    dialplan: recordedDialplan,
    startTime: 1_795_174_179_079_485,
    ...options
  })

/** Seconds between the first recorded action and those that were sent after a pause, by number from 1. */
const pauses: Readonly<Record<number, number>> = {
  19: 2.1,
  22: 7.51,
  25: 14.515,
  29: 26.518,
  30: 28,
  33: 30.525,
  50: 32.03,
  52: 33.034
}

/** Sends the recorded actions at their times; answers what each was answered. */
export const replayDialogue = (pbx: Pbx): ReadonlyArray<Exchange & { readonly given: string }> => {
  const client = openSession(pbx)
  const start = pbx.clock.now()
  return recordedDialogue().map((exchange, index) => {
    const pause = pauses[index + 1]
    if (pause !== undefined) pbx.clock.advanceTo(start + pause * 1_000_000)
    client.session.receive(exchange.action)
    return { ...exchange, given: client.take() }
  })
}

/** A session without a socket; what it writes is kept as text. */
export const openSession = (pbx: Pbx) => {
  const written: Array<string> = []
  const session: Session = makeSession({
    pbx,
    catalogue: actionCatalogue({ phoneNotify: false }),
    users: () => [{ username: "strowger", secret: "strowger-secret" }],
    id: "0x1",
    addresses: { local: "IPV4/TCP/127.0.0.1/5038", remote: "IPV4/TCP/127.0.0.1/40380" },
    faultOf: () => undefined,
    write: ({ headers }) => {
      written.push(`${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`)
    },
    close: () => undefined
  })
  const stop = pbx.onEvent(session.event)
  return {
    session,
    stop,
    /** Everything written since the last call. */
    take: () => written.splice(0, written.length).join(""),
    send: (...headers: ReadonlyArray<readonly [string, string]>) => session.receive({ headers })
  }
}

/** Lets the PBX's time pass. */
export const pass = (pbx: Pbx, seconds: number): void =>
  pbx.clock.advanceTo(pbx.clock.now() + seconds * 1_000_000)

/** Hides what differs from run to run: times, unique ids, uuids and versions. */
export const masked = (text: string): string =>
  text
    .replace(/\b\d{10}\.(\d{6})\b/g, "<time>")
    .replace(/\b\d{10}\.(\d+)\b/g, "<second>.$1")
    .replace(/\b\d{10}\b/g, "<second>")
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<uuid>")
    .replace(/(AsteriskVersion: ).*/g, "$1<version>")
    .replace(/\b\d{4}-\d\d-\d\d\b/g, "<date>")
    .replace(/\b\d\d:\d\d:\d\d\b/g, "<clock>")

const blocks = (lines: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> => {
  const found: Array<Array<string>> = [[]]
  for (const line of lines) {
    if (line === "") found.push([])
    else found.at(-1)?.push(line)
  }
  return found.filter((block) => block.length > 0)
}

const headerOf = (lines: ReadonlyArray<string>, name: string): string =>
  lines.map(splitHeader).find(([key]) => key === name)?.[1] ?? ""

const splitHeader = (line: string): readonly [string, string] => {
  const colon = line.indexOf(":")
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]
}
