import { Schema } from "effect"

/** `resting`: stored, and not in memory. `failed`: crashed too often; an operator can restart it. */
export const ActorHealth = Schema.Literals(["running", "restarting", "failed", "resting"])

/** A state as XState gives it: `"closed"`, `{ on: { call: "idle" } }`. Null before the first commit. */
const State = Schema.NullOr(Schema.Json)

/** ISO 8601, UTC. */
const Instant = Schema.NullOr(Schema.String)

const summary = {
  kind: Schema.String,
  id: Schema.String,
  resident: Schema.Boolean,
  health: ActorHealth,
  state: State,
  /** Seconds since the actor came into memory; null at rest. */
  age: Schema.NullOr(Schema.Finite),
  resident_since: Instant,
  last_active: Instant,
  restarts: Schema.Int,
  last_error: Schema.NullOr(Schema.String),
  /** Letters that wait. */
  mailbox: Schema.Int
}

/** An actor in a list. */
export const ActorSummary = Schema.Struct(summary).annotate({ identifier: "ActorSummary" })
export type ActorSummary = typeof ActorSummary.Type

export const ActorPage = Schema.Struct({ total: Schema.Int, items: Schema.Array(ActorSummary) })

/** One step that the actor took. */
const Transition = Schema.Struct({ at: Schema.String, event: Schema.String, from: State, to: State })

/** One actor, without its secrets. */
export const ActorDetail = Schema.Struct({
  ...summary,
  /** The dotted paths of all active states. */
  active: Schema.Array(Schema.String),
  /** Of the stored snapshot's form; null when nothing is stored. */
  version: Schema.NullOr(Schema.Int),
  context: Schema.Json,
  deadlines: Schema.Array(Schema.Struct({ id: Schema.String, at: Schema.String })),
  /** Actions that are committed and not known to be finished. */
  outstanding: Schema.Array(Schema.Struct({ type: Schema.String, params: Schema.Json })),
  /** The latest steps, oldest first. */
  transitions: Schema.Array(Transition)
}).annotate({ identifier: "ActorDetail" })
export type ActorDetail = typeof ActorDetail.Type

/** A kind of actor, and how its actors in memory are doing. */
export const KindSummary = Schema.Struct({
  name: Schema.String,
  version: Schema.Int,
  durable: Schema.Boolean,
  residents: Schema.Struct({
    total: Schema.Int,
    running: Schema.Int,
    restarting: Schema.Int,
    failed: Schema.Int
  }),
  /** Every state by its dotted path, with the number of actors in memory that are in it. */
  states: Schema.Array(Schema.Struct({ path: Schema.String, residents: Schema.Int }))
}).annotate({ identifier: "KindSummary" })
export type KindSummary = typeof KindSummary.Type

export const KindList = Schema.Struct({ total: Schema.Int, items: Schema.Array(KindSummary) })
