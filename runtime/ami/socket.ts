import { connect, type Socket } from "node:net"
import { Data } from "effect"
import { AmiDecoder, type AmiProtocolError } from "./codec.ts"
import type { ReceivedMessage } from "./message.ts"

/** No connection, or no longer one: refused, reset, closed by the peer, silent for too long, or closed by us. */
export class AmiConnectionLost extends Data.TaggedError("AmiConnectionLost")<{ readonly message: string }> {}

export type AmiConnectionError = AmiConnectionLost | AmiProtocolError

/** What a socket tells its owner, in this order: the banner once, messages, the end once. None may throw. */
export interface AmiSocketEvents {
  readonly onBanner: (banner: string) => void
  readonly onBytes: () => void
  readonly onMessage: (message: ReceivedMessage) => void
  readonly onClosed: (reason: AmiConnectionError) => void
}

/**
 * A TCP connection to an AMI peer that reads messages as fast as they come: it is never paused, so whoever cannot
 * keep up must queue or drop by himself.
 */
export class AmiSocket {
  readonly #socket: Socket
  readonly #decoder = new AmiDecoder()
  readonly #where: string
  readonly #events: AmiSocketEvents
  #greeted = false
  #closed: AmiConnectionError | undefined

  constructor(host: string, port: number, events: AmiSocketEvents) {
    this.#where = `${host}:${port}`
    this.#events = events
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_SIZE),
        callback: (length, buffer) => {
          this.#read(buffer.subarray(0, length))
          return true
        }
      }
    })
    this.#socket.on("error", (error) => this.#lost(systemReason(error)))
    this.#socket.on("end", () => this.#lost("closed by the peer"))
    this.#socket.on("close", () => this.#lost("closed by the peer"))
  }

  get isOpen(): boolean {
    return this.#closed === undefined
  }

  /** Bytes written that the peer has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Ends the connection at once; nothing is told to the owner after `onClosed`. */
  close(reason: AmiConnectionError): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#socket.destroy()
    this.#events.onClosed(reason)
  }

  #read(bytes: Uint8Array): void {
    if (this.#closed !== undefined) return
    this.#events.onBytes()
    const failure = this.#decoder.push(bytes, this.#onMessage)
    this.#greet()
    if (failure !== undefined) this.close(failure)
  }

  readonly #onMessage = (message: ReceivedMessage): void => {
    this.#greet()
    if (this.#closed === undefined) this.#events.onMessage(message)
  }

  /** The banner may come in one chunk with the first messages: it is told before them. */
  #greet(): void {
    const banner = this.#decoder.banner
    if (this.#greeted || banner === undefined) return
    this.#greeted = true
    this.#events.onBanner(banner)
  }

  #lost(reason: string): void {
    const where = this.#decoder.midMessage ? " in the middle of a message" : ""
    this.close(new AmiConnectionLost({ message: `${this.#where}: ${reason}${where}` }))
  }
}

/** Bytes read from the socket at once. */
export const READ_SIZE = 262_144

/** Node's text for a system error repeats the address; its code is enough. */
const systemReason = (error: NodeJS.ErrnoException): string =>
  error.code === undefined ? error.message : (REASONS[error.code] ?? error.code)

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ETIMEDOUT: "connection timed out",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name lookup failed"
}
