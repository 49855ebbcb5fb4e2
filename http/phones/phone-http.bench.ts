import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { fileURLToPath } from "node:url"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { administratorOf, startPhoneRuntime } from "./phone-bench.ts"

const connections = 32
const rounds = 5
const roundMillis = 1_000
const mac = "805ec0000001"
const userAgent = "Yealink SIP-T46S 66.86.0.15 80:5e:c0:00:00:01"

/**
 * The configuration of a configured phone over HTTP with keep-alive, in requests answered a second. The clients are
 * raw sockets of this process, each with one request under way, as phones ask.
 *
 * - figure: the whole runtime, through the whole chain; the phone is known and unchanged.
 * - ceiling: a bare `node:http` server that answers with the same bytes and headers.
 *
 * Each is the median of some rounds, in which the two take turns.
 */
export const run = async (): Promise<BenchResult> => {
  const runtime = await startPhoneRuntime()
  try {
    await configurePhone(runtime.url)
    const url = `${runtime.phoneUrl}/${mac}.cfg`
    const first = await fetch(url, { headers: { "user-agent": userAgent } })
    const bytes = Buffer.from(await first.arrayBuffer())
    if (first.status !== 200 || !bytes.includes("benchmark-user"))
      throw new Error("the phone is not configured")
    const bare = await startBare(bytes)
    try {
      const subjects = [url, bare.url].map((each) => ({
        port: Number(new URL(each).port),
        rates: [] as Array<number>
      }))
      for (let round = 0; round <= rounds; round++) {
        for (const { port, rates } of subjects) {
          const rate = await load(port, bytes.length)
          if (round > 0) rates.push(rate)
        }
      }
      const [figure = 0, ceiling = 0] = subjects.map(({ rates }) => Math.round(median(rates)))
      return {
        name: "phone-http",
        figure,
        unit: "requests/s",
        ceiling,
        ratio: Math.round((100 * figure) / ceiling) / 100,
        fileBytes: bytes.length
      }
    } finally {
      bare.process.kill("SIGKILL")
    }
  } finally {
    await runtime.stop()
  }
}

const configurePhone = async (url: string) => {
  const request = await administratorOf(url)
  await request("POST", "/api/provd/0.2/cfg_mgr/configs", {
    config: {
      id: "benchmark",
      parent_ids: ["base", "defaultconfigdevice"],
      raw_config: {
        sip_lines: {
          "1": { username: "benchmark-user", password: "secret", proxy_ip: "192.0.2.10", number: "1001" }
        },
        funckeys: Object.fromEntries(
          Array.from({ length: 20 }, (_, index) => [
            String(index + 2),
            { type: "blf", value: String(1_100 + index), label: `Colleague ${index}` }
          ])
        )
      }
    }
  })
  await request("POST", "/api/provd/0.2/dev_mgr/devices", {
    device: {
      mac: mac.replaceAll(/(..)(?!$)/g, "$1:"),
      vendor: "Yealink",
      model: "T46S",
      version: "66.86.0.15",
      plugin: "strowger-yealink",
      config: "benchmark"
    }
  })
}

/** Requests a second that a server answers with a file of this length. */
const load = async (port: number, length: number): Promise<number> => {
  const request = `GET /${mac}.cfg HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ${userAgent}\r\n\r\n`
  let answered = 0
  let running = true
  const startedAt = performance.now()
  const clients = Array.from({ length: connections }, async () => {
    const socket = connect(port, "127.0.0.1")
    socket.setNoDelay(true)
    let waitingFor = 0
    socket.on("data", (bytes: Buffer) => {
      let rest = bytes.length
      if (waitingFor === 0) {
        const head = bytes.indexOf("\r\n\r\n")
        if (head < 0 || !bytes.subarray(0, 12).equals(okay))
          return socket.destroy(new Error(bytes.toString()))
        rest -= head + 4
        waitingFor = length
      }
      waitingFor -= rest
      if (waitingFor > 0) return
      answered++
      if (running) socket.write(request)
      else socket.end()
    })
    socket.write(request)
    await once(socket, "close")
  })
  setTimeout(() => {
    running = false
  }, roundMillis)
  await Promise.all(clients)
  return (answered * 1_000) / (performance.now() - startedAt)
}

const okay = Buffer.from("HTTP/1.1 200")

const startBare = async (
  bytes: Buffer
): Promise<{ readonly process: ChildProcess; readonly url: string }> => {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "bare"], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  child.stdin.end(bytes)
  const [url] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string]
  return { process: child, url: url.trim() }
}

const serveBare = async () => {
  const chunks: Array<Buffer> = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const modified = new Date().toUTCString()
  const server = createServer((_, response) => {
    response.writeHead(200, {
      "content-type": "text/plain",
      "last-modified": modified,
      "accept-ranges": "bytes",
      "content-length": bytes.length
    })
    response.end(bytes)
  })
  server.listen(0, "127.0.0.1", 1_024, () => {
    // A listening TCP server's address is an AddressInfo.
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
}

if (process.argv[2] === "bare" && process.argv[1] === fileURLToPath(import.meta.url)) await serveBare()
