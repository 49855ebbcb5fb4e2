import { Cause, Clock, type Context, Data, Deferred, Effect, Fiber, Random, type Scope } from "effect"
import type { AnyMachineSnapshot, EventObject } from "xstate"
import type { BusEvent, EventOrigin } from "../../schemas/events/envelope.ts"
import { ActorUnavailable, type AskError, ClaimTaken, Refused, Rejected } from "./errors.ts"
import { actorMessage, eventMessage, type Inspector, snapshotMessage } from "./inspection.ts"
import type { ActorView, RunnableKind } from "./kind.ts"
import { firstStep, fromStored, type PlannedAction, type Step, step, toStored } from "./step.ts"
import type { ActorStore, Commit, Deadline, StoredActor, StoreUnavailable } from "./store.ts"

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
  /** The deadline that brought the event; it is ignored when the machine has cancelled it meanwhile. */
  readonly deadline?: string
}

/** What the last commit says of the actor. Replaced, never changed in place. */
interface Live {
  readonly snapshot: AnyMachineSnapshot
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

/**
 * The shell around one machine: its mailbox, its supervision, its timers, and the one interpreter of all kinds
 * (architecture, section 2).
 *
 * **Details**
 * - Letters are handled one at a time, in the order they came. An idle shell is a plain object: it has a fiber
 *   only while there is something to do.
 * - A crash (a machine function throws, an action dies or never ends) loses the letter it happened on, restarts
 *   the actor from its last committed snapshot after a jittered pause, and after too many crashes in the window
 *   leaves it `failed`.
 * - A store that is away is no crash: an asker is told, a letter that nobody waits for is tried again.
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
  #timers: Map<string, Fiber.Fiber<unknown, unknown>> | undefined
  #stopped = false

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
      state: this.#live && stateText(this.#live.snapshot),
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

  /** Puts an event into the mailbox. False when the actor cannot take it now. */
  tell(event: EventObject): boolean {
    return this.#post({ event }) === undefined
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
    this.#dropTimers()
    this.#answerAll("stopped", "The actor is leaving this node")
  }

