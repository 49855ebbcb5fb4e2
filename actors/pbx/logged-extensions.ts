import { Context, Effect } from "effect"

/** What the configuration must know of logged agents (contracts/callcenter.md 10: a context cannot be deleted). */
export class LoggedExtensions extends Context.Reference<{
  /** Whether an agent is logged in on an extension of the context. */
  readonly contextInUse: (name: string) => Effect.Effect<boolean>
}>("strowger/actors/pbx/LoggedExtensions", {
  defaultValue: () => ({ contextInUse: () => Effect.succeed(false) })
}) {}
