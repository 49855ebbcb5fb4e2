import { Console, Effect, Layer, Schedule } from "effect"
import { PhoneListeners } from "../http/phones/phone-listeners.ts"
import { ListenAddress } from "../http/server.ts"
import { AppConfig } from "../runtime/config.ts"
import { embeddedMemoryLayer } from "../runtime/database/embedded.ts"
import { type Rest, restOf } from "./rest.ts"
import { bootFleet } from "../simulator/phones/fleet.ts"
import { phoneModels } from "../simulator/phones/models.ts"
import { narrate } from "../simulator/run.ts"
import { type Simulator, startSimulator } from "../simulator/server.ts"
import { strowgerLayerOn } from "../strowger.ts"

/** How the demo is set up. */
export interface DemoOptions {
  readonly agents: number
  readonly callsPerMinute: number
  readonly speed: number
  readonly seed: string
}

const queues = ["sales", "support"]
const administrator = { username: "admin", password: "demo" }
const pauseReasons = ["lunch", "training", "coffee", "meeting"]

/**
 * A runtime and a simulated PBX in one process, with a call centre that is set up and worked over REST like any
 * other: agents log in, take calls, pause and come back. Nothing is kept.
 */
export const runDemo = (options: DemoOptions) =>
  Effect.gen(function* () {
    const pbx = yield* startSimulator({
      username: "accent_amid",
      secret: "demo-secret",
      seed: options.seed,
      speed: options.speed,
      queues: queues.map((name) => ({
        name,
        strategy: "leastrecent",
        serviceLevel: 20,
        wrapUpTime: 5,
        callsPerMinute: options.callsPerMinute
      }))
    })
    yield* work(pbx, options).pipe(Effect.provide(runtimeLayer(pbx.port)))
  }).pipe(Effect.scoped)

const runtimeLayer = (amiPort: number) => {
  const given = (name: string, value: string) => ({ [name]: process.env[name] ?? value })
  return strowgerLayerOn(embeddedMemoryLayer()).pipe(
    Layer.provideMerge(
      AppConfig.layerFrom({
        ...given("STROWGER_HTTP_HOST", "127.0.0.1"),
        ...given("STROWGER_HTTP_PORT", "9080"),
        ...given("STROWGER_LOG_LEVEL", "Warn"),
        ...given("STROWGER_AGI_PORT", "0"),
        ...given("STROWGER_PHONE_HTTP_HOST", "127.0.0.1"),
        ...given("STROWGER_TFTP_HOST", "127.0.0.1"),
        STROWGER_AMI_PORT: String(amiPort),
        STROWGER_AMI_SECRET: "demo-secret",
        STROWGER_ADMIN_USERNAME: administrator.username,
        STROWGER_ADMIN_PASSWORD: administrator.password
      })
    )
  )
}

const work = Effect.fnUntraced(function* (pbx: Simulator, options: DemoOptions) {
  const { url } = yield* ListenAddress
  const rest = yield* restOf({ url, ...administrator })
  const { context, agents } = yield* setUp(rest, options.agents)
  yield* rest("GET", "/api/amid/1.0/status").pipe(
    Effect.repeat({
      until: (status) => JSON.stringify(status).includes('"ami_socket":{"status":"ok"}'),
      schedule: Schedule.spaced("50 millis")
    })
  )
  yield* narrate(pbx)
  // The last agent stays off, for whoever wants to log one in.
  yield* Effect.forEach(
    agents.slice(0, -1),
    ({ id, number }) =>
      rest("POST", `/api/agentd/1.0/agents/by-id/${id}/login`, { extension: number, context }),
    { concurrency: 4 }
  )
  yield* Console.log(introduction(url, context, agents))
  yield* plugInPhones
  yield* pauseNowAndThen(rest, agents.slice(0, -1), options.speed)
})

