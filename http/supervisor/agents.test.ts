import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { SupervisedAgent, Summary } from "../../schemas/supervisor/agent.ts"
import { amiIsUp, amiSocketIs, clientWith, logIn } from "../../test/agents.ts"
import { create } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { strowgerTestLayer } from "../../test/strowger.ts"
import { errorOf, onDuty, quietPbx, see, supervisor } from "./fixture.ts"

layer(strowgerTestLayer({ pbx: quietPbx }), { excludeTestServices: true, timeout: "60 seconds" })(
  "agents as a supervisor sees them",
  (it) => {
    it.effect("ready, ringing, talking, ready again, with the call and since when", () =>
      Effect.gen(function* () {
        const { client, simulator, queue, look, agent, stateIs, answer } = yield* onDuty()
        const ready = yield* look.agent
        assert.deepInclude(ready, { call: null, calls_taken: 0, paused: false, extension: agent.extension })
        assert.strictEqual(ready.since, ready.logged_in_since)

        simulator.call(queue.name, { number: "5551001", name: "Zoë" })
        const ringing = yield* stateIs("ringing")
        assert.deepInclude(ringing.call, { queue: queue.name, caller_number: "5551001", caller_name: "Zoë" })
        assert.strictEqual(ringing.since, ringing.call?.since)
        yield* answer
        const talking = yield* stateIs("talking")
        assert.deepInclude(talking, { calls_taken: 1 })
        const { calls } = yield* look.queue
        assert.strictEqual(talking.call?.uniqueid, calls[0]?.uniqueid)
        assert.strictEqual((yield* see<Summary>(client, "/summary")).agents.talking, 1)

        simulator.hangup(agent.stateInterface)
        const free = yield* stateIs("ready")
        assert.deepInclude(free, { call: null, calls_taken: 1 })
        assert.isAbove(Date.parse(free.since ?? ""), Date.parse(ready.since ?? ""))
        yield* client.request("POST", `${supervisor}/agents/${agent.id}/logoff`)
        // Until midnight: a logoff takes no call away.
        assert.deepInclude(yield* stateIs("logged_off"), { calls_taken: 1 })
      })
    )

    it.effect("a pause and its end, with reason and time; a logoff with its reason", () =>
      Effect.gen(function* () {
        const { client, look, agent, stateIs, command, context } = yield* onDuty()
        assert.strictEqual((yield* command("pause", { reason: "training" })).status, 204)
        const paused = yield* stateIs("paused")
        assert.deepInclude(paused, { paused: true, paused_reason: "training" })
        assert.strictEqual(paused.since, paused.paused_since)
        assert.strictEqual((yield* command("unpause")).status, 204)
        assert.deepInclude(yield* stateIs("ready"), {
          paused: false,
          paused_reason: null,
          paused_since: null
        })

        assert.strictEqual((yield* command("logoff", { reason: "end of shift" })).status, 204)
        const off = yield* look.agent
        assert.deepInclude(off, {
          state: "logged_off",
          logoff_reason: "end of shift",
          logged_in_since: null,
          extension: null
        })
        assert.isString(off.since)
        yield* logIn(client, agent, context)
        assert.deepInclude(yield* stateIs("ready"), { logoff_reason: null })
      })
    )

    it.effect("commands are refused by name: no such agent, not logged in, a bad reason", () =>
      Effect.gen(function* () {
        const { client, agent, command } = yield* onDuty()
        const below = yield* create<{ uuid: string }>(client, "/api/auth/0.1/tenants", { name: "cmds" }, 200)
        const stranger = yield* clientWith({ tenantUuid: below.uuid })
        assert.deepStrictEqual(errorOf(yield* command("pause", {}, stranger)), [
          404,
          "unknown-agent",
          ["agent_id"]
        ])
        for (const reason of ["", "x".repeat(81), "two\nlines", 7]) {
          assert.deepStrictEqual(errorOf(yield* command("pause", { reason })), [
            400,
            "invalid-data",
            ["reason"]
          ])
        }
        yield* command("logoff")
        for (const name of ["pause", "unpause", "logoff"]) {
          assert.deepStrictEqual(errorOf(yield* command(name)), [409, "agent-not-logged-in", ["agent_id"]])
        }
        assert.deepStrictEqual(
          errorOf(
            yield* client.request("POST", `${supervisor}/agents/${agent.id}/listen`, {
              interface: agent.stateInterface
            })
          ),
          [409, "agent-not-talking", ["agent_id"]]
        )
      })
    )

    it.effect("listen, whisper and barge ring the supervisor's phone and spy on the agent's channel", () =>
      Effect.gen(function* () {
        const { agents, simulator, command, talking, context } = yield* onDuty({ agents: 2 })
        const [agent, boss] = agents
        assert.isDefined(agent)
        assert.isDefined(boss)
        const phone = { interface: boss.stateInterface }
        assert.deepStrictEqual(errorOf(yield* command("listen", phone)), [
          409,
          "agent-not-talking",
          ["agent_id"]
        ])
        yield* talking

        const asked = simulator.actionsReceived("Originate").length
        assert.strictEqual((yield* command("listen", phone)).status, 204)
        assert.strictEqual((yield* command("whisper", phone)).status, 204)
        assert.strictEqual((yield* command("barge", { extension: boss.extension, context })).status, 204)
        const originated = simulator
          .actionsReceived("Originate")
          .slice(asked)
          .map(({ headers }) => new Map(headers))
        assert.deepStrictEqual(
          originated.map((headers) => [headers.get("Channel"), headers.get("Application")]),
          [
            [boss.stateInterface, "ChanSpy"],
            [boss.stateInterface, "ChanSpy"],
            [`Local/${boss.extension}@${context}`, "ChanSpy"]
          ]
        )
        const spied = originated.map((headers) => headers.get("Data")?.split(",") ?? [])
        assert.deepStrictEqual(
          spied.map(([channel = "", options]) => [channel.startsWith(`${agent.stateInterface}-`), options]),
          [
            [true, "qE"],
            [true, "qwE"],
            [true, "qBE"]
          ]
        )
      })
    )

    it.effect("the supervisor's phone must be one of the tenant's, given in one way", () =>
      Effect.gen(function* () {
        const { client, simulator, command, talking } = yield* onDuty()
        yield* talking
        const tenant = yield* create<{ uuid: string }>(
          client,
          "/api/auth/0.1/tenants",
          { name: "spied" },
          200
        )
        const stranger = yield* clientWith({ tenantUuid: tenant.uuid })
        const theirs = yield* create<{ name: string }>(stranger, "/api/confd/1.1/contexts", {
          label: "Theirs"
        })
        const asked = simulator.actionsReceived("Originate").length
        const refused = (body: object) => Effect.map(command("listen", body), (answer) => errorOf(answer))
        for (const [body, field] of [
          [{}, "extension"],
          [{ extension: "1001" }, "context"],
          [{ interface: "PJSIP/x", extension: "1001", context: "c" }, "interface"],
          [{ interface: "PJSIP/not-a-line" }, "interface"],
          [{ interface: "PJSIP/a&PJSIP/b" }, "interface"],
          [{ interface: "PJSIP/a\r\nVariable: x=1" }, "interface"],
          [{ extension: "1001", context: "nowhere" }, "context"],
          [{ extension: "10 01", context: theirs.name }, "extension"],
          [{ extension: 1001, context: theirs.name }, "extension"]
        ] as const) {
          assert.deepStrictEqual(yield* refused(body), [400, "invalid-data", [field]], JSON.stringify(body))
        }
        assert.strictEqual(simulator.actionsReceived("Originate").length, asked)
      })
    )

    it.effect("a call of a queue is hung up by uniqueid or channel; no other call can be", () =>
      Effect.gen(function* () {
        const { client, simulator, queue, look, talking, stateIs } = yield* onDuty()
        yield* talking
        simulator.call(queue.name, { number: "5551002" })
        const { calls, callers } = yield* eventually(look.queue, (seen) => seen.callers.length === 1)
        const hangUp = (call: string, by = client) =>
          by.request("POST", `${supervisor}/calls/${encodeURIComponent(call)}/hangup`)

        const tenant = yield* create<{ uuid: string }>(
          client,
          "/api/auth/0.1/tenants",
          { name: "hanger" },
          200
        )
        const stranger = yield* clientWith({ tenantUuid: tenant.uuid })
        const unknown: ReturnType<typeof errorOf> = [404, "unknown-call", ["call"]]
        assert.deepStrictEqual(errorOf(yield* hangUp(calls[0]?.uniqueid ?? "", stranger)), unknown)
        assert.deepStrictEqual(errorOf(yield* hangUp("PJSIP/somebody-00000001")), unknown)

        assert.strictEqual((yield* hangUp(callers[0]?.uniqueid ?? "")).status, 204)
        yield* eventually(
          look.queue,
          ({ callers_waiting, abandoned }) => callers_waiting === 0 && abandoned === 1
        )
        assert.strictEqual((yield* hangUp(calls[0]?.channel ?? "")).status, 204)
        yield* stateIs("ready")
        assert.deepStrictEqual(errorOf(yield* hangUp(calls[0]?.uniqueid ?? "")), unknown)
      })
    )

    it.effect(
      "without Asterisk commands answer 503 and nothing changes; back again, what was missed is known",
      () =>
        Effect.gen(function* () {
          const { client, simulator, look, agent, stateIs, command, talking } = yield* onDuty()
          yield* talking
          const { calls } = yield* look.queue
          yield* simulator.stop
          yield* amiSocketIs(client, "fail")
          assert.strictEqual((yield* look.queue).live, false)
          for (const [name, body] of [
            ["pause", {}],
            ["unpause", undefined],
            ["logoff", {}],
            ["listen", { interface: agent.stateInterface }]
          ] as const) {
            assert.deepStrictEqual(errorOf(yield* command(name, body)), [
              503,
              "asterisk-unreachable",
              ["original_error"]
            ])
          }
          assert.deepStrictEqual(
            errorOf(yield* client.request("POST", `${supervisor}/calls/${calls[0]?.uniqueid}/hangup`)),
            [503, "asterisk-unreachable", ["original_error"]]
          )
          assert.strictEqual((yield* look.agent).state, "talking")

          simulator.hangup(agent.stateInterface)
          yield* simulator.start()
          yield* amiIsUp(client)
          yield* stateIs("ready")
          const queue = yield* eventually(look.queue, ({ live }) => live)
          assert.deepInclude(queue, { calls_connected: 0, answered: 1 })
        })
    )

    it.effect("a restart of Asterisk starts the counters anew; a call that began meanwhile is found", () =>
      Effect.gen(function* () {
        const { client, simulator, queue, look, agent, stateIs } = yield* onDuty()
        yield* simulator.stop
        yield* amiSocketIs(client, "fail")
        simulator.call(queue.name, { number: "5551001", name: "Zoë" })
        simulator.advance(1)
        assert.isTrue(simulator.answer(agent.stateInterface))
        yield* simulator.start()
        const talking: SupervisedAgent = yield* stateIs("talking")
        assert.deepInclude(talking.call, { queue: queue.name, caller_number: "5551001" })
        assert.deepInclude(yield* look.queue, { answered: 1, calls_connected: 1 })

        yield* simulator.stop
        yield* amiSocketIs(client, "fail")
        yield* simulator.start({ pbx: "restarted" })
        yield* stateIs("ready")
        const fresh = yield* eventually(look.queue, ({ live }) => live)
        assert.deepInclude(fresh, { answered: 0, calls_connected: 0 })
      })
    )
  }
)
