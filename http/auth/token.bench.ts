import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type BenchResult, median } from "../../runtime/bench.ts"

/**
 * `HEAD /api/auth/0.1/token/{token}?scope=…&tenant=…` with keep-alive, in requests answered a second. The clients
 * are raw sockets of this process, each with some requests under way, so that the servers, which are processes of
 * their own, are what is measured.
 *
 * - figure: the whole runtime, started as an operator starts it.
 * - ceiling: a bare `node:http` server that answers 204 to everything.
 *
 * Each is the median of some rounds, in which the two take turns.
 */
export const run = async (): Promise<BenchResult> => {
  const folder = await mkdtemp(join(tmpdir(), "strowger-bench-"))
  const servers = [await startStrowger(folder), await startBare()]
  try {
    const request = await tokenRequest(servers[0]?.url ?? "")
    const subjects = servers.map(({ url }) => ({
      port: Number(new URL(url).port),
      rates: [] as Array<number>
    }))
    for (let round = 0; round <= rounds; round++) {
      for (const { port, rates } of subjects) {
        const rate = await load(port, request)
        if (round > 0) rates.push(rate)
      }
    }
    const [figure = 0, ceiling = 0] = subjects.map(({ rates }) => Math.round(median(rates)))
    return {
      name: "token",
      figure,
      unit: "requests/s",
      ceiling,
      ratio: Math.round((100 * figure) / ceiling) / 100
    }
  } finally {
    await Promise.all(servers.map(stop))
    await rm(folder, { recursive: true })
  }
}

const connections = 32
const underWay = 8
const rounds = 5
const roundMillis = 1_000
/** Of the administrator of a runtime that is measured. */
export const benchPassword = "benchmark"

/** A server in a process of its own. */
export interface BenchServer {
  readonly process: ChildProcess
  readonly url: string
}

/** The whole runtime on a data folder, as an operator starts it; the administrator's password is `benchmark`. */
export const startStrowger = (folder: string, knobs: Readonly<Record<string, string>> = {}) =>
  start([fileURLToPath(new URL("../../main.ts", import.meta.url)), "start"], {
    STROWGER_HTTP_PORT: "0",
    STROWGER_PHONE_HTTP_HOST: "127.0.0.1",
    STROWGER_PHONE_HTTP_PORT: "0",
    STROWGER_TFTP_HOST: "127.0.0.1",
    STROWGER_TFTP_PORT: "0",
    STROWGER_DATA_DIR: folder,
    STROWGER_DATABASE_URL: "",
    STROWGER_AMQP_URL: "",
    STROWGER_ADMIN_PASSWORD: benchPassword,
    ...knobs
  })

const startBare = () => start([fileURLToPath(import.meta.url), "bare"], {})

/** Starts a server process and waits until it tells its URL. */
const start = (script: ReadonlyArray<string>, environment: Record<string, string>): Promise<BenchServer> => {
  const child = spawn(process.execPath, [...script], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"]
  })
  return new Promise((resolve, reject) => {
    let output = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text
      const [, url] = /listens on (http:\S+)/.exec(output) ?? []
      if (url !== undefined) resolve({ process: child, url })
    })
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
}

export const stop = async ({ process: child }: BenchServer): Promise<void> => {
  const ended = once(child, "exit")
  child.kill("SIGTERM")
  await ended
}

/** The answer to a login of the administrator. */
export const logIn = async (url: string) => {
  const response = await fetch(`${url}/api/auth/0.1/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`admin:${benchPassword}`).toString("base64")}` },
    body: "{}"
  })
  if (response.status !== 200) throw new Error(`the login was answered ${response.status}`)
  // Family of POST /token: contracts/auth.md 6.
  const { data } = (await response.json()) as { data: { token: string; metadata: { tenant_uuid: string } } }
  return data
}

/** The request that every service of the platform sends for every request of its own. */
export const tokenRequest = async (url: string): Promise<string> => {
  const data = await logIn(url)
  const query = `scope=confd.users.4f1c.read&tenant=${data.metadata.tenant_uuid}`
  return `HEAD /api/auth/0.1/token/${data.token}?${query} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n`
}

/** Requests a second that a server answers with 204. */
const load = async (port: number, request: string): Promise<number> => {
  const batch = request.repeat(underWay)
  let answered = 0
  let running = true
  const startedAt = performance.now()
  const clients = Array.from({ length: connections }, async () => {
    const socket = connect(port, "127.0.0.1")
    socket.setNoDelay(true).setEncoding("latin1")
    let waitingFor = underWay
    let rest = ""
    socket.on("data", (text: string) => {
      const answers = (rest + text).split("\r\n\r\n")
      rest = answers.pop() ?? ""
      if (!answers.every((answer) => answer.startsWith("HTTP/1.1 204"))) socket.destroy(new Error(answers[0]))
      answered += answers.length
      waitingFor -= answers.length
      if (waitingFor > 0) return
      if (!running) return socket.end()
      waitingFor = underWay
      socket.write(batch)
    })
    socket.write(batch)
    await once(socket, "close")
  })
  setTimeout(() => {
    running = false
  }, roundMillis)
  await Promise.all(clients)
  return (answered * 1000) / (performance.now() - startedAt)
}

if (process.argv[2] === "bare" && process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer((_, response) => {
    response.writeHead(204)
    response.end()
  })
  server.listen(0, "127.0.0.1", () => {
    // A listening TCP server's address is an AddressInfo.
    console.log(`listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
}
