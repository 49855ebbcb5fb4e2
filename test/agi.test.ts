import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ListenAddress } from "../http/server.ts"
import { askAgi } from "../runtime/agi/scripted-channel.ts"
import { AppConfig } from "../runtime/config.ts"
import { createCallCentre } from "./call-centre.ts"
import { clientOf } from "./client.ts"
import { eventually } from "./eventually.ts"
import { issueToken } from "./identity.ts"
import { strowgerTestLayer } from "./strowger.ts"

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    // A listening TCP server's address is an AddressInfo.
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

const runtime = Layer.unwrap(
  Effect.map(freePort, (port) =>
    strowgerTestLayer({
      pbx: { queues: [{ name: "sales" }] },
      knobs: { STROWGER_AGI_PORT: String(port) }
    })
  )
)

const told = (status: string, device = "") => [
  `SET VARIABLE STROWGER_AGENT_DEVICE "${device}"`,
  `SET VARIABLE STROWGER_AGENT_STATUS "${status}"`
]

layer(runtime, { excludeTestServices: true, timeout: "60 seconds" })(
  "the dialplan asks which device to dial for an agent",
  (it) => {
    it.effect("the one the agent logged in on; logged off and unknown agents are refused by name", () =>
      Effect.gen(function* () {
        const { url } = yield* ListenAddress
        const { agiPort } = yield* AppConfig
        const ask = (script: string, ...args: ReadonlyArray<string>) =>
          askAgi(
            agiPort,
            "agi_network: yes",
            `agi_network_script: ${script}`,
            ...args.map((arg, index) => `agi_arg_${index + 1}: ${arg}`)
          )
        const client = clientOf(url, (yield* issueToken({ acl: ["#"] })).id)
        const { context, agents } = yield* createCallCentre(client, { agents: 1, queues: ["sales"] })
        const [agent] = agents
        assert.isDefined(agent)
        yield* eventually(
          client.request("GET", "/api/amid/1.0/status"),
          ({ body }) => (body as { ami_socket: { status: string } }).ami_socket.status === "ok"
        )

        assert.deepStrictEqual(yield* ask(`agent?id=${agent.id}`), told("LOGGED_OFF"))
        const login = yield* client.request("POST", `/api/agentd/1.0/agents/by-id/${agent.id}/login`, {
          extension: agent.extension,
          context
        })
        assert.strictEqual(login.status, 204, JSON.stringify(login.body))
        assert.deepStrictEqual(yield* ask(`agent?id=${agent.id}`), told("OK", agent.stateInterface))
        assert.deepStrictEqual(yield* ask("agent", String(agent.id)), told("OK", agent.stateInterface))
        yield* client.request("POST", `/api/agentd/1.0/agents/by-id/${agent.id}/logoff`)
        assert.deepStrictEqual(yield* ask(`agent?id=${agent.id}`), told("LOGGED_OFF"))

        assert.deepStrictEqual(yield* ask("agent?id=999999"), told("UNKNOWN"))
        for (const strange of [
          "agent",
          "agent?id=",
          "agent?id=99999999999",
          "agent?id=-1",
          "agent?id=7%0a",
          "queue?id=7",
          ""
        ]) {
          const [device, status, notice] = yield* ask(strange)
          assert.deepStrictEqual([device, status], told("UNKNOWN"), strange)
          assert.include(notice, "agent?id=<agent id>")
        }
      })
    )
  }
)
