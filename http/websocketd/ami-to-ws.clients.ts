import { connect, type Socket } from "node:net"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { Effect, type Scope } from "effect"

/** One client of the benchmark. */
export interface ClientOrder {
  /** What it writes: its handshake and its frames. */
  readonly opening: Uint8Array
  /** It is ready once it has read this. */
  readonly readyWhen: string
  /** The events it must get, by their place in the stream. */
  readonly expected: Uint32Array
}

/** What the clients saw of one replay. */
export interface Sighting {
  /** Of each frame the place of its event in the stream, and when it was read on the clock of `monotonic`. */
  readonly events: Uint32Array
  readonly times: Float64Array
  /** Frames that did not come. */
  readonly lost: number
  /** Frames that came after one that should have come later. */
  readonly reordered: number
  /** Frames of events that were not for their client. */
  readonly uninvited: number
  /** Clients whose connection has ended; they lose what follows. */
  readonly closed: number
}

/** Clients in a thread of their own. */
export interface TimedClients {
  /** Before a replay of that many events from the start of the stream. */
  readonly expect: (events: number) => void
  /** After it: waits until all frames have come, or none has come for 5 s. */
  readonly sighting: () => Promise<Sighting>
}

/** Milliseconds of a clock that all processes of the machine share. */
export const monotonic = (): number => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000 + nanoseconds / 1_000_000
}

/**
 * Connects the clients one after the other. `endings[i]` is how the text of event `i` ends, and `mark` stands in
 * every text of an event. They end with the scope.
 */
export const startTimedClients = (orders: Orders): Effect.Effect<TimedClients, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: orders })
      const answer = <A>() => new Promise<A>((resolve) => worker.once("message", resolve))
      await answer<"ready">()
      const clients: TimedClients = {
        expect: (events) => worker.postMessage(events, []),
        sighting: () => {
          const seen = answer<Sighting>()
          worker.postMessage("written", [])
          return seen
        }
      }
      return { worker, clients }
    }),
    ({ worker }) => Effect.promise(() => worker.terminate())
  ).pipe(Effect.map(({ clients }) => clients))

export interface Orders {
  readonly port: number
  readonly endings: ReadonlyArray<Uint8Array>
  readonly mark: string
  readonly clients: ReadonlyArray<ClientOrder>
}

const patience = 5_000

class Sightings {
  readonly #endings: ReadonlyArray<Buffer>
  readonly #mark: string
  #upTo = 0
  #events = new Uint32Array()
  #times = new Float64Array()
  #count = 0
  #reordered = 0
  #uninvited = 0
  closed = 0
  lastAt = 0

  constructor({ endings, mark }: Orders) {
    this.#endings = endings.map((ending) => Buffer.from(ending))
    this.#mark = mark
  }

  begin(upTo: number, clients: ReadonlyArray<TimedClient>): void {
    let frames = 0
    for (const client of clients) {
      client.next = 0
      frames += client.expected.findLastIndex((event) => event < upTo) + 1
    }
    this.#upTo = upTo
    this.#events = new Uint32Array(frames)
    this.#times = new Float64Array(frames)
    this.#count = this.#reordered = this.#uninvited = 0
    this.lastAt = monotonic()
  }

  get complete(): boolean {
    return this.#count >= this.#events.length
  }

  result(): Sighting {
    return {
      events: this.#events.slice(0, this.#count),
      times: this.#times.slice(0, this.#count),
      lost: this.#events.length - this.#count,
      reordered: this.#reordered,
      uninvited: this.#uninvited,
      closed: this.closed
    }
  }

