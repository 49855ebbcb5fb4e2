import { Data, Result } from "effect"
import { type AmiAction, AmiInvalidAction, type AmiMessage } from "./ami.ts"
import { type MessageKind, ReceivedMessage } from "./message.ts"

/** Bytes that are no AMI, or more of it than the bounds allow. The stream cannot be read on. */
export class AmiProtocolError extends Data.TaggedError("AmiProtocolError")<{
  readonly reason: "not-ami" | "line-too-long" | "message-too-long"
  readonly message: string
}> {}

export interface DecoderOptions {
  /**
   * `messages` (default): what a server sends, a banner and then events and responses.
   * `actions`: what a client sends. No banner; a line may end in LF alone, a line without `:` is passed over and
   * the `Action` header may stand anywhere or be missing, as in Asterisk.
   */
  readonly stream?: "messages" | "actions"
  /** Longest line in bytes, its line end included. Default 65536; 1024 for actions, as in Asterisk. */
  readonly maxLine?: number
  /** Longest message in bytes, its closing empty line included. Default 16 MiB; 256 KiB for actions. */
  readonly maxMessage?: number
}

/**
 * Cuts a byte stream into AMI messages (contracts/callcenter.md 7.1). Chunks may end anywhere. Messages that are
 * neither event nor response, or that have a line without `:`, are dropped alone.
 *
 * It holds at most one unfinished message, so a peer can make it keep no more than `maxMessage` bytes.
 */
export class AmiDecoder {
  readonly #actions: boolean
  readonly #maxLine: number
  readonly #maxMessage: number
  #banner: string | undefined
  #bannerSoFar = ""
  #failure: AmiProtocolError | undefined
  #dropped = 0

  /** The bytes of the unfinished message, the first `#held` of `#holding`. */
  #holding: Buffer = Buffer.alloc(0)
  #held = 0
  /** Of the held bytes, those of the unfinished line. */
  #heldLine = 0
  /** First colon of the unfinished line, counted from the start of the message; -1: none yet. */
  #lineColon = -1
  #everyLineHasColon = true
  /** Of the unfinished message: marks of the finished lines, as `markLines` puts them, the first `#marked`. */
  readonly #marks: Array<number> = Array.from({ length: MAX_MARKS }, () => 0)
  #marked = 0

  constructor(options: DecoderOptions = {}) {
    this.#actions = options.stream === "actions"
    this.#maxLine = options.maxLine ?? (this.#actions ? 1024 : 65_536)
    this.#maxMessage = options.maxMessage ?? (this.#actions ? 262_144 : 16_777_216)
    this.#banner = this.#actions ? "" : undefined
  }

  /** The banner line, e.g. `Asterisk Call Manager/13.0.0`; undefined until it has come. */
  get banner(): string | undefined {
    return this.#banner
  }

  /** Whether the stream stands in the middle of a message. */
  get midMessage(): boolean {
    return this.#held > 0
  }

