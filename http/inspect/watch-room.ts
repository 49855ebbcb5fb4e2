import { Effect, RcRef, Schedule, type Scope } from "effect"
import type { WebSocket } from "ws"
import { ActorHost } from "../../runtime/actor/host.ts"
import { actorMessage, type InspectionMessage, Inspector } from "../../runtime/actor/inspection.ts"
import { AppConfig, millis } from "../../runtime/config.ts"
import { Keepalive } from "../websocketd/keepalive.ts"
import { Watcher } from "./watcher.ts"

/** Actors that a new watcher is shown at once; the others when something happens to them. */
const mostReplayed = 1_000

/** Where inspectors watch. While nobody does, nothing is collected and no timer runs. */
export interface WatchRoom {
  /** Shows the actors to a WebSocket until the scope closes; `kind` narrows to one kind. */
  readonly admit: (webSocket: WebSocket, kind: string | undefined) => Effect.Effect<void, never, Scope.Scope>
}

export const makeWatchRoom: Effect.Effect<WatchRoom, never, ActorHost | Inspector | AppConfig | Scope.Scope> =
  Effect.gen(function* () {
    const host = yield* ActorHost
    const inspector = yield* Inspector
    const keepalive = new Keepalive(millis((yield* AppConfig).websocketPingInterval))
    const watchers = new Set<Watcher>()

    const tell = (message: InspectionMessage) => {
      let text: string | undefined
      const frame = () => (text ??= JSON.stringify(message))
      for (const watcher of watchers) watcher.receive(message, frame)
    }
    const watching = yield* RcRef.make({
      acquire: Effect.gen(function* () {
        yield* inspector.watch(tell)
        yield* Effect.sync(() => keepalive.tick()).pipe(
          Effect.schedule(Schedule.spaced(keepalive.tickMillis)),
          Effect.forkScoped
        )
      })
    })

    const introduce = (sessionId: string): string | undefined => {
      const slash = sessionId.indexOf("/")
      const shell = host.resident(sessionId.slice(0, slash), sessionId.slice(slash + 1))
      if (shell?.snapshot === undefined) return undefined
      return JSON.stringify(actorMessage(sessionId, shell.kind.machine, shell.snapshot, shell.lastActive))
    }
    /** The actors that were active last, in the order of their activity. */
    const present = (kind: string | undefined) =>
      host
        .statuses()
        .filter((status) => kind === undefined || status.kind === kind)
        .sort((left, right) => left.lastActive - right.lastActive)
        .slice(-mostReplayed)
        .map((status) => `${status.kind}/${status.id}`)

    return {
      admit: Effect.fnUntraced(function* (webSocket, kind) {
        yield* RcRef.get(watching)
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            const watcher = new Watcher(webSocket, kind, present(kind), introduce)
            watchers.add(watcher)
            keepalive.add(watcher)
            watcher.replay()
            return watcher
          }),
          (watcher) =>
            Effect.sync(() => {
              watchers.delete(watcher)
              keepalive.remove(watcher)
            })
        )
      })
    }
  })
