import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import {
  agentd,
  agentdEvents,
  clientWith,
  freshCallCentre,
  logIn,
  logOff,
  recordActions,
  recordBus,
  statusOf,
  type TestAgent
} from "../../test/agents.ts"
import type { Client } from "../../test/client.ts"
import { create, put } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"

const queueAdd = (agent: TestAgent, queue: string, ...rest: ReadonlyArray<string>) => [
  "QueueAdd",
  `Queue: ${queue}`,
  `Interface: Local/id-${agent.id}@agentcallback`,
  `MemberName: Agent/${agent.number}`,
  `StateInterface: ${agent.stateInterface}`,
  ...rest
]

const blf = (agent: TestAgent, states: readonly [string, string, string]) =>
  ["31", "32", "30"].flatMap((feature, index) =>
    [`**3${agent.id}`, agent.number].map((target) => [
      "Command",
      `Command: devstate change Custom:*735${agent.userId}***2${feature}*${target} ${states[index]}`
    ])
  )

const loginAt = (client: Client, agent: { readonly id: number }, body: unknown) =>
  client.request("POST", `${agentd}/agents/by-id/${agent.id}/login`, body)

layer(strowgerTestLayer(), { excludeTestServices: true, timeout: "60 seconds" })("login (5.1, 5.2)", (it) => {
  it.effect(
    "tells Asterisk QueueAdd for each enabled queue with its configured penalty, then the BLF commands",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2, queues: 2 })
        const agent = agents[1]
        assert.isDefined(agent)
        const actions = yield* recordActions
        const { status, body } = yield* logIn(client, agent, context)
        assert.strictEqual(status, 204)
        assert.isUndefined(body)
        assert.deepEqual(actions(), [
          ...queues.map(({ name }) => queueAdd(agent, name, "Penalty: 1", `Skills: agent-${agent.id}`)),
          ...blf(agent, ["INUSE", "NOT_INUSE", "INUSE"])
        ])
      })
  )

  it.effect("publishes agent_status_update logged_in, and nothing of queues that were enabled", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(client, { queues: 2 })
      const heard = yield* recordBus
      yield* logIn(client, agent, context)
      const [event, ...more] = yield* eventually(
        Effect.sync(() => heard(...agentdEvents)),
        (events) => events.length > 0
      )
      const { tenant_uuid, origin_uuid } = yield* statusOf(client, agent)
      assert.strictEqual(event?.routingKey, "status.agent")
      assert.deepEqual(event?.data, { agent_id: agent.id, status: "logged_in" })
      const { timestamp, ...headers } = event?.headers ?? {}
      assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
      assert.deepEqual(headers, {
        name: "agent_status_update",
        origin_uuid,
        required_access: "event.agent_status_update",
        required_acl: "events.statuses.agents",
        tenant_uuid,
        [`user_uuid:${agent.userUuid}`]: true
      })
      assert.deepEqual(more, [])
    })
  )

  it.effect("without an enabled queue logs in to each assigned queue afterwards, and says so of each", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
      yield* logIn(client, agent, context)
      for (const { id } of queues)
        yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${id}/logoff`)
      assert.isFalse((yield* statusOf(client, agent)).logged)
      const actions = yield* recordActions
      const heard = yield* recordBus
      assert.strictEqual((yield* logIn(client, agent, context)).status, 204)
      assert.deepEqual(actions(), [
        ...blf(agent, ["INUSE", "NOT_INUSE", "INUSE"]),
        ...queues.map(({ name }) =>
          queueAdd(agent, name, "Penalty: 0", `Skills: agent-${agent.id}`, "Paused: 0")
        )
      ])
      const events = yield* eventually(
        Effect.sync(() => heard("agent_status_update", "user_agent_queue_logged_in").slice(-3)),
        (seen) => seen.length === 3
      )
      assert.deepEqual(
        events.map(({ name, data, routingKey }) => [name, data, routingKey]),
        [
          ["agent_status_update", { agent_id: agent.id, status: "logged_in" }, "status.agent"],
          ...queues.map(({ id }) => [
            "user_agent_queue_logged_in",
            { agent_id: agent.id, queue_id: id },
            `agentd.agents.${agent.id}.queues.${id}.login.updated`
          ])
        ]
      )
      assert.isTrue((yield* statusOf(client, agent)).queues.every(({ logged }) => logged))
    })
  )

  it.effect(
    "a queue assigned a moment ago is enabled at the login, whether the agent had heard of it or not",
    () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context } = yield* freshCallCentre(client, { queues: 0 })
        const { queues } = yield* freshCallCentre(client, { queues: 2 })
        const heard = yield* recordBus
        const actions = yield* recordActions
        for (const { id } of queues)
          yield* put(client, `/api/confd/1.1/queues/${id}/members/agents/${agent.id}`)
        assert.strictEqual((yield* logIn(client, agent, context)).status, 204)
        for (const { name } of queues) assert.lengthOf(simulator.members(name), 1)
        assert.deepEqual(
          actions()
            .slice(0, 2)
            .map((lines) => lines.at(-1)),
          [`Skills: agent-${agent.id}`, `Skills: agent-${agent.id}`]
        )
        yield* eventually(
          Effect.sync(() => heard("agent_status_update")),
          (events) => events.length === 1
        )
        assert.deepEqual(heard("user_agent_queue_logged_in"), [])
      })
  )

  it.effect("enters only the queues that were enabled at the last logoff", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
      const [first, second] = queues
      yield* logIn(client, agent, context)
      yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${first?.id}/logoff`)
      yield* logOff(client, agent)
      yield* logIn(client, agent, context)
      assert.deepEqual(
        (yield* statusOf(client, agent)).queues.map(({ id, logged }) => [id, logged]),
        [
          [first?.id, false],
          [second?.id, true]
        ]
      )
      assert.lengthOf(simulator.members(first?.name ?? ""), 0)
      assert.lengthOf(simulator.members(second?.name ?? ""), 1)
    })
  )

  it.effect("an AMI Response: Error is logged and ignored", () =>
    Effect.gen(function* () {
      const simulator = yield* Pbx
      const client = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(client)
      simulator.fault(
        "QueueAdd",
        { kind: "error", message: "Unable to add interface to queue: No such queue" },
        1
      )
      simulator.fault("Command", { kind: "error", message: "No such command" }, 6)
      assert.strictEqual((yield* logIn(client, agent, context)).status, 204)
      simulator.clearFaults()
      assert.isTrue((yield* statusOf(client, agent)).logged)
    })
  )

  it.effect("leaves a queue_log row AGENTCALLBACKLOGIN, the logoff one with the whole seconds logged", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const sql = yield* SqlClient.SqlClient
      const { agent, context } = yield* freshCallCentre(client)
      yield* logIn(client, agent, context)
      yield* logOff(client, agent)
      const rows = yield* sql`
        select callid, queuename, agent, event, data1, data2, data3 from queue_log
        where agent = ${`Agent/${agent.number}`} order by id`
      const row = {
        callid: "NONE",
        queuename: "NONE",
        agent: `Agent/${agent.number}`,
        data1: `${agent.extension}@${context}`
      }
      assert.deepEqual(rows, [
        { ...row, event: "AGENTCALLBACKLOGIN", data2: "", data3: "" },
        { ...row, event: "AGENTCALLBACKLOGOFF", data2: "0", data3: "CommandLogoff" }
      ])
    })
  )

  it.effect("guards in order: agent, context, its tenant, logged, extension in use, endpoint or line", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agents, context } = yield* freshCallCentre(client, { agents: 3 })
      const [agent, other, third] = agents
      assert.isDefined(agent)
      assert.isDefined(other)
      assert.isDefined(third)
      const tenant = yield* create<{ uuid: string }>(client, "/api/auth/0.1/tenants", { name: "guards" }, 200)
      const foreign = yield* create<{ name: string }>(
        yield* clientWith({ tenantUuid: tenant.uuid }),
        "/api/confd/1.1/contexts",
        { label: "Elsewhere" }
      )
      const attempt = (id: number, body: unknown) =>
        Effect.map(loginAt(client, { id }, body), ({ status, body }) => [status, body])
      const here = { extension: agent.extension, context }

      assert.deepEqual(yield* attempt(999_999, { ...here, context: "nowhere" }), [
        404,
        { error: "no such agent" }
      ])
      assert.deepEqual(yield* attempt(agent.id, { ...here, context: "nowhere" }), [
        404,
        { error: "no such extension and context" }
      ])
      yield* logIn(client, agent, context)
      // Each refusal comes although the next ones would be due as well.
      assert.deepEqual(yield* attempt(agent.id, { ...here, context: foreign.name }), [
        400,
        { error: "agent and context are not in the same tenant" }
      ])
      assert.deepEqual(yield* attempt(agent.id, { extension: "none", context }), [
        409,
        { error: "already logged" }
      ])
      assert.deepEqual(yield* attempt(other.id, { ...here, endpoint: "PJSIP/none" }), [
        409,
        { error: "extension and context already in use" }
      ])
      assert.deepEqual(yield* attempt(other.id, { extension: "none", context }), [
        404,
        { error: "no such extension and context" }
      ])
      assert.deepEqual(
        yield* attempt(other.id, { extension: other.extension, context, endpoint: third.stateInterface }),
        [404, { error: "no such extension and context" }]
      )
      assert.isFalse((yield* statusOf(client, other)).logged)
    })
  )

  it.effect("an extension is free for another agent after the logoff", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agents, context } = yield* freshCallCentre(client, { agents: 2 })
      const [agent, other] = agents
      assert.isDefined(agent)
      assert.isDefined(other)
      yield* logIn(client, agent, context)
      yield* logOff(client, agent)
      const { status } = yield* loginAt(client, other, { extension: agent.extension, context })
      assert.strictEqual(status, 204)
      assert.strictEqual((yield* statusOf(client, other)).state_interface, agent.stateInterface)
    })
  )

  it.effect(
    "of several lines on one extension the endpoint names one; without it the user's main line is taken",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context } = yield* freshCallCentre(client)
        const { id: extensionId } = yield* extensionOf(client, agent, context)
        const second = yield* create<{ id: number; name: string }>(client, "/api/confd/1.1/lines", {
          context,
          endpoint_sip: { name: `second-${agent.number}` }
        })
        const custom = yield* create<{ id: number }>(client, "/api/confd/1.1/lines", {
          context,
          endpoint_custom: { interface: `Local/${agent.number}@mobile` }
        })
        for (const line of [second, custom]) {
          yield* put(client, `/api/confd/1.1/users/${agent.userUuid}/lines/${line.id}`)
          yield* put(client, `/api/confd/1.1/lines/${line.id}/extensions/${extensionId}`)
        }
        const stateInterface = (endpoint?: string | null) =>
          Effect.gen(function* () {
            const body = {
              extension: agent.extension,
              context,
              ...(endpoint === undefined ? {} : { endpoint })
            }
            assert.strictEqual((yield* loginAt(client, agent, body)).status, 204)
            const status = yield* statusOf(client, agent)
            yield* logOff(client, agent)
            return status.state_interface
          })
        assert.strictEqual(yield* stateInterface(), agent.stateInterface)
        assert.strictEqual(yield* stateInterface(null), agent.stateInterface)
        assert.strictEqual(yield* stateInterface(`PJSIP/${second.name}`), `PJSIP/${second.name}`)
        assert.strictEqual(
          yield* stateInterface(`Local/${agent.number}@mobile`),
          `Local/${agent.number}@mobile`
        )
      })
  )

  it.effect("without a main line the last line found on the extension is taken", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(client)
      yield* client.request("DELETE", `/api/confd/1.1/users/${agent.userUuid}/lines/${agent.lineId}`)
      const { id: extensionId } = yield* extensionOf(client, agent, context)
      const second = yield* create<{ id: number; name: string }>(client, "/api/confd/1.1/lines", {
        context,
        endpoint_sip: { name: `last-${agent.number}` }
      })
      yield* put(client, `/api/confd/1.1/lines/${second.id}/extensions/${extensionId}`)
      yield* logIn(client, agent, context)
      assert.strictEqual((yield* statusOf(client, agent)).state_interface, `PJSIP/${second.name}`)
    })
  )

  it.effect("by number does the same, with * and # in numbers too", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(client)
      const number = `*${agent.number}#`
      const starred = yield* create<{ id: number }>(client, "/api/confd/1.1/agents", { number })
      const path = `${agentd}/agents/by-number/${encodeURIComponent(number)}`
      const actions = yield* recordActions
      const { status } = yield* client.request("POST", `${path}/login`, {
        extension: agent.extension,
        context
      })
      assert.strictEqual(status, 204)
      assert.deepEqual(actions(), [])
      assert.deepInclude((yield* client.request("GET", path)).body, { id: starred.id, number, logged: true })
    })
  )

  it.effect("of the caller's own agent (5.2) is on the main extension of the user's line", () =>
    Effect.gen(function* () {
      const admin = yield* clientWith()
      const { agent, context } = yield* freshCallCentre(admin)
      const me = yield* clientWith({ userUuid: agent.userUuid, acl: ["agentd.users.me.#"] })
      // A decimal string is an id too.
      assert.deepEqual(yield* loginOn(me, String(agent.lineId)), [204, undefined])
      const { body } = yield* me.request("GET", `${agentd}/users/me/agents`)
      assert.deepInclude(body, {
        id: agent.id,
        logged: true,
        extension: agent.extension,
        context,
        state_interface: agent.stateInterface
      })
    })
  )

  it.effect(
    "of the caller's own agent (5.2) guards in order: agent, logged, the user's line, its extension, extension in use",
    () =>
      Effect.gen(function* () {
        const admin = yield* clientWith()
        const { agents, context } = yield* freshCallCentre(admin, { agents: 2 })
        const [agent, other] = agents
        assert.isDefined(agent)
        assert.isDefined(other)
        const me = yield* clientWith({ userUuid: agent.userUuid })
        assert.deepEqual(yield* loginOn(yield* clientWith(), agent.lineId), [404, { error: "no such agent" }])
        assert.deepEqual(yield* loginOn(me, 999_999), [400, { error: "no such line" }])
        assert.deepEqual(yield* loginOn(me, other.lineId), [400, { error: "no such line" }])
        const bare = yield* create<{ id: number }>(admin, "/api/confd/1.1/lines", {
          context,
          endpoint_sip: { name: `bare-${agent.number}` }
        })
        yield* put(admin, `/api/confd/1.1/users/${agent.userUuid}/lines/${bare.id}`)
        assert.deepEqual(yield* loginOn(me, bare.id), [404, { error: "no such extension and context" }])
        yield* loginAt(admin, other, { extension: agent.extension, context })
        assert.deepEqual(yield* loginOn(me, agent.lineId), [
          409,
          { error: "extension and context already in use" }
        ])
        yield* logOff(admin, other)
        assert.deepEqual(yield* loginOn(me, agent.lineId), [204, undefined])
        assert.deepEqual(yield* loginOn(me, 999_999), [409, { error: "already logged" }])
      })
  )
})

const loginOn = (client: Client, lineId: unknown) =>
  Effect.map(
    client.request("POST", `${agentd}/users/me/agents/login`, { line_id: lineId }),
    ({ status, body }) => [status, body]
  )

const extensionOf = (client: Client, agent: TestAgent, context: string) =>
  Effect.map(
    client.request("GET", `/api/confd/1.1/extensions?exten=${agent.extension}&context=${context}`),
    ({ body }) => (body as { items: ReadonlyArray<{ id: number }> }).items[0] ?? { id: 0 }
  )
