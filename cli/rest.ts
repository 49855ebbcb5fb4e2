import { Data, Effect } from "effect"

/** Where a running runtime is, and as whom the command line talks to it. */
export interface RuntimeAddress {
  readonly url: string
  readonly username: string
  readonly password: string
}

/** The runtime did not do what the command line asked; the message says why. */
export class RestFailed extends Data.TaggedError("RestFailed")<{ readonly message: string }> {}

/** One request with its answer's JSON. Fails on every status but 2xx. */
export type Rest = (method: string, path: string, body?: object) => Effect.Effect<unknown, RestFailed>

/** Logs in and gives requests with the token. */
export const restOf = (
  address: RuntimeAddress
): Effect.Effect<Rest & { readonly token: string }, RestFailed> => {
  const basic = Buffer.from(`${address.username}:${address.password}`).toString("base64")
  return Effect.map(
    request(address.url, "POST", "/api/auth/0.1/token", { Authorization: `Basic ${basic}` }, {}),
    (answer) => {
      // The contract's answer to POST /token.
      const { token } = (answer as { readonly data: { readonly token: string } }).data
      const rest: Rest = (method, path, body) =>
        request(address.url, method, path, { "X-Auth-Token": token }, body)
      return Object.assign(rest, { token })
    }
  )
}

const request = (
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: object | undefined
): Effect.Effect<unknown, RestFailed> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${url}${path}`, {
        method,
        signal,
        headers: { ...headers, "Content-Type": "application/json" },
        ...(body ? { body: JSON.stringify(body) } : {})
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status} ${text}`)
      const parsed: unknown = text === "" ? undefined : JSON.parse(text)
      return parsed
    },
    catch: (error) =>
      new RestFailed({ message: `${url}: ${error instanceof Error ? error.message : String(error)}` })
  })
