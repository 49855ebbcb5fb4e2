import type { Schema } from "effect"
import type { StateValue } from "xstate"
import { activePaths, type RosterDetail, type RosterEntry } from "../../runtime/actor/roster.ts"
import type { ActorDetail, ActorSummary } from "../../schemas/inspect/actor.ts"

/** An actor of the roster as the surface shows it in a list. */
export const actorSummary = (entry: RosterEntry, now: number): ActorSummary => ({
  kind: entry.kind,
  id: entry.id,
  resident: entry.health !== "resting",
  health: entry.health,
  state: stateJson(entry.state),
  age: entry.residentSince === undefined ? null : Math.round((now - entry.residentSince) / 1000),
  resident_since: instant(entry.residentSince),
  last_active: instant(entry.lastActive),
  restarts: entry.restarts,
  last_error: entry.lastError ?? null,
  mailbox: entry.mailbox
})

/** One actor with all that may be told of it. */
export const actorDetail = (found: RosterDetail, now: number): ActorDetail => ({
  ...actorSummary(found, now),
  active: found.state === undefined ? [] : activePaths(found.state),
  version: found.version ?? null,
  context: json(found.context),
  deadlines: Object.entries(found.deadlines).map(([id, at]) => ({ id, at: new Date(at).toISOString() })),
  outstanding: found.outstanding.map(({ type, params }) => ({ type, params: json(params) })),
  transitions: found.transitions.map(({ at, event, from, to }) => ({
    at: new Date(at).toISOString(),
    event,
    from: JSON.parse(from),
    to: JSON.parse(to)
  }))
})

const instant = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString()

/** A state value is JSON by nature. */
const stateJson = (state: StateValue | undefined): Schema.Json => json(state)

/** Contexts are plain JSON; what is none (an `undefined` key) is dropped. */
const json = (value: unknown): Schema.Json => (value === undefined ? null : JSON.parse(JSON.stringify(value)))
