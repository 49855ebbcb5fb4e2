import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ListenAddress } from "../http/server.ts"
import { createCallCentre } from "./call-centre.ts"
import { clientOf } from "./client.ts"
import { amqpTestUrl } from "./amqp.ts"
import { externalTestDatabaseLayer, externalTestUrl } from "./database.ts"
import { eventually } from "./eventually.ts"
import { issueToken } from "./identity.ts"
import { Pbx, strowgerTestLayer } from "./strowger.ts"
import { WebSocket } from "ws"

const grounds = [
  { name: "the embedded database and the bus in memory", options: {} },
  ...(externalTestUrl && amqpTestUrl
    ? [
        {
          name: "PostgreSQL and RabbitMQ",
          options: {
            database: externalTestDatabaseLayer(externalTestUrl),
            knobs: { STROWGER_AMQP_URL: amqpTestUrl, STROWGER_AMQP_EXCHANGE: `strowger-day-${process.pid}` }
          }
        }
      ]
    : [])
]

for (const { name, options } of grounds) {
  layer(strowgerTestLayer({ pbx: { queues: [{ name: "sales" }, { name: "support" }] }, ...options }), {
    excludeTestServices: true,
    timeout: "60 seconds"
  })(`one agent's day on ${name}`, (it) => {
    it.effect(
      "an agent logs in over REST, Asterisk is told, its events come back, a WebSocket client sees them",
      () =>
        Effect.gen(function* () {
          const { url } = yield* ListenAddress
          const simulator = yield* Pbx
          const token = yield* issueToken({ acl: ["#"] })
          const client = clientOf(url, token.id)
          const { context, agents } = yield* createCallCentre(client, {
            agents: 1,
            queues: ["sales", "support"]
          })
          const [agent] = agents
          assert.isDefined(agent)
          yield* eventually(
            client.request("GET", "/api/amid/1.0/status"),
            ({ body }) => (body as { ami_socket: { status: string } }).ami_socket.status === "ok"
          )

          const names: Array<string> = []
          const socket = new WebSocket(
            `${url.replace("http", "ws")}/api/websocketd/?token=${token.id}&version=2`
          )
          socket.on("message", (data) => {
            const message = JSON.parse(String(data))
            names.push(message.op === "event" ? message.data.name : message.op)
          })
          yield* eventually(
            Effect.sync(() => names),
            (seen) => seen.includes("init")
          )
          socket.send(JSON.stringify({ op: "subscribe", data: { event_name: "*" } }))
          socket.send(JSON.stringify({ op: "start" }))
          yield* eventually(
            Effect.sync(() => names),
            (seen) => seen.includes("start")
          )

          const login = yield* client.request("POST", `/api/agentd/1.0/agents/by-id/${agent.id}/login`, {
            extension: agent.extension,
            context
          })
          assert.strictEqual(login.status, 204, JSON.stringify(login.body))
          assert.deepEqual(
            simulator.members("sales").map(({ interfaceName }) => interfaceName),
            [`Local/id-${agent.id}@agentcallback`]
          )
          const status = yield* client.request("GET", `/api/agentd/1.0/agents/by-number/${agent.number}`)
          assert.deepInclude(status.body, {
            logged: true,
            paused: false,
            extension: agent.extension,
            context,
            state_interface: agent.stateInterface
          })

          const pause = yield* client.request(
            "POST",
            `/api/agentd/1.0/agents/by-number/${agent.number}/pause`,
            { reason: "lunch" }
          )
          assert.strictEqual(pause.status, 204)
          yield* eventually(
            client.request("GET", `/api/agentd/1.0/agents/by-id/${agent.id}`),
            ({ body }) => (body as { paused_reason: string }).paused_reason === "lunch"
          )
          yield* eventually(
            Effect.sync(() => names),
            (seen) => seen.filter((name) => name === "agent_paused").length === 2
          )
          assert.includeMembers(names, [
            "QueueMemberAdded",
            "agent_status_update",
            "QueueMemberPause",
            "agent_paused"
          ])
          const logoff = yield* client.request("POST", `/api/agentd/1.0/agents/by-id/${agent.id}/logoff`)
          assert.strictEqual(logoff.status, 204)
          assert.deepEqual(simulator.members("sales"), [])
          yield* eventually(
            Effect.sync(() => names),
            (seen) => seen.filter((name) => name === "agent_unpaused").length === 2
          )
          socket.close()
        })
    )
  })
}
