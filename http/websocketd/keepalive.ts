/** The other end of a session as the keepalive sees it. */
export interface Peer {
  /** Pings since the last pong; the session sets it to 0 when a pong comes. */
  unanswered: number
  readonly ping: () => void
  /** The peer did not answer in time. */
  readonly drop: () => void
}

/** A peer must answer a ping within this time (contracts/events.md 4.6). In milliseconds. */
const answerMillis = 20_000

/** Sessions are pinged a slice at a time, so that ten thousand of them never hold up the events. */
const slices = 20

/**
 * Pings all peers in turn and drops those that do not answer (contracts/events.md 4.6): every peer is pinged each
 * `ping_interval`, at the latest every 20 s. Whoever holds it calls `tick` every `tickMillis`: one timer for all.
 */
export class Keepalive {
  readonly tickMillis: number
  readonly #mostUnanswered: number
  readonly #slices = Array.from({ length: slices }, () => new Set<Peer>())
  readonly #sliceOf = new Map<Peer, Set<Peer>>()
  #ticks = 0

  /** `intervalMillis`: the knob `websocket.ping_interval`. */
  constructor(intervalMillis: number) {
    const period = Math.min(intervalMillis, answerMillis)
    this.tickMillis = period / slices
    this.#mostUnanswered = Math.ceil(answerMillis / period)
  }

  add(peer: Peer): void {
    const slice = this.#slices.reduce((smallest, slice) => (slice.size < smallest.size ? slice : smallest))
    slice.add(peer)
    this.#sliceOf.set(peer, slice)
  }

  remove(peer: Peer): void {
    this.#sliceOf.get(peer)?.delete(peer)
    this.#sliceOf.delete(peer)
  }

  tick(): void {
    for (const peer of this.#slices[this.#ticks++ % slices] ?? []) {
      if (peer.unanswered >= this.#mostUnanswered) peer.drop()
      else {
        peer.unanswered++
        peer.ping()
      }
    }
  }
}
