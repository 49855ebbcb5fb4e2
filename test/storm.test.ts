import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { interfaceOf } from "../schemas/agentd/agent.ts"
import { type Simulator, startSimulator } from "../simulator/server.ts"
import * as agentd from "./agents.ts"
import { amqpTestUrl, testExchange } from "./amqp.ts"
import { createCallCentre } from "./call-centre.ts"
import { type Client, logIn } from "./client.ts"
import { eventually } from "./eventually.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { collectPauseEvents, type PauseEvent } from "./pause-events.ts"
import { startRuntime } from "./runtime.ts"
import { strowgerTestLayer } from "./strowger.ts"

const queues = ["sales", "support"]
const agentCount = 6
const kills = 3

const stage = Effect.gen(function* () {
  const pbx = yield* startSimulator({
    username: "accent_amid",
    secret: "storm-secret",
    queues: queues.map((name) => ({ name }))
  })
  const folder = yield* initialisedFolder
  const exchange = amqpTestUrl === undefined ? undefined : yield* testExchange(amqpTestUrl)
  const start = Effect.gen(function* () {
    const runtime = yield* startRuntime({
      STROWGER_DATA_DIR: folder,
      STROWGER_AMI_PORT: String(pbx.port),
      STROWGER_AMI_SECRET: "storm-secret",
      ...(amqpTestUrl === undefined || exchange === undefined
        ? {}
        : { STROWGER_AMQP_URL: amqpTestUrl, STROWGER_AMQP_EXCHANGE: exchange })
    })
    const client = yield* logIn(runtime.url)
    yield* eventually(client.request("GET", "/api/amid/1.0/status"), amiIsUp, "30 seconds")
    return { runtime, client }
  })
  const pauseEvents =
    amqpTestUrl === undefined || exchange === undefined
      ? undefined
      : yield* collectPauseEvents(amqpTestUrl, exchange)
  return { pbx, start, pauseEvents }
})

const amiIsUp = ({ body }: { readonly body: unknown }) =>
  (body as { ami_socket: { status: string } }).ami_socket.status === "ok"

/**
 * The commands of one agent: number 1 pauses with the reason `1`, number 2 unpauses, number 3 pauses with the
 * reason `3`, and so on, each after the answer to the one before.
 */
interface Ledger {
  readonly agent: { readonly id: number; readonly number: string }
  /** Of the last acknowledged command. */
  acknowledged: number
  /** Of a command without an answer so far. */
  open: number | undefined
  /** Answers other than 204. */
  readonly refusals: Array<unknown>
}

/** What an agent is after its command of this number. */
const stateAfter = (command: number): string => (command % 2 === 1 ? `paused ${command}` : "ready")

const shown = (paused: boolean, reason: string | null): string => (paused ? `paused ${reason}` : "ready")

/** Gives commands until the runtime is gone, or this many were answered. */
const command = (client: Client, ledger: Ledger, limit: number, onAnswer: () => void) =>
  Effect.gen(function* () {
    for (let answered = 0; answered < limit; answered++) {
      const number = ledger.acknowledged + 1
      ledger.open = number
      const path = `/api/agentd/1.0/agents/by-number/${ledger.agent.number}`
      const { status, body } = yield* number % 2 === 1
        ? client.request("POST", `${path}/pause`, { reason: String(number) })
        : client.request("POST", `${path}/unpause`)
      if (status !== 204) return void ledger.refusals.push([number, status, body])
      ledger.acknowledged = number
      ledger.open = undefined
      onAnswer()
    }
  })

const between = (least: number, most: number) => least + Math.floor(Math.random() * (most - least + 1))

/** All agents are commanded at the same time; half of them fall silent before the runtime is killed. */
const storm = Effect.fnUntraced(function* (
  { client, runtime }: Effect.Success<Effect.Success<typeof stage>["start"]>,
  ledgers: ReadonlyArray<Ledger>
) {
  let answersLeft = between(40, 120)
  let enough = () => {}
  const moment = new Promise<void>((resolve) => {
    enough = resolve
  })
  const commanders = yield* Effect.forEach(ledgers, (ledger, index) =>
    command(client, ledger, index % 2 === 0 ? between(3, 10) : 1_000, () => {
      if (--answersLeft === 0) enough()
    }).pipe(Effect.exit, Effect.forkChild)
  )
  yield* Effect.promise(() => moment)
  yield* Effect.sleep(between(0, 10))
  yield* runtime.kill("SIGKILL")
  yield* Fiber.interruptAll(commanders)
})

interface Status {
  readonly paused: boolean
  readonly paused_reason: string | null
  readonly queues: ReadonlyArray<{
    readonly name: string
    readonly paused: boolean
    readonly paused_reason: string | null
  }>
}

/** The agent as the runtime tells it, for each queue and as a whole, and as Asterisk has it. */
const views = Effect.fnUntraced(function* (client: Client, pbx: Simulator, { agent }: Ledger) {
  const { body } = yield* client.request("GET", `/api/agentd/1.0/agents/by-id/${agent.id}`)
  const status = body as Status
  const members = queues.flatMap((queue) =>
    pbx.members(queue).filter(({ interfaceName }) => interfaceName === interfaceOf(agent.id))
  )
  return [
    shown(status.paused, status.paused_reason),
    ...status.queues.map(({ paused, paused_reason }) => shown(paused, paused_reason)),
    ...members.map(({ isPaused, pausedReason }) => shown(isPaused, pausedReason))
  ]
})

