import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { WebSocket } from "ws"
import { startSimulator } from "../simulator/server.ts"
import { amqpTestUrl, testExchange } from "./amqp.ts"
import { createCallCentre } from "./call-centre.ts"
import { type Client, clientOf, logIn } from "./client.ts"
import { externalTestUrl, freshDatabase } from "./database.ts"
import { eventually } from "./eventually.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { type RuntimeProcess, startRuntime, temporaryFolder } from "./runtime.ts"

describe("the start", () => {
  it.live(
    "without a password generates one and prints it at the first start alone",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const knobs = { STROWGER_DATA_DIR: folder, STROWGER_ADMIN_PASSWORD: "" }
        const first = yield* startRuntime(knobs)
        const password = /administrator is admin with the password (\S+)/.exec(first.output())?.[1] ?? ""
        assert.isAtLeast(password.length, 16)
        yield* logIn(first.url, { username: "admin", password })
        assert.strictEqual(yield* first.kill("SIGTERM"), 0)

        const second = yield* startRuntime(knobs)
        assert.notInclude(second.output(), "password")
        yield* logIn(second.url, { username: "admin", password })
      }).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "after SIGKILL takes the data directory over",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const first = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        yield* first.kill("SIGKILL")
        const second = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        yield* logIn(second.url)
      }).pipe(Effect.scoped),
    120_000
  )

  it.live("with a wrong knob names it, and what was expected, and ends", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const refused = yield* Effect.flip(
        startRuntime({
          STROWGER_DATA_DIR: folder,
          STROWGER_HTTP_PORT: "ninety",
          STROWGER_AMI_AUTH_TYPE: "magic"
        })
      )
      assert.strictEqual(refused.code, 1)
      assert.match(refused.output, /STROWGER_HTTP_PORT: .*expected/i)
      assert.match(refused.output, /STROWGER_AMI_AUTH_TYPE: .*plain/)
    }).pipe(Effect.scoped)
  )
})

/** A runtime that lives as long as its tests, and its data folder. */
class Neighbour extends Context.Service<
  Neighbour,
  { readonly runtime: RuntimeProcess; readonly folder: string }
>()("test/operations/Neighbour") {
  static readonly layer = Layer.effect(
    Neighbour,
    Effect.gen(function* () {
      const folder = yield* initialisedFolder
      const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder, STROWGER_AMI_SECRT: "x" })
      return { runtime, folder }
    })
  )
}

layer(Neighbour.layer, { excludeTestServices: true, timeout: "120 seconds" })("beside a runtime", (it) => {
  it.effect("the start on the same data directory is refused with its reason and harms nothing", () =>
    Effect.gen(function* () {
      const { runtime, folder } = yield* Neighbour
      const refused = yield* Effect.flip(startRuntime({ STROWGER_DATA_DIR: folder }))
      assert.strictEqual(refused.code, 1)
      assert.include(refused.output, folder)
      assert.include(refused.output, String(runtime.process.pid))
      yield* logIn(runtime.url)
    })
  )

  it.effect("the start on its port says so and ends", () =>
    Effect.gen(function* () {
      const { runtime } = yield* Neighbour
      const port = new URL(runtime.url).port
      const refused = yield* Effect.flip(
        startRuntime({ STROWGER_DATA_DIR: yield* initialisedFolder, STROWGER_HTTP_PORT: port })
      )
      assert.strictEqual(refused.code, 1)
      assert.include(refused.output, `127.0.0.1:${port}`)
    })
  )

  it.effect("that got a misspelt knob one reads its name and the nearest one", () =>
    Effect.gen(function* () {
      const { runtime } = yield* Neighbour
      assert.match(runtime.output(), /STROWGER_AMI_SECRT is no knob.*STROWGER_AMI_SECRET/)
    })
  )
})

describe("a runtime without an Asterisk", () => {
  it.live(
    "is ready, says that AMI is down, and drains on SIGTERM",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        const anonymous = clientOf(runtime.url, "")
        const ready = yield* anonymous.request("GET", "/health/ready")
        assert.strictEqual(ready.status, 200)
        assert.deepInclude(ready.body, { ami: "down" })
        assert.strictEqual((yield* anonymous.request("GET", "/health/live")).status, 200)
        assert.include(String((yield* anonymous.request("GET", "/metrics")).body), "strowger_")

        const { token } = yield* logIn(runtime.url)
        const socket = new WebSocket(`${runtime.url.replace("http", "ws")}/api/websocketd/?token=${token}`)
        const seen: Array<string> = []
        socket.on("message", (data) => seen.push(String(data)))
        socket.on("close", (code) => seen.push(`close ${code}`))
        yield* eventually(
          Effect.sync(() => seen),
          (all) => all.length > 0
        )
        assert.strictEqual(yield* runtime.kill("SIGTERM"), 0)
        yield* eventually(
          Effect.sync(() => seen),
          (all) => all.includes("close 1001")
        )
        assert.notInclude(runtime.output(), token)
      }).pipe(Effect.scoped),
    120_000
  )
})

