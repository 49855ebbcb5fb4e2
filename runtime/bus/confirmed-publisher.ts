import type { ConfirmChannel, Options } from "amqplib"
import type { PublishedEvent } from "./event-bus.ts"

/** Where and as whom a publisher publishes. */
export interface PublisherOptions {
  readonly exchange: string
  /** Goes with every message as its app id, so that this node knows its own messages again. */
  readonly nodeId: string
  /** An event that the broker will never take; `publish` completes all the same. */
  readonly onRefused: (event: PublishedEvent, reason: string) => void
  readonly onUnconfirmed: (count: number) => void
}

/**
 * Publishes over whatever channel is attached at the moment, and keeps what is not confirmed in its order.
 *
 * A new channel first gets everything that the one before left unconfirmed, in the old order: consumers may see an
 * event twice, but miss none and see none too early. Memory is bounded by the callers, who wait for `done`.
 */
export class ConfirmedPublisher {
  readonly #options: PublisherOptions
  readonly #unconfirmed = new Set<Entry>()
  #unsent: Array<Entry> = []
  #channel: ConfirmChannel | undefined
  /** The channel's write buffer is full, until it drains. */
  #full = false

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  get attached(): boolean {
    return this.#channel !== undefined
  }

  get unconfirmed(): number {
    return this.#unconfirmed.size
  }

  attach(channel: ConfirmChannel): void {
    this.#channel = channel
    this.#full = false
    this.#unsent = [...this.#unconfirmed]
    channel.on("drain", () => {
      if (this.#channel !== channel) return
      this.#full = false
      this.#send()
    })
    channel.on("close", () => {
      if (this.#channel === channel) this.#channel = undefined
    })
    this.#send()
  }

  /** `done` is called when the broker has confirmed the event, however many channels that takes. */
  publish(event: PublishedEvent, done: () => void): void {
    const entry = { event, done, refusals: 0 }
    this.#unconfirmed.add(entry)
    this.#options.onUnconfirmed(this.#unconfirmed.size)
    this.#unsent.push(entry)
    this.#send()
  }

  /** Hands the event to the broker if it can be done now; answers whether it was. */
  publishTransient(event: PublishedEvent): boolean {
    const channel = this.#channel
    if (channel === undefined || this.#full) return false
    try {
      this.#full = !this.#transmit(channel, event)
      return true
    } catch {
      return false
    }
  }

  /** Sends until everything is sent, the write buffer is full or the channel turns out to be closed. */
  #send(): void {
    while (this.#channel !== undefined && !this.#full) {
      const entry = this.#unsent.shift()
      if (entry === undefined) return
      this.#sendOne(this.#channel, entry)
    }
  }

  #sendOne(channel: ConfirmChannel, entry: Entry): void {
    try {
      this.#full = !this.#transmit(channel, entry.event, (error) => this.#answered(channel, entry, error))
    } catch (cause) {
      if (cause instanceof Error && cause.name === "IllegalOperationError") this.#channel = undefined
      else this.#refuse(entry, cause instanceof Error ? cause.message : String(cause))
    }
  }

  #answered(channel: ConfirmChannel, entry: Entry, error: unknown): void {
    if (error === null) return this.#settle(entry)
    // A closing channel answers so for everything; the next channel sends it again.
    if (channel !== this.#channel || !(error instanceof Error && error.message === "message nacked")) return
    entry.refusals += 1
    if (entry.refusals === MAX_REFUSALS) return this.#refuse(entry, "refused by the broker")
    this.#unsent.push(entry)
    this.#send()
  }

  #transmit(channel: ConfirmChannel, event: PublishedEvent, answered?: (error: unknown) => void): boolean {
    const { exchange, nodeId } = this.#options
    const properties: Options.Publish = {
      contentType: "application/json",
      contentEncoding: "utf-8",
      persistent: true,
      appId: nodeId,
      headers: event.headers
    }
    return channel.publish(exchange, event.routingKey, Buffer.from(event.json), properties, answered)
  }

  #refuse(entry: Entry, reason: string): void {
    this.#options.onRefused(entry.event, reason)
    this.#settle(entry)
  }

  #settle(entry: Entry): void {
    this.#unconfirmed.delete(entry)
    this.#options.onUnconfirmed(this.#unconfirmed.size)
    entry.done()
  }
}

/** A nack is the broker's own trouble (a full queue with `reject-publish`, an internal error). */
const MAX_REFUSALS = 3

interface Entry {
  readonly event: PublishedEvent
  readonly done: () => void
  refusals: number
}
