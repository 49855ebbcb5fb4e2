import { Context, type Effect, Layer } from "effect"
import type { AgiAnswer, AgiRequest } from "./agi.ts"

/** Answers the requests for one script. */
export type AgiScript = (request: AgiRequest) => Effect.Effect<AgiAnswer>

/** Who answers what the dialplan asks, by the path of its URL: `agi://host:4573/agent` is the script `agent`. */
export class AgiScripts extends Context.Service<
  AgiScripts,
  {
    readonly serve: (name: string, script: AgiScript) => void
    readonly find: (name: string) => AgiScript | undefined
  }
>()("strowger/runtime/agi/AgiScripts") {
  static readonly layer: Layer.Layer<AgiScripts> = Layer.sync(AgiScripts, () => {
    const scripts = new Map<string, AgiScript>()
    return {
      serve: (name, script) => void scripts.set(name, script),
      find: (name) => scripts.get(name)
    }
  })
}
