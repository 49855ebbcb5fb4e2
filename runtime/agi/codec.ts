import { Data } from "effect"
import type { AgiRequest } from "./agi.ts"

/** Bytes that are no AGI, or more of it than the bounds allow. The stream cannot be read on. */
export class AgiProtocolError extends Data.TaggedError("AgiProtocolError")<{
  readonly reason: "not-agi" | "line-too-long" | "request-too-long"
}> {}

/** What Asterisk answers to one command: `200 result=1`. */
export interface AgiReply {
  readonly code: number
  /** What follows the code. */
  readonly text: string
}

/** What a decoder found, in the order of the bytes. */
export interface AgiFindings {
  readonly onRequest: (request: AgiRequest) => void
  readonly onReply: (reply: AgiReply) => void
}

/**
 * Reads what Asterisk sends over one FastAGI connection: the lines of the request up to an empty one, then one
 * reply for each command. `HANGUP`, which says that the channel is gone, may come at any time and is passed over.
 * Chunks may end anywhere. It holds at most one unfinished line and the lines of the request.
 */
export class AgiDecoder {
  readonly #variables = new Map<string, string>()
  #requestBytes = 0
  #requested = false
  /** Whether the lines of a reply over several lines are passed over until its last one. */
  #inUsage = false
  #held: Buffer = Buffer.alloc(0)

  /** Takes the next bytes. After an error nothing more may be pushed. */
  push(bytes: Uint8Array, findings: AgiFindings): AgiProtocolError | undefined {
    const all = this.#held.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes])
    let start = 0
    for (let end = all.indexOf(LF); end !== -1; end = all.indexOf(LF, start)) {
      if (end - start > MAX_LINE) return tooLong
      const last = all[end - 1] === CR && end > start ? end - 1 : end
      const failure = this.#line(all.toString("utf8", start, last), end - start, findings)
      if (failure !== undefined) return failure
      start = end + 1
    }
    if (all.length - start > MAX_LINE) return tooLong
    this.#held = all.subarray(start)
    return undefined
  }

  #line(line: string, length: number, findings: AgiFindings): AgiProtocolError | undefined {
    if (this.#requested) return this.#reply(line, findings)
    if (line === "") {
      if (this.#variables.size === 0) return notAgi
      this.#requested = true
      findings.onRequest(requestOf(this.#variables))
      return undefined
    }
    this.#requestBytes += length
    if (this.#requestBytes > MAX_REQUEST) return new AgiProtocolError({ reason: "request-too-long" })
    const [, name = "", value = ""] = /^(agi_[a-z0-9_]+): ?(.*)$/s.exec(line) ?? []
    if (name === "") return notAgi
    if (!this.#variables.has(name)) this.#variables.set(name, value)
    return undefined
  }

  #reply(line: string, findings: AgiFindings): AgiProtocolError | undefined {
    const [, code = "", more = "", text = ""] = /^(\d{3})([ -])(.*)$/s.exec(line) ?? []
    if (more === " ") {
      this.#inUsage = false
      findings.onReply({ code: Number(code), text })
      return undefined
    }
    if (more === "-") this.#inUsage = true
    return this.#inUsage || line === "HANGUP" || line === "" ? undefined : notAgi
  }
}

/** The command that sets a variable of the channel. Line ends and NULs in the value become spaces. */
export const setVariable = (name: string, value: string): string => `SET VARIABLE ${name} ${quoted(value)}\n`

/** The command that writes a line to Asterisk's console, seen from verbosity 1 on. */
export const verbose = (message: string): string => `VERBOSE ${quoted(message)} 1\n`

const quoted = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  `"${text.replace(/[\r\n\u0000]/g, " ").replace(/["\\]/g, "\\$&")}"`

const requestOf = (variables: ReadonlyMap<string, string>): AgiRequest => {
  const url = variables.get("agi_network_script") ?? ""
  const question = url.indexOf("?")
  return {
    script: question === -1 ? url : url.slice(0, question),
    query: new URLSearchParams(question === -1 ? "" : url.slice(question + 1)),
    args: argumentsOf(variables),
    variables
  }
}

const argumentsOf = (variables: ReadonlyMap<string, string>): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let value = variables.get("agi_arg_1"); value !== undefined; ) {
    found.push(value)
    value = variables.get(`agi_arg_${found.length + 1}`)
  }
  return found
}

const LF = 10
const CR = 13
/** Asterisk's own lines are at most its command line buffer of 8 KiB. */
const MAX_LINE = 8_192
const MAX_REQUEST = 65_536

const notAgi = new AgiProtocolError({ reason: "not-agi" })
const tooLong = new AgiProtocolError({ reason: "line-too-long" })
