import { Context, Data, Deferred, Effect, Exit, Layer, Option, Queue } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { EventObject } from "xstate"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { Outbox, outboxRows } from "../bus/outbox.ts"
import { againOnConflict, inTransaction } from "../database/transaction.ts"
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
  /** A uuid of the last commit; null for one of a version that gave none. */
  readonly commitId: string | null
}

/** One actor's change, committed whole or not at all. */
export interface Commit extends StoredActor {
  readonly commitId: string
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
 * The database answered that it will never take this change: a row written with it breaks a constraint, a text has
 * a character that PostgreSQL cannot store. Trying again is of no use. Raised as a defect: it is a fault of the kind.
 */
export class CommitRefused extends Data.TaggedError("CommitRefused")<{
  readonly message: string
  readonly cause: unknown
}> {}

/**
 * Where actors' snapshots live.
 *
 * **Details**
 * - Commits that arrive while a transaction is under way are written together in the next one, so that many actors
 *   share the price of a commit. When such a transaction fails, its halves are tried by themselves, down to the
 *   single commits that are to blame: they harm no other.
 * - A commit that fails with `StoreUnavailable` may have been written all the same, when the connection was lost
 *   between the commit and its acknowledgement: whoever goes on must load the actor first. Its `commitId` tells.
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

  /** States and events in one statement: on its own it is a transaction of one round trip. */
  const writeStates = (changes: ReadonlyArray<Commit>) => {
    const { names, routingKeys, bodies } = outboxRows(changes.flatMap(({ events }) => events))
    return sql`
      with stored as (
        insert into actor (kind, id, version, snapshot, outstanding, deadlines, next_deadline, commit_id)
        select kind, id, version, snapshot, outstanding, deadlines, next_deadline, commit_id
        from jsonb_to_recordset(${JSON.stringify(changes.map(toRow))}::text::jsonb)
          as t(kind text, id text, version integer, snapshot jsonb, outstanding jsonb, deadlines jsonb,
            next_deadline bigint, commit_id uuid)
        on conflict (kind, id) do update set
          version = excluded.version, snapshot = excluded.snapshot, outstanding = excluded.outstanding,
          deadlines = excluded.deadlines, next_deadline = excluded.next_deadline, commit_id = excluded.commit_id, changed_at = now()
      )
      insert into outbox (name, routing_key, body)
      select * from unnest(${names}::text[], ${routingKeys}::text[], ${bodies}::text[])`
  }

  const release = ({ kind, id, released }: Commit) =>
    sql`delete from actor_claim where kind = ${kind} and id = ${id} and ${sql.in("claim", released)}`

  const claim = Effect.fnUntraced(function* ({ kind, id, claimed }: Commit) {
    const taken = yield* sql<{ claim: string }>`
      insert into actor_claim (kind, claim, id) select ${kind}, claim, ${id} from unnest(${claimed}::text[]) as claim
      on conflict do nothing returning claim`
    if (taken.length === claimed.length) return
    const free = new Set(taken.map((row) => row.claim))
    return yield* new ClaimConflict({ claims: claimed.filter((wanted) => !free.has(wanted)) })
  })

  const writeAll = Effect.fnUntraced(function* (changes: ReadonlyArray<Commit>) {
    for (const change of changes) {
      if (change.released.length > 0) yield* release(change)
      if (change.claimed.length > 0) yield* claim(change)
    }
    yield* writeStates(changes)
    for (const { writes } of changes) for (const statement of writes) yield* statement
  })

  const write = Effect.fnUntraced(function* (changes: ReadonlyArray<Commit>) {
    if (changes.every(hasStatesAlone)) yield* againOnConflict(sql, writeStates(changes))
    else yield* inTransaction(sql, Effect.provideService(writeAll(changes), SqlClient.SqlClient, sql))
    if (changes.some(({ events }) => events.length > 0)) outbox.wake()
  })

  const writeAndAnswer = (batch: ReadonlyArray<Waiting>): Effect.Effect<void> =>
    Effect.flatMap(Effect.exit(outcomeOf(write(batch.map(({ change }) => change)))), (outcome) => {
      const isShared = outcome._tag === "Success" || isAway(outcome)
      if (batch.length > 1 && !isShared) {
        const middle = Math.ceil(batch.length / 2)
        return Effect.andThen(writeAndAnswer(batch.slice(0, middle)), writeAndAnswer(batch.slice(middle)))
      }
      for (const { done } of batch) Deferred.doneUnsafe(done, outcome)
      return Effect.void
    })

  yield* Queue.takeBetween(waiting, 1, batchSize).pipe(
    Effect.flatMap(writeAndAnswer),
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
      sql<ActorRow>`select kind, id, version, snapshot, outstanding, deadlines, commit_id from actor
        where kind = ${kind} and id = ${id}`.pipe(
        Effect.map(([row]) => (row ? fromRow(row) : undefined)),
        unavailable
      ),
    page: (kind, after, limit) =>
      sql<ActorRow>`select kind, id, version, snapshot, outstanding, deadlines, commit_id from actor
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
      inTransaction(
        sql,
        Effect.andThen(
          sql`delete from actor_claim where kind = ${kind} and id = ${id}`,
          sql`delete from actor where kind = ${kind} and id = ${id}`
        )
      ).pipe(Effect.asVoid, unavailable)
  })
})

interface ActorRow {
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly snapshot: StoredSnapshot
  readonly outstanding: ReadonlyArray<PlannedAction> | null
  readonly deadlines: Readonly<Record<string, Deadline>> | null
  readonly commit_id: string | null
}

const fromRow = ({ commit_id, ...row }: ActorRow): StoredActor => ({
  ...row,
  outstanding: row.outstanding ?? [],
  deadlines: row.deadlines ?? {},
  commitId: commit_id
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
    next_deadline: deadlines.length > 0 ? Math.min(...deadlines.map(({ at }) => at)) : null,
    commit_id: change.commitId
  }
}

const hasStatesAlone = ({ claimed, released, writes }: Commit): boolean =>
  claimed.length + released.length + writes.length === 0

/** The answer to a commit: a fault of the change itself is a defect, anything else of the database an outage. */
const outcomeOf = <A, R>(writing: Effect.Effect<A, ClaimConflict | SqlError.SqlError, R>) =>
  Effect.catchTag(
    Effect.asVoid(writing),
    "SqlError",
    (error): Effect.Effect<never, StoreUnavailable> =>
      isFaultOfTheChange(error)
        ? Effect.die(
            new CommitRefused({ message: `The database refused the change: ${error.message}`, cause: error })
          )
        : Effect.fail(new StoreUnavailable({ cause: error }))
  )

const isAway = (outcome: Exit.Exit<void, ClaimConflict | StoreUnavailable>): boolean =>
  Option.match(Exit.findErrorOption(outcome), {
    onNone: () => false,
    onSome: (error) => error._tag === "StoreUnavailable"
  })

/**
 * PostgreSQL's error classes 21 to 23, 42 and 54 (manual, appendix A) are about the statement and its data, and a
 * value that never left for the database has no class at all. The others are about the connection or the server.
 */
const isFaultOfTheChange = ({ reason }: SqlError.SqlError): boolean => {
  switch (reason._tag) {
    case "UniqueViolation":
    case "ConstraintError":
    case "SqlSyntaxError":
      return true
    case "UnknownError":
      return /^(2[123]|42|54|$)/.test(sqlStateOf(reason.cause))
    default:
      return false
  }
}

const sqlStateOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""
