import { Effect } from "effect"
import type { Client } from "./client.ts"

/** A little call centre as an administrator sets it up through confd. */
export interface CallCentreFixture {
  /** Name of the context. */
  readonly context: string
  readonly queues: ReadonlyArray<{ readonly id: number; readonly name: string }>
  readonly agents: ReadonlyArray<{
    readonly id: number
    readonly number: string
    readonly extension: string
    readonly userId: number
    readonly userUuid: string
    readonly lineId: number
    readonly stateInterface: string
  }>
}

/**
 * Creates a context, queues, and for each agent a user with a SIP line on its extension, all agents members of
 * all queues (penalty = index of the agent).
 */
export const createCallCentre = Effect.fnUntraced(function* (
  client: Client,
  options: {
    readonly agents: number
    readonly queues: ReadonlyArray<string>
    readonly firstNumber?: number
    readonly wrapupTime?: number
    /** Agents without a user have no BLF keys. */
    readonly users?: boolean
  }
) {
  const first = options.firstNumber ?? 1001
  const last = first + options.agents - 1
  const context = yield* create<{ name: string }>(client, "contexts", {
    label: "Inside",
    type: "internal",
    user_ranges: [{ start: String(first), end: String(last) }]
  })
  const queues = yield* Effect.forEach(options.queues, (name) =>
    create<{ id: number; name: string }>(client, "queues", {
      name,
      label: name,
      options: [["wrapuptime", String(options.wrapupTime ?? 0)]]
    })
  )
  const agents = yield* Effect.forEach(
    Array.from({ length: options.agents }, (_, index) => index),
    Effect.fnUntraced(function* (index) {
      const number = String(first + index)
      const line = yield* create<{ id: number; name: string }>(client, "lines", {
        context: context.name,
        endpoint_sip: { name: `line-${number}` },
        extensions: [{ exten: number }]
      })
      const agent = yield* create<{ id: number }>(client, "agents", { number, firstname: `Agent ${number}` })
      const user = yield* create<{ id: number; uuid: string }>(client, "users", {
        firstname: `User ${number}`
      })
      yield* expect204(client.request("PUT", `/api/confd/1.1/users/${user.uuid}/lines/${line.id}`, {}))
      if (options.users !== false) {
        yield* expect204(client.request("PUT", `/api/confd/1.1/users/${user.uuid}/agents/${agent.id}`, {}))
      }
      for (const queue of queues) {
        yield* expect204(
          client.request("PUT", `/api/confd/1.1/queues/${queue.id}/members/agents/${agent.id}`, {
            penalty: index
          })
        )
      }
      return {
        id: agent.id,
        number,
        extension: number,
        userId: user.id,
        userUuid: user.uuid,
        lineId: line.id,
        stateInterface: `PJSIP/${line.name}`
      }
    })
  )
  return { context: context.name, queues, agents } satisfies CallCentreFixture
})

const create = <A>(client: Client, resource: string, body: unknown): Effect.Effect<A> =>
  Effect.flatMap(client.request("POST", `/api/confd/1.1/${resource}`, body), (answer) =>
    answer.status === 201
      ? Effect.succeed(answer.body as A)
      : Effect.die(new Error(`POST ${resource}: ${answer.status} ${JSON.stringify(answer.body)}`))
  )

const expect204 = (request: ReturnType<Client["request"]>) =>
  Effect.flatMap(request, ({ status, body }) =>
    status === 204
      ? Effect.void
      : Effect.die(new Error(`expected 204, got ${status} ${JSON.stringify(body)}`))
  )
