import { Context, Data, Deferred, Effect, Layer, Queue } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { EventObject } from "xstate"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { Outbox } from "../bus/outbox.ts"
import type { PlannedAction, StoredSnapshot } from "./step.ts"

/** A delay that is running: when it ends (milliseconds since the epoch) and the event it brings. */
export interface Deadline {
  readonly at: number
  readonly event: EventObject
}

/** An actor as stored. */
export interface StoredActor {
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly snapshot: StoredSnapshot
  /** Actions that were committed before they were performed, and are not known to be finished. */
  readonly outstanding: ReadonlyArray<PlannedAction>
  readonly deadlines: Readonly<Record<string, Deadline>>
}

/** One actor's change, committed whole or not at all. */
export interface Commit extends StoredActor {
  readonly events: ReadonlyArray<BusEvent>
  readonly writes: ReadonlyArray<Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient>>
  readonly claimed: ReadonlyArray<string>
  readonly released: ReadonlyArray<string>
}

/** Another actor holds one of the claims. Nothing was stored. */
export class ClaimConflict extends Data.TaggedError("ClaimConflict")<{
  readonly claims: ReadonlyArray<string>
}> {}

/** The database did not take the change; it may be tried again. */
export class StoreUnavailable extends Data.TaggedError("StoreUnavailable")<{ readonly cause: unknown }> {
  override get message() {
    return "The actor store is unavailable"
  }
}

/**
 * Where actors' snapshots live.
 *
 * **Details**
 * Commits that arrive while a transaction is under way are written together in the next one, so that many actors
 * share the price of a commit. A commit that the database refuses is tried again alone and harms no other.
 */
export class ActorStore extends Context.Service<
  ActorStore,
  {
    readonly commit: (change: Commit) => Effect.Effect<void, ClaimConflict | StoreUnavailable>
    readonly load: (kind: string, id: string) => Effect.Effect<StoredActor | undefined, StoreUnavailable>
    /** A page of a kind's actors in the order of their ids, after the given one. */
    readonly page: (
      kind: string,
      after: string,
      limit: number
    ) => Effect.Effect<ReadonlyArray<StoredActor>, StoreUnavailable>
    /** Actors with committed but unfinished actions, and those with a deadline up to the given time. */
    readonly due: (
      until: number,
      limit: number
    ) => Effect.Effect<ReadonlyArray<{ readonly kind: string; readonly id: string }>, StoreUnavailable>
    readonly unfinished: Effect.Effect<
      ReadonlyArray<{ readonly kind: string; readonly id: string }>,
      StoreUnavailable
    >
    /** Who holds a claim. */
    readonly holder: (kind: string, claim: string) => Effect.Effect<string | undefined, StoreUnavailable>
    /** Forgets an actor and its claims, with the events of its end. */
    readonly remove: (kind: string, id: string) => Effect.Effect<void, StoreUnavailable>
  }
>()("strowger/runtime/actor/ActorStore") {
  static readonly layer: Layer.Layer<ActorStore, never, SqlClient.SqlClient | Outbox> = Layer.effect(
    ActorStore,
    Effect.suspend(() => makeStore)
  )
}

/** The most commits written in one transaction. */
const batchSize = 500

interface Waiting {
  readonly change: Commit
  readonly done: Deferred.Deferred<void, ClaimConflict | StoreUnavailable>
}

