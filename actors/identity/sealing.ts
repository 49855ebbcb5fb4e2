import { Context, Effect, Layer } from "effect"
import type { AppConfig } from "../../runtime/config.ts"
import { makeSealing, type Sealed } from "../../runtime/sealing.ts"
import { identityKey } from "./refresh-token-key.ts"

/** Passwords of service accounts and tokens of external accounts are kept sealed; the purpose names their row. */
export class Sealing extends Context.Service<Sealing, Sealed>()("strowger/actors/identity/Sealing") {
  static readonly layer: Layer.Layer<Sealing, never, AppConfig> = Layer.effect(
    Sealing,
    Effect.map(identityKey, (key) => makeSealing(key, "strowger sealed secrets"))
  )
}
