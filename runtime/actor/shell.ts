import { randomUUID } from "node:crypto"
import { Cause, Clock, type Context, Data, Deferred, Effect, Fiber, Random, type Scope } from "effect"
import type { AnyMachineSnapshot, EventObject } from "xstate"
import type { BusEvent, EventOrigin } from "../../schemas/events/envelope.ts"
import { DeadlineTimers } from "./deadline-timers.ts"
import { ActorUnavailable, type AskError, ClaimTaken, Refused, Rejected } from "./errors.ts"
import {
  actorMessage,
  eventMessage,
  type InspectionMessage,
  type Inspector,
  snapshotMessage
} from "./inspection.ts"
import type { ActorView, RunnableKind } from "./kind.ts"
import { firstStep, fromStored, type PlannedAction, type Step, step, toStored } from "./step.ts"
import {
  type ActorStore,
  type Commit,
  type Deadline,
  type StoredActor,
  type StoreUnavailable
} from "./store.ts"

/** The knobs of supervision. Times in milliseconds. */
export interface Supervision {
  readonly restarts: number
  readonly restartWindow: number
  readonly performTimeout: number
  readonly mailboxCapacity: number
}

/** What shells run on. */
export interface Ground {
  readonly store: ActorStore["Service"]
  readonly inspector: Inspector["Service"]
  readonly supervision: Supervision
  readonly originUuid: string
  /** Where the shells' fibers live, and what they find around them (logger, clock, tracer). */
  readonly scope: Scope.Scope
  readonly context: Context.Context<never>
}

/** How a resident actor is doing. */
export type Health = "running" | "restarting" | "failed"

/** One step that an actor took, for people who look into it. `at` in milliseconds since the epoch. */
export interface Transition {
  readonly at: number
  readonly event: string
  readonly from: string
  readonly to: string
}

/** What an operator sees of a resident actor. */
export interface ActorStatus {
  readonly kind: string
  readonly id: string
  readonly health: Health
  readonly state: string | undefined
  readonly restarts: number
  readonly lastError: string | undefined
  /** Milliseconds since the epoch. */
  readonly lastActive: number
  readonly residentSince: number
  readonly mailbox: number
  readonly transitions: ReadonlyArray<Transition>
  readonly deadlines: Readonly<Record<string, number>>
}

interface Letter {
  readonly event: EventObject
  /** Where the answer goes; absent for letters nobody waits for. */
  readonly reply?: Deferred.Deferred<ActorView, AskError>
  /** The deadline that brought the event; it is ignored when the machine has cancelled or renewed it meanwhile. */
  readonly deadline?: { readonly name: string; readonly at: number }
  /** The commit that the event led to before, when nobody knows whether it was written. */
  readonly attempt?: string
}

/** What the last commit says of the actor. Replaced, never changed in place. */
interface Live {
  readonly snapshot: AnyMachineSnapshot
  /** The state of the snapshot as JSON text. */
  readonly state: string
  readonly deadlines: Readonly<Record<string, Deadline>>
  readonly claims: ReadonlyArray<string>
}

/** A machine that stays in a `pending` state with nothing under way would never answer again. */
class StuckPending extends Data.TaggedError("StuckPending")<{ readonly message: string }> {}

/** A stored snapshot of a version that this code cannot read. */
class UnreadableSnapshot extends Data.TaggedError("UnreadableSnapshot")<{ readonly message: string }> {}

class PerformTimeout extends Data.TaggedError("PerformTimeout")<{ readonly message: string }> {}

/** How many transitions are remembered of a resident actor. */
const rememberedTransitions = 20

/** How long letters that nobody waits for wait for an absent store before they are tried again. */
const storePause = "1 second"

