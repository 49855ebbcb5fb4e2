import { Effect, type Scope } from "effect"
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** A call as the receiver got it. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Answers a call; the default is 200 with nothing. */
export type Answering = (call: Call, response: ServerResponse) => void

/** A receiver of webhooks on a free port of the loopback. */
export interface Receiver {
  readonly url: string
  readonly port: number
  readonly calls: ReadonlyArray<Call>
  /** From now on calls are answered like this. */
  readonly answer: (answering: Answering) => void
}

const ok: Answering = (_call, response) => void response.end()

export const startReceiver: Effect.Effect<Receiver, never, Scope.Scope> = Effect.gen(function* () {
  const calls: Array<Call> = []
  let answering = ok
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const call = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
        at: Date.now()
      }
      calls.push(call)
      answering(call, response)
    })
  })
  yield* Effect.acquireRelease(listen(server), () =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
  )
  // A listening TCP server's address is an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    answer: (next) => {
      answering = next
    }
  }
})

const listen = (server: Server) =>
  Effect.callback<Server>((resume) => {
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  })

/** Answers with a status. */
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}, body = ""): Answering =>
  (_call, response) =>
    void response.writeHead(code, headers).end(body)
