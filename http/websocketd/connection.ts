import type { Duplex } from "node:stream"
import { WebSocket } from "ws"
import { type Close, closes, type ProtocolVersion } from "../../schemas/websocketd/frames.ts"
import { EventFilters, type FanOut, type Subscriber } from "./fan-out.ts"
import type { Keepalive, Peer } from "./keepalive.ts"
import type { HeldTokens, Rights, TokenHolder } from "./rights.ts"
import { type ClientMessage, initFrame, react, type Session } from "./session.ts"
import { pingFrame, pongFrame, textFrame } from "./wire-frame.ts"

/** What all connections of a node share. */
export interface Switchroom {
  readonly fanOut: FanOut
  readonly heldTokens: HeldTokens
  readonly keepalive: Keepalive
  /** A reader fell too far behind and is being closed. */
  readonly onSlowReader: () => void
  /** Handling a message failed; the session is being closed. */
  readonly onDefect: (defect: unknown) => void
}

/** Events handed over and not yet taken by the peer; with more the session is closed (contracts/events.md 4.6). */
const mostUndelivered = 1_000

/** Bytes of answers that a client may leave unread before nothing more is read from it. */
const mostUnreadAnswers = 1_048_576

/**
 * One authenticated client: carries out what `session.ts` decides and writes frames to the socket.
 *
 * **Details**
 * - Frames go straight to the socket that `ws` reads from: whole, unmasked and uncompressed, they are the same for
 *   every client. `ws` itself only writes the closing handshake, after which nothing more is written.
 * - Messages are handled in order; while a token is looked up they wait, and the socket is not read.
 * - A client that floods with operations and reads no answers is not read either until it has caught up.
 */
export class Connection implements Subscriber, Peer, TokenHolder {
  readonly version: ProtocolVersion
  readonly filters = new EventFilters()
  unanswered = 0
  readonly #room: Switchroom
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  readonly #waiting: Array<ClientMessage> = []
  #rights: Rights
  #session: Session
  #authenticating = false
  #choked = false
  #retired = false
  #undelivered = 0

  /** The WebSocket must have been paused since its handshake, so that nothing was lost. */
  constructor(
    room: Switchroom,
    webSocket: WebSocket,
    socket: Duplex,
    version: ProtocolVersion,
    rights: Rights
  ) {
    this.#room = room
    this.#webSocket = webSocket
    this.#socket = socket
    this.version = version
    this.#rights = rights
    this.#session = { version, started: false }
  }

  /** Sends init, starts reading and watches the token. */
  begin(): void {
    // `ws` gives every message as one Buffer unless its binaryType is changed.
    this.#webSocket.on("message", (data, isBinary) =>
      this.#receive(isBinary ? null : (data as Buffer).toString())
    )
    this.#webSocket.on("ping", (payload) => {
      this.#write(pongFrame(payload))
      this.#chokeIfUnread()
    })
    this.#webSocket.on("pong", () => {
      this.unanswered = 0
    })
    this.#webSocket.on("close", () => this.#retire())
    this.#write(textFrame(initFrame(this.version)))
    this.#room.keepalive.add(this)
    this.#room.heldTokens.hold(this.#rights, this)
    this.#regulateReading()
  }

  get rights(): Rights {
    return this.#rights
  }

  /**
   * Only events that wait behind an unfinished write are counted: an idle socket takes an event at once, which is
   * the case that must be fast.
   */
  deliver(frame: Buffer): void {
    if (!this.#isOpen()) return
    if (this.#socket.writableLength === 0) this.#socket.write(frame)
    else if (this.#undelivered >= mostUndelivered) {
      this.#room.onSlowReader()
      this.close(closes.internalError)
    } else {
      this.#undelivered++
      this.#socket.write(frame, this.#onDelivered)
    }
  }

  readonly #onDelivered = () => {
    this.#undelivered--
  }

  tokenEnded(): void {
    this.close(closes.authenticationExpired)
  }

  ping(): void {
    this.#write(pingFrame)
  }

  drop(): void {
    this.#webSocket.terminate()
  }

  close({ code, reason }: Close): void {
    if (this.#retired) return
    this.#retire()
    this.#webSocket.resume()
    this.#webSocket.close(code, reason)
  }

  #receive(message: ClientMessage): void {
    if (this.#retired) return
    if (this.#authenticating) this.#waiting.push(message)
    else this.#handle(message)
  }

  #handle(message: ClientMessage): void {
    try {
      this.#carryOut(message)
    } catch (defect) {
      this.#room.onDefect(defect)
      this.close(closes.internalError)
    }
  }

  #carryOut(message: ClientMessage): void {
    const reaction = react(this.#session, message)
    switch (reaction.kind) {
      case "close":
        return this.close(reaction.close)
      case "subscribe":
        if (!this.filters.add(reaction.eventName)) return this.close(closes.tooManyFilters)
        if (this.#session.started) this.#room.fanOut.listen(this, reaction.eventName)
        return this.#answer(reaction.answer)
      case "start":
        this.#answer(reaction.answer)
        return this.#start()
      case "authenticate":
        return this.#authenticate(reaction.tokenId, reaction.answer)
      case "answer":
        return this.#answer(reaction.answer)
    }
  }

  #start(): void {
    if (this.#session.started) return
    this.#session = { ...this.#session, started: true }
    this.#room.fanOut.enter(this)
  }

  #authenticate(tokenId: string, answer: string | undefined): void {
    this.#authenticating = true
    this.#room.heldTokens.authenticate(tokenId, (rights) => {
      this.#authenticating = false
      if (this.#retired) return
      if (rights === undefined) return this.close(closes.authenticationFailed)
      this.#takeRights(rights)
      this.#answer(answer)
      this.#handleWaiting()
    })
    this.#regulateReading()
  }

  /** From here on events are filtered with the rights of the new token. */
  #takeRights(rights: Rights): void {
    const previous = this.#rights
    if (rights === previous) return
    this.#room.fanOut.leave(this)
    this.#rights = rights
    if (this.#session.started) this.#room.fanOut.enter(this)
    this.#room.heldTokens.release(previous, this)
    this.#room.heldTokens.hold(rights, this)
  }

  #handleWaiting(): void {
    while (!this.#authenticating && !this.#retired) {
      const message = this.#waiting.shift()
      if (message === undefined) break
      this.#handle(message)
    }
    this.#regulateReading()
  }

  #answer(answer: string | undefined): void {
    if (answer === undefined) return
    this.#write(textFrame(answer))
    this.#chokeIfUnread()
  }

  #write(frame: Buffer): void {
    if (this.#isOpen()) this.#socket.write(frame)
  }

  #isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN
  }

  #chokeIfUnread(): void {
    if (this.#choked || this.#socket.writableLength < mostUnreadAnswers) return
    this.#choked = true
    this.#regulateReading()
    this.#socket.once("drain", () => {
      this.#choked = false
      this.#regulateReading()
    })
  }

  #regulateReading(): void {
    if (!this.#retired && (this.#authenticating || this.#choked)) this.#webSocket.pause()
    else this.#webSocket.resume()
  }

  #retire(): void {
    if (this.#retired) return
    this.#retired = true
    this.#waiting.length = 0
    this.#room.fanOut.leave(this)
    this.#room.heldTokens.release(this.#rights, this)
    this.#room.keepalive.remove(this)
  }
}
