import { createSocket, type RemoteInfo } from "node:dgram"
import { Effect, Queue, type Scope } from "effect"

/** A datagram as it came. */
export interface Datagram {
  readonly bytes: Buffer
  readonly port: number
}

/** A socket that says exactly what a test wants, bytes and all. */
export interface ScriptedClient {
  readonly send: (bytes: Buffer, port: number) => void
  /** The next datagram that came. */
  readonly next: Effect.Effect<Datagram>
  /** How many have come that nobody took. */
  readonly waiting: () => number
}

/** A client on a free port of 127.0.0.1, until the scope ends. */
export const scriptedClient = Effect.gen(function* (): Effect.fn.Return<ScriptedClient, never, Scope.Scope> {
  const received = yield* Queue.unbounded<Datagram>()
  const socket = createSocket("udp4")
  socket.on("message", (bytes: Buffer, { port }: RemoteInfo) => {
    Queue.offerUnsafe(received, { bytes, port })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      socket.bind(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.sync(() => socket.close())
  )
  return {
    send: (bytes, port) => socket.send(bytes, port, "127.0.0.1"),
    next: Queue.take(received),
    waiting: () => Queue.sizeUnsafe(received)
  }
})
