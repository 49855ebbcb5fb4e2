import { Effect } from "effect"
import { asteriskConfig } from "../actors/pbx/asterisk-config.ts"
import { type RuntimeAddress, restOf } from "./rest.ts"

/** The configuration that a plain Asterisk includes, with the queues of all tenants of a running runtime. */
export const asteriskConfigOf = Effect.fnUntraced(function* (address: RuntimeAddress) {
  const rest = yield* restOf(address)
  // confd's own list of queues.
  const { items } = (yield* rest("GET", "/api/confd/1.1/queues?recurse=true")) as {
    readonly items: ReadonlyArray<ConfdQueue>
  }
  return yield* asteriskConfig(
    items.map(({ music_on_hold, ...queue }) => ({ ...queue, musicOnHold: music_on_hold }))
  )
})

interface ConfdQueue {
  readonly name: string
  readonly label: string | null
  readonly enabled: boolean
  readonly music_on_hold: string | null
  readonly options: ReadonlyArray<readonly [string, string]>
}
