import type { AmiMessage } from "./ami.ts"

/** What the first line of a message makes it; an `action` is what a client sends to a server. */
export type MessageKind = "event" | "response" | "action"

/**
 * A message as it came over the wire. Most messages of a busy PBX are looked at once and forgotten, so the text
 * is kept whole and its headers are cut out when somebody asks for them.
 *
 * `text` is the message's lines joined by CRLF, without the empty line that closed it. `marks` says where its
 * lines are, as `markLines` does; who has not found them already leaves them out.
 */
export class ReceivedMessage implements AmiMessage {
  readonly kind: MessageKind
  readonly #text: string
  #marks: ReadonlyArray<number> | undefined
  #headers: ReadonlyArray<readonly [name: string, value: string]> | undefined

  constructor(kind: MessageKind, text: string, marks?: ReadonlyArray<number>) {
    this.kind = kind
    this.#text = text
    this.#marks = marks
  }

  get headers(): ReadonlyArray<readonly [name: string, value: string]> {
    if (this.#headers === undefined) {
      const headers: Array<readonly [name: string, value: string]> = []
      this.forEachHeader((name, value) => headers.push([name, value]))
      this.#headers = headers
    }
    return this.#headers
  }

  /** Value of the first header: the name of an event or action, `Success` or `Error` of a response. */
  get name(): string {
    const [colon = -1, end = 0] = this.#lines()
    return colon === -1 ? "" : valueOf(this.#text, separator(this.#text, colon, end), end)
  }

  /** The last value of a header, its name compared without case; undefined when absent. */
  last(name: string): string | undefined {
    const text = this.#text
    const marks = this.#lines()
    for (let line = marks.length - 2; line >= 0; line -= 2) {
      const start = line === 0 ? 0 : (marks[line - 1] ?? 0) + 2
      const end = marks[line + 1] ?? 0
      const colon = marks[line] ?? -1
      const split = text.charCodeAt(colon + 1) === SPACE ? colon : separator(text, colon, end)
      if (split - start === name.length && sameName(text, start, name)) return valueOf(text, split, end)
    }
    return undefined
  }

  /** Whether `text` stands anywhere in the message, letter for letter. */
  includes(text: string): boolean {
    return this.#text.includes(text)
  }

  /** Calls `visit` with every header in order. */
  forEachHeader(visit: (name: string, value: string) => void): void {
    const text = this.#text
    const marks = this.#lines()
    let start = 0
    for (let line = 0; line < marks.length; line += 2) {
      const colon = marks[line] ?? -1
      const end = marks[line + 1] ?? 0
      if (colon !== -1) {
        const split = separator(text, colon, end)
        visit(text.slice(start, split), valueOf(text, split, end))
      }
      start = end + 2
    }
  }

  #lines(): ReadonlyArray<number> {
    this.#marks ??= markLines(this.#text)
    return this.#marks
  }
}

/**
 * Where the lines of a message are: for each the index of its first colon, -1 when it has none, and of the CRLF
 * or end of text that ends it. A CR or LF alone is part of a value.
 */
export const markLines = (text: string): Array<number> => {
  const marks: Array<number> = []
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf("\r\n", start)
    const end = next === -1 ? text.length : next
    const colon = text.indexOf(":", start)
    marks.push(colon < end ? colon : -1, end)
    start = end + 2
  }
  return marks
}

const COLON_SPACE = ": "
const SPACE = 32

/** Index of the colon that ends the name: of the first `: ` in the line, else of its first `:`. */
const separator = (text: string, firstColon: number, end: number): number => {
  if (text.charCodeAt(firstColon + 1) === SPACE) return firstColon
  const better = text.slice(firstColon, end).indexOf(COLON_SPACE)
  return better === -1 ? firstColon : firstColon + better
}

const valueOf = (text: string, split: number, end: number): string =>
  text.slice(text.charCodeAt(split + 1) === SPACE ? split + 2 : split + 1, end)

const sameName = (text: string, start: number, name: string): boolean =>
  text.startsWith(name, start) || text.slice(start, start + name.length).toLowerCase() === name.toLowerCase()
