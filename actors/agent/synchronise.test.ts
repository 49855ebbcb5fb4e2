import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import {
  agentd,
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
  type Status,
  statusOf,
  type TestAgent
} from "../../test/agents.ts"
import type { Client } from "../../test/client.ts"
import { put, remove } from "../../test/confd.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"
import { Synchronisers } from "../ami-session/synchronisers.ts"
import { Drift } from "./drift.ts"

const knobs = { STROWGER_AMI_ACTION_TIMEOUT: "2 seconds" }

layer(strowgerTestLayer({ knobs }), { excludeTestServices: true, timeout: "60 seconds" })(
  "agents and Asterisk are brought in line (5.9, 7.4)",
  (it) => {
    it.effect(
      "after a restart that forgot the members every logged agent is back within 5 s of FullyBooted",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const client = yield* clientWith()
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 4, queues: 2 })
          const [ready, paused, partly, off] = agents
          assert.isDefined(ready)
          assert.isDefined(paused)
          assert.isDefined(partly)
          assert.isDefined(off)
          for (const agent of [ready, paused, partly]) yield* logIn(client, agent, context)
          yield* pause(client, paused, "lunch")
          yield* pausedIs(client, paused, true)
          yield* put(client, `${agentd}/agents/${partly.id}/queues/${queues[0]?.id}/logoff`)
          const before = yield* Effect.forEach(agents, (agent) => statusOf(client, agent))

          yield* simulator.stop
          yield* amiSocketIs(client, "fail")
          yield* simulator.start({ pbx: "forgetful", bootTime: 1 })
          assert.deepEqual(simulator.members(queues[1]?.name ?? ""), [])
          const heard = yield* recordBus
          const actions = yield* recordActions
          yield* eventually(
            Effect.sync(() => heard("FullyBooted")),
            (events) => events.length > 0
          )
          const expected = [
            [`${ready.number} 0 false `, `${paused.number} 1 true lunch`],
            [`${ready.number} 0 false `, `${paused.number} 1 true lunch`, `${partly.number} 2 false `]
          ]
          yield* eventually(
            Effect.sync(() =>
              queues.map(({ name }) =>
                simulator
                  .members(name)
                  .map(
                    (member) =>
                      `${member.name.slice(6)} ${member.penalty} ${member.isPaused} ${member.pausedReason}`
                  )
                  .sort()
              )
            ),
            (members) => JSON.stringify(members) === JSON.stringify(expected),
            "5 seconds"
          )
          assert.deepEqual([...new Set(actions().map(([name]) => name))], ["QueueAdd"])
          assert.deepEqual(yield* Effect.forEach(agents, (agent) => statusOf(client, agent)), before)
        })
    )

    it.effect("after a lost connection nothing is told when nothing has changed", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agents, context } = yield* freshCallCentre(client, { agents: 3, queues: 2 })
        for (const agent of agents) yield* logIn(client, agent, context)
        const actions = yield* recordActions
        const compared = simulator.actionsReceived("QueueStatus").length
        simulator.dropConnections()
        yield* simulator.awaitAction("QueueStatus", compared + 1)
        yield* synchronised
        assert.deepEqual(actions(), [])
      })
    )

    it.effect(
      "what drifted while the link was away is mended: members, penalties; the rest is not touched",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const client = yield* clientWith()
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 3, queues: 3 })
          const [one, two, off] = agents
          const [lost, changed, untouched] = queues.map(({ name }) => name)
          assert.isDefined(one)
          assert.isDefined(two)
          assert.isDefined(off)
          assert.isDefined(lost)
          assert.isDefined(changed)
          assert.isDefined(untouched)
          for (const agent of [one, two]) yield* logIn(client, agent, context)
          yield* pause(client, one, "tea")
          yield* pausedIs(client, one, true)
          yield* simulator.stop
          const { queues: pbxQueues } = simulator.pbx()
          pbxQueues.removeMember(lost, memberOf(one))
          pbxQueues.setPenalty(changed, memberOf(two), 77)
          pbxQueues.addMember(untouched, { interfaceName: memberOf(off) })
          pbxQueues.addMember(untouched, { interfaceName: "PJSIP/receptionist" })
          pbxQueues.addMember(untouched, { interfaceName: "Local/id-999999@agentcallback" })
          const actions = yield* recordActions
          yield* simulator.start()
          yield* amiIsUp(client)
          yield* eventually(Effect.sync(actions), (lines) => lines.length >= 3)
          yield* synchronised
          assert.sameDeepMembers(
            actions().map((lines) =>
              lines.filter((line) => !/^(MemberName|StateInterface|Skills)/.test(line))
            ),
            [
              [
                "QueueAdd",
                `Queue: ${lost}`,
                `Interface: ${memberOf(one)}`,
                "Penalty: 0",
                "Paused: 1",
                "Reason: tea"
              ],
              ["QueuePenalty", `Queue: ${changed}`, `Interface: ${memberOf(two)}`, "Penalty: 1"],
              ["QueueRemove", `Queue: ${untouched}`, `Interface: ${memberOf(off)}`]
            ]
          )
          assert.isTrue((yield* statusOf(client, one)).paused)
        })
    )

    it.effect("a pause that changed while the link was away is taken over and published", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2, queues: 2 })
        const [one, two] = agents
        assert.isDefined(one)
        assert.isDefined(two)
        for (const agent of agents) yield* logIn(client, agent, context)
        yield* pause(client, two, "tea")
        yield* pausedIs(client, two, true)
        const heard = yield* recordBus
        yield* simulator.stop
        const { queues: pbxQueues } = simulator.pbx()
        pbxQueues.pause(undefined, memberOf(one), true, "console")
        pbxQueues.pause(undefined, memberOf(two), false, "")
        const actions = yield* recordActions
        yield* simulator.start()
        assert.deepInclude(yield* pausedIs(client, one, true), { paused_reason: "console" })
        yield* pausedIs(client, two, false)
        yield* eventually(
          Effect.sync(() => [heard("agent_paused").length, heard("agent_unpaused").length]),
          (counts) => counts.join() === `${queues.length},${queues.length}`
        )
        assert.deepEqual(actions(), [])
      })
    )

    it.effect("a pause for another reason than the one that was heard is taken over and published", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        yield* pause(client, agent, "tea")
        yield* pausedIs(client, agent, true)
        const heard = yield* recordBus
        yield* simulator.stop
        simulator.pbx().queues.pause(undefined, memberOf(agent), false, "")
        simulator.pbx().queues.pause(queues[1]?.name, memberOf(agent), true, "tea")
        simulator.pbx().queues.pause(queues[0]?.name, memberOf(agent), true, "lunch")
        yield* simulator.start()
        yield* eventually(statusOf(client, agent), (status) => status.paused_reason === "lunch")
        yield* eventually(
          Effect.sync(() => heard("agent_paused").map(({ data }) => data)),
          (told) => told.some((data) => "queue" in data && data.queue === queues[0]?.name)
        )
        assert.lengthOf(heard("agent_unpaused"), 0)
      })
    )

    it.effect("members that differ in their pause get the agent's own", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        yield* logIn(client, agent, context)
        yield* pause(client, agent, "tea")
        yield* pausedIs(client, agent, true)
        yield* simulator.stop
        simulator.pbx().queues.pause(queues[0]?.name, memberOf(agent), false, "")
        const actions = yield* recordActions
        yield* simulator.start()
        yield* eventually(Effect.sync(actions), (lines) => lines.length > 0)
        assert.deepEqual(actions(), [
          ["QueuePause", `Interface: ${memberOf(agent)}`, "Paused: 1", "Reason: tea"]
        ])
        yield* eventually(
          Effect.sync(() => simulator.members(queues[0]?.name ?? "")),
          ([member]) => member?.isPaused === true
        )
        assert.isTrue((yield* statusOf(client, agent)).paused)
      })
    )

    it.effect("of an agent that was deleted nothing is left when Asterisk knows no member of it", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const sql = yield* SqlClient.SqlClient
        const drift = yield* Drift
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client)
        yield* logIn(client, agent, context)
        yield* simulator.stop
        yield* amiSocketIs(client, "fail")
        yield* remove(client, `/api/confd/1.1/agents/${agent.id}`)
        yield* configurationHeard
        yield* simulator.start()
        yield* amiIsUp(client)
        yield* eventually(
          Effect.sync(() => simulator.members(queues[0]?.name ?? "")),
          (members) => members.length === 0
        )
        drift.suspect()
        yield* eventually(
          sql`select id from actor where kind = 'agent' and id = ${String(agent.id)}`.pipe(
            Effect.tap(() => Effect.sync(drift.suspect))
          ),
          (rows) => rows.length === 0
        )
      })
    )

    it.effect(
      "100 logins while the AMI peer is killed and restarted: each is 204 or 503, and all sides agree",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const sql = yield* SqlClient.SqlClient
          const client = yield* clientWith()
          const { agents, context, queues } = yield* freshCallCentre(client, { agents: 100, queues: 2 })
          for (const pbx of ["same", "forgetful"] as const) {
            const logins = yield* Effect.forkChild(
              Effect.forEach(agents, (agent) => logIn(client, agent, context), { concurrency: "unbounded" })
            )
            const sent = simulator.actionsReceived("QueueAdd").length
            yield* eventually(
              Effect.sync(() => simulator.actionsReceived("QueueAdd").length),
              (count) => count > sent + 20
            )
            yield* simulator.stop
            yield* simulator.start({ pbx })
            const answers = yield* Fiber.join(logins)
            const counts = new Map<number, number>()
            for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1)
            assert.strictEqual(
              (counts.get(204) ?? 0) + (counts.get(503) ?? 0),
              agents.length,
              JSON.stringify([...counts])
            )
            yield* amiIsUp(client)
            const loggedIn = agents.filter((_, index) => answers[index]?.status === 204)
            const members = loggedIn.map(memberOf).sort()
            yield* eventually(
              Effect.sync(() =>
                queues.map(({ name }) =>
                  simulator
                    .members(name)
                    .map((each) => each.interfaceName)
                    .sort()
                )
              ),
              (seen) => seen.every((names) => names.join() === members.join()),
              "30 seconds"
            )
            const statuses = yield* allStatuses(client, agents)
            assert.deepEqual(
              statuses.filter(({ logged }) => logged).map(({ id }) => id),
              loggedIn.map(({ id }) => id)
            )
            const claims = yield* sql<{ id: string }>`
            select id from actor_claim where claim like ${`%@${context}`} order by id::integer`
            assert.deepEqual(
              claims.map(({ id }) => Number(id)),
              loggedIn.map(({ id }) => id)
            )
            yield* Effect.forEach(loggedIn, (agent) => logOff(client, agent), { concurrency: 20 })
            yield* eventually(
              Effect.sync(() => queues.flatMap(({ name }) => simulator.members(name))),
              (left) => left.length === 0
            )
          }
        })
    )
  }
)

const memberOf = (agent: TestAgent) => `Local/id-${agent.id}@agentcallback`

/** Compares once more; nothing is left to be mended then. */
const synchronised = Effect.flatMap(Synchronisers, ({ run }) => run)

const allStatuses = (client: Client, agents: ReadonlyArray<TestAgent>) =>
  Effect.map(client.request("GET", `${agentd}/agents`), ({ body }) =>
    (body as ReadonlyArray<Status>).filter(({ id }) => agents.some((agent) => agent.id === id))
  )
