import { Cause, Effect } from "effect"
import { type BusEvent, envelopeOf, type HeaderValue } from "../../schemas/events/envelope.ts"
import type { Binding, EventBus, PublishedEvent } from "./event-bus.ts"

type Handler = (event: PublishedEvent) => void

/**
 * The subscribers of one node. Handlers are called synchronously, in the order in which events are delivered; an
 * event that a handler publishes follows after the one that it is handling. A handler that throws is reported and
 * the others are called all the same. An event without subscribers costs one look into a map.
 */
export class Dispatch {
  readonly #named = new Map<string, ReadonlyArray<Subscription>>()
  #wild: ReadonlyArray<Subscription> = []
  readonly #waiting: Array<BusEvent> = []
  #delivering = false
  readonly #onError: (eventName: string, cause: unknown) => void

  constructor(onError: (eventName: string, cause: unknown) => void) {
    this.#onError = onError
  }

  /** Whether an event of this name may reach a subscriber. */
  wants(name: string): boolean {
    return this.#wild.length > 0 || this.#named.has(name)
  }

  /** Calls the handler for every matching event, until the answered function is called. */
  subscribe(binding: Binding, handler: Handler): () => void {
    const subscription: Subscription = {
      active: true,
      handler,
      matches: headerMatcher(binding),
      hereOnly: binding.publishedBy === "this node"
    }
    const { name } = binding
    this.#set(name, [...this.#of(name), subscription])
    return () => {
      subscription.active = false
      this.#set(
        name,
        this.#of(name).filter((other) => other !== subscription)
      )
    }
  }

  deliver(event: BusEvent): void {
    if (!this.wants(event.name)) return
    this.#waiting.push(event)
    if (this.#delivering) return
    this.#delivering = true
    // A handler's errors do not come out of #call.
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#deliver(next)
    this.#delivering = false
  }

  /** Calls only those who subscribed to this very name: for what is no event of the catalogue. */
  tell(event: BusEvent): void {
    const published = publishedEvent(event)
    for (const subscription of this.#of(event.name)) this.#call(subscription, published)
  }

  #deliver(event: BusEvent): void {
    const named = this.#of(event.name)
    const wild = this.#wild
    if (named.length === 0 && wild.length === 0) return
    const published = publishedEvent(event)
    for (const subscription of named) this.#call(subscription, published)
    for (const subscription of wild) this.#call(subscription, published)
  }

  #call({ active, matches, handler, hereOnly }: Subscription, event: Published): void {
    if (!active || (hereOnly && event.isForeign) || !matches(event.headers)) return
    try {
      handler(event)
    } catch (cause) {
      this.#onError(event.name, cause)
    }
  }

  #of(name: string | undefined): ReadonlyArray<Subscription> {
    return name === undefined ? this.#wild : (this.#named.get(name) ?? [])
  }

  #set(name: string | undefined, subscriptions: ReadonlyArray<Subscription>): void {
    if (name === undefined) this.#wild = subscriptions
    else if (subscriptions.length === 0) this.#named.delete(name)
    else this.#named.set(name, subscriptions)
  }
}

/** A dispatch that logs what its handlers throw. */
export const makeDispatch: Effect.Effect<Dispatch> = Effect.map(Effect.context<never>(), (context) => {
  const runFork = Effect.runForkWith(context)
  return new Dispatch((name, cause) => {
    runFork(Effect.logError(`a subscriber of the event ${name} failed`, Cause.die(cause)))
  })
})

/** The `subscribe` of a bus whose subscribers are those of a dispatch. */
export const subscribeTo =
  (dispatch: Dispatch): EventBus["Service"]["subscribe"] =>
  (binding, handler) =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => dispatch.subscribe(binding, handler)),
        (unsubscribe) => Effect.sync(unsubscribe)
      )
    )

/** The event with its body, serialised at the first use. `json` is given where the body is known already. */
export const publishedEvent = (event: BusEvent, json?: string): Published =>
  event instanceof Published ? event : new Published(event, json)

/** An event that another node has published. */
export const foreignEvent = (event: BusEvent): PublishedEvent => new Published(event, undefined, true)

interface Subscription {
  active: boolean
  readonly handler: Handler
  readonly matches: (headers: Readonly<Record<string, HeaderValue>>) => boolean
  readonly hereOnly: boolean
}

class Published implements PublishedEvent {
  readonly name: string
  readonly headers: Readonly<Record<string, HeaderValue>>
  readonly data: object
  readonly routingKey: string
  readonly isForeign: boolean
  #json: string | undefined

  constructor({ name, headers, data, routingKey }: BusEvent, json: string | undefined, isForeign = false) {
    this.name = name
    this.headers = headers
    this.data = data
    this.routingKey = routingKey
    this.isForeign = isForeign
    this.#json = json
  }

  get json(): string {
    this.#json ??= JSON.stringify(envelopeOf(this))
    return this.#json
  }
}

/** As a headers exchange does it: presence and equality of all the headers, or of one of them. */
const headerMatcher = ({ headers, match }: Binding): Subscription["matches"] => {
  const wanted = Object.entries(headers ?? {})
  if (wanted.length === 0) return () => true
  return match === "any"
    ? (present) => wanted.some(([name, value]) => present[name] === value)
    : (present) => wanted.every(([name, value]) => present[name] === value)
}