const makeStore = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const outbox = yield* Outbox
  const waiting = yield* Queue.unbounded<Waiting>()

  const writeActors = (changes: ReadonlyArray<Commit>) => sql`
    insert into actor (kind, id, version, snapshot, outstanding, deadlines, next_deadline)
    select kind, id, version, snapshot, outstanding, deadlines, next_deadline
    from jsonb_to_recordset(${JSON.stringify(changes.map(toRow))}::text::jsonb)
      as t(kind text, id text, version integer, snapshot jsonb, outstanding jsonb, deadlines jsonb, next_deadline bigint)
    on conflict (kind, id) do update set
      version = excluded.version, snapshot = excluded.snapshot, outstanding = excluded.outstanding,
      deadlines = excluded.deadlines, next_deadline = excluded.next_deadline, changed_at = now()`

  const writeClaims = Effect.fnUntraced(function* (changes: ReadonlyArray<Commit>) {
    for (const { kind, id, claimed, released } of changes) {
      if (released.length > 0) {
        yield* sql`delete from actor_claim where kind = ${kind} and id = ${id} and ${sql.in("claim", released)}`
      }
      for (const claim of claimed) {
        yield* sql`insert into actor_claim (kind, claim, id) values (${kind}, ${claim}, ${id})`
      }
    }
  })

  const write = Effect.fnUntraced(function* (changes: ReadonlyArray<Commit>) {
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* writeClaims(changes)
        yield* writeActors(changes)
        const events = changes.flatMap((change) => change.events)
        if (events.length > 0) yield* outbox.append(events)
        for (const { writes } of changes) for (const statement of writes) yield* statement
      }).pipe(Effect.provideService(SqlClient.SqlClient, sql))
    )
    if (changes.some(({ events }) => events.length > 0)) outbox.wake()
  })

  const writeAlone = ({ change, done }: Waiting) =>
    write([change]).pipe(
      Effect.mapError((error) =>
        isClaimViolation(error)
          ? new ClaimConflict({ claims: change.claimed })
          : new StoreUnavailable({ cause: error })
      ),
      Effect.exit,
      Effect.flatMap((exit) => Deferred.done(done, exit))
    )

  const writeBatch = (batch: ReadonlyArray<Waiting>) =>
    write(batch.map(({ change }) => change)).pipe(
      Effect.matchEffect({
        onSuccess: () =>
          Effect.forEach(batch, ({ done }) => Deferred.succeed(done, undefined), { discard: true }),
        onFailure: () => Effect.forEach(batch, writeAlone, { discard: true })
      }),
      Effect.catchDefect((cause) =>
        Effect.forEach(batch, ({ done }) => Deferred.fail(done, new StoreUnavailable({ cause })), {
          discard: true
        })
      )
    )

  yield* Queue.takeBetween(waiting, 1, batchSize).pipe(
    Effect.flatMap((batch) => (batch.length === 1 && batch[0] ? writeAlone(batch[0]) : writeBatch(batch))),
    Effect.forever,
    Effect.forkScoped
  )

  const unavailable = Effect.mapError((cause: SqlError.SqlError) => new StoreUnavailable({ cause }))

  return ActorStore.of({
    commit: (change) =>
      Effect.gen(function* () {
        const done = yield* Deferred.make<void, ClaimConflict | StoreUnavailable>()
        yield* Queue.offer(waiting, { change, done })
        yield* Deferred.await(done)
      }),
    load: (kind, id) =>
      sql<ActorRow>`select kind, id, version, snapshot, outstanding, deadlines from actor
        where kind = ${kind} and id = ${id}`.pipe(
        Effect.map(([row]) => (row ? fromRow(row) : undefined)),
        unavailable
      ),
    page: (kind, after, limit) =>
      sql<ActorRow>`select kind, id, version, snapshot, outstanding, deadlines from actor
        where kind = ${kind} and id > ${after} order by id limit ${limit}`.pipe(
        Effect.map((rows) => rows.map(fromRow)),
        unavailable
      ),
    due: (until, limit) =>
      sql<{ kind: string; id: string }>`select kind, id from actor
        where next_deadline <= ${until} order by next_deadline limit ${limit}`.pipe(unavailable),
    unfinished: sql<{
      kind: string
      id: string
    }>`select kind, id from actor where outstanding is not null`.pipe(unavailable),
    holder: (kind, claim) =>
      sql<{ id: string }>`select id from actor_claim where kind = ${kind} and claim = ${claim}`.pipe(
        Effect.map(([row]) => row?.id),
        unavailable
      ),
    remove: (kind, id) =>
      sql
        .withTransaction(
          Effect.andThen(
            sql`delete from actor_claim where kind = ${kind} and id = ${id}`,
            sql`delete from actor where kind = ${kind} and id = ${id}`
          )
        )
        .pipe(Effect.asVoid, unavailable)
  })
})

interface ActorRow {
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly snapshot: StoredSnapshot
  readonly outstanding: ReadonlyArray<PlannedAction> | null
  readonly deadlines: Readonly<Record<string, Deadline>> | null
}

const fromRow = (row: ActorRow): StoredActor => ({
  ...row,
  outstanding: row.outstanding ?? [],
  deadlines: row.deadlines ?? {}
})

const toRow = (change: Commit) => {
  const deadlines = Object.values(change.deadlines)
  return {
    kind: change.kind,
    id: change.id,
    version: change.version,
    snapshot: change.snapshot,
    outstanding: change.outstanding.length > 0 ? change.outstanding : null,
    deadlines: deadlines.length > 0 ? change.deadlines : null,
    next_deadline: deadlines.length > 0 ? Math.min(...deadlines.map(({ at }) => at)) : null
  }
}

const isClaimViolation = (error: SqlError.SqlError): boolean =>
  error.reason._tag === "UniqueViolation" && error.reason.constraint === "actor_claim_held"
