import { Context, type Effect, type Scope } from "effect"
import type { BusEvent } from "../../schemas/events/envelope.ts"

/**
 * What travels on the bus: an event and its serialised body, produced once and only when somebody asks for it.
 */
export interface PublishedEvent extends BusEvent {
  /** The JSON envelope, serialised on first use and then kept. */
  readonly json: string
}

export interface Binding {
  /** Only events of this name; absent: every event. */
  readonly name?: string
  /** Headers that must be present with an equal value (`x-match: all`) or one of them (`any`). */
  readonly headers?: Readonly<Record<string, string | boolean | number>>
  readonly match?: "all" | "any"
  /** Absent: events of every node. For what several nodes that hear of an event must do once. */
  readonly publishedBy?: "this node"
}

/**
 * Who subscribes to this name is told whenever the bus of this node is connected (again) to the other nodes: events
 * of theirs may have been missed until now. Who keeps a cache right by events reads it anew. It is no event of the
 * catalogue: subscribers without a name do not get it, nor does any other node.
 */
export const busConnected = "strowger_bus_connected"

/**
 * The one bus of the runtime (contracts/events.md 2).
 *
 * **Details**
 * - `publish` delivers to the subscribers of this node at once and in call order, and completes when the
 *   backing has taken responsibility for the event: memory at once, AMQP after the broker's confirm. It waits
 *   through a broker outage and never loses or reorders what it was given. The outbox relay is its caller.
 * - `publishTransient` is for raw AMI events: same local delivery and order, no waiting, dropped for the broker
 *   while the broker is away.
 * - `subscribe` calls the handler synchronously, in publish order, for events of this node and, with a broker,
 *   of the other nodes. A handler that throws is logged and disturbs nobody else. Handlers must be quick: hand
 *   work to a queue of your own.
 */
export class EventBus extends Context.Service<
  EventBus,
  {
    readonly publish: (event: BusEvent) => Effect.Effect<void>
    readonly publishTransient: (event: BusEvent) => void
    readonly subscribe: (
      binding: Binding,
      handler: (event: PublishedEvent) => void
    ) => Effect.Effect<void, never, Scope.Scope>
    /** Whether the backing is reachable now. */
    readonly connected: () => boolean
  }
>()("strowger/runtime/bus/EventBus") {}
