import { Effect } from "effect"
import type { Client } from "./client.ts"

/** Creates something over HTTP and answers it; anything but the expected status is a defect. */
export const create = <A>(client: Client, path: string, body: unknown, expected = 201): Effect.Effect<A> =>
  Effect.flatMap(client.request("POST", path, body), (answer) =>
    answer.status === expected
      ? // The caller names what the endpoint answers.
        Effect.succeed(answer.body as A)
      : unexpected("POST", path, answer)
  )

/** Sends a PUT that must be taken. */
export const put = (client: Client, path: string, body: unknown = {}): Effect.Effect<void> =>
  Effect.flatMap(client.request("PUT", path, body), (answer) =>
    answer.status === 204 ? Effect.void : unexpected("PUT", path, answer)
  )

/** Sends a DELETE that must be taken. */
export const remove = (client: Client, path: string): Effect.Effect<void> =>
  Effect.flatMap(client.request("DELETE", path), (answer) =>
    answer.status === 204 ? Effect.void : unexpected("DELETE", path, answer)
  )

const unexpected = (
  method: string,
  path: string,
  answer: { readonly status: number; readonly body: unknown }
) => Effect.die(new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`))
