import { Context, type Effect } from "effect"
import type { SqlError } from "effect/sql"

/** An event on its way from the outbox to the bus. */
export interface TappedEvent {
  readonly name: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly data: unknown
  /** The envelope as consumers of the bus get it. */
  readonly body: string
}

/**
 * Work that every committed event leads to, done exactly once for each: in the transaction that takes the event out
 * of the outbox. A crash before it leaves the event there, and the work is done when it is relayed again.
 */
export interface OutboxTap {
  /** Runs inside that transaction; a failure keeps the events in the outbox until it succeeds. */
  readonly take: (events: ReadonlyArray<TappedEvent>) => Effect.Effect<void, SqlError.SqlError>
  /** Called after the commit. Must not throw. */
  readonly committed: () => void
}

/**
 * The tap of the outbox; by default none. It must be there when the outbox is built: the relay may find events of an
 * earlier life at once.
 */
export const OutboxTap = Context.Reference<OutboxTap | undefined>("strowger/runtime/bus/OutboxTap", {
  defaultValue: () => undefined
})
