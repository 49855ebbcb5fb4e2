import { Effect, Layer, Redacted, Schedule, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { isMainThread, parentPort, Worker } from "node:worker_threads"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { embeddedLayer } from "../../runtime/database/embedded.ts"
import { externalLayer } from "../../runtime/database/external.ts"
import { defineEvent, makeEvent } from "../../schemas/events/envelope.ts"
import { logIn } from "../../test/client.ts"
import { externalTestUrl, freshDatabase, type TestDatabase } from "../../test/database.ts"
import { startRuntime, temporaryFolder } from "../../test/runtime.ts"
import { aSubscription, TestWebhookd, testWebhookdLayer } from "./fixture.ts"

/**
 * Webhooks on the PostgreSQL of `STROWGER_TEST_DATABASE_URL`, without it on the embedded database on disk; each event,
 * hook and log committed; against a receiver in a thread of its own (contracts/webhooks.md 15.11, points a to f).
 *
 * - figure: deliveries a second, to the commit of the last log, of committed events to 100 subscriptions.
 * - ceiling: calls a second of undici (`fetch`) to the same receiver, with as many under way and nothing stored.
 * - `latency`: milliseconds from the moment before an event's commit to its arrival, at a steady rate of events.
 * - `cpuMicros`: processor time of a delivery in the runtime's thread, the writing of its event included.
 * - `single`: as the figure, to one subscription.
 * - `fanOut`: milliseconds from one event to the last of 1,000 subscriptions.
 * - `isolation`: as `latency`, of one subscription while 100 hooks of others hang.
 * - `recovery`: SIGKILL with 10,000 hooks waiting: those lost, those sent twice, milliseconds from ready to the first.
 * - `memory`: megabytes of a runtime with 100,000 hooks waiting, and with none.
 *
 * `BENCH_POINTS` names some of latency, sustained, fanOut, isolation, recovery, memory; by default all are measured.
 */
export const run = (): Promise<BenchResult> => Effect.runPromise(Effect.scoped(measureAll))

const wanted = new Set(
  (process.env["BENCH_POINTS"] ?? "latency,sustained,fanOut,isolation,recovery,memory").split(",")
)
const burst = 4_000
const subscriptions = 100
const rates = [100, 500, 1_000]
const steadySeconds = 4

const tick = defineEvent<{ at: number }>({ name: "tick", class: "tenant", routingKey: "tick" })

const now = (): number => performance.timeOrigin + performance.now()

const measureAll = Effect.gen(function* () {
  const receiver = yield* startReceiver
  const bare: Array<number> = []
  for (let round = 0; round < 4; round++) bare.push(yield* Effect.promise(() => bareCalls(receiver.port)))
  const ceiling = Math.round(median(bare.slice(1)))
  yield* receiver.reset
  const points = yield* measureInProcess(receiver).pipe(Effect.provide(testWebhookdLayer({ database })))
  const more = {
    ...(wanted.has("recovery") ? { recovery: yield* recovery(receiver) } : {}),
    ...(wanted.has("memory") ? { memory: yield* memory(receiver) } : {})
  }
  const figure = points.sustained ?? 0
  return {
    name: "webhooks",
    figure,
    unit: "deliveries/s",
    ceiling,
    ratio: Math.round((100 * figure) / ceiling) / 100,
    database: externalTestUrl === undefined ? "embedded" : "external",
    ...points,
    ...more
  }
}).pipe(Effect.orDie)

const database: TestDatabase = Layer.unwrap(
  externalTestUrl === undefined
    ? Effect.map(temporaryFolder, (folder) => Layer.orDie(embeddedLayer(folder)))
    : Effect.map(freshDatabase(externalTestUrl), externalLayer)
)

const measureInProcess = Effect.fnUntraced(function* (receiver: BenchReceiver) {
  const { client } = yield* TestWebhookd
  const sql = yield* SqlClient.SqlClient
  const outbox = yield* Outbox
  const admin = yield* client()
  const target = { tenantUuid: admin.tenantUuid }
  const origin = { originUuid: admin.tenantUuid, at: Date.now() }
  const event = (name: string) => makeEvent({ ...tick, name }, origin, target, { at: now() })
  const commit = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
    // One statement: a transaction of its own.
    yield* Effect.orDie(outbox.append(names.map(event)))
    outbox.wake()
  })
  const subscribe = (name: string, policy: object = {}, path = "") =>
    Effect.gen(function* () {
      const config = { method: "post", url: `http://127.0.0.1:${receiver.port}/${path}` }
      const { json } = yield* admin.post("/subscriptions", aSubscription({ events: [name], config }))
      yield* admin.put(`/subscriptions/${json["uuid"]}/policy`, policy)
      return String(json["uuid"])
    })

  /** The delays of calls at a steady rate. Behind its time it catches up, as callers do who do not wait. */
  const steady = Effect.fnUntraced(function* (name: string, rate: number) {
    const begun = performance.now()
    for (let sent = 0; sent < rate * steadySeconds; sent++) {
      yield* Effect.forkChild(commit([name]))
      const early = begun + ((sent + 1) * 1_000) / rate - performance.now()
      if (early > 1) yield* Effect.sleep(early)
      else yield* Effect.yieldNow
    }
    const delays = yield* receiver.delays(rate * steadySeconds)
    yield* receiver.reset
    return percentiles(delays)
  })

  const settled = (before: number, count: number) =>
    Effect.repeat(Effect.orDie(logged), {
      until: (rows) => rows >= before + count,
      schedule: Schedule.spaced("20 millis")
    })
  const logged = Effect.map(
    sql<{ rows: number }>`SELECT count(*)::integer AS rows FROM webhook_log`,
    ([row]) => row?.rows ?? 0
  )
  const sustained = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
    const before = yield* Effect.orDie(logged)
    const begun = now()
    const { user, system } = process.threadCpuUsage()
    for (let sent = 0; sent < burst; sent += names.length) yield* commit(names)
    yield* receiver.delays(burst)
    yield* settled(before, burst)
    const seconds = (now() - begun) / 1_000
    const used = process.threadCpuUsage({ user, system })
    yield* receiver.reset
    return {
      rate: Math.round(burst / seconds),
      cpuMicros: Math.round((used.user + used.system) / burst)
    }
  })

  const latency: Record<string, object> = {}
  yield* subscribe("steady", { max_concurrency: 100 })
  if (wanted.has("latency")) {
    for (const rate of rates) latency[`${rate}/s`] = yield* steady("steady", rate)
  }

  const names = Array.from({ length: subscriptions }, (_, number) => `spread_${number}`)
  let figures = {}
  let figure: number | undefined
  if (wanted.has("sustained")) {
    // The first burst warms up.
    yield* subscribe("one", { max_concurrency: 100 })
    for (const name of names) yield* subscribe(name)
    yield* sustained(names)
    const { rate, cpuMicros } = yield* sustained(names)
    figure = rate
    figures = { cpuMicros, single: (yield* sustained(Array.from({ length: 100 }, () => "one"))).rate }
  }

  let fanOut: number | undefined
  if (wanted.has("fanOut")) {
    yield* Effect.forEach(Array.from({ length: 1_000 }), () => subscribe("everywhere"), {
      concurrency: 20,
      discard: true
    })
    yield* commit(["everywhere"])
    fanOut = Math.round(Math.max(...(yield* receiver.delays(1_000))))
    yield* receiver.reset
  }

  let isolation: object | undefined
  if (wanted.has("isolation")) {
    const hanging = yield* Effect.forEach(Array.from({ length: 10 }), () => subscribe("stuck", {}, "hang"))
    for (let count = 0; count < 20; count++) yield* commit(["stuck"])
    yield* receiver.hanging(100)
    isolation = yield* steady("steady", 100)
    for (const uuid of hanging) yield* admin.delete(`/subscriptions/${uuid}`)
    yield* receiver.release
  }
  return {
    ...(figure === undefined ? {} : { sustained: figure }),
    ...figures,
    ...(wanted.has("latency") ? { latency } : {}),
    ...(fanOut === undefined ? {} : { fanOut }),
    ...(isolation === undefined ? {} : { isolation })
  }
})

