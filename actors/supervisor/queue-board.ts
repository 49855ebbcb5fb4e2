import { Context, Effect, Layer, Queue, type Scope } from "effect"
import { Ami } from "../../runtime/ami/ami.ts"
import { AmiEvents } from "../../runtime/ami/ami-events.ts"
import { Synchronisers } from "../ami-session/synchronisers.ts"
import { type LiveQueue, LiveQueues, type Membership, type QueueCall, queueEvents } from "./live-queues.ts"

/**
 * The queues of the PBX as they are now, on the node that holds the AMI session. Answers from memory; nothing here
 * waits or fails.
 */
export class QueueBoard extends Context.Service<
  QueueBoard,
  {
    readonly queue: (name: string) => LiveQueue | undefined
    /** A waiting or connected call by the uniqueid or the name of its caller's channel. */
    readonly call: (id: string) => QueueCall | undefined
    /** The call of a queue that a member talks in now. */
    readonly conversationOf: (memberInterface: string) => QueueCall | undefined
    /** An interface in each queue that it is member of. */
    readonly membershipsOf: (memberInterface: string) => ReadonlyArray<Membership>
    /** Whether Asterisk is there and was asked since it came. */
    readonly isLive: () => boolean
    /** The listener hears the name of each queue that changed; it must return at once and must not throw. */
    readonly onChange: (listener: (queue: string) => void) => Effect.Effect<void, never, Scope.Scope>
    /** Calls `listener` after Asterisk was asked for everything anew, before the session is up. */
    readonly onStatus: (listener: Effect.Effect<void>) => void
  }
>()("strowger/actors/supervisor/QueueBoard") {
  static readonly layer: Layer.Layer<QueueBoard, never, Ami | AmiEvents | Synchronisers> = Layer.effect(
    QueueBoard,
    Effect.suspend(() => makeBoard)
  )
}

const makeBoard = Effect.gen(function* () {
  const ami = yield* Ami
  const events = yield* AmiEvents
  const synchronisers = yield* Synchronisers
  const changeListeners = new Set<(queue: string) => void>()
  const statusListeners: Array<Effect.Effect<void>> = []
  const doubts = yield* Queue.sliding<void>(1)
  let isSynchronised = false

  const live = new LiveQueues(Date.now, (queue) => {
    for (const listener of changeListeners) listener(queue)
  })

  const synchronise = Effect.gen(function* () {
    isSynchronised = false
    live.expectStatus()
    const status = yield* ami.send({ action: "QueueStatus" })
    const channels = yield* ami.send({ action: "CoreShowChannels" })
    live.replace(status.events, channels.events)
    isSynchronised = true
    yield* Effect.forEach(statusListeners, (listener) => listener, { discard: true })
  }).pipe(
    Effect.onExit(() => Effect.sync(() => !isSynchronised && live.giveUpStatus())),
    Effect.catch(({ message }) => Effect.logWarning(`The queues of Asterisk are not known: ${message}`))
  )
  for (const name of queueEvents) {
    yield* events.on(name, (event) => {
      if (live.apply(event)) Queue.offerUnsafe(doubts, undefined)
    })
  }
  synchronisers.add("queues", synchronise)
  // A session that came up before this was built has asked everybody else already.
  if (ami.up()) yield* Effect.forkScoped(synchronise)

  // New queues, and another service level of old ones.
  yield* events.on("Reload", () => Queue.offerUnsafe(doubts, undefined))
  yield* Queue.take(doubts).pipe(
    Effect.andThen(Effect.sleep("1 second")),
    Effect.andThen(Effect.suspend(() => (isSynchronised && ami.up() ? synchronise : Effect.void))),
    Effect.forever,
    Effect.forkScoped
  )

  return QueueBoard.of({
    queue: (name) => live.queue(name),
    call: (id) => live.call(id),
    conversationOf: (memberInterface) =>
      live.calls().find(({ member, state }) => state === "connected" && member === memberInterface),
    membershipsOf: (memberInterface) => live.membershipsOf(memberInterface),
    isLive: () => {
      if (!ami.up()) isSynchronised = false
      return isSynchronised
    },
    onChange: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void changeListeners.add(listener)),
        () => Effect.sync(() => changeListeners.delete(listener))
      ),
    onStatus: (listener) => {
      statusListeners.push(listener)
    }
  })
})
