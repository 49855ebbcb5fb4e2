import { Cause, Console, Data, Effect, Queue } from "effect"
import { WebSocket } from "ws"
import { type RuntimeAddress, restOf } from "./rest.ts"

/** What `strowger watch` is told. */
export interface WatchOptions extends RuntimeAddress {
  /** Names of the events; empty: all that the user may see. */
  readonly events: ReadonlyArray<string>
}

/** The runtime cannot be watched; the message says why. */
class CannotWatch extends Data.TaggedError("CannotWatch")<{ readonly message: string }> {}

/** Logs in, subscribes, and prints a line for each event until the connection ends. */
export const runWatch = (options: WatchOptions) =>
  Effect.gen(function* () {
    const { token } = yield* restOf(options)
    const messages = yield* connect(
      `${options.url.replace(/^http/, "ws")}/api/websocketd/?version=2&token=${token}`,
      [
        ...(options.events.length === 0 ? ["*"] : options.events).map((event_name) => ({
          op: "subscribe",
          data: { event_name }
        })),
        { op: "start" }
      ]
    )
    for (;;) {
      const message = yield* Queue.take(messages)
      if (message.op === "event") yield* Console.log(lineOf(message.data))
    }
  }).pipe(Effect.scoped)

interface Envelope {
  readonly name: string
  readonly timestamp: string
  readonly data: object
}

type Message =
  | { readonly op: "event"; readonly data: Envelope }
  | { readonly op: "init" | "subscribe" | "start" }

const lineOf = ({ name, timestamp, data }: Envelope): string =>
  `${timestamp.slice(11, 23)}  ${name.padEnd(26)} ${JSON.stringify(data)}`

const connect = (url: string, greeting: ReadonlyArray<object>) =>
  Effect.gen(function* () {
    const messages = yield* Queue.unbounded<Message, CannotWatch>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const socket = new WebSocket(url)
        const end = (message: string) =>
          Queue.failCauseUnsafe(messages, Cause.fail(new CannotWatch({ message })))
        socket.on("open", () => {
          for (const frame of greeting) socket.send(JSON.stringify(frame))
        })
        // websocketd's own frames.
        socket.on("message", (data) => Queue.offerUnsafe(messages, JSON.parse(String(data)) as Message))
        socket.on("error", ({ message }) => end(message))
        socket.on("close", (code, reason) => end(`the connection was closed: ${code} ${String(reason)}`))
        return socket
      }),
      (socket) => Effect.sync(() => socket.terminate())
    )
    return messages
  })
