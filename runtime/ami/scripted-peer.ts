import { type AddressInfo, createServer, type Socket } from "node:net"
import { Effect, Queue, type Scope } from "effect"
import { header } from "./ami.ts"
import { AmiDecoder } from "./codec.ts"
import type { ReceivedMessage } from "./message.ts"

/** An AMI peer of one connection at a time that does nothing by itself: a test plays its part. */
export interface ScriptedPeer {
  readonly port: number
  /** Waits for the next connection. Everything below is about the last one that came. */
  readonly accepted: Effect.Effect<void>
  /** Waits for the next action. */
  readonly next: Effect.Effect<ReceivedMessage>
  /** Actions received that no `next` has taken. */
  readonly untaken: Effect.Effect<number>
  readonly write: (bytes: string | Uint8Array) => Effect.Effect<void>
  /** Sends a message of `Name: value` lines. */
  readonly say: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Sends a response with the action's ActionID. */
  readonly answer: (
    action: ReceivedMessage,
    response: string,
    ...lines: ReadonlyArray<string>
  ) => Effect.Effect<void>
  /** Sends an event with the action's ActionID. */
  readonly list: (
    action: ReceivedMessage,
    event: string,
    ...lines: ReadonlyArray<string>
  ) => Effect.Effect<void>
  readonly hangUp: Effect.Effect<void>
  /** Stops reading, as a peer does that hangs. */
  readonly stall: Effect.Effect<void>
  /** Waits until the client has closed the connection. */
  readonly abandoned: Effect.Effect<void>
}

/** Starts a peer on a free port of 127.0.0.1, until the scope ends. It greets with `greeting`. */
export const scriptedPeer = Effect.fnUntraced(function* (
  greeting = "Asterisk Call Manager/13.0.0\r\n"
): Effect.fn.Return<ScriptedPeer, never, Scope.Scope> {
  const connections = yield* Queue.unbounded<void>()
  const actions = yield* Queue.unbounded<ReceivedMessage>()
  const ends = yield* Queue.unbounded<void>()
  const sockets: Array<Socket> = []
  const server = createServer({ noDelay: true }, (socket) => {
    const decoder = new AmiDecoder({ stream: "actions", maxLine: 1_000_000, maxMessage: 1_000_000 })
    sockets.push(socket)
    socket.on("error", () => {})
    socket.on("data", (bytes: Buffer) => decoder.push(bytes, (action) => Queue.offerUnsafe(actions, action)))
    socket.on("end", () => Queue.offerUnsafe(ends, undefined))
    socket.write(greeting)
    Queue.offerUnsafe(connections, undefined)
  })
  const port = yield* Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        // listening on TCP, so the address is one of TCP
        const address = server.address() as AddressInfo
        resume(Effect.succeed(address.port))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
  )
  const write = (bytes: string | Uint8Array) => Effect.sync(() => void sockets.at(-1)?.write(bytes))
  const say = (...lines: ReadonlyArray<string>) => write(`${lines.join("\r\n")}\r\n\r\n`)
  const idLine = (action: ReceivedMessage) => `ActionID: ${header(action, "ActionID")}`
  return {
    port,
    accepted: Queue.take(connections),
    next: Queue.take(actions),
    untaken: Queue.size(actions),
    write,
    say,
    answer: (action, response, ...lines) => say(`Response: ${response}`, idLine(action), ...lines),
    list: (action, event, ...lines) => say(`Event: ${event}`, idLine(action), ...lines),
    hangUp: Effect.sync(() => void sockets.at(-1)?.end()),
    stall: Effect.sync(() => void sockets.at(-1)?.pause()),
    abandoned: Queue.take(ends)
  }
})