describe("SIGKILL during a storm of pauses and unpauses", () => {
  it.live(
    "no acknowledged command is lost, Asterisk and the runtime agree, and the bus misses nothing that was committed",
    () =>
      Effect.gen(function* () {
        const { pbx, start, pauseEvents } = yield* stage
        let running = yield* start
        const { context, agents } = yield* createCallCentre(running.client, {
          agents: agentCount,
          queues,
          users: false
        })
        for (const { id, extension } of agents) {
          const path = `/api/agentd/1.0/agents/by-id/${id}/login`
          const { status } = yield* running.client.request("POST", path, { extension, context })
          assert.strictEqual(status, 204)
        }
        const ledgers = agents.map((agent): Ledger => {
          return { agent, acknowledged: 0, open: undefined, refusals: [] }
        })

        for (let round = 0; round < kills; round++) {
          yield* storm(running, ledgers)
          running = yield* start
          for (const ledger of ledgers) {
            assert.deepStrictEqual(ledger.refusals, [])
            const seen = yield* atLast(views(running.client, pbx, ledger), (all) => new Set(all).size === 1)
            const [state = ""] = seen
            assert.deepStrictEqual(seen, Array(1 + 2 * queues.length).fill(state))
            const possible = [ledger.acknowledged, ...(ledger.open === undefined ? [] : [ledger.open])]
            assert.include(possible.map(stateAfter), state, `agent ${ledger.agent.id} in round ${round}`)
            ledger.acknowledged = possible.find((number) => stateAfter(number) === state) ?? 0
            ledger.open = undefined
          }
        }

        if (pauseEvents === undefined) return
        for (const { agent, acknowledged } of ledgers) {
          for (const queue of queues) {
            const told = yield* atLast(
              Effect.sync(() =>
                pauseEvents().filter((event) => event.agentId === agent.id && event.queue === queue)
              ),
              (events) => last(events) === stateAfter(acknowledged)
            )
            assert.strictEqual(last(told), stateAfter(acknowledged), JSON.stringify(told))
            // What Asterisk did when the runtime was dying was heard by nobody: one gap for each kill at most.
            assert.isAtMost(gaps(told), kills, JSON.stringify(told))
          }
        }
      }).pipe(Effect.scoped),
    180_000
  )
})

/** The look that shows what is awaited, or the last one, so that an assertion can tell it. */
const atLast = <A, E, R>(look: Effect.Effect<A, E, R>, shows: (value: A) => boolean) =>
  eventually(look, shows).pipe(Effect.catchTag("TimeoutError", () => look))

const last = (events: ReadonlyArray<PauseEvent>): string | undefined => {
  const event = events.at(-1)
  return event && shown(event.paused, event.reason)
}

/** How often an event is not the one that follows from the commands after the event before it. */
const gaps = (events: ReadonlyArray<PauseEvent>): number => {
  let number = 0
  let found = 0
  for (const { paused, reason } of events) {
    if (shown(paused, reason) !== stateAfter(number + 1)) found++
    number = paused ? Number(reason) : number + (number % 2)
  }
  return found
}

layer(strowgerTestLayer(), { excludeTestServices: true, timeout: "60 seconds" })(
  "logins at the same time, over and over",
  (it) => {
    it.effect(
      "two agents on one extension: exactly one 204 and one 409, 300 times",
      () =>
        Effect.gen(function* () {
          const client = yield* agentd.clientWith()
          const { agents, agent, context } = yield* agentd.freshCallCentre(client, {
            agents: 2,
            users: false
          })
          for (let round = 0; round < 300; round++) {
            const answers = yield* Effect.forEach(
              round % 2 === 0 ? agents : agents.toReversed(),
              ({ id }) =>
                Effect.map(agentd.logIn(client, { ...agent, id }, context), ({ status }) => ({ id, status })),
              { concurrency: 2 }
            )
            assert.deepStrictEqual(statusesOf(answers), [204, 409], `round ${round}`)
            for (const { id } of answers.filter(({ status }) => status === 204)) {
              const { status } = yield* agentd.logOff(client, { ...agent, id })
              assert.strictEqual(status, 204, `round ${round}`)
            }
          }
        }),
      120_000
    )

    it.effect(
      "one agent twice, on one extension or on two: exactly one 204 and one 409, 60 times",
      () =>
        Effect.gen(function* () {
          const client = yield* agentd.clientWith()
          const { agents, agent, context } = yield* agentd.freshCallCentre(client, {
            agents: 2,
            users: false
          })
          const elsewhere = agents[1]?.extension ?? ""
          for (let round = 0; round < 60; round++) {
            const second = round % 2 === 0 ? agent : { ...agent, extension: elsewhere }
            const answers = yield* Effect.forEach(
              [agent, second],
              (at) => agentd.logIn(client, at, context),
              { concurrency: 2 }
            )
            assert.deepStrictEqual(statusesOf(answers), [204, 409], `round ${round}`)
            const winner = answers[0]?.status === 204 ? agent : second
            assert.strictEqual((yield* agentd.statusOf(client, agent)).extension, winner.extension)
            yield* agentd.logOff(client, agent)
          }
        }),
      120_000
    )
  }
)

const statusesOf = (answers: ReadonlyArray<{ readonly status: number }>) =>
  answers.map(({ status }) => status).sort((one, other) => one - other)
