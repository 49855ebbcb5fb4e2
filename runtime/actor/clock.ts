import { Clock, Effect, Layer } from "effect"
import { singleton } from "../cluster/cluster.ts"
import { ActorHost } from "./host.ts"
import { ActorStore } from "./store.ts"
import { ActorSystem } from "./system.ts"

/** How many actors are woken by one look at the clock. */
const batch = 1_000

/**
 * Wakes actors that are not in memory: at start those whose committed actions were not finished, then those whose
 * deadline has come. Build it when all kinds are registered.
 */
export const actorClockLayer = Layer.unwrap(
  Effect.gen(function* () {
    const store = yield* ActorStore
    const system = yield* ActorSystem
    const host = yield* ActorHost

    const wakeAll = (actors: ReadonlyArray<{ readonly kind: string; readonly id: string }>) =>
      Effect.forEach(
        actors.filter(({ kind, id }) => host.resident(kind, id)?.view === undefined),
        ({ kind, id }) => Effect.ignore(system.wake(kind, id)),
        { concurrency: 64, discard: true }
      )
    const unfinished = Effect.flatMap(store.unfinished, wakeAll)
    const due = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatMap(store.due(now, batch), wakeAll)
    )
    const tick = (look: Effect.Effect<void, unknown>, pause: "1 second" | "15 seconds") =>
      Effect.ignore(look).pipe(Effect.andThen(Effect.sleep(pause)), Effect.forever)

    return singleton(
      "actor-clock",
      Effect.asVoid(Effect.all([tick(unfinished, "15 seconds"), tick(due, "1 second")], { concurrency: 2 }))
    )
  })
)
