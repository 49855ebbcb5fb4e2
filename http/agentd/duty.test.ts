import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import {
  agentd,
  agentdEvents,
  type Answered,
  clientWith,
  freshCallCentre,
  logIn,
  logOff,
  pause,
  pausedIs,
  recordActions,
  recordBus,
  shown,
  statusOf,
  unpause
} from "../../test/agents.ts"
import { create } from "../../test/confd.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"

layer(strowgerTestLayer(), { excludeTestServices: true, timeout: "60 seconds" })("an agent on duty", (it) => {
  it.effect(
    "logoff (5.4) tells QueuePause 0, QueueRemove for each enabled queue, then the BLF commands",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        const actions = yield* recordActions
        assert.deepEqual(yield* shown(logOff(client, agent)), [204, undefined])
        const member = `Interface: Local/id-${agent.id}@agentcallback`
        assert.deepEqual(actions(), [
          ["QueuePause", member, "Paused: 0"],
          ...queues.map(({ name }) => ["QueueRemove", `Queue: ${name}`, member]),
          ...["31 NOT_INUSE", "32 INUSE", "30 NOT_INUSE"].flatMap((key) => {
            const [feature, state] = key.split(" ")
            return [`**3${agent.id}`, agent.number].map((target) => [
              "Command",
              `Command: devstate change Custom:*735${agent.userId}***2${feature}*${target} ${state}`
            ])
          })
        ])
      })
  )

  it.effect("logoff publishes logged_out, and then agent_unpaused for each queue", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
      yield* logIn(client, agent, context)
      const heard = yield* recordBus
      yield* logOff(client, agent)
      const events = yield* eventually(
        Effect.sync(() => heard(...agentdEvents).slice(-3)),
        (seen) => seen.filter(({ name }) => name === "agent_unpaused").length === 2
      )
      assert.deepEqual(
        events.map(({ name, data }) => [name, data]),
        [
          ["agent_status_update", { agent_id: agent.id, status: "logged_out" }],
          ...queues.map(({ name }) => [
            "agent_unpaused",
            { agent_id: agent.id, agent_number: agent.number, paused: false, paused_reason: "", queue: name }
          ])
        ]
      )
      for (const { headers } of events) {
        assert.strictEqual(headers["required_acl"], "events.statuses.agents")
        assert.isTrue(headers[`user_uuid:${agent.userUuid}`])
      }
    })
  )

  it.effect("logoff of one that is not logged, or unknown, is 409 not logged in", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent } = yield* freshCallCentre(client)
      const refusal: Answered = [409, { error: "not logged in" }]
      assert.deepEqual(yield* shown(logOff(client, agent)), refusal)
      for (const path of [
        "by-id/999999/logoff",
        "by-id/99999999999/logoff",
        "by-number/none/logoff",
        "by-number/none/pause",
        `by-number/${"9".repeat(60)}/pause`,
        "by-number/none/unpause",
        `by-number/${agent.number}/pause`,
        `by-number/${agent.number}/unpause`
      ]) {
        assert.deepEqual(yield* shown(client.request("POST", `${agentd}/agents/${path}`)), refusal, path)
      }
    })
  )

  it.effect("logoff ignores what Asterisk refuses to remove", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(client, { queues: 3 })
      yield* logIn(client, agent, context)
      for (const message of [
        "Unable to remove interface: Not there",
        "Unable to remove interface from queue: No such queue",
        "Member not dynamic"
      ]) {
        simulator.fault("QueueRemove", { kind: "error", message })
        assert.deepEqual(yield* shown(logOff(client, agent)), [204, undefined])
        simulator.clearFaults()
        yield* logIn(client, agent, context)
      }
      yield* logOff(client, agent)
    })
  )

  it.effect(
    "pause (5.5) is one QueuePause for all queues, and stored only when QueueMemberPause arrives",
    () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        const actions = yield* recordActions
        const heard = yield* recordBus
        const member = `Interface: Local/id-${agent.id}@agentcallback`

        simulator.fault("QueuePause", { kind: "error", message: "Interface not found" }, 1)
        assert.deepEqual(yield* shown(pause(client, agent)), [204, undefined])
        assert.isFalse((yield* statusOf(client, agent)).paused)

        assert.deepEqual(yield* shown(pause(client, agent, "lunch")), [204, undefined])
        const status = yield* pausedIs(client, agent, true)
        assert.deepInclude(status, { paused: true, paused_reason: "lunch" })
        assert.deepEqual(
          status.queues.map(({ paused }) => paused),
          [true, true]
        )
        yield* unpause(client, agent)
        // What Asterisk sent, not null.
        assert.deepInclude(yield* pausedIs(client, agent, false), { paused: false, paused_reason: "" })
        assert.deepEqual(actions(), [
          ["QueuePause", member, "Paused: 1"],
          ["QueuePause", member, "Paused: 1", "Reason: lunch"],
          ["QueuePause", member, "Paused: 0"]
        ])
        const events = yield* eventually(
          Effect.sync(() => heard("QueueMemberPause", "agent_paused", "agent_unpaused")),
          (seen) => seen.length === 8
        )
        assert.sameDeepMembers(
          events
            .filter(({ name }) => name !== "QueueMemberPause")
            .map(({ name, routingKey, data }) => [name, routingKey, data]),
          queues.flatMap((queue) =>
            [true, false].map((paused) => [
              paused ? "agent_paused" : "agent_unpaused",
              paused ? "status.agent.pause" : "status.agent.unpause",
              {
                agent_id: agent.id,
                agent_number: agent.number,
                paused,
                paused_reason: paused ? "lunch" : "",
                queue: queue.name
              }
            ])
          )
        )
        const names = events.map(({ name }) => name)
        assert.isBelow(names.indexOf("QueueMemberPause"), names.indexOf("agent_paused"))
        assert.isBelow(names.lastIndexOf("agent_paused"), names.indexOf("agent_unpaused"))
      })
  )

  it.effect("pause of an agent whose number has * and # works like any other", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      const { agent, context, queues } = yield* freshCallCentre(client)
      const number = `#${agent.number}*`
      const { id } = yield* create<{ id: number }>(client, "/api/confd/1.1/agents", {
        number,
        queues: queues.map((queue) => ({ id: queue.id }))
      })
      const starred = { ...agent, id, number: encodeURIComponent(number) }
      assert.deepEqual(yield* shown(logIn(client, starred, context)), [204, undefined])
      assert.deepEqual(
        simulator.members(queues[0]?.name ?? "").map(({ name }) => name),
        [`Agent/${number}`]
      )
      yield* pause(client, starred)
      assert.deepInclude(yield* pausedIs(client, starred, true), { number, paused_reason: "" })
    })
  )

  it.effect("pause and unpause without an enabled queue are 204 and tell nothing", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(client, { queues: 0, users: false })
      yield* logIn(client, agent, context)
      const actions = yield* recordActions
      assert.deepEqual(yield* shown(pause(client, agent, "lunch")), [204, undefined])
      assert.deepEqual(yield* shown(unpause(client, agent)), [204, undefined])
      assert.deepEqual(actions(), [])
      assert.deepInclude(yield* statusOf(client, agent), { paused: false, paused_reason: null })
    })
  )

  it.effect("a pause that somebody else tells Asterisk is seen too; other interfaces are ignored", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      const { agent, context, queues } = yield* freshCallCentre(client)
      yield* logIn(client, agent, context)
      const heard = yield* recordBus
      const say = (headers: Readonly<Record<string, string>>) =>
        simulator.raise("QueueMemberPause", "agent", Object.entries(headers))
      const event = { Queue: queues[0]?.name ?? "", MemberName: "x/y", Paused: "1", PausedReason: "console" }
      say({ ...event, Interface: `PJSIP/id-${agent.id}` })
      say({ ...event, Interface: `Local/id-${agent.id}@agentcallback/n` })
      say({ ...event, Interface: "Local/id-999999@agentcallback" })
      say({ ...event, Interface: `Local/id-${agent.id}@agentcallback` })
      assert.deepInclude(yield* pausedIs(client, agent, true), { paused_reason: "console" })
      yield* eventually(
        Effect.sync(() => heard("agent_paused")),
        (events) => events.length > 0
      )
      assert.deepEqual(
        heard("agent_paused").map(({ data }) => data),
        [
          {
            agent_id: agent.id,
            agent_number: agent.number,
            paused: true,
            paused_reason: "console",
            queue: queues[0]?.name
          }
        ]
      )
    })
  )

  it.effect("a login forgets the pause of the last session", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(client)
      yield* logIn(client, agent, context)
      yield* pause(client, agent, "lunch")
      yield* pausedIs(client, agent, true)
      yield* logOff(client, agent)
      yield* logIn(client, agent, context)
      assert.isFalse((yield* statusOf(client, agent)).paused)
    })
  )

  it.effect(
    "the caller's own agent pauses, unpauses and logs off; an unknown one is 404 before anything else",
    () =>
      Effect.gen(function* () {
        const admin = yield* clientWith()
        const { agent, context } = yield* freshCallCentre(admin)
        const me = yield* clientWith({ userUuid: agent.userUuid, acl: ["agentd.users.me.agents.#"] })
        const post = (command: string, body?: unknown) =>
          shown(me.request("POST", `${agentd}/users/me/agents/${command}`, body))
        for (const command of ["pause", "unpause", "logoff"])
          assert.deepEqual(yield* post(command), [409, { error: "not logged in" }])
        yield* logIn(admin, agent, context)
        assert.deepEqual(yield* post("pause", { reason: "tea" }), [204, undefined])
        yield* pausedIs(admin, agent, true)
        assert.deepEqual(yield* post("unpause"), [204, undefined])
        yield* pausedIs(admin, agent, false)
        assert.deepEqual(yield* post("logoff"), [204, undefined])

        const nobody = yield* clientWith()
        const noUser = yield* clientWith({ userUuid: null })
        for (const client of [nobody, noUser]) {
          for (const command of ["login", "pause", "unpause", "logoff"]) {
            assert.deepEqual(
              yield* shown(client.request("POST", `${agentd}/users/me/agents/${command}`, { line_id: 1 })),
              [404, { error: "no such agent" }]
            )
          }
          for (const command of ["login", "logoff"]) {
            assert.deepEqual(
              yield* shown(client.request("PUT", `${agentd}/users/me/agents/queues/1/${command}`)),
              [404, { error: "no such agent" }]
            )
          }
          assert.deepEqual(yield* shown(client.request("GET", `${agentd}/users/me/agents`)), [
            404,
            { error: "no such agent" }
          ])
        }
      })
  )

  it.effect("the worked sequence of section 11, with its numbers", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const sql = yield* SqlClient.SqlClient
      const simulator = yield* Pbx
      yield* sql`select setval('pbx_agents_id_seq', 70006), setval('pbx_users_id_seq', 70011),
        setval('pbx_queues_id_seq', 70002)`
      const { agent, context, queues } = yield* freshCallCentre(client)
      const [sales] = queues
      assert.deepEqual([agent.id, agent.userId, sales?.id], [70_007, 70_012, 70_003])
      yield* client.request("PUT", `/api/confd/1.1/queues/70003/members/agents/70007`, { penalty: 3 })
      const actions = yield* recordActions
      const heard = yield* recordBus

      yield* logIn(client, agent, context)
      assert.deepEqual(actions()[0], [
        "QueueAdd",
        `Queue: ${sales?.name}`,
        "Interface: Local/id-70007@agentcallback",
        `MemberName: Agent/${agent.number}`,
        `StateInterface: ${agent.stateInterface}`,
        "Penalty: 3",
        "Skills: agent-70007"
      ])
      assert.lengthOf(actions(), 7)
      assert.deepEqual(actions()[1], [
        "Command",
        "Command: devstate change Custom:*73570012***231***370007 INUSE"
      ])

      yield* (yield* Outbox).drained
      yield* pause(client, agent, "lunch")
      assert.deepInclude(yield* pausedIs(client, agent, true), { paused_reason: "lunch" })
      const beforeLeaving = actions().length
      yield* client.request("PUT", `${agentd}/agents/70007/queues/70003/logoff`)
      assert.isFalse((yield* statusOf(client, agent)).logged)
      assert.deepEqual(
        actions()
          .slice(beforeLeaving)
          .map(([name]) => name),
        ["QueueRemove", ...Array.from({ length: 6 }, () => "Command")]
      )
      assert.deepEqual(simulator.members(sales?.name ?? ""), [])
      yield* eventually(
        Effect.sync(() => heard("agent_status_update")),
        (events) => events.length === 2
      )
      assert.deepEqual(
        heard("QueueMemberPause", ...agentdEvents).map(({ name, data }) =>
          "status" in data ? data.status : name
        ),
        ["logged_in", "QueueMemberPause", "agent_paused", "user_agent_queue_logged_off", "logged_out"]
      )
    })
  )
})
