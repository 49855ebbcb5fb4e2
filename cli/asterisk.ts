import { Effect } from "effect"
import { asteriskConfig } from "../actors/pbx/asterisk-config.ts"
import { type Rest, type RuntimeAddress, restOf } from "./rest.ts"

/** The configuration that a plain Asterisk includes, with the queues of all tenants of a running runtime. */
export const asteriskConfigOf = Effect.fnUntraced(function* (address: RuntimeAddress) {
  const rest = yield* restOf(address)
  // confd's own list of queues.
  const { items } = (yield* rest("GET", "/api/confd/1.1/queues?recurse=true")) as {
    readonly items: ReadonlyArray<ConfdQueue>
  }
  return yield* asteriskConfig(
    items.map(({ music_on_hold, ...queue }) => ({ ...queue, musicOnHold: music_on_hold })),
    yield* autoprovAccount(rest)
  )
})

/** The account of phones that nobody gave a line; undefined when an administrator took it away. */
const autoprovAccount = (rest: Rest) =>
  rest("GET", "/api/provd/0.2/cfg_mgr/configs/autoprov").pipe(
    Effect.map((answer) => {
      // provd's own answer; its documents are free.
      const { config } = answer as { readonly config: { readonly raw_config?: RawLines } }
      const { username, password } = config.raw_config?.sip_lines?.["1"] ?? {}
      return username && password ? { username, password } : undefined
    }),
    Effect.catch(() => Effect.undefined)
  )

interface RawLines {
  readonly sip_lines?: Readonly<
    Record<string, { readonly username?: string | null; readonly password?: string | null }>
  >
}

interface ConfdQueue {
  readonly name: string
  readonly label: string | null
  readonly enabled: boolean
  readonly music_on_hold: string | null
  readonly options: ReadonlyArray<readonly [string, string]>
}
