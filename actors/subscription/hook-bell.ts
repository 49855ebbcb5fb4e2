import { Context, Effect, Layer, Queue } from "effect"
import { OutboxCommitted } from "../../runtime/bus/outbox-committed.ts"

/** Rung when hooks may be due: after a commit that wrote some. Whoever works them off waits for it. */
export class HookBell extends Context.Service<
  HookBell,
  {
    readonly ring: () => void
    /** Rings unless these are names of events that no subscription wants, as far as this node knows. */
    readonly ringFor: (names?: ReadonlyArray<string>) => void
    /**
     * The names of events that subscriptions want. Until it is told them the bell rings for every event. Rings when
     * there are new ones: a hook may have been written for them before they were known here.
     */
    readonly want: (names: ReadonlySet<string>) => void
    readonly heard: Effect.Effect<void>
  }
>()("strowger/actors/subscription/HookBell") {
  static readonly layer: Layer.Layer<HookBell> = Layer.effect(
    HookBell,
    Effect.map(Queue.sliding<void>(1), (queue) => {
      let wanted: ReadonlySet<string> | undefined
      const ring = () => void Queue.offerUnsafe(queue, undefined)
      return {
        ring,
        ringFor: (names) => {
          const known = wanted
          if (!names || !known || names.some((name) => known.has(name))) ring()
        },
        want: (names) => {
          const before = wanted
          wanted = names
          if ([...names].some((name) => !before?.has(name))) ring()
        },
        heard: Queue.take(queue)
      }
    })
  )
}

/** Rings after commits with events: hooks are written with the events by a trigger (`subscriptionMigrations`). */
export const hookBellLayer: Layer.Layer<never, never, HookBell> = Layer.effect(
  OutboxCommitted,
  Effect.map(HookBell, ({ ringFor }) => ringFor)
)