/** Two runtimes on one PostgreSQL, one RabbitMQ and one Asterisk; the same administrator's token with each. */
class Nodes extends Context.Service<Nodes, { readonly first: Client; readonly second: Client }>()(
  "test/Nodes"
) {
  static readonly layerOn = (database: Redacted.Redacted<string>, broker: string) =>
    Layer.effect(
      Nodes,
      Effect.gen(function* () {
        const pbx = yield* startSimulator({
          username: "accent_amid",
          secret: "two-nodes",
          queues: [{ name: "sales" }]
        })
        const knobs = {
          STROWGER_DATABASE_URL: Redacted.value(yield* freshDatabase(database)),
          STROWGER_AMQP_URL: broker,
          STROWGER_AMQP_EXCHANGE: yield* testExchange(broker),
          STROWGER_AMI_PORT: String(pbx.port),
          STROWGER_AMI_SECRET: "two-nodes",
          STROWGER_TOKEN_KEY: "two-nodes"
        }
        const one = yield* startRuntime(knobs)
        const other = yield* startRuntime(knobs)
        const first = yield* logIn(one.url)
        for (const { url } of [one, other]) {
          yield* eventually(
            clientOf(url, first.token).request("GET", "/api/amid/1.0/status"),
            ({ body }) => (body as { ami_socket: { status: string } }).ami_socket.status === "ok",
            "30 seconds"
          )
        }
        return { first, second: clientOf(other.url, first.token) }
      })
    )
}

/** The names of the events that a WebSocket of a node shows, with the agent they are about. */
const listen = Effect.fnUntraced(function* ({ url, token }: Client) {
  const heard: Array<string> = []
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => new WebSocket(`${url.replace("http", "ws")}/api/websocketd/?token=${token}&version=2`)),
    (open) => Effect.sync(() => open.terminate())
  )
  socket.on("message", (text) => {
    const { op, data } = JSON.parse(String(text))
    heard.push(op === "event" ? `${data.name} ${data.data.agent_id}` : op)
  })
  const shows = (what: string) =>
    eventually(
      Effect.sync(() => heard),
      (all) => all.includes(what)
    )
  yield* shows("init")
  socket.send(JSON.stringify({ op: "subscribe", data: { event_name: "*" } }))
  yield* shows("subscribe")
  socket.send(JSON.stringify({ op: "start" }))
  yield* shows("start")
  return shows
})

const agentd = "/api/agentd/1.0/agents"

if (externalTestUrl !== undefined && amqpTestUrl !== undefined) {
  layer(Nodes.layerOn(externalTestUrl, amqpTestUrl), { excludeTestServices: true, timeout: "120 seconds" })(
    "two nodes",
    (it) => {
      it.effect("a token of one is good on the other at once, and no more within 2 s after its end", () =>
        Effect.gen(function* () {
          const { first, second } = yield* Nodes
          const { token } = yield* logIn(first.url)
          const check = clientOf(second.url, "").request("HEAD", `/api/auth/0.1/token/${token}`)
          assert.strictEqual((yield* check).status, 204)
          yield* first.request("DELETE", `/api/auth/0.1/token/${token}`)
          yield* eventually(check, ({ status }) => status === 404, "2 seconds")
        })
      )

      it.effect("what one changes in the configuration the other shows", () =>
        Effect.gen(function* () {
          const { first, second } = yield* Nodes
          const { body } = yield* first.request("POST", "/api/confd/1.1/queues", { name: "shared" })
          const { id } = body as { id: number }
          const shown = yield* second.request("GET", `/api/confd/1.1/queues/${id}`)
          assert.deepInclude(shown.body, { id, name: "shared" })
        })
      )

      it.effect("what an agent does on one is told by the WebSocket of the other", () =>
        Effect.gen(function* () {
          const { first, second } = yield* Nodes
          const shows = yield* listen(second)
          const { agents, context } = yield* createCallCentre(first, { agents: 1, queues: ["sales"] })
          const [agent] = agents
          if (agent === undefined) return yield* Effect.die("there is an agent")
          const login = yield* first.request("POST", `${agentd}/by-id/${agent.id}/login`, {
            extension: agent.extension,
            context
          })
          assert.strictEqual(login.status, 204)
          yield* shows(`agent_status_update ${agent.id}`)
          const pause = yield* first.request("POST", `${agentd}/by-number/${agent.number}/pause`)
          assert.strictEqual(pause.status, 204)
          yield* shows(`agent_paused ${agent.id}`)
        }).pipe(Effect.scoped)
      )
    }
  )
}
