import { Clock, Context, Effect, Layer } from "effect"
import type { AnyStateMachine } from "xstate"
import { AppConfig, millis } from "../config.ts"
import { Platform } from "../platform.ts"
import { ActorUnavailable } from "./errors.ts"
import { Inspector } from "./inspection.ts"
import { type ActorKind, type RunnableKind, runnable } from "./kind.ts"
import { type ActorStatus, type Ground, Shell } from "./shell.ts"
import { ActorStore, type StoredActor } from "./store.ts"

/** Letters that may wait for one actor. */
const mailboxCapacity = 1_000

/**
 * The actors that live on this node. Knows every kind, creates shells on demand, lets idle ones leave memory.
 */
export class ActorHost extends Context.Service<
  ActorHost,
  {
    readonly register: (kind: RunnableKind) => void
    readonly kinds: () => ReadonlyArray<RunnableKind>
    readonly kind: (name: string) => RunnableKind | undefined
    /** The shell of an actor, created when absent. */
    readonly shell: (kind: string, id: string) => Effect.Effect<Shell, ActorUnavailable>
    /** The shell of an actor that is in memory. */
    readonly resident: (kind: string, id: string) => Shell | undefined
    /** Creates and wakes the shells of stored actors. */
    readonly wakeStored: (actors: ReadonlyArray<StoredActor>) => Effect.Effect<void>
    readonly statuses: () => ReadonlyArray<ActorStatus>
    /** Lets an actor leave memory when nothing is under way; tells whether it did. */
    readonly passivate: (kind: string, id: string) => boolean
    /**
     * Ends all actors of this node for good: letters are refused from now on, those that wait are answered `stopped`.
     * Completes when nothing is under way any more, after the drain timeout at the latest.
     */
    readonly drain: Effect.Effect<void>
  }
>()("strowger/runtime/actor/ActorHost") {
  static readonly layer: Layer.Layer<ActorHost, never, ActorStore | Inspector | Platform | AppConfig> =
    Layer.effect(
      ActorHost,
      Effect.suspend(() => makeHost)
    )
}

/** Makes a kind known, with the services that its actions need. Once for each name. */
export const registerKind = Effect.fnUntraced(function* <M extends AnyStateMachine, R>(
  kind: ActorKind<M, R>
) {
  const host = yield* ActorHost
  host.register(yield* runnable(kind))
})

const makeHost = Effect.gen(function* () {
  const config = yield* AppConfig
  const platform = yield* Platform
  const idleMillis = millis(config.actorIdle)
  const kinds = new Map<string, RunnableKind>()
  const shells = new Map<string, Map<string, Shell>>()
  const ground: Ground = {
    store: yield* ActorStore,
    inspector: yield* Inspector,
    originUuid: platform.uuid,
    scope: yield* Effect.scope,
    context: yield* Effect.context<never>(),
    supervision: {
      restarts: config.actorRestarts,
      restartWindow: millis(config.actorRestartWindow),
      performTimeout: millis(config.actorPerformTimeout),
      mailboxCapacity
    }
  }

  const create = (kind: RunnableKind, id: string, now: number): Shell => {
    const ofKind = shells.get(kind.name) ?? new Map<string, Shell>()
    shells.set(kind.name, ofKind)
    const shell = new Shell(kind, id, ground, now)
    ofKind.set(id, shell)
    return shell
  }

  const passivate = (kind: string, id: string): boolean => {
    const shell = shells.get(kind)?.get(id)
    if (!shell?.idle) return false
    shells.get(kind)?.delete(id)
    shell.stop()
    return true
  }

  yield* Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    for (const [kind, ofKind] of shells) {
      if (!kinds.get(kind)?.durable) continue
      for (const [id, shell] of ofKind) {
        const isForgotten = shell.lastActive < now - idleMillis && shell.status.health !== "failed"
        if (isForgotten) passivate(kind, id)
      }
    }
  }).pipe(Effect.delay(Math.min(60_000, Math.max(1_000, idleMillis / 2))), Effect.forever, Effect.forkScoped)

  let draining = false
  const drain = Effect.suspend(() => {
    draining = true
    const all = [...shells.values()].flatMap((ofKind) => [...ofKind.values()])
    for (const shell of all) shell.stop()
    return Effect.sleep("10 millis").pipe(
      Effect.repeat({ while: () => all.some((shell) => shell.busy) }),
      Effect.timeoutOption(config.drainTimeout),
      Effect.andThen(Effect.sync(() => shells.clear()))
    )
  })

  return ActorHost.of({
    register: (kind) => {
      if (kinds.has(kind.name)) throw new Error(`The actor kind ${kind.name} is registered twice`)
      kinds.set(kind.name, kind)
    },
    kinds: () => [...kinds.values()],
    kind: (name) => kinds.get(name),
    shell: (name, id) =>
      Effect.gen(function* () {
        const found = shells.get(name)?.get(id)
        if (found) return found
        const kind = kinds.get(name)
        if (kind === undefined || draining) {
          const message = draining ? "The node is ending" : `There is no actor kind ${name} on this node`
          return yield* new ActorUnavailable({ kind: name, id, reason: "stopped", message })
        }
        return create(kind, id, yield* Clock.currentTimeMillis)
      }),
    resident: (name, id) => shells.get(name)?.get(id),
    wakeStored: Effect.fnUntraced(function* (actors) {
      const now = yield* Clock.currentTimeMillis
      for (const actor of actors) {
        const kind = kinds.get(actor.kind)
        if (kind === undefined || draining) continue
        const resident = shells.get(actor.kind)?.get(actor.id)
        // One that is here already may have gone on since the store was read.
        if (resident) resident.wake()
        else create(kind, actor.id, now).wake(actor)
      }
    }),
    statuses: () =>
      [...shells.values()].flatMap((ofKind) => [...ofKind.values()].map((shell) => shell.status)),
    passivate,
    drain
  })
})
