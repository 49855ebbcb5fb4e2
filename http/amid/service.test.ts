import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import {
  agentd,
  amiIsUp,
  amiSocketIs,
  clientWith,
  freshCallCentre,
  logIn,
  pause,
  pausedIs,
  recordBus
} from "../../test/agents.ts"
import { create } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"

const amid = "/api/amid/1.0"

layer(strowgerTestLayer({ knobs: { STROWGER_AMI_PUBLISH_EVENTS: "false" } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("amid's configuration and status (9.4)", (it) => {
  it.effect("GET /config has debug and publish_ami_events, and *** for secrets", () =>
    Effect.gen(function* () {
      const client = yield* clientWith({ acl: ["amid.config.read"] })
      const { status, body } = yield* client.request("GET", `${amid}/config`)
      assert.strictEqual(status, 200)
      assert.deepInclude(body, { debug: false, publish_ami_events: false })
      const { ami } = body as { ami: Record<string, unknown> }
      assert.deepInclude(ami, {
        host: "127.0.0.1",
        username: "accent_amid",
        password: "***",
        auth_type: "plain"
      })
      assert.notInclude(JSON.stringify(body), "simulated-secret")
    })
  )

  it.effect("PATCH /config replaces debug, and the next GET shows it; [] changes nothing", () =>
    Effect.gen(function* () {
      const client = yield* clientWith({ acl: ["amid.config.#"] })
      const patch = (value: unknown) =>
        client.request("PATCH", `${amid}/config`, [{ op: "replace", path: "/debug", value }])
      const debug = Effect.map(
        client.request("GET", `${amid}/config`),
        ({ body }) => (body as { debug: boolean }).debug
      )
      for (const value of [true, false, "true", "false", "True", "False", "TRUE", "FALSE"]) {
        const { status, body } = yield* patch(value)
        assert.strictEqual(status, 200, String(value))
        const expected = String(value).toLowerCase() === "true"
        assert.strictEqual((body as { debug: boolean }).debug, expected)
        assert.strictEqual(yield* debug, expected)
      }
      yield* patch(true)
      assert.strictEqual((yield* client.request("PATCH", `${amid}/config`, [])).status, 200)
      assert.isTrue(yield* debug)
      const both = [true, false].map((value) => ({ op: "replace", path: "/debug", value }))
      yield* client.request("PATCH", `${amid}/config`, both)
      assert.isFalse(yield* debug)
    })
  )

  it.effect("PATCH /config with anything else is 400 invalid-data and changes nothing", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const good = { op: "replace", path: "/debug", value: true }
      for (const body of [
        [{ ...good, extra: 1 }],
        [{ ...good, op: "add" }],
        [{ ...good, path: "/ami" }],
        [{ ...good, path: "debug" }],
        [{ ...good, value: "yes please" }],
        [{ ...good, value: 5 }],
        [{ ...good, value: null }],
        [{ path: "/debug", value: true }],
        [{ op: "replace", value: true }],
        [{ op: "replace", path: "/debug" }],
        [good, {}],
        [5],
        [null],
        good,
        {},
        "null",
        '"x"',
        "5",
        "{",
        ""
      ]) {
        const answer = yield* client.request("PATCH", `${amid}/config`, body)
        assert.strictEqual(answer.status, 400, JSON.stringify(body))
        assert.strictEqual((answer.body as { error_id: string }).error_id, "invalid-data")
      }
      const { body } = yield* client.request("GET", `${amid}/config`)
      assert.isFalse((body as { debug: boolean }).debug)
    })
  )

  it.effect("/config is for tokens of the master tenant; /status for any tenant", () =>
    Effect.gen(function* () {
      const master = yield* clientWith()
      const { uuid } = yield* create<{ uuid: string }>(
        master,
        "/api/auth/0.1/tenants",
        { name: "service" },
        200
      )
      const client = yield* clientWith({ tenantUuid: uuid })
      for (const [method, body] of [
        ["GET", undefined],
        ["PATCH", []],
        ["PATCH", "{"]
      ] as const) {
        const answer = yield* client.request(method, `${amid}/config`, body)
        assert.strictEqual(answer.status, 401)
        assert.deepInclude(answer.body, { error_id: "unauthorized" })
      }
      assert.strictEqual((yield* client.request("GET", `${amid}/status`)).status, 200)
      const powerless = yield* clientWith({ acl: [] })
      for (const path of ["config", "status"])
        assert.strictEqual((yield* powerless.request("GET", `${amid}/${path}`)).status, 401)
    })
  )

  it.effect(
    "ami_socket fails within 1 s of a closed socket and is ok within 7 s after the server is back",
    () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        yield* amiIsUp(client)
        const { body } = yield* client.request("GET", `${amid}/status`)
        const ok = { status: "ok" }
        assert.deepEqual(body, { rest_api: ok, ami_socket: ok, bus_publisher: ok, service_token: ok })
        yield* simulator.stop
        yield* amiSocketIs(client, "fail", "1 second")
        yield* simulator.start()
        yield* amiSocketIs(client, "ok", "7 seconds")
      })
  )

  it.effect("ami_socket is ok only with a logged-in session", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      yield* amiIsUp(client)
      simulator.refuseLogin(true)
      const attempts = simulator.actionsReceived("Login").length
      simulator.dropConnections()
      yield* simulator.awaitAction("Login", attempts + 1)
      yield* amiSocketIs(client, "fail")
      simulator.refuseLogin(false)
      yield* amiIsUp(client)
    })
  )

  it.effect(
    "with publish_ami_events false no AMI event goes to the bus, and agents hear Asterisk all the same",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context } = yield* freshCallCentre(client)
        const heard = yield* recordBus
        yield* logIn(client, agent, context)
        yield* pause(client, agent, "lunch")
        yield* pausedIs(client, agent, true)
        yield* eventually(
          Effect.sync(() => heard("agent_paused")),
          (events) => events.length === 1
        )
        assert.deepEqual(heard("QueueMemberAdded", "QueueMemberPause", "DeviceStateChange"), [])
        const answer = yield* client.request("POST", `${amid}/action/QueueSummary`)
        assert.strictEqual(answer.status, 200)
        yield* client.request("POST", `${agentd}/agents/by-id/${agent.id}/logoff`)
      })
  )

  it.effect("GET /api/api.yml needs no token and is an OpenAPI 2 document with info and paths", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const answer = yield* client.request("GET", `${amid}/api/api.yml`, undefined, { "X-Auth-Token": "" })
      assert.strictEqual(answer.status, 200)
      assert.match(answer.headers.get("content-type") ?? "", /^application\/x-yaml/)
      const { info, paths } = answer.body as { info: object; paths: Record<string, object> }
      assert.hasAllKeys(info, ["title", "version"])
      assert.hasAllKeys(paths, ["/action/{action}", "/action/Command", "/config", "/status"])
    })
  )
})
