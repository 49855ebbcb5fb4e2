import { Context } from "effect"

/**
 * Called on a node after each of its commits that wrote events into the outbox, before they are on the bus: for work
 * that a trigger of the outbox's table has written with them. Is told the names of the events where the committer gave
 * them. Must not throw. By default nobody is called.
 */
export const OutboxCommitted = Context.Reference<(names?: ReadonlyArray<string>) => void>(
  "strowger/runtime/bus/OutboxCommitted",
  { defaultValue: () => () => {} }
)
