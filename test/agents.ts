import { Effect } from "effect"
import { AgentConfigurationEvents } from "../actors/agent/configuration-events.ts"
import { ListenAddress } from "../http/server.ts"
import { EventBus } from "../runtime/bus/event-bus.ts"
import { Outbox } from "../runtime/bus/outbox.ts"
import type { BusEvent } from "../schemas/events/envelope.ts"
import type { ReceivedAction } from "../simulator/action-log.ts"
import { type CallCentreFixture, createCallCentre } from "./call-centre.ts"
import { type Client, clientOf } from "./client.ts"
import { eventually } from "./eventually.ts"
import { issueToken } from "./identity.ts"
import { Pbx } from "./strowger.ts"

export type TestAgent = CallCentreFixture["agents"][number]

/** Where agents are managed and the queue they are commanded over HTTP. */
export const agentd = "/api/agentd/1.0"

/** A client of the runtime under test; by default with every right, in the master tenant. */
export const clientWith = Effect.fnUntraced(function* (
  options: Partial<Parameters<typeof issueToken>[0]> = {}
): Effect.fn.Return<Client, never, ListenAddress | Effect.Services<ReturnType<typeof issueToken>>> {
  const { url } = yield* ListenAddress
  return clientOf(url, (yield* issueToken({ acl: ["#"], ...options })).id)
})

let numbersTaken = 1001

/**
 * A call centre of its own for one test: fresh numbers and queue names, the queues known to the simulated PBX, the
 * agents aware of their assignments, the AMI session up.
 */
export const freshCallCentre = Effect.fnUntraced(function* (
  client: Client,
  options: {
    readonly agents?: number
    readonly queues?: number
    readonly users?: boolean
    /** Do not wait for the AMI session. */
    readonly withoutAmi?: boolean
  } = {}
) {
  const simulator = yield* Pbx
  const firstNumber = numbersTaken
  numbersTaken += options.agents ?? 1
  const queues = Array.from({ length: options.queues ?? 1 }, (_, index) => `q${firstNumber}-${index + 1}`)
  for (const name of queues) simulator.addQueue({ name })
  const centre = yield* createCallCentre(client, {
    agents: options.agents ?? 1,
    queues,
    firstNumber,
    ...(options.users === undefined ? {} : { users: options.users })
  })
  yield* configurationHeard
  if (options.withoutAmi !== true) yield* amiIsUp(client)
  const [agent] = centre.agents
  if (agent === undefined) return yield* Effect.die("a call centre has an agent")
  return { ...centre, agent }
})

/** Completes when every agent has been told of all changes of the configuration so far. */
export const configurationHeard = Effect.gen(function* () {
  const outbox = yield* Outbox
  const events = yield* AgentConfigurationEvents
  yield* outbox.drained
  yield* events.compare
})

/** Completes when amid has a logged-in AMI session. */
export const amiIsUp = (client: Client) => amiSocketIs(client, "ok")

export const amiSocketIs = (
  client: Client,
  status: "ok" | "fail",
  limit: Parameters<typeof eventually>[2] = "10 seconds"
) =>
  eventually(
    client.request("GET", "/api/amid/1.0/status"),
    ({ body }) => (body as { ami_socket: { status: string } }).ami_socket.status === status,
    limit
  )

export const logIn = (client: Client, agent: TestAgent, context: string) =>
  client.request("POST", `${agentd}/agents/by-id/${agent.id}/login`, { extension: agent.extension, context })

export const logOff = (client: Client, agent: TestAgent) =>
  client.request("POST", `${agentd}/agents/by-id/${agent.id}/logoff`)

export const pause = (client: Client, agent: TestAgent, reason?: string) =>
  client.request("POST", `${agentd}/agents/by-number/${agent.number}/pause`, reason ? { reason } : undefined)

export const unpause = (client: Client, agent: TestAgent) =>
  client.request("POST", `${agentd}/agents/by-number/${agent.number}/unpause`)

/** Status and body of an answer. */
export type Answered = readonly [status: number, body: unknown]

export const shown = (request: ReturnType<Client["request"]>): Effect.Effect<Answered> =>
  Effect.map(request, ({ status, body }) => [status, body])

/** The status document of contracts/callcenter.md 4.1. */
export interface Status {
  readonly id: number
  readonly tenant_uuid: string
  readonly origin_uuid: string
  readonly number: string
  readonly extension: string | null
  readonly context: string | null
  readonly state_interface: string | null
  readonly logged: boolean
  readonly paused: boolean
  readonly paused_reason: string | null
  readonly queues: ReadonlyArray<{ readonly id: number; readonly logged: boolean; readonly paused: boolean }>
}

export const statusOf = (client: Client, agent: Pick<TestAgent, "id">) =>
  Effect.map(client.request("GET", `${agentd}/agents/by-id/${agent.id}`), ({ body }) => body as Status)

/** Waits until Asterisk's event made the agent paused, or not. */
export const pausedIs = (client: Client, agent: TestAgent, paused: boolean) =>
  eventually(statusOf(client, agent), (status) => status.paused === paused)

/** Starts to record what agentd and others tell Asterisk; answers a look at it: name and headers, without ActionID. */
export const recordActions = Effect.map(Pbx, (simulator) => {
  const before = simulator.actionsReceived().length
  return (): ReadonlyArray<ReadonlyArray<string>> =>
    simulator
      .actionsReceived()
      .slice(before)
      .filter(({ action }) => !unasked.has(action))
      .map(linesOf)
})

/** What the session sends by itself. */
const unasked = new Set(["Login", "Ping", "QueueStatus", "CoreShowChannels"])

const linesOf = ({ action, headers }: ReceivedAction): ReadonlyArray<string> => [
  action,
  ...headers.filter(([name]) => name !== "Action" && name !== "ActionID").map((header) => header.join(": "))
]

/**
 * Starts to record the bus, after everything committed before; answers a look at the events so far, all or those
 * of some names.
 */
export const recordBus = Effect.gen(function* () {
  const bus = yield* EventBus
  const outbox = yield* Outbox
  yield* outbox.drained
  const heard: Array<BusEvent> = []
  yield* bus.subscribe({}, ({ name, headers, data, routingKey }) => {
    heard.push({ name, headers, data, routingKey })
  })
  return (...names: ReadonlyArray<string>): ReadonlyArray<BusEvent> =>
    names.length === 0 ? [...heard] : heard.filter(({ name }) => names.includes(name))
})

/** Names of the events that agentd publishes (contracts/callcenter.md 6). */
export const agentdEvents = [
  "agent_status_update",
  "agent_paused",
  "agent_unpaused",
  "user_agent_queue_logged_in",
  "user_agent_queue_logged_off"
] as const
