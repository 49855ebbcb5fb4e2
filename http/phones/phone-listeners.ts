import { Context, Layer } from "effect"

/** Whether, and where, phones can fetch their files from this node: who listens for them says so here. */
export class PhoneListeners extends Context.Service<
  PhoneListeners,
  {
    readonly set: (listener: "tftp" | "http", port: number | undefined) => void
    readonly port: (listener: "tftp" | "http") => number | undefined
    readonly isUp: (listener: "tftp" | "http") => boolean
  }
>()("strowger/http/phones/PhoneListeners") {
  static readonly layer: Layer.Layer<PhoneListeners> = Layer.sync(PhoneListeners, () => {
    const ports = new Map<string, number>()
    return {
      set: (listener, port) => void (port === undefined ? ports.delete(listener) : ports.set(listener, port)),
      port: (listener) => ports.get(listener),
      isUp: (listener) => ports.has(listener)
    }
  })
}