  #post(letter: Letter): ActorUnavailable | undefined {
    if (this.#stopped) return this.#unavailable("stopped", "The actor is leaving this node")
    if (this.#health === "failed")
      return this.#unavailable("failed", "The actor has failed; an operator can restart it")
    if (this.#mailbox.length >= this.#ground.supervision.mailboxCapacity) {
      return this.#unavailable("mailbox-full", "Too many commands wait for this actor")
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
      Effect.onExit(() =>
        Effect.sync(() => {
          this.#working = false
          if (this.#stopped) this.#answerAll("stopped", "The actor is leaving this node")
        })
      )
    )
    Fiber.runIn(Effect.runForkWith(this.#ground.context)(work), this.#ground.scope)
  }

  /** Never fails: what goes wrong here is a crash or an absent store, and the next letter tries again. */
  #activate(stored?: StoredActor): Effect.Effect<void> {
    return Effect.asVoid(this.#ensureLive(stored)).pipe(
      Effect.catchTag("StoreUnavailable", () => Effect.void),
      Effect.catchCause((cause) => this.#crashed(cause))
    )
  }

  #drain(): Effect.Effect<void> {
    const handleNext: Effect.Effect<void> = Effect.suspend(() => {
      const letter = this.#mailbox.shift()
      return letter === undefined ? Effect.void : Effect.andThen(this.#handle(letter), handleNext)
    })
    return handleNext
  }

  #handle(letter: Letter): Effect.Effect<void> {
    return this.#interpretLetter(letter).pipe(
      Effect.catchTag("StoreUnavailable", () => this.#storeAway(letter)),
      Effect.catchCause((cause) => {
        if (letter.reply) {
          const answer = Cause.hasInterruptsOnly(cause)
            ? this.#unavailable("stopped", "The actor is leaving this node")
            : this.#unavailable("crashed", "The actor crashed on this command and restarts")
          Deferred.doneUnsafe(letter.reply, Effect.fail(answer))
        }
        return this.#crashed(cause)
      })
    )
  }

  #interpretLetter(letter: Letter) {
    return Effect.gen({ self: this }, function* () {
      const live = yield* this.#ensureLive()
      const { event, reply } = letter
      const now = yield* Clock.currentTimeMillis
      this.#lastActive = now
      let from = live
      if (letter.deadline !== undefined) {
        if (live.deadlines[letter.deadline] === undefined) return
        from = { ...live, deadlines: without(live.deadlines, letter.deadline) }
      }
      if (this.#ground.inspector.watched()) {
        this.#ground.inspector.send(eventMessage(this.#address, event, now))
      }
      if (!live.snapshot.can(event)) {
        if (letter.deadline !== undefined) this.#live = from
        if (reply) Deferred.doneUnsafe(reply, Effect.fail(this.#refusal(live.snapshot, event)))
        return
      }
      const outcome = yield* this.#settle(from, step(this.kind.machine, live.snapshot, event), event).pipe(
        Effect.map((rejection) =>
          rejection === undefined
            ? Effect.succeed(viewOf((this.#live ?? live).snapshot))
            : Effect.fail(new Rejected({ kind: this.kind.name, id: this.id, reason: rejection }))
        ),
        Effect.catchTag("ClaimConflict", ({ claims }) =>
          Effect.succeed(Effect.fail(new ClaimTaken({ kind: this.kind.name, id: this.id, claims })))
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
      let uncommitted: Uncommitted = { events: [], writes: [] }
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
            uncommitted = { events: [], writes: [] }
            dirty = false
          }
          for (const action of current.actions) {
            const result = yield* this.#perform(action, reached.snapshot, resumed)
            if (result) results.push(result)
          }
        }
        const event = results.shift()
        if (event === undefined) {
          if (pending) return yield* Effect.die(this.#stuck(current.snapshot))
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
      this.#remember(yield* Clock.currentTimeMillis, cause, from.snapshot, reached.snapshot)
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
      reached: { snapshot: taken.snapshot, deadlines, claims: reached.claims },
      uncommitted: { events, writes }
    }
  }

  #commit(reached: Live, outstanding: ReadonlyArray<PlannedAction>, { events, writes }: Uncommitted) {
    return Effect.gen({ self: this }, function* () {
      const claims = this.kind.claims(viewOf(reached.snapshot))
      const held = this.#live?.claims ?? reached.claims
      if (this.kind.durable) {
        yield* this.#ground.store.commit({
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
      this.#armTimers()
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
      const revived = found ? this.#restore(found) : this.#begin()
      this.#live = revived.live
      if (this.#ground.inspector.watched()) {
        const now = yield* Clock.currentTimeMillis
        this.#ground.inspector.send(actorMessage(this.#address, kind.machine, revived.live.snapshot, now))
      }
      this.#armTimers()
      kind.committed(id, viewOf(revived.live.snapshot))
      if (revived.first.actions.length > 0 || revived.first.deadlines.length > 0) {
        yield* this.#settle(
          revived.live,
          revived.first,
          { type: found ? "resumed" : "xstate.init" },
          found ? revived.first.actions : undefined
        ).pipe(Effect.catchTag("ClaimConflict", (conflict) => Effect.die(conflict)))
      }
      return this.#live ?? revived.live
    })
  }

  #begin() {
    const first = firstStep(this.kind.machine, this.kind.input(this.id))
    return { live: { snapshot: first.snapshot, deadlines: {}, claims: [] }, first }
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
      live: { snapshot, deadlines: stored.deadlines, claims: kind.claims(viewOf(snapshot)) },
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

  #crashed(cause: Cause.Cause<unknown>): Effect.Effect<void> {
    if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
    return Effect.gen({ self: this }, function* () {
      const { restarts, restartWindow } = this.#ground.supervision
      const now = yield* Clock.currentTimeMillis
      const error = Cause.squash(cause)
      this.#lastError = error instanceof Error ? error.message : String(error)
      this.#forget()
      this.#restarts++
      this.#crashes = [...this.#crashes.filter((at) => at > now - restartWindow), now]
      const hopeless = error instanceof UnreadableSnapshot
      if (hopeless || this.#crashes.length > restarts) {
        this.#health = "failed"
        yield* Effect.logError(`Actor ${this.#address} has failed and waits for an operator`, cause)
        this.#answerAll("failed", "The actor has failed; an operator can restart it")
        return
      }
      this.#health = "restarting"
      yield* Effect.logWarning(`Actor ${this.#address} crashed and restarts`, cause)
      const jitter = yield* Random.next
      yield* Effect.sleep(Math.min(50 * 2 ** this.#crashes.length, 5_000) * (0.5 + jitter))
      // An operator may have restarted the actor meanwhile.
      this.#health = "running"
      yield* this.#activate()
    })
  }

  /** An asker learns at once; a letter that nobody waits for is put back and tried again after a pause. */
  #storeAway(letter: Letter): Effect.Effect<void> {
    this.#forget()
    this.#lastError = "The actor store is unavailable"
    if (letter.reply) {
      Deferred.doneUnsafe(
        letter.reply,
        Effect.fail(this.#unavailable("store-unavailable", "The database is not available"))
      )
      return Effect.void
    }
    this.#mailbox.unshift(letter)
    return Effect.sleep("1 second")
  }

  #armTimers(): void {
    const deadlines = this.#live?.deadlines ?? {}
    for (const [id, fiber] of this.#timers ?? []) {
      if (deadlines[id] === undefined) {
        fiber.interruptUnsafe()
        this.#timers?.delete(id)
      }
    }
    for (const [id, deadline] of Object.entries(deadlines)) {
      this.#timers ??= new Map()
      if (this.#timers.has(id)) continue
      const timer = Effect.gen({ self: this }, function* () {
        const now = yield* Clock.currentTimeMillis
        yield* Effect.sleep(Math.max(0, deadline.at - now))
        this.#timers?.delete(id)
        this.#post({ event: deadline.event, deadline: id })
      })
      this.#timers.set(id, Fiber.runIn(Effect.runForkWith(this.#ground.context)(timer), this.#ground.scope))
    }
  }

  #dropTimers(): void {
    for (const fiber of this.#timers?.values() ?? []) fiber.interruptUnsafe()
    this.#timers = undefined
  }

  #forget(): void {
    this.#live = undefined
    this.#dropTimers()
  }

  #answerAll(reason: ActorUnavailable["reason"], message: string): void {
    const letters = this.#mailbox
    this.#mailbox = []
    for (const { reply } of letters) {
      if (reply) Deferred.doneUnsafe(reply, Effect.fail(this.#unavailable(reason, message)))
    }
  }

  #remember(at: number, event: EventObject, from: AnyMachineSnapshot, to: AnyMachineSnapshot): void {
    const transition = { at, event: event.type, from: stateText(from), to: stateText(to) }
    this.#transitions = [...this.#transitions.slice(1 - rememberedTransitions), transition]
    if (this.#ground.inspector.watched()) {
      this.#ground.inspector.send(snapshotMessage(this.#address, event, to, at))
    }
  }

  get #address(): string {
    return `${this.kind.name}/${this.id}`
  }

  #refusal(snapshot: AnyMachineSnapshot, event: EventObject): Refused {
    return new Refused({ kind: this.kind.name, id: this.id, state: stateText(snapshot), command: event.type })
  }

  #unavailable(reason: ActorUnavailable["reason"], message: string): ActorUnavailable {
    return new ActorUnavailable({ kind: this.kind.name, id: this.id, reason, message })
  }

  #stuck(snapshot: AnyMachineSnapshot): StuckPending {
    return new StuckPending({
      message: `The machine stays pending in ${stateText(snapshot)} although nothing is under way`
    })
  }
}

interface Uncommitted {
  readonly events: ReadonlyArray<BusEvent>
  readonly writes: Commit["writes"]
}

/** The state of a snapshot as JSON text. */
const stateText = (snapshot: AnyMachineSnapshot): string => JSON.stringify(snapshot.value)

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
  stateText(committed.snapshot) !== stateText(reached.snapshot) ||
  committed.snapshot.status !== reached.snapshot.status ||
  JSON.stringify(committed.deadlines) !== JSON.stringify(reached.deadlines)

const isPending = (snapshot: AnyMachineSnapshot): boolean => snapshot.hasTag("pending")

const without = <A>(record: Readonly<Record<string, A>>, key: string): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