/**
 * The shell around one machine: its mailbox, its supervision, its timers, and the one interpreter of all kinds
 * (architecture, section 2).
 *
 * **Details**
 * - Letters are handled one at a time, in the order they came. An idle shell is a plain object: it has a fiber
 *   only while there is something to do.
 * - A crash (a machine function throws, an action dies or never ends, the database refuses the change for ever)
 *   loses the letter it happened on, restarts the actor from its last committed snapshot after a jittered pause, and
 *   after too many crashes in the window leaves it `failed`. A deadline is part of the snapshot: it comes back with
 *   the restart, and so may bring its actor to `failed`.
 * - A store that is away is no crash: askers are told; a letter that nobody waits for is kept and tried again, unless
 *   its actions are committed already: those are driven on when the actor is loaded again. Whether a commit without
 *   an acknowledgement was written is seen then too, so that no letter is applied twice.
 * - After `stop` nothing new begins; what is under way goes on to its end.
 */
export class Shell {
  readonly kind: RunnableKind
  readonly id: string
  readonly #ground: Ground
  #live: Live | undefined
  #mailbox: Array<Letter> = []
  #working = false
  #health: Health = "running"
  #crashes: ReadonlyArray<number> = []
  #restarts = 0
  #lastError: string | undefined
  #lastActive = 0
  readonly #residentSince: number
  #transitions: ReadonlyArray<Transition> = []
  #timers: DeadlineTimers | undefined
  #stopped = false
  /** The letter in hand, and whether a commit has followed from it. */
  #handling: Letter | undefined
  #hasCommitted = false
  /** The first commit that the letter in hand led to; the one of a letter before that was found written. */
  #attempt: string | undefined
  #written: string | undefined

  constructor(kind: RunnableKind, id: string, ground: Ground, now: number) {
    this.kind = kind
    this.id = id
    this.#ground = ground
    this.#residentSince = now
    this.#lastActive = now
  }

  /** The committed state; undefined before the first activation and between a crash and the restart. */
  get view(): ActorView | undefined {
    return this.#live && viewOf(this.#live.snapshot)
  }

  /** The committed snapshot, for who watches the actor. */
  get snapshot(): AnyMachineSnapshot | undefined {
    return this.#live?.snapshot
  }

