import { Context, Effect, Layer } from "effect"

/**
 * What must be brought in line with Asterisk after each login and each boot of Asterisk: every domain adds its own.
 */
export class Synchronisers extends Context.Service<
  Synchronisers,
  {
    readonly add: (name: string, synchronise: Effect.Effect<void>) => void
    /** Runs them one after the other; one that fails is logged and does not stop the others. */
    readonly run: Effect.Effect<void>
  }
>()("strowger/actors/ami-session/Synchronisers") {
  static readonly layer = Layer.sync(Synchronisers, () => {
    const all: Array<{ readonly name: string; readonly synchronise: Effect.Effect<void> }> = []
    return {
      add: (name, synchronise) => {
        all.push({ name, synchronise })
      },
      run: Effect.suspend(() =>
        Effect.forEach(
          all,
          ({ name, synchronise }) =>
            synchronise.pipe(
              Effect.timeoutOrElse({
                duration: "45 seconds",
                orElse: () => Effect.logError(`Bringing ${name} in line with Asterisk took too long`)
              }),
              Effect.catchCause((cause) =>
                Effect.logError(`Bringing ${name} in line with Asterisk failed`, cause)
              )
            ),
          { discard: true }
        )
      )
    }
  })
}
