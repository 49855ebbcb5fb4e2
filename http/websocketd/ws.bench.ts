import { Effect } from "effect"
import { createServer } from "node:http"
import { connect, type Socket } from "node:net"
import { setImmediate as nextTurn } from "node:timers/promises"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { WebSocketServer } from "ws"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { defineEvent, envelopeOf, makeEvent } from "../../schemas/events/envelope.ts"
import { handshake, listenOnLoopback, originUuid, startFixture } from "./fixture.ts"
import { textFrame } from "./wire-frame.ts"

/**
 * One event to 1,000 WebSocket sessions of as many users of one tenant, in messages delivered a second. Clients are
 * raw sockets of worker threads that count bytes.
 *
 * - figure: events published on the bus, with everything websocketd does for them: serialising, role, tenant and
 *   ACL of each session, the count of undelivered events.
 * - ceiling: the same bytes, serialised beforehand, given to the `send` of each client of a bare `ws` server.
 *
 * Each is the median of some rounds, in which the two take turns.
 */
export const run = (): Promise<BenchResult> =>
  Effect.gen(function* () {
    const subjects = [yield* websocketdSubject, yield* bareSubject]
    const rates = subjects.map(() => [] as Array<number>)
    for (let round = 0; round <= rounds; round++) {
      for (const [index, subject] of subjects.entries()) {
        const rate = yield* Effect.promise(() => broadcast(subject))
        if (round > 0) rates[index]?.push(rate)
      }
    }
    const [figure = 0, ceiling = 0] = rates.map(median).map(Math.round)
    return {
      name: "ws",
      figure,
      unit: "messages/s",
      ceiling,
      ratio: Math.round((100 * figure) / ceiling) / 100
    }
  }).pipe(Effect.scoped, Effect.runPromise)

const sessions = 1_000
const eventsPerRound = 150
const rounds = 5

interface Subject {
  readonly clients: CountingClients
  readonly frameBytes: number
  readonly publish: () => void
}

const broadcast = async ({ clients, frameBytes, publish }: Subject): Promise<number> => {
  const startedAt = performance.now()
  const delivered = clients.receive(sessions * eventsPerRound * frameBytes)
  for (let count = 0; count < eventsPerRound; count++) {
    publish()
    await nextTurn()
  }
  await delivered
  return (sessions * eventsPerRound * 1000) / (performance.now() - startedAt)
}

const tenantUuid = "0c4e8a1c-7a3c-4b7e-9b9d-2f5d0a6f8e11"

const presenceUpdated = defineEvent<{ uuid: string; state: string; line_state: string; connected: boolean }>({
  name: "chatd_presence_updated",
  class: "tenant",
  routingKey: "chatd.users.{uuid}.presences.updated"
})

const makePresence = () =>
  makeEvent(
    presenceUpdated,
    { originUuid, at: 1_785_000_000_000 },
    { tenantUuid },
    {
      uuid: "2f0d7f6e-5b1e-4c52-8a0f-3d1f6b0a9c77",
      state: "available",
      line_state: "talking",
      connected: true
    }
  )

const eventText = `{"op":"event","code":0,"data":${JSON.stringify(envelopeOf(makePresence()))}}`

const websocketdSubject = Effect.gen(function* () {
  const { port, tokens, publish } = yield* startFixture()
  const acl = ["websocketd", "events.chatd.users.*.presences.updated", "events.calls.me"]
  const openings = Array.from({ length: sessions }, () =>
    Buffer.concat([
      Buffer.from(handshake(tokens.grant({ tenantUuid, acl }), 2)),
      maskedFrame('{"op":"subscribe","data":{"event_name":"chatd_presence_updated"}}'),
      maskedFrame('{"op":"start"}')
    ])
  )
  const clients = yield* countingClients(port, openings, '"op":"start"')
  return { clients, frameBytes: textFrame(eventText).length, publish: () => publish(makePresence()) }
})

const bareSubject = Effect.gen(function* () {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const http = createServer()
  http.on("upgrade", (request, socket, head) => server.handleUpgrade(request, socket, head, () => {}))
  const port = yield* listenOnLoopback(http)
  const openings = Array.from({ length: sessions }, () => Buffer.from(handshake("none", 2)))
  const clients = yield* countingClients(port, openings, "\r\n\r\n")
  const payload = Buffer.from(eventText)
  const publish = () => {
    for (const client of server.clients) client.send(payload, { binary: false })
  }
  return { clients, frameBytes: textFrame(eventText).length, publish }
})

const maskedFrame = (text: string): Buffer => {
  const frame = textFrame(text)
  const header = text.length < 126 ? 2 : 4
  const masked = Buffer.concat([frame.subarray(0, header), Buffer.alloc(4), frame.subarray(header)])
  masked[1] = (masked[1] ?? 0) | 0x80
  return masked
}

/** Clients in a thread of their own. */
interface CountingClients {
  /** Completes when all clients together got this number of bytes more. */
  readonly receive: (bytes: number) => Promise<void>
}

interface Orders {
  readonly port: number
  readonly openings: ReadonlyArray<Uint8Array>
  /** What each client must have read before the counting starts. */
  readonly readyWhen: string
}

const countingClients = (port: number, openings: ReadonlyArray<Buffer>, readyWhen: string) =>
  Effect.acquireRelease(
    Effect.promise(async (): Promise<CountingClients & { worker: Worker }> => {
      const orders: Orders = { port, openings, readyWhen }
      const worker = new Worker(new URL(import.meta.url), { workerData: orders })
      const nextMessage = () => new Promise<void>((resolve) => worker.once("message", () => resolve()))
      await nextMessage()
      return {
        worker,
        receive: (bytes) => {
          const received = nextMessage()
          worker.postMessage(bytes, [])
          return received
        }
      }
    }),
    ({ worker }) => Effect.promise(() => worker.terminate())
  )

/** The thread of the clients: connects them one after the other, says so, then counts what it is told to count. */
const countBytes = async ({ port, openings, readyWhen }: Orders): Promise<void> => {
  const buffer = Buffer.allocUnsafeSlow(256 * 1024)
  let expected = Number.POSITIVE_INFINITY
  let counted = 0
  const count = (length: number) => {
    counted += length
    if (counted < expected) return
    counted -= expected
    expected = Number.POSITIVE_INFINITY
    parentPort?.postMessage("received", [])
  }
  parentPort?.on("message", (bytes: number) => {
    expected = bytes
    count(0)
  })
  for (const opening of openings) await openClient(port, opening, readyWhen, buffer, count)
  parentPort?.postMessage("ready", [])
}

const openClient = (
  port: number,
  opening: Uint8Array,
  readyWhen: string,
  buffer: Buffer,
  count: (length: number) => void
): Promise<Socket> =>
  new Promise((resolve) => {
    let read = ""
    let ready = false
    const callback = (length: number): boolean => {
      if (ready) count(length)
      else {
        read += buffer.toString("latin1", 0, length)
        ready = read.includes(readyWhen)
        if (ready) resolve(socket)
      }
      return true
    }
    const socket = connect({ host: "127.0.0.1", port, onread: { buffer, callback } })
    socket.write(opening)
  })

// The main thread passes its own type through workerData.
if (!isMainThread) await countBytes(workerData as Orders)