  get status(): ActorStatus {
    return {
      kind: this.kind.name,
      id: this.id,
      health: this.#health,
      state: this.#live?.state,
      restarts: this.#restarts,
      lastError: this.#lastError,
      lastActive: this.#lastActive,
      residentSince: this.#residentSince,
      mailbox: this.#mailbox.length,
      transitions: this.#transitions,
      deadlines: Object.fromEntries(
        Object.entries(this.#live?.deadlines ?? {}).map(([name, { at }]) => [name, at])
      )
    }
  }

  /** Whether nothing is under way, so that the actor may leave memory. */
  get idle(): boolean {
    return !this.#working && this.#mailbox.length === 0
  }

  /** Whether a letter is being handled right now. */
  get busy(): boolean {
    return this.#working
  }

  get lastActive(): number {
    return this.#lastActive
  }

  /** Puts an event into the mailbox and waits for the state that it leads to. */
  ask(event: EventObject): Effect.Effect<ActorView, AskError> {
    return Effect.suspend(() => {
      const reply = Deferred.makeUnsafe<ActorView, AskError>()
      const unavailable = this.#post({ event, reply })
      return unavailable ? Effect.fail(unavailable) : Deferred.await(reply)
    })
  }

  /** Puts an event into the mailbox; tells why the actor cannot take it now. */
  tell(event: EventObject): ActorUnavailable | undefined {
    return this.#post({ event })
  }

  /** Brings the actor to life: its stored snapshot, its running deadlines, its unfinished actions. */
  wake(stored?: StoredActor): void {
    if (this.#live === undefined && !this.#working && this.#health === "running") this.#run(stored)
  }

  /** An operator's restart: forgets the crashes and starts again from the last committed snapshot. */
  restart(): void {
    this.#health = "running"
    this.#crashes = []
    this.#forget()
    if (!this.#working) this.#run()
  }

  /** Ends the shell: timers die, letters that wait are answered. What is under way goes on to its end. */
  stop(): void {
    this.#stopped = true
    this.#timers?.clear()
    this.#dismiss("stopped")
  }

  #post(letter: Letter): ActorUnavailable | undefined {
    if (this.#stopped) return this.#unavailable("stopped")
    if (this.#health === "failed") return this.#unavailable("failed")
    // A deadline is kept by the snapshot: it must not get lost while the actor is resident.
    if (letter.deadline === undefined && this.#mailbox.length >= this.#ground.supervision.mailboxCapacity) {
      return this.#unavailable("mailbox-full")
    }
    this.#mailbox.push(letter)
    if (!this.#working) this.#run()
    return undefined
  }

  /** One fiber works off the mailbox until it is empty. */
  #run(stored?: StoredActor): void {
    this.#working = true
    const work = this.#activate(stored).pipe(
      Effect.andThen(this.#drain()),
      Effect.onExit(() => Effect.sync(() => this.#rest()))
    )
    Fiber.runIn(Effect.runForkWith(this.#ground.context)(work), this.#ground.scope)
  }

  /** The fiber ends: because the mailbox was empty, or because the node ends. */
  #rest(): void {
    this.#working = false
    if (this.#ground.scope.state._tag === "Closed") this.stop()
    // The fiber may have been paused between its last look into the mailbox and now.
    else if (this.#mailbox.length > 0) this.#run()
  }

  /** Never fails: what goes wrong here is a crash or an absent store, and the next letter tries again. */
  #activate(stored?: StoredActor): Effect.Effect<void> {
    return Effect.asVoid(this.#ensureLive(stored)).pipe(
      Effect.catchTag("StoreUnavailable", () => Effect.sync(() => this.#forget())),
      Effect.catchCause((cause) => this.#crashed(cause))
    )
  }

  #drain(): Effect.Effect<void> {
    const handleNext: Effect.Effect<void> = Effect.suspend(() => {
      this.#handling = this.#mailbox.shift()
      return this.#handling === undefined
        ? Effect.void
        : Effect.andThen(this.#handle(this.#handling), handleNext)
    })
    return handleNext
  }

  #handle(letter: Letter): Effect.Effect<void> {
    this.#hasCommitted = false
    this.#attempt = undefined
    return this.#interpretLetter(letter).pipe(
      Effect.catchTag("StoreUnavailable", () => this.#storeAway(letter)),
      Effect.catchCause((cause) => this.#crashed(cause, letter))
    )
  }

  #interpretLetter(letter: Letter) {
    return Effect.gen({ self: this }, function* () {
      const live = yield* this.#ensureLive()
      const { event, reply, deadline, attempt } = letter
      if (attempt !== undefined && attempt === this.#written) return
      const now = yield* Clock.currentTimeMillis
      this.#lastActive = now
      if (deadline !== undefined && live.deadlines[deadline.name]?.at !== deadline.at) return
      const from = deadline ? { ...live, deadlines: without(live.deadlines, deadline.name) } : live
      this.#show(() => eventMessage(this.#address, event, now))
      if (!live.snapshot.can(event)) {
        if (deadline !== undefined) yield* this.#commit(from, [], nothing)
        if (reply) Deferred.doneUnsafe(reply, Effect.fail(this.#refusal(live, event)))
        return
      }
      const outcome = yield* this.#settle(from, step(this.kind.machine, live.snapshot, event), event).pipe(
        Effect.map((rejection) =>
          rejection === undefined
            ? Effect.succeed(viewOf((this.#live ?? live).snapshot))
            : Effect.fail(new Rejected({ kind: this.kind.name, id: this.id, reason: rejection }))
        ),
        Effect.catchTag("ClaimConflict", (conflict) =>
          // Once the outside world was told, the change cannot be taken back: the machine claims too late.
          this.#hasCommitted
            ? Effect.die(conflict)
            : Effect.succeed(
                Effect.fail(new ClaimTaken({ kind: this.kind.name, id: this.id, claims: conflict.claims }))
              )
        )
      )
      if (reply) Deferred.doneUnsafe(reply, outcome)
    })
  }

  /**
   * Follows one step to its end: commits before acting where the state is `pending`, performs the actions, feeds
   * their results back, and commits the final state with everything emitted. Gives the machine's rejection.
   */
  #settle(from: Live, first: Step, cause: EventObject, resume?: ReadonlyArray<PlannedAction>) {
    return Effect.gen({ self: this }, function* () {
      const results: Array<EventObject> = []
      let uncommitted = nothing
      let reached = from
      let current = first
      let rejection = first.rejection
      let dirty = resume === undefined
      const resumed = resume !== undefined
      if (!resumed) {
        const now = yield* Clock.currentTimeMillis
        ;({ reached, uncommitted } = this.#absorb(reached, current, uncommitted, now))
      }
      for (;;) {
        const pending = isPending(current.snapshot)
        if (current.actions.length > 0) {
          if (pending && dirty) {
            yield* this.#commit(reached, current.actions, uncommitted)
            uncommitted = nothing
            dirty = false
          }
          for (const action of current.actions) {
            const result = yield* this.#perform(action, reached.snapshot, resumed)
            if (result) results.push(result)
          }
        }
        const event = results.shift()
        if (event === undefined) {
          if (pending) return yield* Effect.die(this.#stuck(reached))
          break
        }
        const now = yield* Clock.currentTimeMillis
        current = step(this.kind.machine, reached.snapshot, event)
        rejection ??= current.rejection
        ;({ reached, uncommitted } = this.#absorb(reached, current, uncommitted, now))
        dirty = true
      }
      if (dirty && differs(this.#live ?? from, reached, uncommitted))
        yield* this.#commit(reached, [], uncommitted)
      this.#remember(yield* Clock.currentTimeMillis, cause, from, reached)
      return rejection
    })
  }

  #absorb(reached: Live, taken: Step, uncommitted: Uncommitted, now: number) {
    const deadlines: Record<string, Deadline> = { ...reached.deadlines }
    for (const id of taken.cancelled) delete deadlines[id]
    for (const { id, delay, event } of taken.deadlines) deadlines[id] = { at: now + delay, event }
    const origin: EventOrigin = { originUuid: this.#ground.originUuid, at: now }
    const events = [...uncommitted.events]
    const writes = [...uncommitted.writes]
    for (const emitted of taken.emitted) {
      const event = this.kind.event(emitted, origin, this.id)
      if (event) events.push(event)
      const statement = this.kind.write(emitted, this.id)
      if (statement) writes.push(statement)
    }
    return {
      reached: liveOf(taken.snapshot, deadlines, reached.claims),
      uncommitted: { events, writes }
    }
  }

  #commit(reached: Live, outstanding: ReadonlyArray<PlannedAction>, { events, writes }: Uncommitted) {
    return Effect.gen({ self: this }, function* () {
      const claims = this.kind.claims(viewOf(reached.snapshot))
      const held = this.#live?.claims ?? reached.claims
      if (this.kind.durable) {
        const commitId = randomUUID()
        this.#attempt ??= commitId
        yield* this.#ground.store.commit({
          commitId,
          kind: this.kind.name,
          id: this.id,
          version: this.kind.version,
          snapshot: toStored(reached.snapshot),
          outstanding,
          deadlines: reached.deadlines,
          events,
          writes,
          claimed: claims.filter((claim) => !held.includes(claim)),
          released: held.filter((claim) => !claims.includes(claim))
        })
      }
      this.#live = { ...reached, claims }
      this.#hasCommitted = true
      this.#setTimers()
      this.kind.committed(this.id, viewOf(reached.snapshot))
    })
  }

  #perform(action: PlannedAction, snapshot: AnyMachineSnapshot, resumed: boolean) {
    const perform = this.kind.perform[action.type]
    if (perform === undefined) {
      return Effect.die(
        new Error(`The kind ${this.kind.name} has no implementation of the action ${action.type}`)
      )
    }
    const timeout = this.#ground.supervision.performTimeout
    return perform(action.params, { id: this.id, context: snapshot.context, resumed }).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.die(
            new PerformTimeout({ message: `The action ${action.type} did not end within ${timeout} ms` })
          )
      })
    )
  }

  #ensureLive(stored?: StoredActor): Effect.Effect<Live, StoreUnavailable> {
    return Effect.suspend(() => (this.#live ? Effect.succeed(this.#live) : this.#revive(stored)))
  }

  #revive(given?: StoredActor) {
    return Effect.gen({ self: this }, function* () {
      const { kind, id } = this
      const found = kind.durable ? (given ?? (yield* this.#ground.store.load(kind.name, id))) : undefined
      if (found) this.#recogniseAttempt(found)
      const revived = found ? this.#restore(found) : this.#begin()
      const { live, first } = revived
      this.#live = live
      const now = yield* Clock.currentTimeMillis
      this.#show(() => actorMessage(this.#address, kind.machine, live.snapshot, now))
      this.#setTimers()
      kind.committed(id, viewOf(live.snapshot))
      if (first.actions.length + first.deadlines.length + first.emitted.length > 0) {
        yield* this.#settle(
          live,
          first,
          { type: found ? "resumed" : "xstate.init" },
          found ? first.actions : undefined
        ).pipe(
          Effect.catchTag("ClaimConflict", (conflict) => Effect.die(conflict)),
          // What is committed here follows from no letter.
          Effect.ensuring(
            Effect.sync(() => {
              this.#hasCommitted = false
              this.#attempt = undefined
            })
          )
        )
      }
      return this.#live ?? live
    })
  }

  /** Before anything else is committed: only now the stored commit can be the one of the letter. */
  #recogniseAttempt({ commitId }: StoredActor): void {
    const letters = [this.#handling, this.#mailbox[0]]
    if (commitId !== null && letters.some((letter) => letter?.attempt === commitId)) this.#written = commitId
  }

  #begin() {
    const first = firstStep(this.kind.machine, this.kind.input(this.id))
    return { live: liveOf(first.snapshot, {}, []), first }
  }

  #restore(stored: StoredActor) {
    const { kind } = this
    const readable =
      stored.version === kind.version ? stored.snapshot : kind.migrate(stored.version, stored.snapshot)
    if (readable === undefined) {
      throw new UnreadableSnapshot({
        message: `Its snapshot has version ${stored.version}; this ${kind.name} reads version ${kind.version}`
      })
    }
    // A migration returns the form of the current version.
    const snapshot = fromStored(kind.machine, readable as StoredActor["snapshot"])
    return {
      live: liveOf(snapshot, stored.deadlines, kind.claims(viewOf(snapshot))),
      first: {
        snapshot,
        actions: stored.outstanding,
        emitted: [],
        deadlines: [],
        cancelled: [],
        rejection: undefined
      }
    }
  }

  #crashed(cause: Cause.Cause<unknown>, letter?: Letter): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { restarts, restartWindow } = this.#ground.supervision
      const now = yield* Clock.currentTimeMillis
      const error = Cause.squash(cause)
      this.#lastError = error instanceof Error ? error.message : String(error)
      this.#forget()
      this.#restarts++
      this.#crashes = [...this.#crashes.filter((at) => at > now - restartWindow), now]
      const isHopeless = error instanceof UnreadableSnapshot || this.#crashes.length > restarts
      this.#health = isHopeless ? "failed" : "restarting"
      // Last, because the asker may come again at once.
      if (letter) this.#refuse(letter, "crashed")
      if (isHopeless) {
        yield* Effect.logError(`Actor ${this.#address} has failed and waits for an operator`, cause)
        this.#dismiss("failed")
        return
      }
      yield* Effect.logWarning(`Actor ${this.#address} crashed and restarts`, cause)
      const jitter = yield* Random.next
      yield* Effect.sleep(Math.min(50 * 2 ** this.#crashes.length, 5_000) * (0.5 + jitter))
      if (this.#stopped) return
      this.#health = "running"
      yield* this.#activate()
    })
  }

  #storeAway(letter: Letter): Effect.Effect<void> {
    const isOver = this.#hasCommitted || letter.reply !== undefined
    this.#forget()
    this.#lastError = "The actor store is unavailable"
    const attempt = this.#attempt ?? letter.attempt
    const again = attempt === undefined ? letter : { ...letter, attempt }
    const letters = [again, ...this.#mailbox]
    const mayComeBack = this.#stopped ? [] : letters.slice(isOver ? 1 : 0)
    const kept = mayComeBack.filter(({ reply }) => reply === undefined)
    // An asker may come again while it is being answered.
    this.#mailbox = kept.slice()
    for (const each of letters) this.#refuse(each, "store-unavailable")
    return kept.length > 0 ? Effect.sleep(storePause) : Effect.void
  }

  #setTimers(): void {
    const { deadlines } = this.#live ?? { deadlines: {} }
    if (this.#stopped || (this.#timers === undefined && Object.keys(deadlines).length === 0)) return
    const { context, scope } = this.#ground
    this.#timers ??= new DeadlineTimers(
      (name, { at, event }) => this.#post({ event, deadline: { name, at } }),
      context,
      scope
    )
    this.#timers.set(deadlines)
  }

  #forget(): void {
    this.#live = undefined
    this.#timers?.clear()
  }

  /** Empties the mailbox and answers whoever waits. */
  #dismiss(reason: ActorUnavailable["reason"]): void {
    const letters = this.#mailbox
    this.#mailbox = []
    for (const letter of letters) this.#refuse(letter, reason)
    if (this.#handling && !this.#working) this.#refuse(this.#handling, reason)
  }

  #refuse({ reply }: Letter, reason: ActorUnavailable["reason"]): void {
    if (reply) Deferred.doneUnsafe(reply, Effect.fail(this.#unavailable(reason)))
  }

  #remember(at: number, event: EventObject, from: Live, to: Live): void {
    const transition = { at, event: event.type, from: from.state, to: to.state }
    this.#transitions = [...this.#transitions.slice(1 - rememberedTransitions), transition]
    this.#show(() => snapshotMessage(this.#address, event, to.snapshot, at))
  }

  /** An actor does not crash because of those who watch it. */
  #show(message: () => InspectionMessage): void {
    const { inspector, context } = this.#ground
    if (!inspector.watched()) return
    try {
      inspector.send(message())
    } catch (error) {
      Effect.runForkWith(context)(Effect.logWarning(`Actor ${this.#address} could not be shown`, error))
    }
  }

  get #address(): string {
    return `${this.kind.name}/${this.id}`
  }

  #refusal({ state }: Live, event: EventObject): Refused {
    return new Refused({ kind: this.kind.name, id: this.id, state, command: event.type })
  }

  #unavailable(reason: ActorUnavailable["reason"]): ActorUnavailable {
    return new ActorUnavailable({
      kind: this.kind.name,
      id: this.id,
      reason,
      message: whyUnavailable[reason]
    })
  }

  #stuck({ state }: Live): StuckPending {
    return new StuckPending({
      message: `The machine stays pending in ${state} although nothing is under way`
    })
  }
}

interface Uncommitted {
  readonly events: ReadonlyArray<BusEvent>
  readonly writes: Commit["writes"]
}

const nothing: Uncommitted = { events: [], writes: [] }

const whyUnavailable: Readonly<Record<ActorUnavailable["reason"], string>> = {
  crashed: "The actor crashed on this command and restarts",
  failed: "The actor has failed; an operator can restart it",
  "mailbox-full": "Too many commands wait for this actor",
  "store-unavailable": "The database is not available",
  stopped: "The actor is leaving this node",
  timeout: "No answer in time"
}

const liveOf = (
  snapshot: AnyMachineSnapshot,
  deadlines: Live["deadlines"],
  claims: Live["claims"]
): Live => ({ snapshot, state: JSON.stringify(snapshot.value), deadlines, claims })

const viewOf = (snapshot: AnyMachineSnapshot): ActorView => ({
  // Every machine's state value fits the view of a machine whose type is forgotten.
  value: snapshot.value as ActorView["value"],
  context: snapshot.context
})

/** Whether there is anything to commit: a command may have led back to where it began. */
const differs = (committed: Live, reached: Live, { events, writes }: Uncommitted): boolean =>
  events.length > 0 ||
  writes.length > 0 ||
  committed.snapshot.context !== reached.snapshot.context ||
  committed.state !== reached.state ||
  committed.snapshot.status !== reached.snapshot.status ||
  JSON.stringify(committed.deadlines) !== JSON.stringify(reached.deadlines)

const isPending = (snapshot: AnyMachineSnapshot): boolean => snapshot.hasTag("pending")

const without = <A>(record: Readonly<Record<string, A>>, key: string): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