  take(client: TimedClient, frame: Buffer, at: number): void {
    this.lastAt = at
    const place = this.#placeOf(client, frame)
    if (place === -1) {
      if (frame.includes(this.#mark)) this.#uninvited++
      return
    }
    if (place < client.next) this.#reordered++
    else client.next = place + 1
    this.#events[this.#count] = client.expected[place] ?? 0
    this.#times[this.#count] = at
    this.#count++
  }

  /** Nearly always the next one; after a loss a later one; an earlier one is out of order. */
  #placeOf({ expected, next }: TimedClient, frame: Buffer): number {
    for (let place = next; place < expected.length; place++) {
      if ((expected[place] ?? 0) >= this.#upTo) break
      if (this.#isOf(frame, expected[place] ?? 0)) return place
    }
    for (let place = next - 1; place >= 0; place--) if (this.#isOf(frame, expected[place] ?? 0)) return place
    return -1
  }

  #isOf(frame: Buffer, event: number): boolean {
    const ending = this.#endings[event]
    if (ending === undefined || frame.length < ending.length) return false
    return frame.compare(ending, 0, ending.length, frame.length - ending.length) === 0
  }
}

/** A client that reads frames of a server: unmasked, unfragmented. */
class TimedClient {
  readonly expected: Uint32Array
  next = 0
  readonly #sightings: Sightings
  #held: Buffer = Buffer.alloc(0)
  #isOpen = false
  #socket: Socket | undefined

  constructor(order: ClientOrder, sightings: Sightings) {
    this.expected = order.expected
    this.#sightings = sightings
  }

  open(port: number, { opening, readyWhen }: ClientOrder, buffer: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const callback = (length: number): boolean => {
        if (this.#isOpen) this.#read(buffer.subarray(0, length))
        else {
          this.#held = Buffer.concat([this.#held, buffer.subarray(0, length)])
          if (this.#held.includes(readyWhen)) {
            this.#held = Buffer.alloc(0)
            this.#isOpen = true
            resolve()
          }
        }
        return true
      }
      const socket = connect({ host: "127.0.0.1", port, onread: { buffer, callback } })
      socket.once("error", reject)
      socket.once("close", () => {
        this.#sightings.closed++
        reject(new Error(`a client was cut: ${this.#held}`))
      })
      this.#socket = socket
      socket.write(opening)
    })
  }

  #read(chunk: Buffer): void {
    const at = monotonic()
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    let start = 0
    for (;;) {
      const short = bytes[start + 1] ?? 0
      const header = short === 126 ? 4 : 2
      if (bytes.length - start < header) break
      const end = start + header + (short === 126 ? bytes.readUInt16BE(start + 2) : short)
      if (end > bytes.length) break
      if (bytes[start] === textFrameStart) this.#sightings.take(this, bytes.subarray(start + header, end), at)
      else if (bytes[start] === pingFrameStart) this.#socket?.write(pong)
      start = end
    }
    // The chunk is read into again.
    this.#held = start === bytes.length ? nothing : Buffer.from(bytes.subarray(start))
  }
}

const nothing = Buffer.alloc(0)
const textFrameStart = 0x81
const pingFrameStart = 0x89
/** Without payload, as the pings are; masked with zeros. */
const pong = Buffer.of(0x8a, 0x80, 0, 0, 0, 0)

const runClients = async (orders: Orders): Promise<void> => {
  const sightings = new Sightings(orders)
  const clients = orders.clients.map((order) => ({ order, client: new TimedClient(order, sightings) }))
  const buffer = Buffer.allocUnsafeSlow(256 * 1024)
  for (const { order, client } of clients) await client.open(orders.port, order, buffer)
  parentPort?.on("message", (message: number | "written") => {
    if (message !== "written")
      return sightings.begin(
        message,
        clients.map(({ client }) => client)
      )
    const timer = setInterval(() => {
      if (!sightings.complete && monotonic() - sightings.lastAt < patience) return
      clearInterval(timer)
      parentPort?.postMessage(sightings.result(), [])
    }, 50)
  })
  parentPort?.postMessage("ready", [])
}

// The main thread passes its own type through workerData.
if (!isMainThread) await runClients(workerData as Orders)
