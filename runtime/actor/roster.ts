import { Context, Data, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { StateValue } from "xstate"
import type { ActorUnavailable, AskError } from "./errors.ts"
import { ActorHost } from "./host.ts"
import { redact, redactText } from "./inspection.ts"
import type { ActorStatus, Health, Transition } from "./shell.ts"
import type { PlannedAction, StoredSnapshot } from "./step.ts"
import { type Deadline, StoreUnavailable } from "./store.ts"
import { ActorSystem } from "./system.ts"

/** How an actor is doing: as its shell says, or resting in the store alone. */
export type RosterHealth = Health | "resting"

/** An actor as it stands in a list. Times in milliseconds since the epoch. */
export interface RosterEntry {
  readonly kind: string
  readonly id: string
  readonly health: RosterHealth
  /** Undefined for an actor that has no committed state yet. */
  readonly state: StateValue | undefined
  /** Undefined for an actor at rest. */
  readonly residentSince: number | undefined
  readonly lastActive: number | undefined
  readonly restarts: number
  readonly lastError: string | undefined
  /** Letters that wait. */
  readonly mailbox: number
}

/** Everything an operator may know of one actor. Secrets are gone. */
export interface RosterDetail extends RosterEntry {
  /** Of the stored snapshot's form. */
  readonly version: number | undefined
  readonly context: unknown
  /** When each running delay ends. */
  readonly deadlines: Readonly<Record<string, number>>
  /** Actions that were committed before they were performed, and are not known to be finished. */
  readonly outstanding: ReadonlyArray<PlannedAction>
  readonly transitions: ReadonlyArray<Transition>
}

/** What a list is narrowed to. Absent: everything. */
export interface RosterFilter {
  readonly kind?: string | undefined
  readonly health?: RosterHealth | undefined
  /** The dotted path of an active state: `on.call` finds `on.call.idle` too. */
  readonly state?: string | undefined
  /** Part of an id, in any case. */
  readonly search?: string | undefined
  readonly limit: number
  readonly offset: number
}

/** No such actor is in memory or in the store. */
export class UnknownActor extends Data.TaggedError("UnknownActor")<{
  readonly kind: string
  readonly id: string
}> {}

/** The actor cannot be restarted or put to rest now; `message` says why. Nothing changed. */
export class ActorBusy extends Data.TaggedError("ActorBusy")<{ readonly message: string }> {}

/**
 * All actors, those in memory on this node and those at rest in the store, and what an operator may do to them.
 */
export class Roster extends Context.Service<
  Roster,
  {
    /** A page in the order of kind and id. */
    readonly list: (
      filter: RosterFilter
    ) => Effect.Effect<
      { readonly total: number; readonly items: ReadonlyArray<RosterEntry> },
      StoreUnavailable
    >
    readonly find: (kind: string, id: string) => Effect.Effect<RosterDetail, UnknownActor | StoreUnavailable>
    /** Starts an actor again from its last committed snapshot; one that had failed runs again. */
    readonly restart: (
      kind: string,
      id: string
    ) => Effect.Effect<void, UnknownActor | ActorBusy | StoreUnavailable>
    /** Lets an actor leave memory; it comes back with the next letter or deadline. */
    readonly passivate: (
      kind: string,
      id: string
    ) => Effect.Effect<void, UnknownActor | ActorBusy | StoreUnavailable>
  }
>()("strowger/runtime/actor/Roster") {
  static readonly layer: Layer.Layer<Roster, never, ActorHost | ActorSystem | SqlClient.SqlClient> =
    Layer.effect(
      Roster,
      Effect.suspend(() => makeRoster)
    )
}

/** The dotted paths of all active states: `on`, `on.call`, `on.call.idle`. */
export const activePaths = (value: StateValue): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : Object.entries(value).flatMap(([key, inner]) =>
        inner === undefined ? [key] : [key, ...activePaths(inner).map((path) => `${key}.${path}`)]
      )

const makeRoster = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const host = yield* ActorHost
  const system = yield* ActorSystem

  const valueOf = (kind: string, id: string) => host.resident(kind, id)?.view?.value

  /** The residents go along as one parameter, so that the database orders, counts and pages all actors at once. */
  const page = ({ kind, health, state, search, limit, offset }: RosterFilter) => {
    const wanted = (search ?? "").toLowerCase()
    const residents = host
      .statuses()
      .filter(
        (status) => (kind === undefined || status.kind === kind) && status.id.toLowerCase().includes(wanted)
      )
      .map((status) => ({
        kind: status.kind,
        id: status.id,
        health: status.health,
        value: valueOf(status.kind, status.id)
      }))
    const leaf = state?.slice(state.lastIndexOf(".") + 1)
    const above = state?.slice(0, Math.max(0, state.lastIndexOf(".")))
    return sql<PageRow>`
      with resident as (
        select * from jsonb_to_recordset(${JSON.stringify(residents)}::text::jsonb)
          as t(kind text, id text, health text, value jsonb)
      ), stored as (
        select kind, id, snapshot -> 'value' as stored_value, changed_at from actor
        where (${kind ?? null}::text is null or kind = ${kind ?? null}::text)
          and position(${wanted}::text in lower(id)) > 0
      ), found as (
        select kind, id, coalesce(value, stored_value) as value, changed_at
        from resident full join stored using (kind, id)
        where (${health ?? null}::text is null or coalesce(health, 'resting') = ${health ?? null}::text)
          and (${leaf ?? null}::text is null or jsonb_exists(
            coalesce(value, stored_value) #> string_to_array(${above ?? ""}::text, '.'), ${leaf ?? null}::text))
      )
      select (select count(*) from found)::int as total, page.*
      from (select) as one left join
        (select * from found order by kind, id limit ${limit}::int offset ${offset}::int) as page on true`
  }

  const stored = (kind: string, id: string) =>
    sql<StoredRow>`
      select version, snapshot, outstanding, deadlines, changed_at from actor where kind = ${kind} and id = ${id}`.pipe(
      Effect.map(([row]) => row),
      Effect.mapError((cause) => new StoreUnavailable({ cause }))
    )

  const mustBeStored = Effect.fnUntraced(function* (kind: string, id: string) {
    if ((yield* stored(kind, id)) === undefined) return yield* new UnknownActor({ kind, id })
  })

  return Roster.of({
    list: (filter) =>
      page(filter).pipe(
        Effect.map((rows) => ({
          total: rows[0]?.total ?? 0,
          items: rows.flatMap(({ kind, id, value, changed_at }) =>
            kind === null || id === null
              ? []
              : [entryOf(kind, id, host.resident(kind, id)?.status, valueOf(kind, id) ?? value, changed_at)]
          )
        })),
        Effect.mapError((cause) => new StoreUnavailable({ cause }))
      ),
    find: Effect.fnUntraced(function* (kind, id) {
      const shell = host.resident(kind, id)
      const row = host.kind(kind)?.durable === false ? undefined : yield* stored(kind, id)
      if (shell === undefined && row === undefined) return yield* new UnknownActor({ kind, id })
      const view = shell?.view ?? row?.snapshot
      const status = shell?.status
      return {
        ...entryOf(kind, id, status, view?.value, row?.changed_at ?? null),
        version: row?.version,
        context: redact(view?.context),
        deadlines: status?.deadlines ?? endsOf(row?.deadlines ?? {}),
        // Redaction keeps the shape of what it is given.
        outstanding: redact(row?.outstanding ?? []) as RosterDetail["outstanding"],
        transitions: status?.transitions ?? []
      }
    }),
    restart: Effect.fnUntraced(function* (kind, id) {
      const shell = host.resident(kind, id)
      if (shell !== undefined) {
        if (shell.busy && shell.status.health === "running") return yield* busy
        return shell.restart()
      }
      yield* mustBeStored(kind, id)
      yield* Effect.mapError(system.wake(kind, id), unreachable)
    }),
    passivate: Effect.fnUntraced(function* (kind, id) {
      if (host.resident(kind, id) === undefined) return yield* mustBeStored(kind, id)
      if (host.kind(kind)?.durable === false) return yield* onlyInMemory
      if (!host.passivate(kind, id)) return yield* busy
    })
  })
})

