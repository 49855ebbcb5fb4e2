import { Context, Effect, Layer, type Scope } from "effect"

/** Tells views in memory which agents of this node have a new state. */
export class AgentChanges extends Context.Service<
  AgentChanges,
  {
    readonly changed: (agentId: number) => void
    /** The listener is called after each commit; it must return at once and must not throw. */
    readonly on: (listener: (agentId: number) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("strowger/actors/agent/AgentChanges") {
  static readonly layer = Layer.sync(AgentChanges, () => {
    const listeners = new Set<(agentId: number) => void>()
    return {
      changed: (agentId) => {
        for (const listener of listeners) listener(agentId)
      },
      on: (listener) =>
        Effect.acquireRelease(
          Effect.sync(() => void listeners.add(listener)),
          () => Effect.sync(() => listeners.delete(listener))
        )
    }
  })
}
