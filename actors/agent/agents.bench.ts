import { setTimeout as pause } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Context, Effect, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { ActorHost } from "../../runtime/actor/host.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import {
  contextName,
  numberOf,
  seedCallCentre,
  type SimulatedPbx,
  startBigRuntime,
  startSimulatedPbx
} from "../../test/big-call-centre.ts"
import { logIn } from "../../test/client.ts"
import { type Errand, startHttpLoad } from "../../test/http-load.ts"
import { temporaryFolder } from "../../test/runtime.ts"
import { agentActor } from "./agent.ts"

/**
 * 10,000 agents on duty, on the embedded database, with a simulated PBX and HTTP clients in processes of their own.
 *
 * - figure: pauses and unpauses over HTTP, a second. Each is told to Asterisk; it counts when the agent's new state
 *   is committed and its event, committed with it, is published.
 * - ceiling: single-row upserts a second on the same database, by as many clients.
 * - memoryPerAgentKiB: heap after all that and a collection, over that of the runtime without a call centre.
 * - restartSeconds: from opening the data folder until every agent is in memory and compared with Asterisk. Fails
 *   when an agent is not as it was, or a queue member had to be mended.
 * - listSeconds: one `GET /agents` with all of them.
 *
 * Figure and ceiling are each the median of some rounds, in which the two take turns.
 */
export const run = (): Promise<BenchResult> =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const pbx = yield* startSimulatedPbx(size)
    const { figure, ceiling, ...measured } = yield* measureAtWork(folder, pbx)
    const restartSeconds = yield* measureRestart(folder, pbx)
    return {
      name: "agents",
      figure: Math.round(figure),
      unit: "commands/s",
      ceiling: Math.round(ceiling),
      ratio: rounded(figure / ceiling),
      ceilingOf: "upserts/s",
      ...measured,
      restartSeconds: rounded(restartSeconds)
    }
  }).pipe(Effect.scoped, Effect.runPromise)

const size = { agents: 10_000, queues: 100 }
const clients = 32
const rounds = 3
const agentsPerRound = 1_500
const upsertsPerRound = 20_000

const rounded = (value: number): number => Math.round(value * 100) / 100

const agentIds = Array.from({ length: size.agents }, (_, index) => index + 1)

const measureAtWork = Effect.fnUntraced(function* (folder: string, pbx: SimulatedPbx) {
  const runtime = yield* startBigRuntime({ folder, amiPort: pbx.port })
  const emptyHeap = yield* collectedHeap
  yield* Effect.provideContext(seedCallCentre(size), runtime.context)
  const { token } = yield* logIn(runtime.url)
  const load = yield* startHttpLoad
  const send = (errands: ReadonlyArray<Errand>, expect = 204) =>
    load({ url: runtime.url, token, concurrency: clients, errands, expect })

  const loginSeconds = yield* send(agentIds.map(login))
  const listSeconds = yield* send([[{ method: "GET", path: "/api/agentd/1.0/agents" }]], 200)
  const rates = { commands: [] as Array<number>, upserts: [] as Array<number> }
  for (let round = 0; round <= rounds; round++) {
    const ids = agentIds.slice(round * agentsPerRound, (round + 1) * agentsPerRound)
    const commands = yield* Effect.provideContext(commandRate(ids, send), runtime.context)
    const upserts = yield* Effect.provideContext(upsertRate(round), runtime.context)
    if (round > 0) {
      rates.commands.push(commands)
      rates.upserts.push(upserts)
    }
  }
  const fullHeap = yield* collectedHeap
  yield* runtime.close
  return {
    figure: median(rates.commands),
    ceiling: median(rates.upserts),
    memoryPerAgentKiB: rounded((fullHeap - emptyHeap) / 1024 / size.agents),
    loginsPerSecond: Math.round(size.agents / loginSeconds),
    listSeconds: rounded(listSeconds)
  }
}, Effect.scoped)

const login = (id: number): Errand => [
  {
    method: "POST",
    path: `/api/agentd/1.0/agents/by-id/${id}/login`,
    body: { extension: numberOf(id), context: contextName }
  }
]

const pauseAndUnpause = (id: number): Errand => {
  const path = `/api/agentd/1.0/agents/by-number/${numberOf(id)}`
  return [
    { method: "POST", path: `${path}/pause`, body: { reason: "lunch" } },
    { method: "POST", path: `${path}/unpause` }
  ]
}

const commandRate = Effect.fnUntraced(function* (
  ids: ReadonlyArray<number>,
  send: (errands: ReadonlyArray<Errand>) => Effect.Effect<number>
) {
  const bus = yield* EventBus
  let published = 0
  for (const name of ["agent_paused", "agent_unpaused"]) {
    yield* bus.subscribe({ name }, () => {
      published++
    })
  }
  const commands = 2 * ids.length
  const startedAt = performance.now()
  yield* send(ids.map(pauseAndUnpause))
  yield* Effect.sleep("1 millis").pipe(Effect.repeat({ until: () => published === commands }))
  return (commands * 1_000) / (performance.now() - startedAt)
}, Effect.scoped)

const upsertRate = Effect.fnUntraced(function* (round: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS bench_upserts (id integer PRIMARY KEY, value jsonb NOT NULL)`
  const value = JSON.stringify({ round, paused: false, reason: "lunch" })
  const startedAt = performance.now()
  yield* Effect.forEach(
    Array.from({ length: upsertsPerRound }, (_, index) => index % size.agents),
    (id) => sql`INSERT INTO bench_upserts VALUES (${id}, ${value}::text::jsonb)
      ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
    { concurrency: clients, discard: true }
  )
  return (upsertsPerRound * 1_000) / (performance.now() - startedAt)
})

const measureRestart = Effect.fnUntraced(function* (folder: string, pbx: SimulatedPbx) {
  const changesBefore = pbx.memberChanges()
  const startedAt = performance.now()
  const runtime = yield* startBigRuntime({ folder, amiPort: pbx.port })
  const system = Context.get(runtime.context, ActorSystem)
  const host = Context.get(runtime.context, ActorHost)
  yield* system.wakeAll(agentActor.name)
  const amiState = Effect.sync(() => host.resident("ami-session", "default")?.status.state)
  yield* Effect.repeat(amiState, {
    until: (state) => state === '"up"',
    schedule: Schedule.spaced("1 millis")
  })
  const seconds = (performance.now() - startedAt) / 1_000
  const onDuty = host.statuses().filter(({ kind, state }) => kind === "agent" && state?.startsWith('{"on"'))
  const mended = pbx.memberChanges() - changesBefore
  yield* runtime.close
  if (onDuty.length === size.agents && mended === 0) return seconds
  return yield* Effect.die(
    new Error(`${onDuty.length} agents are on duty after the restart, ${mended} queue members were mended`)
  )
})

const collectedHeap = Effect.promise(async () => {
  setFlagsFromString("--expose_gc")
  // The flag makes `gc` a global of contexts that are created after it.
  const collect = runInNewContext("gc") as () => void
  for (let times = 0; times < 5; times++) {
    collect()
    await pause(20)
  }
  return process.memoryUsage().heapUsed
})