interface PageRow {
  readonly total: number
  readonly kind: string | null
  readonly id: string | null
  readonly value: StateValue | null
  readonly changed_at: Date | null
}

interface StoredRow {
  readonly version: number
  readonly snapshot: StoredSnapshot
  readonly outstanding: ReadonlyArray<PlannedAction> | null
  readonly deadlines: Readonly<Record<string, Deadline>> | null
  readonly changed_at: Date
}

const entryOf = (
  kind: string,
  id: string,
  status: ActorStatus | undefined,
  state: StateValue | null | undefined,
  changedAt: Date | null
): RosterEntry => ({
  kind,
  id,
  health: status?.health ?? "resting",
  state: state ?? undefined,
  residentSince: status?.residentSince,
  lastActive: status?.lastActive ?? changedAt?.getTime(),
  restarts: status?.restarts ?? 0,
  lastError:
    status?.lastError === undefined ? undefined : redactText(status.lastError.slice(0, mostOfAnError)),
  mailbox: status?.mailbox ?? 0
})

const endsOf = (deadlines: Readonly<Record<string, Deadline>>): RosterDetail["deadlines"] =>
  Object.fromEntries(Object.entries(deadlines).map(([name, { at }]) => [name, at]))

/** Characters of an error that are shown. */
const mostOfAnError = 2_000

const busy = new ActorBusy({ message: "The actor is busy with a letter" })
const onlyInMemory = new ActorBusy({
  message: "The actor is kept in memory alone: it would lose its state"
})
const unreachable = (error: AskError | ActorUnavailable) => new ActorBusy({ message: error.message })
