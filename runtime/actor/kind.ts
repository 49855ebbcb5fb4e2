import { Context, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type {
  AnyStateMachine,
  ContextFrom,
  EmittedFrom,
  EventFromLogic,
  InputFrom,
  StateValueFrom
} from "xstate"
import type { BusEvent, EventOrigin } from "../../schemas/events/envelope.ts"

/** What anybody may see of an actor: the state it is in and its context. Plain JSON. */
export interface ActorView<M extends AnyStateMachine = AnyStateMachine> {
  readonly value: StateValueFrom<M>
  readonly context: ContextFrom<M>
}

/** What an action gets to know of the actor that performs it. */
export interface Performer<M extends AnyStateMachine = AnyStateMachine> {
  readonly id: string
  readonly context: ContextFrom<M>
  /**
   * True when a committed action is driven on after a crash: it may have been carried out already, in part or
   * in full, and nobody waits for the answer.
   */
  readonly resumed: boolean
}

/**
 * Carries out one named action of the machine. The event it returns is fed back to the machine; no event means
 * that nobody needs to know. Must be idempotent: after a crash a committed action runs again. A failure that the
 * machine should know is an event; a defect is a crash of the actor.
 */
export type Perform<M extends AnyStateMachine, R> = (
  params: never,
  performer: Performer<M>
) => Effect.Effect<EventFromLogic<M> | void, never, R>

/**
 * A kind of actor: a pure machine and what the shell must know to run it (architecture, section 2).
 *
 * **Details**
 * - Actions of the machine are data: a name and parameters. `perform` has one Effect for each name.
 * - `emit` actions of the machine become bus events (`event`) or rows (`write`) in the transaction that commits
 *   the state they were emitted with.
 * - The action `reject` with `{ reason }` ends the command with a typed failure; the state is committed all the same.
 * - States tagged `pending` are committed before their actions are performed.
 * - `claims` names what the actor holds exclusively in this state (an extension, a MAC); a command that would
 *   claim what another actor of the kind holds is refused with `ClaimTaken` and changes nothing.
 * - `after` delays become deadlines stored beside the snapshot; they fire after a restart too.
 */
export interface ActorKind<M extends AnyStateMachine = AnyStateMachine, R = never> {
  readonly name: string
  readonly machine: M
  /** Of the snapshot's form. Raise it with every change that an old snapshot does not fit. */
  readonly version: number
  /** False: nothing is stored, every activation starts in the initial state. */
  readonly durable: boolean
  readonly input: (id: string) => InputFrom<M>
  readonly perform: Readonly<Record<string, Perform<M, R>>>
  readonly event?: (emitted: EmittedFrom<M>, origin: EventOrigin, id: string) => BusEvent | undefined
  readonly write?: (
    emitted: EmittedFrom<M>,
    id: string
  ) => Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient> | undefined
  readonly claims?: (view: ActorView<M>) => ReadonlyArray<string>
  /** Brings a stored snapshot of an older version to the current one; undefined: it cannot. */
  readonly migrate?: (version: number, snapshot: unknown) => unknown
  /** Called after each commit, in order; for in-memory indexes. Must not throw. */
  readonly committed?: (id: string, view: ActorView<M>) => void
}

/** Declares a kind; only fixes its types. */
export const defineKind = <M extends AnyStateMachine, R>(kind: ActorKind<M, R>): ActorKind<M, R> => kind

/** A kind with the services of its actions provided, its machine's type forgotten. */
export interface RunnableKind {
  readonly name: string
  readonly machine: AnyStateMachine
  readonly version: number
  readonly durable: boolean
  readonly input: (id: string) => unknown
  readonly perform: Readonly<
    Record<string, (params: unknown, performer: Performer) => Effect.Effect<{ readonly type: string } | void>>
  >
  readonly event: (emitted: unknown, origin: EventOrigin, id: string) => BusEvent | undefined
  readonly write: (
    emitted: unknown,
    id: string
  ) => Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient> | undefined
  readonly claims: (view: ActorView) => ReadonlyArray<string>
  readonly migrate: (version: number, snapshot: unknown) => unknown
  readonly committed: (id: string, view: ActorView) => void
}

/** Provides the services that the kind's actions need, taken from where this effect runs. */
export const runnable = <M extends AnyStateMachine, R>(
  kind: ActorKind<M, R>
): Effect.Effect<RunnableKind, never, R> =>
  Effect.map(Effect.context<R>(), (services) => ({
    name: kind.name,
    machine: kind.machine,
    version: kind.version,
    durable: kind.durable,
    // The kind's own functions meet only values of its own machine: the registry pairs them by name.
    input: kind.input as RunnableKind["input"],
    perform: Object.fromEntries(
      Object.entries(kind.perform).map(([name, perform]) => [
        name,
        (params: unknown, performer: Performer) =>
          Effect.provideContext(perform(params as never, performer as never), services as Context.Context<R>)
      ])
    ) as RunnableKind["perform"],
    event: (kind.event ?? nothing) as RunnableKind["event"],
    write: (kind.write ?? nothing) as RunnableKind["write"],
    claims: (kind.claims ?? none) as RunnableKind["claims"],
    migrate: kind.migrate ?? nothing,
    committed: (kind.committed ?? nothing) as RunnableKind["committed"]
  }))

const nothing = () => undefined
const none = () => []