  /** Messages dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Takes the next bytes and calls `onMessage`, which must not throw, for each message that they complete, in
   * order. The chunk may be reused afterwards. Answers the failure after which nothing more is decoded.
   */
  push(chunk: Uint8Array, onMessage: (message: ReceivedMessage) => void): AmiProtocolError | undefined {
    if (this.#failure !== undefined) return this.#failure
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const start = this.#banner === undefined ? this.#readBanner(bytes) : 0
    if (this.#failure === undefined && start < bytes.length) this.#scan(bytes, start, onMessage)
    return this.#failure
  }

  /** Reads the banner line; answers the index behind what was taken. */
  #readBanner(bytes: Buffer): number {
    for (let index = 0; index < bytes.length; index++) {
      const line = this.#bannerSoFar + String.fromCharCode(bytes[index] ?? 0)
      this.#bannerSoFar = line
      if (line.length <= BANNER.length ? !BANNER.startsWith(line) : line.length > MAX_BANNER) {
        this.#fail("not-ami", "the peer does not speak AMI: no Asterisk Call Manager banner")
        return bytes.length
      }
      if (line.endsWith("\n")) {
        if (line.endsWith("\r\n")) this.#banner = line.slice(0, -2)
        else this.#fail("not-ami", "the peer does not speak AMI: its banner line does not end in CRLF")
        return index + 1
      }
    }
    return bytes.length
  }

  /**
   * Indexes count from the start of the chunk; what is held from earlier chunks has negative ones. Each line is
   * read by two tight loops, up to its first colon and from there to its end.
   */
  #scan(bytes: Buffer, from: number, onMessage: (message: ReceivedMessage) => void): void {
    const end = bytes.length
    const maxLine = this.#maxLine
    let messageStart = from - this.#held
    let lineStart = from - this.#heldLine
    let colon = this.#lineColon
    let index = from
    while (index < end) {
      if (colon === -1) {
        let byte = bytes[index]
        while (byte !== COLON && byte !== LF && ++index < end) byte = bytes[index]
        if (index >= end) break
        if (byte === COLON) colon = index - messageStart
      }
      if (colon !== -1) {
        while (bytes[index] !== LF && ++index < end);
        if (index >= end) break
      }
      const afterReturn = index > lineStart && this.#byteAt(bytes, index - 1) === CR
      index++
      if (!afterReturn && !this.#actions) continue
      if (index - lineStart > maxLine) return this.#fail("line-too-long", `a line of over ${maxLine} bytes`)
      if (index - messageStart > this.#maxMessage) return this.#failMessage()
      const isEmpty = index - lineStart === (afterReturn ? 2 : 1)
      if (isEmpty) {
        if (lineStart > messageStart) this.#finish(bytes, messageStart, lineStart, onMessage)
        this.#held = 0
        messageStart = index
        this.#marked = 0
      } else {
        if (colon === -1) this.#everyLineHasColon = false
        if (this.#marked < MAX_MARKS) {
          this.#marks[this.#marked] = colon
          this.#marks[this.#marked + 1] = index - 2 - messageStart
        }
        this.#marked += 2
      }
      lineStart = index
      colon = -1
    }
    if (end - lineStart > maxLine) return this.#fail("line-too-long", `a line of over ${maxLine} bytes`)
    if (end - messageStart > this.#maxMessage) return this.#failMessage()
    this.#hold(bytes, Math.max(messageStart, from), end)
    this.#held = end - messageStart
    this.#heldLine = end - lineStart
    this.#lineColon = colon
  }

  #byteAt(bytes: Buffer, index: number): number | undefined {
    return index >= 0 ? bytes[index] : this.#holding[this.#held + index]
  }

  /** Emits the message of bytes [start, end), whose last line end is still on it. */
  #finish(bytes: Buffer, start: number, end: number, onMessage: (message: ReceivedMessage) => void): void {
    const isWellFormed = this.#everyLineHasColon || this.#actions
    const text = isWellFormed ? this.#text(bytes, start, end) : ""
    this.#everyLineHasColon = true
    if (this.#holding.length > KEPT_BUFFER) this.#holding = Buffer.alloc(0)
    const kind = this.#actions ? "action" : kindOf(text)
    if (kind === undefined) this.#dropped++
    else onMessage(new ReceivedMessage(kind, text, this.#marksOf(text, end - start - 2)))
  }

  /** The marks count bytes: they are those of the text as long as every byte has become one character. */
  #marksOf(text: string, bytes: number): ReadonlyArray<number> | undefined {
    return text.length === bytes && this.#marked <= MAX_MARKS && !this.#actions
      ? this.#marks.slice(0, this.#marked)
      : undefined
  }

  #text(bytes: Buffer, start: number, end: number): string {
    if (this.#actions) return this.#actionText(bytes, start, end)
    if (start >= 0) return bytes.toString("utf8", start, end - 2)
    this.#hold(bytes, 0, Math.max(end, 0))
    return this.#holding.toString("utf8", 0, end - start - 2)
  }

  #actionText(bytes: Buffer, start: number, end: number): string {
    if (start < 0) this.#hold(bytes, 0, Math.max(end, 0))
    const raw =
      start < 0 ? this.#holding.toString("utf8", 0, end - start) : bytes.toString("utf8", start, end)
    return raw.split(/\r?\n/).slice(0, -1).join("\r\n")
  }

  /** Appends bytes [start, end) to the held ones. */
  #hold(bytes: Buffer, start: number, end: number): void {
    const needed = this.#held + end - start
    if (end <= start) return
    if (needed > this.#holding.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#holding.length * 2, 4096))
      this.#holding.copy(larger, 0, 0, this.#held)
      this.#holding = larger
    }
    bytes.copy(this.#holding, this.#held, start, end)
  }

  #failMessage(): void {
    this.#fail("message-too-long", `a message of over ${this.#maxMessage} bytes`)
  }

  #fail(reason: AmiProtocolError["reason"], message: string): void {
    this.#failure = new AmiProtocolError({ reason, message })
    this.#holding = Buffer.alloc(0)
    this.#held = 0
  }
}

