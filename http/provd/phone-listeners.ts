import { Context, Layer } from "effect"

/** Whether phones can fetch their files from this node: who listens for them says so here. */
export class PhoneListeners extends Context.Service<
  PhoneListeners,
  {
    readonly set: (listener: "tftp" | "http", up: boolean) => void
    readonly isUp: (listener: "tftp" | "http") => boolean
  }
>()("strowger/http/provd/PhoneListeners") {
  static readonly layer: Layer.Layer<PhoneListeners> = Layer.sync(PhoneListeners, () => {
    const up = new Set<string>()
    return {
      set: (listener, isUp) => void (isUp ? up.add(listener) : up.delete(listener)),
      isUp: (listener) => up.has(listener)
    }
  })
}
