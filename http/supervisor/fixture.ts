import { Effect } from "effect"
import type { SupervisedAgent } from "../../schemas/supervisor/agent.ts"
import type { QueueDetail } from "../../schemas/supervisor/queue.ts"
import { clientWith, freshCallCentre, logIn } from "../../test/agents.ts"
import type { Client } from "../../test/client.ts"
import { eventually } from "../../test/eventually.ts"
import { Pbx } from "../../test/strowger.ts"

export const supervisor = "/api/supervisor/1.0"

/** Agents pick up and hang up only when a test says so. */
export const quietPbx = { habits: { automatic: false, patience: { min: 3_600, max: 3_600 } } }

/** A call centre of its own whose agents are on duty, and a look at it through the supervisor's surface. */
export const onDuty = Effect.fnUntraced(function* (options: Parameters<typeof freshCallCentre>[1] = {}) {
  const client = yield* clientWith()
  const simulator = yield* Pbx
  const centre = yield* freshCallCentre(client, options)
  for (const agent of centre.agents) yield* logIn(client, agent, centre.context)
  const queue = centre.queues[0] ?? { id: 0, name: "" }
  const { agent } = centre
  const look = {
    queue: see<QueueDetail>(client, `/queues/${queue.id}`),
    agent: see<SupervisedAgent>(client, `/agents/${agent.id}`)
  }
  /** Picks up as soon as the phone rings. */
  const answer = eventually(
    Effect.sync(() => simulator.answer(agent.stateInterface)),
    (isAnswered) => isAnswered
  )
  const stateIs = (state: SupervisedAgent["state"]) => eventually(look.agent, (seen) => seen.state === state)
  yield* stateIs("ready")
  return {
    ...centre,
    client,
    simulator,
    queue,
    look,
    stateIs,
    answer,
    /** A command to the agent. */
    command: (name: string, body?: unknown, by: Client = client) =>
      by.request("POST", `${supervisor}/agents/${agent.id}/${name}`, body),
    /** A caller comes in and talks to the agent. */
    talking: Effect.gen(function* () {
      simulator.call(queue.name, { number: "5551001", name: "Zoë" })
      yield* answer
      yield* stateIs("talking")
    })
  }
})

/** What a path of the surface shows. */
export const see = <A>(client: Client, path: string): Effect.Effect<A> =>
  Effect.flatMap(client.request("GET", `${supervisor}${path}`), ({ status, body }) =>
    status === 200
      ? // The caller names what the path answers.
        Effect.succeed(body as A)
      : Effect.die(new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`))
  )

/** The error of an answer, without its timestamp. */
export const errorOf = ({ status, body }: { readonly status: number; readonly body: unknown }) => {
  const { error_id, details } = body as {
    error_id: string
    details: Readonly<Record<string, unknown>>
  }
  return [status, error_id, Object.keys(details)] as const
}
