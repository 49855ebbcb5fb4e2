import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { QueueState } from "../../schemas/supervisor/queue.ts"
import { readRecording } from "../../runtime/ami/recordings.ts"
import { clientWith, freshCallCentre } from "../../test/agents.ts"
import { create } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"
import { errorOf, onDuty, quietPbx, see, supervisor } from "./fixture.ts"

layer(strowgerTestLayer({ pbx: quietPbx }), { excludeTestServices: true, timeout: "60 seconds" })(
  "queues as a supervisor sees them",
  (it) => {
    it.effect("callers wait in their order, one talks, one gives up: each is shown and counted", () =>
      Effect.gen(function* () {
        const { simulator, queue, look, agent, stateIs, answer } = yield* onDuty()
        assert.deepInclude(yield* look.queue, {
          live: true,
          callers_waiting: 0,
          longest_wait: null,
          answered: 0
        })

        simulator.call(queue.name, { number: "5551001", name: "Zoë" })
        simulator.call(queue.name, { number: "5551002" })
        const waiting = yield* eventually(look.queue, ({ callers }) => callers.length === 2)
        assert.deepStrictEqual(
          waiting.callers.map((caller) => [caller.position, caller.caller_number, caller.caller_name]),
          [
            [1, "5551001", "Zoë"],
            [2, "5551002", ""]
          ]
        )
        assert.isNumber(waiting.longest_wait)
        assert.strictEqual(waiting.longest_wait_since, waiting.callers[0]?.since)
        yield* eventually(look.queue, ({ members_by_state }) => members_by_state.ringing === 1)

        yield* answer
        const answered = yield* eventually(
          look.queue,
          ({ members_by_state }) => members_by_state.talking === 1
        )
        assert.deepInclude(answered, { callers_waiting: 1, calls_connected: 1, answered: 1, abandoned: 0 })
        assert.deepInclude(answered.calls[0], { caller_number: "5551001", agent_id: agent.id })
        assert.deepStrictEqual(
          answered.callers.map(({ position, caller_number }) => [position, caller_number]),
          [[1, "5551002"]]
        )

        simulator.hangup(waiting.callers[1]?.channel ?? "")
        simulator.hangup(agent.stateInterface)
        yield* stateIs("ready")
        const after = yield* eventually(look.queue, ({ callers_waiting }) => callers_waiting === 0)
        assert.deepInclude(after, { calls_connected: 0, answered: 1, abandoned: 1, callers: [], calls: [] })
        assert.strictEqual(after.members[0]?.calls_taken, 1)
      })
    )

    it.effect("the recorded day of a real Asterisk leaves its counters", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const simulator = yield* Pbx
        yield* freshCallCentre(client)
        const queues = yield* Effect.forEach(["sales", "support"], (name) =>
          create<{ id: number }>(client, "/api/confd/1.1/queues", { name })
        )
        const recording = readRecording("queue-calls.events.ami")
        yield* simulator.inject(recording.subarray(recording.indexOf("\r\n") + 2))
        const states = yield* eventually(
          Effect.forEach(queues, ({ id }) => see<QueueState>(client, `/queues/${id}`)),
          (seen) => seen.reduce((sum, { abandoned }) => sum + abandoned, 0) === 1
        )
        assert.deepStrictEqual(
          states.map(({ answered, callers_waiting, calls_connected }) => [
            answered,
            callers_waiting,
            calls_connected
          ]),
          [
            [1, 0, 0],
            [1, 0, 0]
          ]
        )
      })
    )

    it.effect("a tenant sees its own queues; with recurse those below; items below always", () =>
      Effect.gen(function* () {
        const master = yield* clientWith()
        const tenant = yield* create<{ uuid: string }>(
          master,
          "/api/auth/0.1/tenants",
          { name: "below" },
          200
        )
        const below = yield* clientWith({ tenantUuid: tenant.uuid })
        const own = yield* create<{ id: number }>(below, "/api/confd/1.1/queues", { name: "of-below" })
        const top = yield* create<{ id: number }>(master, "/api/confd/1.1/queues", { name: "of-top" })
        const list = (client: typeof master, query = "") =>
          Effect.map(
            see<{ total: number; items: ReadonlyArray<QueueState> }>(client, `/queues${query}`),
            (page) => {
              assert.strictEqual(page.total, page.items.length)
              return page.items.map(({ id }) => id)
            }
          )

        assert.deepStrictEqual(yield* list(below), [own.id])
        assert.notInclude(yield* list(master), own.id)
        assert.includeMembers([...(yield* list(master, "?recurse=true"))], [own.id, top.id])
        assert.strictEqual((yield* see<QueueState>(master, `/queues/${own.id}`)).live, false)
        assert.deepStrictEqual(errorOf(yield* below.request("GET", `${supervisor}/queues/${top.id}`)), [
          404,
          "unknown-queue",
          ["queue_id"]
        ])
        assert.deepStrictEqual(yield* see(below, "/summary"), {
          tenant_uuid: tenant.uuid,
          live: true,
          queues: 1,
          callers_waiting: 0,
          longest_wait: null,
          calls_connected: 0,
          answered: 0,
          abandoned: 0,
          agents: { logged_off: 0, ready: 0, paused: 0, ringing: 0, talking: 0, wrap_up: 0 }
        })
      })
    )

    it.effect("each path needs its own right", () =>
      Effect.gen(function* () {
        const { queue, agent } = yield* onDuty()
        const allowed = [
          ["GET", "/queues", "supervisor.queues.read"],
          ["GET", `/queues/${queue.id}`, `supervisor.queues.${queue.id}.read`],
          ["GET", "/agents", "supervisor.agents.read"],
          ["GET", `/agents/${agent.id}`, `supervisor.agents.${agent.id}.read`],
          ["GET", "/summary", "supervisor.summary.read"],
          ["POST", `/agents/${agent.id}/pause`, `supervisor.agents.${agent.id}.pause.create`],
          ["POST", `/agents/${agent.id}/unpause`, `supervisor.agents.${agent.id}.unpause.create`],
          ["POST", `/agents/${agent.id}/listen`, `supervisor.agents.${agent.id}.listen.create`],
          ["POST", `/agents/${agent.id}/whisper`, `supervisor.agents.${agent.id}.whisper.create`],
          ["POST", `/agents/${agent.id}/barge`, `supervisor.agents.${agent.id}.barge.create`],
          ["POST", "/calls/1.5/hangup", "supervisor.calls.1_5.hangup.create"],
          ["POST", `/agents/${agent.id}/logoff`, `supervisor.agents.${agent.id}.logoff.create`]
        ] as const
        for (const [method, path, acl] of allowed) {
          const other = yield* clientWith({ acl: ["agentd.#", `!${acl}`] })
          assert.deepInclude(yield* other.request(method, `${supervisor}${path}`), { status: 401 }, path)
          const holder = yield* clientWith({ acl: [acl] })
          const { status } = yield* holder.request(
            method,
            `${supervisor}${path}`,
            method === "GET" ? undefined : {}
          )
          assert.notStrictEqual(status, 401, path)
        }
      })
    )

    it.effect("what is no queue, no id, no path or no method is told in the surface's words", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const get = (path: string, method = "GET") =>
          Effect.map(client.request(method, `${supervisor}${path}`), errorOf)
        assert.deepStrictEqual(yield* get("/queues/999999"), [404, "unknown-queue", ["queue_id"]])
        assert.deepStrictEqual(yield* get("/queues/abc"), [404, "not-found", []])
        assert.deepStrictEqual(yield* get("/agents/999999"), [404, "unknown-agent", ["agent_id"]])
        assert.deepStrictEqual(yield* get("/nothing"), [404, "not-found", []])
        assert.deepStrictEqual(yield* get("/queues", "DELETE"), [405, "method-not-allowed", []])
        const document = yield* client.request("GET", `${supervisor}/api/api.json`)
        assert.property((document.body as { paths: object }).paths, `${supervisor}/agents/{agent_id}/whisper`)
      })
    )
  }
)
