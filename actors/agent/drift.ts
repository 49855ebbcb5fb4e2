import { Context, Layer } from "effect"

/**
 * Remembers that Asterisk may know something else of an agent than we do, and rings whoever mends it.
 */
export class Drift extends Context.Service<
  Drift,
  {
    /** Something was sent and not answered. */
    readonly suspect: () => void
    readonly onSuspicion: (listener: () => void) => void
  }
>()("strowger/actors/agent/Drift") {
  static readonly layer = Layer.sync(Drift, () => {
    let ring = () => {}
    return {
      suspect: () => ring(),
      onSuspicion: (listener) => {
        ring = listener
      }
    }
  })
}
