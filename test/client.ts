import { Effect } from "effect"
import { admin } from "./runtime.ts"

/** What came back. `body` is parsed JSON, the text, or undefined when there was none. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

/** A client of a running runtime, with a token. */
export interface Client {
  readonly url: string
  readonly token: string
  readonly request: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>
  ) => Effect.Effect<Answer>
}

/** A client without more than an address. */
export const clientOf = (url: string, token: string): Client => ({
  url,
  token,
  request: (method, path, body, headers) =>
    Effect.promise(async (signal) => {
      const response = await fetch(`${url}${path}`, {
        method,
        signal,
        headers: { "X-Auth-Token": token, "Content-Type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      const text = await response.text()
      return { status: response.status, body: parse(text), headers: response.headers }
    })
})

/** Logs in with a name and a password. */
export const logIn = (
  url: string,
  credentials: { readonly username: string; readonly password: string } = admin
) =>
  Effect.gen(function* () {
    const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")
    const { status, body } = yield* clientOf(url, "").request(
      "POST",
      "/api/auth/0.1/token",
      { expiration: 7200 },
      { Authorization: `Basic ${basic}` }
    )
    if (status !== 200)
      return yield* Effect.die(new Error(`login answered ${status}: ${JSON.stringify(body)}`))
    return clientOf(url, (body as { data: { token: string } }).data.token)
  })

const parse = (text: string): unknown => {
  if (text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
