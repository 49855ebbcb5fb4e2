import { Context, type Duration, Effect, Layer, Option, Stream } from "effect"
import type { AnyStateMachine, EventFromLogic } from "xstate"
import { Addressing } from "./addressing.ts"
import { ActorUnavailable, type AskError } from "./errors.ts"
import { ActorHost } from "./host.ts"
import type { ActorKind, ActorView } from "./kind.ts"
import { ActorStore, type StoredActor, type StoreUnavailable } from "./store.ts"

/** Longer than the longest action may take, so that an actor's own timeout comes first. */
const askTimeout: Duration.Input = "2 minutes"

/** How many actors are read from the store at once. */
const pageSize = 1_000

/** The kind of an actor, whatever its actions need. */
type AnyKind<M extends AnyStateMachine> = Pick<ActorKind<M, never>, "name" | "machine" | "version">

/**
 * Talking to actors: by kind and id, wherever they live.
 *
 * **Details**
 * - `ask` completes when everything the command led to is committed, with the state reached; a command that the
 *   state does not take is `Refused`, one the machine ended with `reject` is `Rejected`.
 * - `tell` completes when the letter is in the mailbox; an event the state does not take is ignored.
 * - `peek` reads the committed state without waking the actor; undefined when it was never changed.
 * - `all` reads a kind's committed states in the order of ids.
 * - When its scope closes, the actors of this node come to rest before the cluster lets go of them.
 */
export class ActorSystem extends Context.Service<
  ActorSystem,
  {
    readonly ask: <M extends AnyStateMachine>(
      kind: AnyKind<M>,
      id: string,
      command: EventFromLogic<M>
    ) => Effect.Effect<ActorView<M>, AskError>
    readonly tell: <M extends AnyStateMachine>(
      kind: AnyKind<M>,
      id: string,
      event: EventFromLogic<M>
    ) => Effect.Effect<void, AskError>
    readonly peek: <M extends AnyStateMachine>(
      kind: AnyKind<M>,
      id: string
    ) => Effect.Effect<ActorView<M> | undefined, StoreUnavailable>
    readonly all: <M extends AnyStateMachine>(
      kind: AnyKind<M>
    ) => Stream.Stream<{ readonly id: string; readonly view: ActorView<M> }, StoreUnavailable>
    /** Who holds a claim of a kind. */
    readonly holder: <M extends AnyStateMachine>(
      kind: AnyKind<M>,
      claim: string
    ) => Effect.Effect<string | undefined, StoreUnavailable>
    readonly wake: (kind: string, id: string) => Effect.Effect<void, AskError>
    /** Brings every stored actor of a kind to life on this node, a page at a time. Gives their number. */
    readonly wakeAll: (kind: string) => Effect.Effect<number, StoreUnavailable>
  }
>()("strowger/runtime/actor/ActorSystem") {
  static readonly layer: Layer.Layer<ActorSystem, never, Addressing | ActorHost | ActorStore> = Layer.effect(
    ActorSystem,
    Effect.gen(function* () {
      const addressing = yield* Addressing
      const host = yield* ActorHost
      const store = yield* ActorStore
      yield* Effect.addFinalizer(() => host.drain)
      const pages = (kind: string): Stream.Stream<StoredActor, StoreUnavailable> =>
        Stream.paginate("", (after: string) =>
          Effect.map(
            store.page(kind, after, pageSize),
            (page) =>
              [
                page,
                page.length < pageSize ? Option.none() : Option.fromUndefinedOr(page.at(-1)?.id)
              ] as const
          )
        )
      return ActorSystem.of({
        ask: (kind, id, command) =>
          addressing.ask({ kind: kind.name, id, event: command }).pipe(
            Effect.timeoutOrElse({
              duration: askTimeout,
              orElse: () =>
                Effect.fail(
                  new ActorUnavailable({
                    kind: kind.name,
                    id,
                    reason: "timeout",
                    message: "No answer in time"
                  })
                )
            }),
            // The answer comes from a machine of this kind: the registry pairs kinds and machines by name.
            Effect.map((view) => view as never)
          ),
        tell: (kind, id, event) => addressing.tell({ kind: kind.name, id, event }),
        peek: (kind, id) => {
          const view = host.resident(kind.name, id)?.view
          if (view) return Effect.succeed(view as never)
          return Effect.map(
            store.load(kind.name, id),
            (stored) => stored && (viewOfStored(stored.snapshot) as never)
          )
        },
        all: (kind) =>
          pages(kind.name).pipe(
            Stream.map((stored) => ({ id: stored.id, view: viewOfStored(stored.snapshot) as never }))
          ),
        holder: (kind, claim) => store.holder(kind.name, claim),
        wake: (kind, id) => addressing.wake(kind, id),
        wakeAll: (kind) =>
          pages(kind).pipe(
            Stream.chunks,
            Stream.mapEffect((page) => Effect.as(host.wakeStored(page), page.length)),
            Stream.runFold(
              () => 0,
              (total, count) => total + count
            )
          )
      })
    })
  )
}

const viewOfStored = ({ value, context }: { value: unknown; context: unknown }) => ({ value, context })
