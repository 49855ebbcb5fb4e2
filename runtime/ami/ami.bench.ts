import { createRequire } from "node:module"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { isMainThread, parentPort, Worker } from "node:worker_threads"
import { Effect, Redacted, Result } from "effect"
import { type BenchResult, median } from "../bench.ts"
import { type AmiMessage, header } from "./ami.ts"
import { AmiDecoder, encodeAction, encodeMessage, toJson } from "./codec.ts"
import { openConnection } from "./connection.ts"
import { readRecording } from "./recordings.ts"
import { READ_SIZE } from "./socket.ts"

/**
 * Events a second from a PBX to a subscriber over one AMI connection. A worker thread replays the recorded load
 * over a loopback socket for as long as the client reads.
 *
 * - figure: events delivered by `openConnection` to an `onEvent` handler that reads the event's name and its
 *   queue. Most events have no queue, so the whole of their headers is looked through.
 * - asJson: the same with `toJson` of every event, as for the bus.
 * - ceiling: the ends of messages found on the same socket, and nothing else done.
 * - asteriskManager: events delivered by the npm package of that name to a listener that reads the same two.
 *
 * Each is the median of some rounds, in which the four take turns.
 */
export const run = async (): Promise<BenchResult> => {
  const pbx = new Worker(new URL(import.meta.url))
  try {
    const port = await new Promise<number>((resolve) => pbx.once("message", resolve))
    const rates = SUBJECTS.map(() => [] as Array<number>)
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [index, subject] of SUBJECTS.entries()) {
        const warmUp = round === 0
        const rate = await subject(port, warmUp ? WARM_UP_MS : MEASURE_MS)
        if (!warmUp) rates[index]?.push(rate)
      }
    }
    const [ceiling = 0, figure = 0, asJson = 0, asteriskManager = 0] = rates.map(median).map(Math.round)
    return {
      name: "ami",
      figure,
      unit: "events/s",
      ceiling,
      ratio: rounded(figure / ceiling),
      asJson,
      asteriskManager,
      timesAsteriskManager: rounded(figure / asteriskManager)
    }
  } finally {
    await pbx.terminate()
  }
}

const ROUNDS = 3
const WARM_UP_MS = 500
const MEASURE_MS = 1500

const rounded = (ratio: number): number => Math.round(ratio * 100) / 100

/** Counts from the first call on; once the time is over it stops counting and calls `onOver`. */
class Stopwatch {
  #startedAt = 0
  #count = 0
  #over = false
  readonly #milliseconds: number
  readonly #onOver: (rate: number) => void

  constructor(milliseconds: number, onOver: (rate: number) => void) {
    this.#milliseconds = milliseconds
    this.#onOver = onOver
  }

  count(): void {
    if (this.#over) return
    if (this.#count === 0) this.#startedAt = performance.now()
    this.#count++
    if (this.#count % 1024 !== 0) return
    const elapsed = performance.now() - this.#startedAt
    if (elapsed < this.#milliseconds) return
    this.#over = true
    this.#onOver((this.#count * 1000) / elapsed)
  }
}

const MESSAGE_END = Buffer.from("\r\n\r\n")

const countMessageEnds = (port: number, milliseconds: number): Promise<number> =>
  new Promise((resolve) => {
    const watch = new Stopwatch(milliseconds, (rate) => socket.destroy().once("close", () => resolve(rate)))
    let tail = Buffer.alloc(0)
    const onRead = (length: number, buffer: Uint8Array): boolean => {
      const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length)
      if (Buffer.concat([tail, bytes.subarray(0, 3)]).includes(MESSAGE_END)) watch.count()
      for (let end = bytes.indexOf(MESSAGE_END); end !== -1; end = bytes.indexOf(MESSAGE_END, end + 4)) {
        watch.count()
      }
      tail = Buffer.from(bytes.subarray(-3))
      return true
    }
    const socket = connect({
      host: "127.0.0.1",
      port,
      onread: { buffer: Buffer.allocUnsafeSlow(READ_SIZE), callback: onRead }
    })
    socket.on("error", () => {})
    socket.write(Result.getOrThrow(encodeAction({ action: "Login" }, "1")))
  })

const deliver =
  (use: (event: AmiMessage) => boolean) =>
  (port: number, milliseconds: number): Promise<number> =>
    Effect.gen(function* () {
      const connection = yield* openConnection({ host: "127.0.0.1", port })
      const rate = new Promise<number>((resolve) => {
        const watch = new Stopwatch(milliseconds, resolve)
        connection.onEvent((event) => {
          if (use(event)) watch.count()
        })
      })
      yield* connection.login({ username: "bench", secret: Redacted.make(""), authType: "plain" })
      return yield* Effect.promise(() => rate)
    }).pipe(Effect.scoped, Effect.runPromise)

const hasNameAndQueue = (event: AmiMessage): boolean =>
  header(event, "Event") !== undefined && header(event, "Queue") !== ""

const hasJson = (event: AmiMessage): boolean => {
  const json = toJson(event)
  return json?.Event !== undefined && json.Queue !== ""
}

/** What is used of the package, which has no types of its own. */
interface AsteriskManager {
  readonly on: (name: string, listener: (event: Readonly<Record<string, string>>) => void) => void
  readonly disconnect: (done: () => void) => void
}

const deliverByAsteriskManager = (port: number, milliseconds: number): Promise<number> =>
  new Promise((resolve) => {
    const Manager: new (
      port: number,
      host: string,
      username: string,
      password: string,
      events: boolean
    ) => AsteriskManager = createRequire(import.meta.url)("asterisk-manager")
    const manager = new Manager(port, "127.0.0.1", "bench", "none", true)
    const watch = new Stopwatch(milliseconds, (rate) => manager.disconnect(() => resolve(rate)))
    manager.on("managerevent", (event) => {
      if (event.event !== undefined && event.queue !== "") watch.count()
    })
  })

const SUBJECTS = [countMessageEnds, deliver(hasNameAndQueue), deliver(hasJson), deliverByAsteriskManager]

/** The PBX of the worker thread: a banner, an answer to the first action, then the recording over and over. */
const serveRecording = (): void => {
  const recording = readRecording("queue-load.events.ami")
  const events = recording.subarray(recording.indexOf(MESSAGE_END) + MESSAGE_END.length)
  const server = createServer((socket) => {
    const decoder = new AmiDecoder({ stream: "actions" })
    socket.on("error", () => {})
    socket.write("Asterisk Call Manager/13.0.0\r\n")
    socket.on("data", (bytes: Buffer) =>
      decoder.push(bytes, (action) => {
        const actionId = header(action, "ActionID") ?? ""
        socket.write(
          encodeMessage({
            headers: [
              ["Response", "Success"],
              ["ActionID", actionId]
            ]
          })
        )
        replay(socket, events)
      })
    )
  })
  server.listen(0, "127.0.0.1", () => {
    // listening on TCP, so the address is one of TCP
    const { port } = server.address() as AddressInfo
    parentPort?.postMessage(port, [])
  })
}

const replay = (socket: Socket, events: Buffer): void => {
  if (socket.destroyed) return
  if (socket.write(events)) setImmediate(replay, socket, events)
  else socket.once("drain", () => replay(socket, events))
}

if (!isMainThread) serveRecording()
