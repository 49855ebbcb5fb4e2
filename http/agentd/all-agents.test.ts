import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import {
  agentd,
  agentdEvents,
  clientWith,
  freshCallCentre,
  logIn,
  pause,
  pausedIs,
  recordActions,
  recordBus,
  shown,
  statusOf
} from "../../test/agents.ts"
import { create } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"

/** A tenant of its own, so that commands for all its agents disturb nobody. */
const freshTenant = Effect.fnUntraced(function* (name: string) {
  const master = yield* clientWith()
  const { uuid } = yield* create<{ uuid: string }>(master, "/api/auth/0.1/tenants", { name }, 200)
  return yield* clientWith({ tenantUuid: uuid })
})

const knobs = { STROWGER_AMI_ACTION_TIMEOUT: "1 second" }

layer(strowgerTestLayer({ knobs }), { excludeTestServices: true, timeout: "60 seconds" })(
  "all agents",
  (it) => {
    it.effect(
      "the status document (4.1): logged off alone, logged off in the list, logged in with all assigned queues",
      () =>
        Effect.gen(function* () {
          const client = yield* freshTenant("statuses")
          const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
          const [first, second] = queues
          yield* client.request("PUT", `/api/confd/1.1/queues/${second?.id}`, { label: null })
          const { body: infos } = yield* client.request("GET", "/api/confd/1.1/infos")
          const { body: me } = yield* client.request("GET", `/api/confd/1.1/agents/${agent.id}`)
          const off = {
            id: agent.id,
            tenant_uuid: (me as { tenant_uuid: string }).tenant_uuid,
            origin_uuid: (infos as { uuid: string }).uuid,
            number: agent.number,
            logged: false,
            paused: false,
            paused_reason: null,
            extension: null,
            context: null,
            state_interface: null
          }
          const queue = { paused: false, paused_reason: null }
          const sales = { id: first?.id, name: first?.name, display_name: first?.name, ...queue }
          const nameless = { id: second?.id, name: second?.name, display_name: "", ...queue }
          const list = client.request("GET", `${agentd}/agents`)
          const byId = client.request("GET", `${agentd}/agents/by-id/${agent.id}`)
          const byNumber = client.request("GET", `${agentd}/agents/by-number/${agent.number}`)
          assert.deepEqual((yield* byId).body, { ...off, queues: [] })
          assert.deepEqual((yield* byNumber).body, { ...off, queues: [] })
          assert.deepEqual((yield* list).body, [
            {
              ...off,
              queues: [
                { ...sales, logged: false },
                { ...nameless, logged: false }
              ]
            }
          ])

          yield* logIn(client, agent, context)
          const on = {
            ...off,
            logged: true,
            extension: agent.extension,
            context,
            state_interface: agent.stateInterface,
            queues: [
              { ...sales, logged: true },
              { ...nameless, logged: true }
            ]
          }
          assert.deepEqual((yield* byId).body, on)
          yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${second?.id}/logoff`)
          yield* pause(client, agent, "lunch")
          yield* pausedIs(client, agent, true)
          const pausedNow = { paused: true, paused_reason: "lunch" }
          const expected = {
            ...on,
            ...pausedNow,
            queues: [
              { ...sales, logged: true, ...pausedNow },
              { ...nameless, logged: false, ...pausedNow }
            ]
          }
          assert.deepEqual((yield* byId).body, expected)
          assert.deepEqual((yield* list).body, [expected])
        })
    )

    it.effect(
      "logoff/agents logs off every logged agent of the tenant; one that fails does not stop the rest",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const client = yield* freshTenant("logoffs")
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 4 })
          for (const agent of agents.slice(0, 3)) yield* logIn(client, agent, context)
          // One answer that never comes: that agent is left as it was.
          simulator.fault("QueuePause", { kind: "delay", seconds: 30 }, 1)
          assert.deepEqual(yield* shown(client.request("POST", `${agentd}/agents/logoff`)), [204, undefined])
          simulator.clearFaults()
          const statuses = yield* Effect.forEach(agents, (agent) => statusOf(client, agent))
          assert.lengthOf(
            statuses.filter(({ logged }) => logged),
            1
          )
          // What Asterisk had done of it is mended.
          yield* eventually(
            Effect.sync(() =>
              simulator.members(queues[0]?.name ?? "").map(({ interfaceName }) => interfaceName)
            ),
            (members) =>
              members.join() === `Local/id-${statuses.find(({ logged }) => logged)?.id}@agentcallback`
          )
          assert.deepEqual(yield* shown(client.request("POST", `${agentd}/agents/logoff`)), [204, undefined])
          assert.deepEqual(simulator.members(queues[0]?.name ?? ""), [])
        })
    )

    it.effect("logoff and relog keep to the tenant, unless recurse is true or True", () =>
      Effect.gen(function* () {
        const parent = yield* freshTenant("recurse")
        const { uuid } = yield* create<{ uuid: string }>(
          parent,
          "/api/auth/0.1/tenants",
          { name: "recurse below" },
          200
        )
        const child = yield* clientWith({ tenantUuid: uuid })
        const { agent: above, context: contextAbove } = yield* freshCallCentre(parent)
        const { agent: below, context: contextBelow } = yield* freshCallCentre(child)
        const logged = Effect.gen(function* () {
          return [(yield* statusOf(parent, above)).logged, (yield* statusOf(child, below)).logged]
        })
        for (const [query, expected] of [
          ["", [false, true]],
          ["?recurse=false", [false, true]],
          ["?recurse=TRUE", [false, true]],
          ["?recurse=1", [false, true]],
          ["?recurse=true", [false, false]],
          ["?recurse=True", [false, false]]
        ] as const) {
          yield* logIn(parent, above, contextAbove)
          yield* logIn(child, below, contextBelow)
          const listed = (yield* parent.request("GET", `${agentd}/agents${query}`))
            .body as ReadonlyArray<unknown>
          assert.lengthOf(listed, expected[1] ? 1 : 2, query)
          const actions = yield* recordActions
          yield* parent.request("POST", `${agentd}/agents/relog${query}`)
          const relogged = new Set(
            actions().flatMap((lines) => lines.filter((line) => line.startsWith("Interface")))
          )
          assert.strictEqual(relogged.size, expected[1] ? 1 : 2, query)
          yield* parent.request("POST", `${agentd}/agents/logoff${query}`)
          assert.deepEqual<ReadonlyArray<boolean>>(yield* logged, expected, query)
        }
      })
    )

    it.effect(
      "relog (5.7) is a logoff and a login on the same extension; the pause and the chosen endpoint are lost",
      () =>
        Effect.gen(function* () {
          const client = yield* freshTenant("relogs")
          const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
          const second = yield* create<{ id: number; name: string }>(client, "/api/confd/1.1/lines", {
            context,
            endpoint_sip: { name: `relog-${agent.number}` }
          })
          const { body } = yield* client.request("GET", `/api/confd/1.1/extensions?exten=${agent.extension}`)
          const extensionId = (body as { items: ReadonlyArray<{ id: number }> }).items[0]?.id
          yield* client.request("PUT", `/api/confd/1.1/users/${agent.userUuid}/lines/${second.id}`)
          yield* client.request("PUT", `/api/confd/1.1/lines/${second.id}/extensions/${extensionId}`)
          yield* client.request("POST", `${agentd}/agents/by-id/${agent.id}/login`, {
            extension: agent.extension,
            context,
            endpoint: `PJSIP/${second.name}`
          })
          yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${queues[0]?.id}/logoff`)
          yield* pause(client, agent, "lunch")
          yield* pausedIs(client, agent, true)
          const actions = yield* recordActions
          const heard = yield* recordBus
          assert.deepEqual(yield* shown(client.request("POST", `${agentd}/agents/relog`)), [204, undefined])
          assert.deepEqual(
            actions()
              .map(([name]) => name)
              .filter((name) => name !== "Command"),
            ["QueuePause", "QueueRemove", "QueueAdd"]
          )
          assert.deepInclude(yield* statusOf(client, agent), {
            logged: true,
            paused: false,
            extension: agent.extension,
            context,
            state_interface: agent.stateInterface
          })
          yield* eventually(
            Effect.sync(() =>
              heard("agent_status_update").map(({ data }) => ("status" in data ? data.status : ""))
            ),
            (statuses) => statuses.join() === "logged_out,logged_in"
          )
          assert.deepEqual(heard("user_agent_queue_logged_in"), [])
        })
    )

    it.effect(
      "relog with all_queues, in any case, enables all assigned queues and says so of those that were not",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const client = yield* freshTenant("all queues")
          const { agent, context, queues } = yield* freshCallCentre(client, { queues: 3 })
          const [first, second] = queues
          for (const value of ["true", "TRUE"]) {
            yield* logIn(client, agent, context)
            for (const queue of [first, second])
              yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${queue?.id}/logoff`)
            const heard = yield* recordBus
            assert.deepEqual(
              yield* shown(client.request("POST", `${agentd}/agents/relog?all_queues=${value}`)),
              [204, undefined]
            )
            for (const { name } of queues) assert.lengthOf(simulator.members(name), 1)
            const events = yield* eventually(
              Effect.sync(() =>
                heard(...agentdEvents).filter(
                  ({ name }) => name !== "agent_unpaused" && name !== "user_agent_queue_logged_off"
                )
              ),
              (seen) => seen.length === 4
            )
            assert.deepEqual(
              events.map(({ data }) =>
                "status" in data ? data.status : "queue_id" in data ? data.queue_id : data
              ),
              ["logged_out", "logged_in", first?.id, second?.id]
            )
            yield* client.request("POST", `${agentd}/agents/logoff`)
          }
        })
    )

    it.effect(
      "a relog that fails for one agent leaves it logged in, and the others are logged in again",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const client = yield* freshTenant("relog failures")
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 3 })
          for (const agent of agents) yield* logIn(client, agent, context)
          simulator.fault("QueuePause", { kind: "delay", seconds: 30 }, 1)
          assert.deepEqual(yield* shown(client.request("POST", `${agentd}/agents/relog`)), [204, undefined])
          simulator.clearFaults()
          yield* eventually(
            Effect.sync(() => simulator.members(queues[0]?.name ?? "")),
            (members) => members.length === 3
          )
          for (const agent of agents) assert.isTrue((yield* statusOf(client, agent)).logged)
        })
    )
  }
)
