import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import {
  agentd,
  agentdEvents,
  amiIsUp,
  amiSocketIs,
  type Answered,
  clientWith,
  freshCallCentre,
  logIn,
  logOff,
  pause,
  recordActions,
  recordBus,
  shown,
  statusOf,
  unpause
} from "../../test/agents.ts"
import { eventually } from "../../test/eventually.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { Pbx, strowgerTestLayer } from "../../test/strowger.ts"

const knobs = { STROWGER_AMI_ACTION_TIMEOUT: "1 second" }
const done: Answered = [204, undefined]
const unavailable = (answer: Answered) => {
  assert.strictEqual(answer[0], 503)
  assert.isString((answer[1] as { error: unknown }).error)
}

layer(strowgerTestLayer({ knobs }), { excludeTestServices: true, timeout: "60 seconds" })(
  "without an AMI session (5.9)",
  (it) => {
    it.effect("commands that need Asterisk are 503 and change nothing; those that need none work", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const sql = yield* SqlClient.SqlClient
        const client = yield* clientWith()
        const { agents, context, queues } = yield* freshCallCentre(client, { agents: 2, queues: 2 })
        const { queues: others } = yield* freshCallCentre(client)
        const { agent: plain, context: plainContext } = yield* freshCallCentre(client, {
          queues: 0,
          users: false
        })
        const { agent: watched, context: watchedContext } = yield* freshCallCentre(client, { queues: 0 })
        const { agent: userless, context: userlessContext } = yield* freshCallCentre(client, { users: false })
        const [on, off] = agents
        assert.isDefined(on)
        assert.isDefined(off)
        yield* logIn(client, on, context)
        yield* pause(client, on, "lunch")
        yield* eventually(statusOf(client, on), ({ paused }) => paused)
        const outbox = yield* Outbox
        yield* outbox.drained
        const snapshot = Effect.gen(function* () {
          const { body } = yield* client.request("GET", `${agentd}/agents`)
          const members = yield* sql`select queue_id, agent_id, penalty from pbx_queue_agents order by 1, 2`
          return { agents: body, members, log: yield* sql`select count(*) from queue_log` }
        })
        const before = yield* snapshot
        yield* simulator.stop
        yield* amiSocketIs(client, "fail")
        const heard = yield* recordBus
        const post = (id: number, command: string, queueId: number | undefined) =>
          shown(client.request("POST", `${agentd}/agents/by-id/${id}/${command}`, { queue_id: queueId }))
        const put = (id: number, command: string, queueId: number | undefined) =>
          shown(client.request("PUT", `${agentd}/agents/${id}/queues/${queueId}/${command}`))

        for (const refused of [
          logIn(client, off, context),
          logIn(client, watched, watchedContext),
          logIn(client, userless, userlessContext),
          logOff(client, on),
          pause(client, on, "tea"),
          unpause(client, on)
        ]) {
          unavailable(yield* shown(refused))
        }
        unavailable(yield* put(on.id, "logoff", queues[0]?.id))
        for (const { id } of [on, off]) {
          unavailable(yield* post(id, "add", others[0]?.id))
          unavailable(yield* post(id, "remove", queues[0]?.id))
        }
        // What is wrong with a command is told first.
        assert.deepEqual(yield* shown(logIn(client, on, context)), [409, { error: "already logged" }])
        assert.deepEqual(yield* post(on.id, "add", queues[0]?.id), [409, { error: "agent already in queue" }])
        yield* outbox.drained
        assert.deepEqual(yield* snapshot, before)
        assert.deepEqual(heard(...agentdEvents), [])

        assert.deepEqual(yield* shown(logIn(client, plain, plainContext)), done)
        assert.deepEqual(yield* shown(pause(client, plain, "tea")), done)
        assert.deepEqual(yield* shown(unpause(client, plain)), done)
        assert.deepEqual(yield* put(on.id, "login", queues[0]?.id), done)
        assert.deepEqual(yield* shown(logOff(client, plain)), done)
        for (const list of ["logoff", "relog"])
          assert.deepEqual(yield* shown(client.request("POST", `${agentd}/agents/${list}`)), done)
        assert.isTrue((yield* statusOf(client, on)).logged)

        yield* simulator.start()
        yield* amiIsUp(client)
        assert.deepEqual(yield* shown(logIn(client, off, context)), done)
        assert.deepEqual(yield* shown(logOff(client, on)), done)
        assert.deepEqual(yield* shown(logOff(client, off)), done)
      })
    )

    it.effect("an answer that never comes is 503, and what Asterisk did of it is undone", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2, users: false })
        const members = () => queues.map(({ name }) => simulator.members(name).length)
        simulator.fault("QueueAdd", { kind: "mute" }, 2)
        unavailable(yield* shown(logIn(client, agent, context)))
        assert.isFalse((yield* statusOf(client, agent)).logged)
        assert.deepEqual(members(), [1, 1])
        yield* eventually(Effect.sync(members), (counts) => counts.join() === "0,0")
        assert.deepEqual(yield* shown(logIn(client, agent, context)), done)

        simulator.fault("QueueRemove", { kind: "mute" }, 2)
        unavailable(yield* shown(logOff(client, agent)))
        assert.isTrue((yield* statusOf(client, agent)).logged)
        yield* eventually(Effect.sync(members), (counts) => counts.join() === "1,1")
        assert.deepEqual(yield* shown(logOff(client, agent)), done)
      })
    )

    it.effect(
      "a session that is lost in the middle of a command makes it 503, and both sides agree afterwards",
      () =>
        Effect.gen(function* () {
          const simulator = yield* Pbx
          const client = yield* clientWith()
          const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
          const members = () => queues.map(({ name }) => simulator.members(name).length)
          for (const fault of ["close-before-effect", "close-after-effect"] as const) {
            simulator.fault("QueueAdd", { kind: fault }, 1)
            unavailable(yield* shown(logIn(client, agent, context)))
            yield* amiSocketIs(client, "ok")
            yield* eventually(Effect.sync(members), (counts) => counts.join() === "0,0")
            assert.isFalse((yield* statusOf(client, agent)).logged)
            assert.deepEqual(yield* shown(logIn(client, agent, context)), done)

            simulator.fault("QueueRemove", { kind: fault }, 1)
            unavailable(yield* shown(logOff(client, agent)))
            assert.isTrue((yield* statusOf(client, agent)).logged)
            yield* amiSocketIs(client, "ok")
            yield* eventually(Effect.sync(members), (counts) => counts.join() === "1,1")

            // The last queue is left, the agent cannot be logged off: it stays in the queue.
            yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${queues[1]?.id}/logoff`)
            const heard = yield* recordBus
            simulator.fault("Command", { kind: fault }, 1)
            const leave = client.request("PUT", `${agentd}/agents/${agent.id}/queues/${queues[0]?.id}/logoff`)
            unavailable(yield* shown(leave))
            assert.deepInclude(yield* statusOf(client, agent), { logged: true })
            yield* amiSocketIs(client, "ok")
            yield* eventually(Effect.sync(members), (counts) => counts.join() === "1,0")
            assert.deepEqual(heard("user_agent_queue_logged_off", "agent_status_update"), [])
            assert.deepEqual(yield* shown(leave), done)
            assert.isFalse((yield* statusOf(client, agent)).logged)
            yield* client.request("PUT", `${agentd}/agents/${agent.id}/queues/${queues[1]?.id}/login`)
          }
        })
    )

    it.effect("what a refused login had told Asterisk is not told to a client", () =>
      Effect.gen(function* () {
        const simulator = yield* Pbx
        const client = yield* clientWith()
        const { agent, context } = yield* freshCallCentre(client)
        const heard = yield* recordBus
        const actions = yield* recordActions
        simulator.fault("Command", { kind: "close-before-effect" }, 1)
        unavailable(yield* shown(logIn(client, agent, context)))
        yield* amiIsUp(client)
        yield* eventually(Effect.sync(actions), (lines) => lines.some(([name]) => name === "QueueRemove"))
        yield* (yield* Outbox).drained
        assert.deepEqual(heard(...agentdEvents), [])
      })
    )
  }
)
