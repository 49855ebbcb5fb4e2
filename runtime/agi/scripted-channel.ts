import { connect, type Socket } from "node:net"
import { Effect, Queue, type Scope } from "effect"

/** A channel of Asterisk that runs `AGI(agi://...)`; a test plays its part. */
export interface ScriptedChannel {
  readonly socket: Socket
  readonly write: (bytes: string | Uint8Array) => Effect.Effect<void>
  /** Sends `name: value` lines and the empty line that ends a request. */
  readonly ask: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** Waits for the next command. */
  readonly command: Effect.Effect<string>
  /** Waits until the other side has ended the connection. */
  readonly ended: Effect.Effect<void>
}

/** Connects to a FastAGI listener on 127.0.0.1, until the scope ends. */
export const scriptedChannel = Effect.fnUntraced(function* (
  port: number
): Effect.fn.Return<ScriptedChannel, never, Scope.Scope> {
  const commands = yield* Queue.unbounded<string>()
  const ends = yield* Queue.unbounded<void>()
  const socket = yield* Effect.acquireRelease(
    Effect.callback<Socket>((resume) => {
      const opened = connect({ host: "127.0.0.1", port, noDelay: true }, () => resume(Effect.succeed(opened)))
      let held = ""
      opened.on("data", (bytes: Buffer) => {
        const lines = (held + bytes.toString()).split("\n")
        held = lines.pop() ?? ""
        for (const line of lines) Queue.offerUnsafe(commands, line)
      })
      opened.on("error", () => {})
      opened.on("close", () => Queue.offerUnsafe(ends, undefined))
    }),
    (opened) => Effect.sync(() => opened.destroy())
  )
  const write = (bytes: string | Uint8Array) => Effect.sync(() => void socket.write(bytes))
  return {
    socket,
    write,
    ask: (...lines) => write(`${lines.join("\n")}\n\n`),
    command: Queue.take(commands),
    ended: Queue.take(ends)
  }
})

/**
 * Plays a whole request and accepts every command: the variables it was told, in order, once the connection was
 * ended.
 */
export const askAgi = Effect.fnUntraced(function* (port: number, ...lines: ReadonlyArray<string>) {
  const channel = yield* scriptedChannel(port)
  const told: Array<string> = []
  yield* channel.ask(...lines)
  yield* Effect.raceFirst(
    channel.ended,
    channel.command.pipe(
      Effect.tap((command) => Effect.sync(() => told.push(command))),
      Effect.andThen(channel.write("200 result=1\n")),
      Effect.forever
    )
  )
  return told
}, Effect.scoped)