/** One phone of each vendor is plugged in and gets its files, as in a network where nobody has entered it. */
const plugInPhones = Effect.gen(function* () {
  const listeners = yield* PhoneListeners
  const { phoneHttpHost, tftpHost } = yield* AppConfig
  const http = listeners.port("http")
  const tftp = listeners.port("tftp")
  if (http === undefined || tftp === undefined) return
  yield* bootFleet({
    models: phoneModels,
    count: phoneModels.length,
    url: `http://${phoneHttpHost}:${http}`,
    tftp: { host: tftpHost, port: tftp },
    perSecond: 2,
    onBooted: ({ model, mac, problem, configuration }) => {
      const outcome = problem ?? `got its configuration of ${configuration.length} bytes`
      process.stdout.write(`${model.padEnd(12)} phone ${mac} ${outcome}\n`)
    }
  })
})

const introduction = (url: string, context: string, agents: ReadonlyArray<DemoAgent>): string => {
  const last = agents.at(-1)
  return [
    "",
    `Strowger listens on ${url}, ${agents.length - 1} of ${agents.length} agents are at work.`,
    `Administrator: ${administrator.username}, password: ${administrator.password}`,
    `Agent ${last?.number} (id ${last?.id}) is off; its extension is ${last?.number} in the context ${context}.`,
    `Look at the machines: ${url}/inspect`,
    ""
  ].join("\n")
}

const pauseNowAndThen = (rest: Rest, agents: ReadonlyArray<DemoAgent>, speed: number) => {
  const wait = (seconds: number) => Effect.sleep((seconds * 1_000) / speed)
  const round = Effect.gen(function* () {
    for (const [index, { number }] of agents.entries()) {
      yield* wait(4)
      const reason = pauseReasons[index % pauseReasons.length]
      yield* rest("POST", `/api/agentd/1.0/agents/by-number/${number}/pause`, { reason })
      yield* wait(8)
      yield* rest("POST", `/api/agentd/1.0/agents/by-number/${number}/unpause`)
    }
  })
  return Effect.forever(Effect.catch(round, ({ message }) => Console.error(message)))
}

interface DemoAgent {
  readonly id: number
  readonly number: string
}

const setUp = Effect.fnUntraced(function* (rest: Rest, count: number) {
  const first = 1001
  const context = (yield* rest("POST", "/api/confd/1.1/contexts", {
    label: "Inside",
    type: "internal",
    user_ranges: [{ start: String(first), end: String(first + count - 1) }]
  })) as { name: string }
  const queueIds = yield* Effect.forEach(queues, (name) =>
    Effect.map(
      rest("POST", "/api/confd/1.1/queues", {
        name,
        label: capitalised(name),
        options: [["wrapuptime", "5"]]
      }),
      (queue) => (queue as { id: number }).id
    )
  )
  const agents = yield* Effect.forEach(
    Array.from({ length: count }, (_, index) => String(first + index)),
    Effect.fnUntraced(function* (number) {
      const user = (yield* rest("POST", "/api/confd/1.1/users", {
        firstname: "Agent",
        lastname: number
      })) as { uuid: string }
      const line = (yield* rest("POST", "/api/confd/1.1/lines", {
        context: context.name,
        endpoint_sip: { name: `phone-${number}` },
        extensions: [{ exten: number }]
      })) as { id: number }
      const agent = (yield* rest("POST", "/api/confd/1.1/agents", {
        number,
        firstname: "Agent",
        lastname: number
      })) as { id: number }
      yield* rest("PUT", `/api/confd/1.1/users/${user.uuid}/lines/${line.id}`, {})
      yield* rest("PUT", `/api/confd/1.1/users/${user.uuid}/agents/${agent.id}`, {})
      for (const queue of queueIds) {
        yield* rest("PUT", `/api/confd/1.1/queues/${queue}/members/agents/${agent.id}`, {})
      }
      return { id: agent.id, number } satisfies DemoAgent
    })
  )
  return { context: context.name, agents }
})

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
