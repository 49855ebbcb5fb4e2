import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import {
  agentd,
  agentdEvents,
  amiIsUp,
  amiSocketIs,
  clientWith,
  configurationHeard,
  freshCallCentre,
  logIn,
  logOff,
  pause,
  pausedIs,
  recordActions,
  recordBus,
  shown,
  statusOf,
  type TestAgent
} from "../../test/agents.ts"
import { create, put, remove } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import type { Client } from "../../test/client.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"
import { CallCentreCache } from "../pbx/call-centre-cache.ts"
import { agentActor } from "./agent.ts"
import { AgentConfigurationEvents } from "./configuration-events.ts"

const confd = "/api/confd/1.1"
const memberPath = (queue: { readonly id: number } | undefined, agent: { readonly id: number }) =>
  `${confd}/queues/${queue?.id}/members/agents/${agent.id}`

layer(strowgerTestLayer(), { excludeTestServices: true, timeout: "60 seconds" })(
  "agents hear of their configuration (5.8)",
  (it) => {
    it.effect(
      "queue_member_agent_associated: logged QueueAdd with its penalty and pause, off the row only",
      () =>
        Effect.gen(function* () {
          const client = yield* clientWith()
          const { agents, context } = yield* freshCallCentre(client, { agents: 2 })
          const { queues } = yield* freshCallCentre(client)
          const [on, off] = agents
          const [queue] = queues
          assert.isDefined(on)
          assert.isDefined(off)
          yield* logIn(client, on, context)
          yield* pause(client, on, "lunch")
          yield* pausedIs(client, on, true)
          const actions = yield* recordActions
          const heard = yield* recordBus
          yield* put(client, memberPath(queue, off), { penalty: 4 })
          yield* put(client, memberPath(queue, on), { penalty: 7 })
          yield* eventually(Effect.sync(actions), (lines) => lines.length > 0)
          yield* configurationHeard
          assert.deepEqual(actions(), [
            [
              "QueueAdd",
              `Queue: ${queue?.name}`,
              `Interface: Local/id-${on.id}@agentcallback`,
              `MemberName: Agent/${on.number}`,
              `StateInterface: ${on.stateInterface}`,
              "Penalty: 7",
              `Skills: agent-${on.id}`,
              "Paused: 1",
              "Reason: lunch"
            ]
          ])
          yield* eventually(statusOf(client, on), ({ queues }) => queues.every(({ logged }) => logged))
          assert.deepEqual(heard(...agentdEvents), [])

          yield* logIn(client, off, context)
          assert.include(
            actions()
              .filter(([, name]) => name === `Queue: ${queue?.name}`)
              .at(-1) ?? [],
            "Penalty: 4"
          )
        })
    )

    it.effect(
      "queue_member_agent_dissociated: logged QueueRemove, off the row only; the last one leaves it logged",
      () =>
        Effect.gen(function* () {
          const client = yield* clientWith()
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2 })
          const [on, off] = agents
          assert.isDefined(on)
          assert.isDefined(off)
          yield* logIn(client, on, context)
          const actions = yield* recordActions
          yield* remove(client, memberPath(queues[0], off))
          yield* remove(client, memberPath(queues[0], on))
          yield* eventually(Effect.sync(actions), (lines) => lines.length > 0)
          yield* configurationHeard
          assert.deepEqual(actions(), [
            ["QueueRemove", `Queue: ${queues[0]?.name}`, `Interface: Local/id-${on.id}@agentcallback`]
          ])
          assert.deepInclude(yield* statusOf(client, on), { logged: true, queues: [] })
          yield* logIn(client, off, context)
          assert.notInclude(actions().flat(), `Interface: Local/id-${off.id}@agentcallback`)
        })
    )

    it.effect("agent_edited: QueuePenalty for each penalty that changed, of a logged agent", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2, queues: 2 })
        const [on, off] = agents
        assert.isDefined(on)
        assert.isDefined(off)
        yield* logIn(client, on, context)
        const actions = yield* recordActions
        yield* put(client, memberPath(queues[0], off), { penalty: 9 })
        yield* put(client, memberPath(queues[1], on), { penalty: 5 })
        yield* put(client, memberPath(queues[1], on), { penalty: 5, priority: 3 })
        yield* put(client, `${confd}/agents/${on.id}`, { firstname: "Other" })
        yield* eventually(Effect.sync(actions), (lines) => lines.length > 0)
        yield* configurationHeard
        yield* statusOf(client, on)
        assert.deepEqual(actions(), [
          [
            "QueuePenalty",
            `Queue: ${queues[1]?.name}`,
            `Interface: Local/id-${on.id}@agentcallback`,
            "Penalty: 5"
          ]
        ])
        assert.strictEqual(simulator.members(queues[1]?.name ?? "")[0]?.penalty, 5)
      })
    )

    it.effect(
      "agent_deleted: a logged agent is logged off without BLF, and its extension is free again",
      () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const client = yield* clientWith()
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 3 })
          const [gone, neverLogged, next] = agents
          assert.isDefined(gone)
          assert.isDefined(neverLogged)
          assert.isDefined(next)
          yield* logIn(client, gone, context)
          const actions = yield* recordActions
          const heard = yield* recordBus
          yield* remove(client, `${confd}/agents/${neverLogged.id}`)
          yield* remove(client, `${confd}/agents/${gone.id}`)
          yield* eventually(
            Effect.sync(() => heard("agent_status_update")),
            (events) => events.length > 0
          )
          const member = `Interface: Local/id-${gone.id}@agentcallback`
          assert.deepEqual(actions(), [
            ["QueuePause", member, "Paused: 0"],
            ["QueueRemove", `Queue: ${queues[0]?.name}`, member]
          ])
          const [event] = heard("agent_status_update")
          assert.deepEqual(event?.data, { agent_id: gone.id, status: "logged_out" })
          assert.isString(event?.headers["tenant_uuid"])
          assert.isTrue(event?.headers[`user_uuid:${gone.userUuid}`])
          const log = yield* sql<{ event: string }>`
          select event from queue_log where agent = ${`Agent/${gone.number}`} order by id`
          assert.deepEqual(
            log.map((row) => row.event),
            ["AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF"]
          )
          assert.deepEqual(yield* shown(logIn(client, { ...next, extension: gone.extension }, context)), [
            204,
            undefined
          ])
        })
    )

    it.effect("queue_deleted: memberships go without a word to Asterisk; a logged agent stays logged", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2, queues: 2 })
        const [agent, idle] = agents
        assert.isDefined(agent)
        assert.isDefined(idle)
        yield* logIn(client, agent, context)
        const actions = yield* recordActions
        for (const queue of queues) yield* remove(client, `${confd}/queues/${queue.id}`)
        yield* configurationHeard
        yield* eventually(stateOf(agent), (state) => state?.enabled.length === 0)
        yield* eventually(stateOf(idle), (state) => state?.enabled.length === 0)
        assert.deepInclude(yield* statusOf(client, agent), { logged: true, queues: [] })
        // Neither has a queue to be paused in, or to leave.
        assert.deepEqual(yield* shown(pause(client, agent)), [204, undefined])
        yield* logIn(client, idle, context)
        yield* logOff(client, agent)
        assert.deepEqual([...new Set(actions().map(([name]) => name))], ["Command"])
      })
    )

    it.effect("queue_edited and agent_edited undo no logoff from a queue", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        yield* put(client, `${agentd}/agents/${agent.id}/queues/${queues[0]?.id}/logoff`)
        const actions = yield* recordActions
        for (const queue of queues) yield* put(client, `${confd}/queues/${queue.id}`, { label: "Edited" })
        yield* put(client, `${confd}/agents/${agent.id}`, { lastname: "Edited" })
        yield* configurationHeard
        assert.deepEqual(
          (yield* statusOf(client, agent)).queues.map(({ logged }) => logged),
          [false, true]
        )
        assert.deepEqual(actions(), [])
      })
    )

    it.effect(
      "auth_tenant_deleted: every agent of the tenant is logged off, Asterisk told, its data dropped",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const sql = yield* SqlClient.SqlClient
          const master = yield* clientWith()
          const { uuid } = yield* create<{ uuid: string }>(
            master,
            "/api/auth/0.1/tenants",
            { name: "gone" },
            200
          )
          const client = yield* clientWith({ tenantUuid: uuid })
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2 })
          const { agent: other, context: elsewhere } = yield* freshCallCentre(master)
          for (const agent of agents) yield* logIn(client, agent, context)
          yield* logIn(master, other, elsewhere)
          const heard = yield* recordBus
          yield* remove(master, `/api/auth/0.1/tenants/${uuid}`)
          yield* eventually(
            Effect.sync(() => heard("agent_status_update").map(({ data }) => data)),
            (events) => events.length === 2
          )
          for (const { headers } of heard("agent_status_update"))
            assert.strictEqual(headers["tenant_uuid"], uuid)
          assert.deepEqual(simulator.members(queues[0]?.name ?? ""), [])
          assert.isTrue((yield* statusOf(master, other)).logged)
          yield* configurationHeard
          yield* eventually(
            sql`select id from actor where snapshot::text like ${`%${uuid}%`}`,
            (left) => left.length === 0
          )
        })
    )

    it.effect("an event that comes twice, or late, changes nothing", () =>
      Effect.gen(function* () {
        const bus = yield* EventBus
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        const heard = yield* recordBus
        yield* remove(client, memberPath(queues[0], agent))
        yield* put(client, memberPath(queues[0], agent), { penalty: 2 })
        yield* configurationHeard
        const events = heard(
          "queue_member_agent_associated",
          "queue_member_agent_dissociated",
          "agent_edited"
        )
        assert.lengthOf(events, 4)
        yield* enabledAre(client, agent, [queues[0]?.id, queues[1]?.id])
        const before = yield* statusOf(client, agent)
        const actions = yield* recordActions
        for (const event of [...events, ...events.toReversed()]) yield* bus.publish(event)
        yield* configurationHeard
        assert.deepEqual(yield* statusOf(client, agent), before)
        assert.deepEqual(actions(), [])
      })
    )

    it.effect("without an AMI session the changes are taken, and Asterisk is mended when it is back", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const sql = yield* SqlClient.SqlClient
        const client = yield* clientWith()
        const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2, queues: 2 })
        const { queues: others } = yield* freshCallCentre(client)
        const [agent, gone] = agents
        assert.isDefined(agent)
        assert.isDefined(gone)
        for (const each of agents) yield* logIn(client, each, context)
        yield* simulator.stop
        yield* amiSocketIs(client, "fail")
        yield* remove(client, memberPath(queues[0], agent))
        yield* put(client, memberPath(queues[1], agent), { penalty: 8 })
        yield* put(client, memberPath(others[0], agent), { penalty: 6 })
        yield* remove(client, `${confd}/agents/${gone.id}`)
        yield* configurationHeard
        yield* enabledAre(client, agent, [queues[1]?.id, others[0]?.id])
        const held =
          yield* sql`select id from actor_claim where claim = ${`extension:${gone.extension}@${context}`}`
        assert.deepEqual(held, [])
        yield* simulator.start()
        yield* amiIsUp(client)
        yield* eventually(
          Effect.sync(() =>
            [...queues, ...others].map(({ name }) =>
              simulator.members(name).map(({ name: member, penalty }) => `${member} ${penalty}`)
            )
          ),
          (members) =>
            JSON.stringify(members) ===
            JSON.stringify([[], [`Agent/${agent.number} 8`], [`Agent/${agent.number} 6`]])
        )
      })
    )

    it.effect("what happened while nobody listened is found at the next comparison", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const sql = yield* SqlClient.SqlClient
        const cache = yield* CallCentreCache
        const { compare } = yield* AgentConfigurationEvents
        const client = yield* clientWith()
        const { agents, context, queues } = yield* freshCallCentre(client, { agents: 3, queues: 4 })
        const { queues: others } = yield* freshCallCentre(client)
        const [agent, gone, off] = agents
        const [removed, changed, deleted, left] = queues
        assert.isDefined(agent)
        assert.isDefined(gone)
        assert.isDefined(off)
        for (const each of [agent, gone]) yield* logIn(client, each, context)
        yield* put(client, `${agentd}/agents/${agent.id}/queues/${left?.id}/logoff`)
        // As if the node had died between these commits and its reactions to their events.
        yield* sql`delete from pbx_queue_agents where queue_id = ${removed?.id ?? 0} and agent_id = ${agent.id}`
        yield* sql`update pbx_queue_agents set penalty = 5 where queue_id = ${changed?.id ?? 0} and agent_id = ${agent.id}`
        yield* sql`delete from pbx_queues where id = ${deleted?.id ?? 0}`
        for (const { id } of [agent, off]) {
          yield* sql`insert into pbx_queue_agents (queue_id, agent_id, penalty, priority)
            values (${others[0]?.id ?? 0}, ${id}, 3, 9)`
        }
        yield* sql`delete from pbx_agents where id = ${gone.id}`
        cache.forgetAll()
        yield* compare
        yield* eventually(
          Effect.sync(() =>
            [removed, changed, left, ...others].map((queue) =>
              simulator.members(queue?.name ?? "").map(({ name, penalty }) => `${name} ${penalty}`)
            )
          ),
          (members) =>
            JSON.stringify(members) ===
            JSON.stringify([[], [`Agent/${agent.number} 5`], [], [`Agent/${agent.number} 3`]])
        )
        yield* enabledAre(client, agent, [changed?.id, others[0]?.id])
        const { status } = yield* logIn(client, { ...off, extension: gone.extension }, context)
        assert.strictEqual(status, 204)
        assert.lengthOf(simulator.members(others[0]?.name ?? ""), 2)
      })
    )

    it.effect("a context cannot be deleted while an agent is logged in on it", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const client = yield* clientWith()
        const { agent, context } = yield* freshCallCentre(client, { queues: 0, users: false })
        yield* logIn(client, agent, context)
        // What the extension and the line would forbid by themselves is gone.
        yield* remove(client, `${confd}/users/${agent.userUuid}/lines/${agent.lineId}`)
        yield* sql`delete from pbx_lines where id = ${agent.lineId}`
        yield* sql`delete from pbx_extensions where context = ${context}`
        const [row] = yield* sql<{ id: number }>`select id from pbx_contexts where name = ${context}`
        const path = `${confd}/contexts/${row?.id}`
        assert.strictEqual((yield* client.request("DELETE", path)).status, 400)
        yield* logOff(client, agent)
        assert.strictEqual((yield* client.request("DELETE", path)).status, 204)
      })
    )
  }
)

const enabledAre = (client: Client, agent: TestAgent, queueIds: ReadonlyArray<number | undefined>) =>
  eventually(
    statusOf(client, agent),
    ({ queues }) =>
      queues
        .flatMap(({ id, logged }) => (logged ? [id] : []))
        .sort()
        .join() === queueIds.toSorted().join()
  )

const stateOf = (agent: TestAgent) =>
  Effect.gen(function* () {
    const system = yield* ActorSystem
    return (yield* system.peek(agentActor, String(agent.id)))?.context
  })
