import { escapeValue } from "./channel.ts"
import type { Engine, Headers } from "./engine.ts"

export interface Presence {
  readonly state: string
  readonly subtype: string
  readonly message: string
}

/** States of `CustomPresence:<name>`, as the command `presencestate change` sets them. */
export interface Presences {
  readonly get: (provider: string) => Presence | undefined
  /** `<state>[,<subtype>[,<message>]]`; answers false when the state is none. */
  readonly change: (provider: string, value: string) => boolean
  readonly all: () => ReadonlyMap<string, Presence>
}

export const makePresences = (engine: Engine, start: ReadonlyMap<string, Presence>): Presences => {
  const presences = new Map(start)
  return {
    get: (provider) =>
      provider.startsWith("CustomPresence:") ? (presences.get(provider) ?? NOT_SET) : undefined,
    change: (provider, value) => {
      const [state = "", subtype = "", message = ""] = value.split(",")
      if (!STATES.has(state.toLowerCase())) return false
      const presence = { state: state.toLowerCase(), subtype, message }
      presences.set(provider, presence)
      engine.emit("PresenceStateChange", "call", presenceHeaders(provider, presence))
      return true
    },
    all: () => presences
  }
}

/** The body of PresenceStateChange. */
export const presenceHeaders = (provider: string, presence: Presence): Headers => [
  ["Presentity", provider],
  ["Status", presence.state],
  ["Subtype", escapeValue(presence.subtype)],
  ["Message", escapeValue(presence.message)]
]

const NOT_SET: Presence = { state: "not_set", subtype: "", message: "" }
const STATES = new Set(["not_set", "unavailable", "available", "away", "xa", "chat", "dnd"])
