import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
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
  statusOf
} from "../../test/agents.ts"
import { create } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"

const done: Answered = [204, undefined]

layer(strowgerTestLayer(), { excludeTestServices: true, timeout: "60 seconds" })(
  "queues of an agent",
  (it) => {
    it.effect(
      "login to a queue (5.3) tells QueueAdd with the configured penalty and Paused 0, and publishes it",
      () =>
        Effect.gen(function* () {
          const client = yield* clientWith()
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2, queues: 2 })
          const agent = agents[1]
          const [first] = queues
          assert.isDefined(agent)
          assert.isDefined(first)
          yield* logIn(client, agent, context)
          const at = `${agentd}/agents/${agent.id}/queues/${first.id}`
          const actions = yield* recordActions
          const heard = yield* recordBus
          assert.deepEqual(yield* shown(client.request("PUT", `${at}/logoff`)), done)
          assert.deepEqual(yield* shown(client.request("PUT", `${at}/login`)), done)
          const member = `Interface: Local/id-${agent.id}@agentcallback`
          assert.deepEqual(actions(), [
            ["QueueRemove", `Queue: ${first.name}`, member],
            [
              "QueueAdd",
              `Queue: ${first.name}`,
              member,
              `MemberName: Agent/${agent.number}`,
              `StateInterface: ${agent.stateInterface}`,
              "Penalty: 1",
              `Skills: agent-${agent.id}`,
              "Paused: 0"
            ]
          ])
          const events = yield* eventually(
            Effect.sync(() => heard(...agentdEvents)),
            (seen) => seen.length === 2
          )
          const data = { agent_id: agent.id, queue_id: first.id }
          const key = `agentd.agents.${agent.id}.queues.${first.id}`
          assert.deepEqual(
            events.map((event) => [event.name, event.routingKey, event.data, event.headers["required_acl"]]),
            [
              ["user_agent_queue_logged_off", `${key}.logoff.updated`, data, "events.statuses.agents"],
              ["user_agent_queue_logged_in", `${key}.login.updated`, data, "events.statuses.agents"]
            ]
          )
          for (const { headers } of events) assert.isTrue(headers[`user_uuid:${agent.userUuid}`])
        })
    )

    it.effect("login to a queue of a paused agent tells Paused 1 and its Reason", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        const at = `${agentd}/agents/${agent.id}/queues/${queues[0]?.id}`
        for (const reason of ["lunch", undefined]) {
          yield* client.request("PUT", `${at}/logoff`)
          yield* pause(client, agent, reason)
          yield* eventually(statusOf(client, agent), (status) => status.paused_reason === (reason ?? ""))
          const actions = yield* recordActions
          yield* client.request("PUT", `${at}/login`)
          assert.deepEqual(actions()[0]?.slice(7), ["Paused: 1", ...(reason ? ["Reason: lunch"] : [])])
        }
      })
    )

    it.effect("what is so already is 204 and tells nobody anything", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        const [first, second] = queues
        yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${first?.id}/logoff`)
        const outbox = yield* Outbox
        yield* outbox.drained
        const actions = yield* recordActions
        const heard = yield* recordBus
        const again = [`${first?.id}/logoff`, `${second?.id}/login`]
        for (const path of again)
          assert.deepEqual(
            yield* shown(client.request("PUT", `${agentd}/agents/${agent.id}/queues/${path}`)),
            done
          )
        yield* outbox.drained
        assert.deepEqual(actions(), [])
        assert.deepEqual(heard(...agentdEvents), [])
      })
    )

    it.effect("the last queue that is left logs the agent off, without QueuePause", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { users: true })
        yield* logIn(client, agent, context)
        const actions = yield* recordActions
        const heard = yield* recordBus
        const at = `${agentd}/agents/${agent.id}/queues/${queues[0]?.id}`
        assert.deepEqual(yield* shown(client.request("PUT", `${at}/logoff`)), done)
        assert.deepEqual(
          actions().map(([name]) => name),
          ["QueueRemove", "Command", "Command", "Command", "Command", "Command", "Command"]
        )
        yield* eventually(
          Effect.sync(() => heard(...agentdEvents).map(({ name }) => name)),
          (names) => names.join() === "user_agent_queue_logged_off,agent_status_update"
        )
        assert.isFalse((yield* statusOf(client, agent)).logged)
        assert.deepEqual(yield* shown(client.request("PUT", `${at}/logoff`)), [
          409,
          { error: "not logged in" }
        ])
      })
    )

    it.effect("guards in order: agent, queue, logged, same tenant, assigned", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client)
        const { agent: unassigned, context: elsewhere } = yield* freshCallCentre(client)
        const { uuid } = yield* create<{ uuid: string }>(
          client,
          "/api/auth/0.1/tenants",
          { name: "queues" },
          200
        )
        const below = yield* clientWith({ tenantUuid: uuid })
        const { queues: foreign } = yield* freshCallCentre(below)
        const [queue] = queues
        for (const command of ["login", "logoff"]) {
          const attempt = (agentId: number, queueId: number | undefined) =>
            shown(client.request("PUT", `${agentd}/agents/${agentId}/queues/${queueId}/${command}`))
          assert.deepEqual(yield* attempt(999_999, 999_999), [404, { error: "no such agent" }])
          assert.deepEqual(yield* attempt(agent.id, 999_999), [404, { error: "no such queue" }])
          assert.deepEqual(yield* attempt(unassigned.id, foreign[0]?.id), [409, { error: "not logged in" }])
          yield* logIn(client, agent, context)
          yield* logIn(client, unassigned, elsewhere)
          assert.deepEqual(yield* attempt(agent.id, foreign[0]?.id), [
            400,
            { error: "agent and queue are not in the same tenant" }
          ])
          assert.deepEqual(yield* attempt(unassigned.id, queue?.id), [404, { error: "no such queue" }])
          yield* logOff(client, agent)
          yield* logOff(client, unassigned)
        }
      })
    )

    it.effect("of the caller's own agent are entered and left by the same rules", () =>
      Effect.gen(function* () {
        const admin = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(admin, { queues: 2 })
        const me = yield* clientWith({ userUuid: agent.userUuid, acl: ["agentd.users.me.#"] })
        const at = `${agentd}/users/me/agents/queues/${queues[0]?.id}`
        assert.deepEqual(yield* shown(me.request("PUT", `${at}/logoff`)), [409, { error: "not logged in" }])
        yield* logIn(admin, agent, context)
        assert.deepEqual(yield* shown(me.request("PUT", `${at}/logoff`)), done)
        assert.isFalse((yield* statusOf(admin, agent)).queues[0]?.logged)
        assert.deepEqual(yield* shown(me.request("PUT", `${at}/login`)), done)
        assert.isTrue((yield* statusOf(admin, agent)).queues[0]?.logged)
      })
    )

    it.effect("add (5.6) tells UserEvent AgentAddedToQueue and QueueAdd, and publishes no confd event", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context } = yield* freshCallCentre(client)
        const { queues } = yield* freshCallCentre(client)
        const [queue] = queues
        assert.isDefined(queue)
        yield* logIn(client, agent, context)
        yield* pause(client, agent, "tea")
        yield* pausedIs(client, agent, true)
        const actions = yield* recordActions
        const heard = yield* recordBus
        const path = `${agentd}/agents/by-id/${agent.id}`
        assert.deepEqual(
          yield* shown(client.request("POST", `${path}/add`, { queue_id: String(queue.id) })),
          done
        )
        const member = `Interface: Local/id-${agent.id}@agentcallback`
        const userEvent = (name: string) => [
          "UserEvent",
          `UserEvent: ${name}`,
          `AgentID: ${agent.id}`,
          `AgentNumber: ${agent.number}`,
          `QueueName: ${queue.name}`
        ]
        assert.deepEqual(actions(), [
          userEvent("AgentAddedToQueue"),
          [
            "QueueAdd",
            `Queue: ${queue.name}`,
            member,
            `MemberName: Agent/${agent.number}`,
            `StateInterface: ${agent.stateInterface}`,
            "Penalty: 0",
            `Skills: agent-${agent.id}`,
            "Paused: 1",
            "Reason: tea"
          ]
        ])
        assert.deepInclude(simulator.members(queue.name).at(-1), { isPaused: true, pausedReason: "tea" })
        const { body } = yield* client.request("GET", `/api/confd/1.1/queues/${queue.id}`)
        const members = (body as { members: { agents: ReadonlyArray<object> } }).members.agents
        assert.deepInclude(members.at(-1), { id: agent.id, penalty: 0 })

        assert.deepEqual(yield* shown(client.request("POST", `${path}/remove`, { queue_id: queue.id })), done)
        assert.deepEqual(actions().slice(2), [
          userEvent("AgentRemovedFromQueue"),
          ["QueueRemove", `Queue: ${queue.name}`, member]
        ])
        const outbox = yield* Outbox
        yield* outbox.drained
        assert.deepEqual(
          heard("queue_member_agent_associated", "queue_member_agent_dissociated", "agent_edited"),
          []
        )
      })
    )

    it.effect(
      "add works while logged off: the queue is enabled at the next login, and remove undoes it",
      () =>
        Effect.gen(function* () {
          const client = yield* clientWith()
          const { agent, context, queues: own } = yield* freshCallCentre(client)
          const { queues } = yield* freshCallCentre(client)
          const path = `${agentd}/agents/by-id/${agent.id}`
          const body = { queue_id: queues[0]?.id }
          const actions = yield* recordActions
          assert.deepEqual(yield* shown(client.request("POST", `${path}/add`, body)), done)
          assert.deepEqual(
            actions().map((lines) => lines.slice(0, 2)),
            [["UserEvent", "UserEvent: AgentAddedToQueue"]]
          )
          yield* logIn(client, agent, context)
          assert.deepEqual(
            (yield* statusOf(client, agent)).queues.map(({ id, logged }) => [id, logged]),
            [
              [own[0]?.id, true],
              [queues[0]?.id, true]
            ]
          )
          yield* logOff(client, agent)
          const removing = yield* recordActions
          assert.deepEqual(yield* shown(client.request("POST", `${path}/remove`, body)), done)
          assert.deepEqual(
            removing().map((lines) => lines.slice(0, 2)),
            [["UserEvent", "UserEvent: AgentRemovedFromQueue"]]
          )
        })
    )

    it.effect("remove of the last queue does not log the agent off, and ignores an AMI error", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client)
        yield* logIn(client, agent, context)
        simulator.fault("QueueRemove", { kind: "error", message: "Member not dynamic" }, 1)
        const body = { queue_id: queues[0]?.id }
        assert.deepEqual(
          yield* shown(client.request("POST", `${agentd}/agents/by-id/${agent.id}/remove`, body)),
          done
        )
        assert.deepInclude(yield* statusOf(client, agent), { logged: true, queues: [] })
        simulator.clearFaults()
      })
    )

    it.effect("add and remove guard in order: agent, queue, same tenant, already or not in the queue", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, queues } = yield* freshCallCentre(client)
        const { queues: others } = yield* freshCallCentre(client)
        const { uuid } = yield* create<{ uuid: string }>(
          client,
          "/api/auth/0.1/tenants",
          { name: "add" },
          200
        )
        const { queues: foreign } = yield* freshCallCentre(yield* clientWith({ tenantUuid: uuid }))
        const attempt = (agentId: number, command: "add" | "remove", queueId: number | undefined) =>
          shown(client.request("POST", `${agentd}/agents/by-id/${agentId}/${command}`, { queue_id: queueId }))
        for (const command of ["add", "remove"] as const) {
          assert.deepEqual(yield* attempt(999_999, command, 999_999), [404, { error: "no such agent" }])
          assert.deepEqual(yield* attempt(agent.id, command, 999_999), [404, { error: "no such queue" }])
        }
        assert.deepEqual(yield* attempt(agent.id, "add", foreign[0]?.id), [
          400,
          { error: "agent and queue are not in the same tenant" }
        ])
        assert.deepEqual(yield* attempt(agent.id, "add", queues[0]?.id), [
          409,
          { error: "agent already in queue" }
        ])
        assert.deepEqual(yield* attempt(agent.id, "remove", others[0]?.id), [
          409,
          { error: "agent not in queue" }
        ])
      })
    )
  }
)
