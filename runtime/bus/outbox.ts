import { Context, type Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { BusEvent } from "../../schemas/events/envelope.ts"

/**
 * Events that follow from a committed change (architecture, section 3). `append` writes rows in the caller's
 * transaction; the relay publishes them in order, at least once, and deletes each when the bus has taken it.
 */
export class Outbox extends Context.Service<
  Outbox,
  {
    /** Call inside `sql.withTransaction`; follow the commit with `wake`. */
    readonly append: (events: ReadonlyArray<BusEvent>) => Effect.Effect<void, SqlError.SqlError>
    /** Tells the relay of this node that something was committed. Never waits. */
    readonly wake: () => void
    /** Completes when every event that was committed before the call has been taken by the bus. */
    readonly drained: Effect.Effect<void>
  }
>()("strowger/runtime/bus/Outbox") {}
