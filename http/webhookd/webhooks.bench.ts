import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { once } from "node:events"
import { createServer, request } from "node:http"
import { mkdtempSync, rmSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isMainThread, parentPort, Worker } from "node:worker_threads"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { embeddedLayer } from "../../runtime/database/embedded.ts"
import { defineEvent, makeEvent } from "../../schemas/events/envelope.ts"
import { aSubscription, TestWebhookd, testWebhookdLayer } from "./fixture.ts"

/**
 * Webhooks on the embedded database on disk, each event, hook and log committed, against a receiver in a thread of its
 * own (contracts/webhooks.md 15.11).
 *
 * - figure: deliveries a second, to the commit of the last log, while 2,000 committed events go to 100 subscriptions of one receiver.
 * - ceiling: calls a second of bare `node:http` to the same receiver, with as many under way and nothing stored.
 * - `latency`: milliseconds from the moment before an event's commit to its arrival, at a steady rate of events.
 * - `fanOut`: milliseconds from one event to the last of 1,000 subscriptions.
 */
export const run = async (): Promise<BenchResult> => {
  const folder = mkdtempSync(join(tmpdir(), "strowger-bench-"))
  const receiver = new Worker(new URL(import.meta.url))
  const [port] = (await once(receiver, "message")) as [number]
  try {
    const bare: Array<number> = []
    for (let round = 0; round < 4; round++) bare.push(await bareCalls(port))
    const ceiling = Math.round(median(bare.slice(1)))
    await reset(receiver)
    return await Effect.runPromise(
      measure(receiver, port, ceiling).pipe(
        Effect.provide(testWebhookdLayer({ database: Layer.orDie(embeddedLayer(folder)) })),
        Effect.scoped
      )
    )
  } finally {
    await receiver.terminate()
    rmSync(folder, { recursive: true, force: true })
  }
}

const burst = 2_000
const subscriptions = 100
const rates = [100, 500]
const steadySeconds = 3

const tick = defineEvent<{ at: number }>({ name: "tick", class: "tenant", routingKey: "tick" })
const spread = defineEvent<{ at: number; to: number }>({
  name: "spread",
  class: "tenant",
  routingKey: "spread"
})
const everywhere = defineEvent<{ at: number }>({
  name: "everywhere",
  class: "tenant",
  routingKey: "everywhere"
})

const now = (): number => performance.timeOrigin + performance.now()

const measure = Effect.fnUntraced(function* (receiver: Worker, port: number, ceiling: number) {
  const { client } = yield* TestWebhookd
  const sql = yield* SqlClient.SqlClient
  const outbox = yield* Outbox
  const admin = yield* client()
  const target = { tenantUuid: admin.tenantUuid }
  const config = { method: "post", url: `http://127.0.0.1:${port}/` }
  yield* admin.post("/subscriptions", aSubscription({ events: ["tick"], config }))
  const commit = Effect.fnUntraced(function* (events: ReadonlyArray<ReturnType<typeof makeEvent>>) {
    yield* Effect.orDie(sql.withTransaction(outbox.append(events)))
    outbox.wake()
  })
  const origin = { originUuid: admin.tenantUuid, at: Date.now() }
  const arrived = (count: number) => Effect.promise(() => arrivals(receiver, count))

  const latency: Record<string, object> = {}
  for (const rate of rates) {
    const count = rate * steadySeconds
    for (let sent = 0; sent < count; sent++) {
      yield* commit([makeEvent(tick, origin, target, { at: now() })])
      yield* Effect.sleep(1000 / rate)
    }
    latency[`${rate}/s`] = percentiles(yield* arrived(count))
    yield* Effect.promise(() => reset(receiver))
  }

  for (let number = 0; number < subscriptions; number++) {
    yield* admin.post("/subscriptions", aSubscription({ events: [`spread_${number}`], config }))
  }
  const startedAt = now()
  for (let sent = 0; sent < burst; sent += subscriptions) {
    yield* commit(
      Array.from({ length: subscriptions }, (_, to) =>
        makeEvent({ ...spread, name: `spread_${to}` }, origin, target, { at: now(), to })
      )
    )
  }
  yield* arrived(burst)
  const logged = Effect.map(
    sql<{ rows: number }>`SELECT count(*)::integer AS rows FROM webhook_log WHERE event LIKE '%"spread_%'`,
    ([row]) => row?.rows ?? 0
  )
  yield* Effect.repeat(Effect.orDie(logged), {
    until: (rows) => rows >= burst,
    schedule: Schedule.spaced("20 millis")
  })
  const figure = Math.round((burst * 1000) / (now() - startedAt))
  yield* Effect.promise(() => reset(receiver))

  yield* Effect.forEach(
    Array.from({ length: 1_000 }),
    () => admin.post("/subscriptions", aSubscription({ events: ["everywhere"], config })),
    { concurrency: 20, discard: true }
  )
  yield* commit([makeEvent(everywhere, origin, target, { at: now() })])
  const fanOut = Math.round(Math.max(...(yield* arrived(1_000))))
  return {
    name: "webhooks",
    figure,
    unit: "deliveries/s",
    ceiling,
    ratio: Math.round((100 * figure) / ceiling) / 100,
    latency,
    fanOut
  }
})

const percentiles = (delays: ReadonlyArray<number>) => {
  const ordered = delays.toSorted((one, other) => one - other)
  const at = (part: number) => Math.round((ordered[Math.floor(part * (ordered.length - 1))] ?? 0) * 10) / 10
  return { p50: Math.round(median(delays) * 10) / 10, p95: at(0.95), p99: at(0.99) }
}

/** The delays of the calls so far, when there are as many as awaited. */
const arrivals = async (receiver: Worker, count: number): Promise<ReadonlyArray<number>> => {
  receiver.postMessage(count, [])
  const [delays] = (await once(receiver, "message")) as [ReadonlyArray<number>]
  return delays
}

const reset = async (receiver: Worker): Promise<void> => {
  receiver.postMessage("reset", [])
  await once(receiver, "message")
}

const bareCalls = async (port: number): Promise<number> => {
  const startedAt = performance.now()
  let left = burst
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const body = JSON.stringify({ at: now() })
        const call = request(
          { port, method: "POST", agent: false, headers: { "Content-Length": String(body.length) } },
          (response) => response.resume().on("end", resolve)
        )
        call.on("error", reject)
        call.end(body)
      })
    }
  }
  await Promise.all(Array.from({ length: 100 }, one))
  return (burst * 1000) / (performance.now() - startedAt)
}

if (!isMainThread) {
  let delays: Array<number> = []
  let awaited = Number.POSITIVE_INFINITY
  const tell = () => {
    if (delays.length < awaited) return
    awaited = Number.POSITIVE_INFINITY
    parentPort?.postMessage(delays, [])
  }
  const server = createServer((call, response) => {
    const at = now()
    let body = ""
    call.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
    call.on("end", () => {
      response.end()
      delays.push(at - Number((JSON.parse(body) as { at: number }).at))
      tell()
    })
  })
  server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port, []))
  parentPort?.on("message", (message: number | "reset") => {
    if (message === "reset") {
      delays = []
      parentPort?.postMessage("done", [])
    } else {
      awaited = message
      tell()
    }
  })
}
