import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { Agent, request } from "node:http"
import { Effect } from "effect"

/** Requests that one after the other belong together: they are sent in this order. */
export type Errand = ReadonlyArray<{
  readonly method: string
  readonly path: string
  readonly body?: unknown
}>

/** What is to be done; `concurrency` clients with keep-alive take one errand after the other. */
export interface Load {
  readonly url: string
  readonly token: string
  readonly concurrency: number
  readonly errands: ReadonlyArray<Errand>
  readonly expect: number
}

/** Sends requests from a process of its own, so that its work is not measured. Killed with the scope. */
export const startHttpLoad = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => fork(import.meta.filename, ["load"], { execArgv: [] })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  ),
  (child) => (load: Load) => Effect.promise(() => send(child, load))
)

/** Seconds from the first request to the last answer. */
const send = async (child: ChildProcess, load: Load): Promise<number> => {
  const answer = once(child, "message")
  child.send(load)
  // Only `serve` below answers.
  const [{ seconds, failure }] = (await answer) as [{ seconds: number; failure: string | null }]
  if (failure !== null) throw new Error(failure)
  return seconds
}

const serve = async ({ url, token, concurrency, errands, expect }: Load) => {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const { hostname, port } = new URL(url)
  const one = ({ method, path, body }: Errand[number]) =>
    new Promise<string | null>((resolve) => {
      const payload = body === undefined ? "" : JSON.stringify(body)
      const headers = {
        "x-auth-token": token,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(payload)
      }
      const sent = request({ agent, hostname, port, method, path, headers }, (response) => {
        let text = ""
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
        response.on("end", () =>
          resolve(response.statusCode === expect ? null : `${method} ${path}: ${response.statusCode} ${text}`)
        )
      })
      sent.on("error", (error) => resolve(`${method} ${path}: ${error.message}`))
      sent.end(payload)
    })
  const startedAt = performance.now()
  let failure: string | null = null
  const queue = errands.values()
  const client = async () => {
    for (const errand of queue) for (const step of errand) failure ??= await one(step)
  }
  await Promise.all(Array.from({ length: concurrency }, client))
  agent.destroy()
  return { seconds: (performance.now() - startedAt) / 1000, failure }
}

if (process.argv[1] === import.meta.filename && process.argv[2] === "load") {
  process.on("message", async (load: Load) => process.send?.(await serve(load)))
}
