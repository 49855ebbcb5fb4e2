import { Context, Effect, Layer, Queue } from "effect"
import { OutboxCommitted } from "../../runtime/bus/outbox-committed.ts"

/** Rung when hooks may be due: after a commit that wrote some. Whoever works them off waits for it. */
export class HookBell extends Context.Service<
  HookBell,
  { readonly ring: () => void; readonly heard: Effect.Effect<void> }
>()("strowger/actors/subscription/HookBell") {
  static readonly layer: Layer.Layer<HookBell> = Layer.effect(
    HookBell,
    Effect.map(Queue.sliding<void>(1), (queue) => ({
      ring: () => void Queue.offerUnsafe(queue, undefined),
      heard: Queue.take(queue)
    }))
  )
}

/** Rings after every commit with events: hooks are written with the events by a trigger (`subscriptionMigrations`). */
export const hookBellLayer: Layer.Layer<never, never, HookBell> = Layer.effect(
  OutboxCommitted,
  Effect.map(HookBell, ({ ring }) => ring)
)
