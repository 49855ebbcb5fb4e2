import { Effect, Layer, Stream } from "effect"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { LoggedExtensions } from "../pbx/logged-extensions.ts"
import { agentActor } from "./agent.ts"

/** Tells the configuration on which contexts agents are logged in, from their committed states. */
export const loggedExtensionsLayer: Layer.Layer<never, never, ActorSystem> = Layer.effect(
  LoggedExtensions,
  Effect.map(ActorSystem, (system) => ({
    contextInUse: (name) =>
      system.all(agentActor).pipe(
        Stream.filter(({ view }) => view.context.session?.context === name),
        Stream.take(1),
        Stream.runCollect,
        Effect.map((found) => found.length > 0),
        Effect.orDie
      )
  }))
)