const percentiles = (delays: ReadonlyArray<number>) => {
  const ordered = delays.toSorted((one, other) => one - other)
  const at = (part: number) => Math.round((ordered[Math.floor(part * (ordered.length - 1))] ?? 0) * 10) / 10
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/** A runtime of its own on a fresh database, how to start it again, and a way to write many events at once. */
const stage = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const url =
    externalTestUrl === undefined ? undefined : Redacted.value(yield* freshDatabase(externalTestUrl))
  const start = Effect.gen(function* () {
    const runtime = yield* startRuntime({
      STROWGER_DATA_DIR: folder,
      STROWGER_HOOK_BREAKER: "false",
      STROWGER_HOOK_DISABLE_AFTER_HOURS: "0",
      ...(url === undefined ? {} : { STROWGER_DATABASE_URL: url })
    })
    return { runtime, client: yield* logIn(runtime.url) }
  })
  return { start }
})

/** A subscription of new tenants with so many hooks that wait: those of one tenant, as many times as is wanted. */
const fill = Effect.fnUntraced(function* (
  client: Effect.Success<ReturnType<typeof logIn>>,
  receiver: BenchReceiver,
  hooks: number
) {
  const each = 100
  const config = { method: "post", url: `http://127.0.0.1:${receiver.port}/hang` }
  const many = Array.from({ length: each }, () =>
    client.request(
      "POST",
      "/api/webhookd/1.0/subscriptions",
      aSubscription({ events: ["auth_tenant_added"], config })
    )
  )
  yield* Effect.all(many, { concurrency: 10, discard: true })
  yield* Effect.forEach(
    Array.from({ length: hooks / each }, (_, index) => `bench ${index}`),
    (name) => client.request("POST", "/api/auth/0.1/tenants", { name }),
    { concurrency: 10, discard: true }
  )
})

