import { Effect, Layer } from "effect"
import { makeDispatch, subscribeTo } from "./dispatch.ts"
import { EventBus } from "./event-bus.ts"
import * as metrics from "./metrics.ts"

/** The bus of a single process: an event is taken as soon as its subscribers have been called. */
export const layerMemory: Layer.Layer<EventBus> = Layer.effect(
  EventBus,
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const dispatch = yield* makeDispatch
    const publishTransient: EventBus["Service"]["publishTransient"] = (event) => {
      metrics.published.updateUnsafe(1, context)
      dispatch.deliver(event)
    }
    return EventBus.of({
      publish: (event) => Effect.sync(() => publishTransient(event)),
      publishTransient,
      subscribe: subscribeTo(dispatch),
      connected: () => true
    })
  })
)
