import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { Effect } from "effect"
import type { Simulator } from "./server.ts"

/** A stream of AMI events, each with its closing empty line. */
export type EventStream = ReadonlyArray<Buffer>

/** What a replay did. */
export interface ReplayReport {
  readonly events: number
  readonly bytes: number
  readonly seconds: number
}

export interface ReplayOptions {
  /** Events a second; undefined: as fast as the sessions take them. */
  readonly rate?: number
  /** How often the whole stream is sent. Default 1. */
  readonly times?: number
  /** Called with the number of events written so far, after each write. */
  readonly onWritten?: (events: number) => void
}

/** The recorded load: 10,927 events of 120 queue calls over 20 agents (data/ami, README). */
export const recordedLoad = (): EventStream =>
  eventsOf(
    gunzipSync(readFileSync(new URL("../runtime/ami/fixtures/queue-load.events.ami.gz", import.meta.url)))
  )

/** Cuts recorded bytes into events; the banner and the responses are left out. */
export const eventsOf = (bytes: Buffer): EventStream => {
  const events: Array<Buffer> = []
  let start = bytes.indexOf("\r\n") + 2
  for (let end = bytes.indexOf(CLOSING, start); end !== -1; end = bytes.indexOf(CLOSING, start)) {
    const message = bytes.subarray(start, end + CLOSING.length)
    if (message.subarray(0, 6).equals(EVENT)) events.push(message)
    start = end + CLOSING.length
  }
  return events
}

/** Writes the stream to every session that is logged in to the simulator. The sessions see nothing but bytes. */
export const replay = (
  simulator: Pick<Simulator, "inject">,
  stream: EventStream,
  options: ReplayOptions = {}
): Effect.Effect<ReplayReport> =>
  Effect.gen(function* () {
    const total = stream.length * (options.times ?? 1)
    const start = performance.now()
    let bytes = 0
    for (let sent = 0; sent < total; ) {
      const due = dueBy(performance.now() - start, options.rate, sent, total)
      if (due === sent) {
        yield* Effect.sleep(1)
        continue
      }
      const batch = Buffer.concat(slice(stream, sent, due))
      yield* simulator.inject(batch)
      bytes += batch.length
      sent = due
      options.onWritten?.(sent)
      if (options.rate === undefined) yield* Effect.yieldNow
    }
    return { events: total, bytes, seconds: (performance.now() - start) / 1000 }
  })

/** How many events must be out after `elapsed` ms. */
const dueBy = (elapsed: number, rate: number | undefined, sent: number, total: number): number => {
  const due = rate === undefined ? sent + FLAT_OUT_BATCH : Math.floor((elapsed / 1000) * rate)
  return Math.min(Math.max(due, sent), total, sent + FLAT_OUT_BATCH)
}

const slice = (stream: EventStream, from: number, to: number): Array<Buffer> =>
  Array.from({ length: to - from }, (_, index) => stream[(from + index) % stream.length] ?? Buffer.alloc(0))

const CLOSING = "\r\n\r\n"
const EVENT = Buffer.from("Event:")
const FLAT_OUT_BATCH = 256
