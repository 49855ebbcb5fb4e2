import { Context, Effect, Layer } from "effect"
import { strowgerTestLayer } from "../../test/strowger.ts"
import { ListenAddress } from "../server.ts"

/** An answer as a client sees it. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** As it was parsed, untyped: tests look at what the contract says is there. Undefined when it is no JSON. */
  readonly json: ReturnType<typeof JSON.parse>
}

/** provd over real HTTP on a free port. */
export class TestProvd extends Context.Service<
  TestProvd,
  {
    readonly url: string
    readonly send: (
      method: string,
      path: string,
      options?: {
        readonly token?: string
        readonly body?: unknown
        readonly headers?: Readonly<Record<string, string>>
      }
    ) => Effect.Effect<Answer>
  }
>()("strowger/http/provd/TestProvd") {}

/** Sends requests to a running runtime. */
export const sender =
  (url: string): TestProvd["Service"]["send"] =>
  (method, path, { token, body, headers } = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(token !== undefined && { "X-Auth-Token": token }),
          ...(body !== undefined && { "Content-Type": "application/vnd.proformatique.provd+json" }),
          ...headers
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      const text = await response.text()
      const isJson = response.headers.get("content-type")?.includes("json") ?? false
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: isJson && text !== "" ? JSON.parse(text) : undefined
      }
    })

/** provd in the whole runtime, without an Asterisk. */
export const testProvdLayer = Layer.effect(
  TestProvd,
  Effect.map(ListenAddress, ({ url }) => ({ url, send: sender(url) }))
).pipe(Layer.provideMerge(strowgerTestLayer({ knobs: { STROWGER_AMI_PORT: "1" } })))
