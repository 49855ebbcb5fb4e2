import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { SupervisedAgent } from "../../schemas/supervisor/agent.ts"
import type { QueueState } from "../../schemas/supervisor/queue.ts"
import { recordBus } from "../../test/agents.ts"
import { eventually } from "../../test/eventually.ts"
import { strowgerTestLayer } from "../../test/strowger.ts"
import { onDuty, quietPbx } from "./fixture.ts"

layer(strowgerTestLayer({ pbx: quietPbx }), { excludeTestServices: true, timeout: "60 seconds" })(
  "events of the supervisor's view",
  (it) => {
    it.effect(
      "each agent that changes is told with its whole state, to its tenant and with its own right",
      () =>
        Effect.gen(function* () {
          const { agent, command, look, talking } = yield* onDuty()
          const heard = yield* recordBus
          const agents = () =>
            heard("supervisor_agent_updated").filter(({ data }) => (data as SupervisedAgent).id === agent.id)
          const toldOf = (state: SupervisedAgent["state"]) =>
            eventually(
              Effect.sync(agents),
              (events) => (events.at(-1)?.data as SupervisedAgent)?.state === state
            )

          yield* command("pause", { reason: "lunch" })
          const [event] = (yield* toldOf("paused")).slice(-1)
          const seen = yield* look.agent
          assert.deepStrictEqual(event?.data, seen)
          assert.strictEqual(event?.routingKey, `supervisor.agents.${agent.id}.updated`)
          assert.deepInclude(event?.headers, {
            required_acl: "events.supervisor.agents",
            tenant_uuid: seen.tenant_uuid,
            "user_uuid:*": true
          })
          yield* command("unpause")
          yield* toldOf("ready")
          yield* talking
          yield* toldOf("talking")
          yield* command("logoff", { reason: "late" })
          yield* eventually(
            Effect.sync(agents),
            (events) => (events.at(-1)?.data as SupervisedAgent)?.logoff_reason === "late"
          )
        })
    )

    it.effect("a busy queue is told of in a few events, the last one with what is true", () =>
      Effect.gen(function* () {
        const { queue, look, simulator } = yield* onDuty()
        const heard = yield* recordBus
        const queues = () =>
          heard("supervisor_queue_updated").filter(({ data }) => (data as QueueState).id === queue.id)
        for (let caller = 0; caller < 100; caller++) {
          const channel = simulator.call(queue.name)
          if (caller % 2 === 1) simulator.hangup(channel?.name ?? "")
        }
        yield* eventually(
          Effect.sync(queues),
          (events) => (events.at(-1)?.data as QueueState)?.callers_waiting === 50
        )
        assert.strictEqual(heard("QueueCallerJoin").length, 100)
        assert.isBelow(queues().length, 20)
        const { headers, routingKey, data } = queues().at(-1) ?? assert.fail("no event")
        assert.strictEqual(routingKey, `supervisor.queues.${queue.id}.updated`)
        assert.deepInclude(headers, { required_acl: "events.supervisor.queues", "user_uuid:*": true })
        const { callers_waiting, abandoned, longest_wait_since } = yield* look.queue
        assert.deepInclude(data, { callers_waiting, abandoned, longest_wait_since })
      })
    )

    it.effect("that Asterisk went away, and that it is back, is a change of every queue", () =>
      Effect.gen(function* () {
        const { queue, simulator } = yield* onDuty()
        const heard = yield* recordBus
        const told = (live: boolean) =>
          eventually(
            Effect.sync(() => heard("supervisor_queue_updated")),
            (events) => {
              const last = events.findLast(({ data }) => (data as QueueState).id === queue.id)
              return (last?.data as QueueState | undefined)?.live === live
            }
          )
        yield* simulator.stop
        yield* told(false)
        yield* simulator.start()
        yield* told(true)
      })
    )
  }
)
