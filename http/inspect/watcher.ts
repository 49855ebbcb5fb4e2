import { WebSocket } from "ws"
import type { InspectionMessage } from "../../runtime/actor/inspection.ts"
import { closes } from "../../schemas/websocketd/frames.ts"
import type { Peer } from "../websocketd/keepalive.ts"
import { closeWith } from "../websocketd/websocketd.ts"

/** Bytes that a watcher may leave unread; with more it is closed. */
const mostUnread = 4 * 1024 * 1024

/** The replay goes on when less than so many bytes are unread. */
const replayAhead = 256 * 1024

/** Says what an actor is and where it stands now, as JSON text; undefined when it is not in memory. */
export type Introduce = (sessionId: string) => string | undefined

/**
 * One inspector that watches the actors: it gets Stately's three messages, and of every actor first the one that
 * introduces it.
 *
 * **Details** The actors that are there at the start are introduced one after the other, as fast as the reader
 * takes them; what happens to an actor before its turn is part of its introduction.
 */
export class Watcher implements Peer {
  unanswered = 0
  readonly #webSocket: WebSocket
  readonly #kind: string | undefined
  readonly #introduce: Introduce
  readonly #introduced = new Set<string>()
  readonly #waiting: Set<string>

  /** `present`: the actors to begin with. `kind`: only actors of this kind. */
  constructor(
    webSocket: WebSocket,
    kind: string | undefined,
    present: ReadonlyArray<string>,
    introduce: Introduce
  ) {
    this.#webSocket = webSocket
    this.#kind = kind
    this.#introduce = introduce
    this.#waiting = new Set(present)
    webSocket.on("pong", () => {
      this.unanswered = 0
    })
  }

  /** Introduces the actors that wait for it, as many as the reader has room for. */
  replay(): void {
    for (const sessionId of this.#waiting) {
      if (this.#webSocket.readyState !== WebSocket.OPEN) return
      this.#waiting.delete(sessionId)
      const frame = this.#introduce(sessionId)
      if (frame === undefined) continue
      this.#introduced.add(sessionId)
      if (this.#webSocket.bufferedAmount > replayAhead) {
        return this.#webSocket.send(frame, () => this.replay())
      }
      this.#webSocket.send(frame)
    }
  }

  /** Takes a message; `frame` gives its JSON text. */
  receive({ type, sessionId }: InspectionMessage, frame: () => string): void {
    if (this.#kind !== undefined && !sessionId.startsWith(`${this.#kind}/`)) return
    if (type === "@xstate.actor") this.#waiting.delete(sessionId)
    else if (this.#waiting.has(sessionId)) return
    else if (!this.#introduced.has(sessionId)) this.#send(this.#introduce(sessionId))
    this.#introduced.add(sessionId)
    this.#send(frame())
  }

  ping(): void {
    this.#webSocket.ping()
  }

  drop(): void {
    this.#webSocket.terminate()
  }

  #send(frame: string | undefined): void {
    if (frame === undefined || this.#webSocket.readyState !== WebSocket.OPEN) return
    if (this.#webSocket.bufferedAmount > mostUnread) closeWith(this.#webSocket, closes.internalError)
    else this.#webSocket.send(frame)
  }
}
