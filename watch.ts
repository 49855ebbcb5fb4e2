import { Cause, Console, Data, Effect, Queue } from "effect"
import { WebSocket } from "ws"

/** What `strowger watch` is told. */
export interface WatchOptions {
  readonly url: string
  readonly username: string
  readonly password: string
  /** Names of the events; empty: all that the user may see. */
  readonly events: ReadonlyArray<string>
}

/** The runtime cannot be watched; the message says why. */
class CannotWatch extends Data.TaggedError("CannotWatch")<{ readonly message: string }> {}

/** Logs in, subscribes, and prints a line for each event until the connection ends. */
export const runWatch = (options: WatchOptions) =>
  Effect.gen(function* () {
    const token = yield* logIn(options)
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

const logIn = ({ url, username, password }: WatchOptions) =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${url}/api/auth/0.1/token`, {
        method: "POST",
        signal,
        headers: {
          Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
          "Content-Type": "application/json"
        },
        body: "{}"
      })
      if (!response.ok) throw new Error(`the login was answered with ${response.status}`)
      // The contract's answer to POST /token.
      return ((await response.json()) as { readonly data: { readonly token: string } }).data.token
    },
    catch: (error) =>
      new CannotWatch({ message: `${url}: ${error instanceof Error ? error.message : String(error)}` })
  })

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