const recovery = Effect.fnUntraced(function* (receiver: BenchReceiver) {
  const hooks = 10_000
  const { start } = yield* stage
  const first = yield* start
  yield* fill(first.client, receiver, hooks)
  yield* first.runtime.kill("SIGKILL")
  yield* receiver.release
  yield* receiver.reset
  const begun = now()
  const { runtime } = yield* start
  const ready = now()
  yield* receiver.delays(1)
  const resumed = now() - ready
  yield* receiver.distinct(hooks)
  const seconds = (now() - ready) / 1_000
  const { distinct, calls } = yield* receiver.counts
  yield* runtime.kill("SIGTERM")
  yield* receiver.reset
  return {
    lost: hooks - distinct,
    twice: calls - distinct,
    startMillis: Math.round(ready - begun),
    firstAfterReadyMillis: Math.round(resumed),
    allAfterSeconds: Math.round(seconds * 10) / 10
  }
}, Effect.scoped)

const memory = Effect.fnUntraced(function* (receiver: BenchReceiver) {
  const { start } = yield* stage
  const { runtime, client } = yield* start
  const megabytes = Effect.sync(() => {
    const text = readFileSync(`/proc/${runtime.process.pid}/status`, "utf8")
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024)
  })
  const empty = yield* megabytes
  yield* fill(client, receiver, 100_000)
  yield* Effect.sleep("2 seconds")
  const full = yield* megabytes
  yield* receiver.release
  return { empty, full }
}, Effect.scoped)

/** The receiver in its thread. */
interface BenchReceiver {
  readonly port: number
  readonly reset: Effect.Effect<void>
  /** The delays of the calls so far, when there are as many as awaited. */
  readonly delays: (count: number) => Effect.Effect<ReadonlyArray<number>>
  /** Waits until so many calls to `/hang` wait for their answer. */
  readonly hanging: (count: number) => Effect.Effect<void>
  /** Answers the calls that hang, and those that come from now on. */
  readonly release: Effect.Effect<void>
  readonly distinct: (count: number) => Effect.Effect<void>
  readonly counts: Effect.Effect<{ readonly distinct: number; readonly calls: number }>
}

type Order =
  | { readonly type: "reset" | "release" | "counts" }
  | { readonly type: "delays" | "hanging" | "distinct"; readonly count: number }

const startReceiver: Effect.Effect<BenchReceiver, never, Scope.Scope> = Effect.gen(function* () {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(new URL(import.meta.url))),
    (started) => Effect.promise(() => started.terminate())
  )
  const [port] = (yield* Effect.promise(() => once(worker, "message"))) as [number]
  const order = <A>(message: Order) =>
    Effect.promise(async () => {
      worker.postMessage(message, [])
      const [answer] = (await once(worker, "message")) as [A]
      return answer
    })
  return {
    port,
    reset: order({ type: "reset" }),
    delays: (count) => order({ type: "delays", count }),
    hanging: (count) => order({ type: "hanging", count }),
    release: order({ type: "release" }),
    distinct: (count) => order({ type: "distinct", count }),
    counts: order({ type: "counts" })
  }
})

const bareCalls = async (port: number): Promise<number> => {
  const begun = performance.now()
  let left = burst
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const body = JSON.stringify({ at: now() })
      await (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body })).arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: 100 }, one))
  return (burst * 1_000) / (performance.now() - begun)
}

const receive = (port: NonNullable<typeof parentPort>): void => {
  let delays: Array<number> = []
  let ids = new Set<unknown>()
  let held: Array<() => void> = []
  let open = false
  let awaited: (() => unknown) | undefined
  const tell = () => {
    const answer = awaited?.()
    if (answer === undefined) return
    awaited = undefined
    port.postMessage(answer, [])
  }
  const server = createServer((call, response) => {
    const at = now()
    let body = ""
    call.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
    call.on("end", () => {
      if (call.url === "/hang" && !open) {
        held.push(() => response.end())
      } else {
        response.end()
        const data = JSON.parse(body) as { at?: number }
        delays.push(at - Number(data.at ?? at))
        ids.add(call.headers["webhook-id"])
      }
      tell()
    })
  })
  server.listen(0, "127.0.0.1", () => port.postMessage((server.address() as AddressInfo).port, []))
  const orders: Record<Order["type"], (count: number) => unknown> = {
    reset: () => {
      delays = []
      ids = new Set()
      return "done"
    },
    release: () => {
      open = true
      for (const answer of held) answer()
      held = []
      return "done"
    },
    counts: () => ({ distinct: ids.size, calls: delays.length }),
    delays: (count) => (delays.length >= count ? delays : undefined),
    hanging: (count) => (held.length >= count ? "done" : undefined),
    distinct: (count) => (ids.size >= count ? "done" : undefined)
  }
  port.on("message", (order: Order) => {
    awaited = () => orders[order.type]("count" in order ? order.count : 0)
    tell()
  })
}

if (!isMainThread && parentPort !== null) receive(parentPort)