/**
 * The bytes of an action: `Action`, `ActionID`, then its headers in order. Headers named Action or ActionID are
 * left out, so that nobody sends another action or id than the one that was checked.
 *
 * Fails with AmiInvalidAction (contracts/callcenter.md 7.1, 9.1), whose text holds no value.
 */
export const encodeAction = (
  action: AmiAction,
  actionId: string
): Result.Result<Buffer, AmiInvalidAction> => {
  const lines: Array<readonly [string, string]> = [
    ["Action", action.action],
    ["ActionID", actionId]
  ]
  for (const header of action.headers ?? [])
    if (!RESERVED.has(header[0].trim().toLowerCase())) lines.push(header)
  for (const [name, value] of lines) {
    const problem = lineProblem(name, value)
    if (problem !== undefined) return Result.fail(new AmiInvalidAction({ header: name, message: problem }))
  }
  return lines.length > MAX_ACTION_HEADERS
    ? Result.fail(
        new AmiInvalidAction({ header: "", message: `an action has at most ${MAX_ACTION_HEADERS} headers` })
      )
    : Result.succeed(encodeMessage({ headers: lines }))
}

/** The bytes of a message, for a server: the headers must hold no CR or LF. */
export const encodeMessage = (message: AmiMessage): Buffer => {
  let text = ""
  for (const [name, value] of message.headers) text += `${name}: ${value}\r\n`
  return Buffer.from(`${text}\r\n`, "utf8")
}

/** A message as JSON: its headers as strings, `ChanVariable` as an object of strings. */
export type AmiJson = Record<string, string | Record<string, string>>

/**
 * The JSON object of a message (contracts/callcenter.md 7.1, 9.5). Of a repeated header the last value stands;
 * `ChanVariable: name=value` lines make one object. Undefined when a ChanVariable has no `=`: such a message
 * counts as dropped.
 */
export const toJson = (message: AmiMessage): AmiJson | undefined => {
  const json: AmiJson = {}
  let variables: Record<string, string> | undefined
  let isSound = true
  const add = (name: string, value: string): void => {
    if (name !== "ChanVariable") return set<AmiJson[string]>(json, name, value)
    const equals = value.indexOf("=")
    if (equals === -1) isSound = false
    variables ??= {}
    set(variables, value.slice(0, equals), value.slice(equals + 1))
  }
  if (message instanceof ReceivedMessage) message.forEachHeader(add)
  else for (const [name, value] of message.headers) add(name, value)
  if (variables !== undefined) json.ChanVariable = variables
  return isSound ? json : undefined
}

const BANNER = "Asterisk Call Manager/"
const MAX_BANNER = 256
const MAX_ACTION_HEADERS = 128
/** Asterisk reads a line into 1024 bytes, its CRLF included. */
const MAX_ACTION_LINE = 1024
const RESERVED = new Set(["action", "actionid"])
/** Two for a line: a message of more lines is gone through again when its headers are wanted. */
const MAX_MARKS = 256
/** A larger buffer is given back after the message that needed it. */
const KEPT_BUFFER = 65_536
const COLON = 58
const LF = 10
const CR = 13

const kindOf = (text: string): MessageKind | undefined =>
  text.startsWith("Event") ? "event" : text.startsWith("Response") ? "response" : undefined

const lineProblem = (name: string, value: string): string | undefined => {
  if (name === "") return "a header has an empty name"
  if (name.includes(":")) return "a header name holds a colon"
  if (hasControl(name) || hasControl(value)) return "a header holds CR, LF or NUL"
  return Buffer.byteLength(`${name}: ${value}\r\n`) > MAX_ACTION_LINE
    ? `a header line is over ${MAX_ACTION_LINE} bytes`
    : undefined
}

const hasControl = (text: string): boolean =>
  text.includes("\r") || text.includes("\n") || text.includes("\0")

/** Assignment would lose a header named `__proto__`. */
const set = <A>(record: Record<string, A>, name: string, value: A): void => {
  if (name === "__proto__")
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
  else record[name] = value
}
