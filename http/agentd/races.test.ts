import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { clientWith, freshCallCentre, logIn, logOff, agentd, statusOf } from "../../test/agents.ts"
import { strowgerTestLayer } from "../../test/strowger.ts"

const rounds = Array.from({ length: 25 }, (_, index) => index)

const statuses = (answers: ReadonlyArray<{ readonly status: number }>) =>
  answers.map(({ status }) => status).sort()

layer(strowgerTestLayer(), { excludeTestServices: true, timeout: "60 seconds" })(
  "commands at the same time (5)",
  (it) => {
    it.effect("two logins on one extension give exactly one 204 and one 409", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agents, context } = yield* freshCallCentre(client, { agents: 2 })
        const [one, two] = agents
        assert.isDefined(one)
        assert.isDefined(two)
        for (const round of rounds) {
          const at = { ...one, extension: one.extension }
          const [first, second] = round % 2 === 0 ? [one, two] : [two, one]
          const answers = yield* Effect.all(
            [first, second].map(({ id }) => logIn(client, { ...at, id }, context)),
            { concurrency: "unbounded" }
          )
          assert.deepEqual(statuses(answers), [204, 409])
          const refused = answers.find(({ status }) => status === 409)
          assert.deepEqual(refused?.body, { error: "extension and context already in use" })
          const logged = yield* Effect.forEach(agents, (agent) => statusOf(client, agent))
          assert.lengthOf(
            logged.filter((status) => status.logged),
            1
          )
          yield* Effect.forEach(agents, (agent) => logOff(client, agent))
        }
      })
    )

    it.effect("two logins of one agent give exactly one 204 and one 409", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agents, context } = yield* freshCallCentre(client, { agents: 2 })
        const [agent, other] = agents
        assert.isDefined(agent)
        assert.isDefined(other)
        for (const round of rounds) {
          const elsewhere = round % 2 === 0 ? agent : { ...agent, extension: other.extension }
          const answers = yield* Effect.all(
            [logIn(client, agent, context), logIn(client, elsewhere, context)],
            {
              concurrency: "unbounded"
            }
          )
          assert.deepEqual(statuses(answers), [204, 409])
          assert.deepEqual(answers.find(({ status }) => status === 409)?.body, { error: "already logged" })
          yield* logOff(client, agent)
        }
      })
    )

    it.effect("two additions of one agent to one queue give exactly one 204 and one 409", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent } = yield* freshCallCentre(client)
        const { queues } = yield* freshCallCentre(client)
        const both = (command: string) => {
          const request = client.request("POST", `${agentd}/agents/by-id/${agent.id}/${command}`, {
            queue_id: queues[0]?.id
          })
          return Effect.all([request, request], { concurrency: "unbounded" })
        }
        for (const _ of rounds) {
          assert.deepEqual(statuses(yield* both("add")), [204, 409])
          assert.deepEqual(statuses(yield* both("remove")), [204, 409])
        }
      })
    )

    it.effect("any commands of one agent leave it in one state that can be told", () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context, queues } = yield* freshCallCentre(client, { queues: 2 })
        const queue = `${agentd}/agents/${agent.id}/queues/${queues[0]?.id}`
        const commands = [
          logIn(client, agent, context),
          logOff(client, agent),
          client.request("PUT", `${queue}/login`),
          client.request("PUT", `${queue}/logoff`),
          client.request("POST", `${agentd}/agents/by-number/${agent.number}/pause`),
          client.request("POST", `${agentd}/agents/by-number/${agent.number}/unpause`)
        ]
        const answers = yield* Effect.all([...commands, ...commands, ...commands, ...commands], {
          concurrency: "unbounded"
        })
        for (const { status, body } of answers) assert.include([204, 409], status, JSON.stringify(body))
        yield* logOff(client, agent)
        assert.isFalse((yield* statusOf(client, agent)).logged)
      })
    )
  }
)
