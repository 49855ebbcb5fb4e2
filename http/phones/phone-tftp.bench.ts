import { spawn } from "node:child_process"
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Effect } from "effect"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { tftpRead } from "../../runtime/tftp/client.ts"
import { startPhoneRuntime } from "./phone-bench.ts"

const size = 1024 * 1024
const atOnce = 8
const transfers = 64
const rounds = 5
const name = "firmware.bin"
const phone = "SEP001E7A000001.cnf.xml"

/**
 * A firmware of 1 MiB over TFTP in blocks of 1428 bytes to eight phones at once, in MiB/s. The clients are in this
 * process, the servers in processes of their own.
 *
 * - figure: the whole runtime, through the chain of a known phone; the file lies in its plugin's folder.
 * - ceiling: tftpd-hpa on the same file with the same clients.
 *
 * Each is the median of some rounds, in which the two take turns.
 */
export const run = async (): Promise<BenchResult> => {
  const runtime = await startPhoneRuntime()
  const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251))
  try {
    await fetchOnce(runtime.tftpPort, phone)
    const files = join(runtime.folder, "provd", "plugins", "strowger-cisco-sep", "var", "tftpboot")
    await mkdir(files, { recursive: true })
    await writeFile(join(files, name), bytes)
    const hpa = await startTftpd(files)
    try {
      const subjects = [runtime.tftpPort, hpa.port].map((port) => ({ port, rates: [] as Array<number> }))
      for (let round = 0; round <= rounds; round++) {
        for (const { port, rates } of subjects) {
          const rate = await load(port, bytes)
          if (round > 0) rates.push(rate)
        }
      }
      const [figure = 0, ceiling = 0] = subjects.map(({ rates }) => Math.round(median(rates) * 10) / 10)
      return {
        name: "phone-tftp",
        figure,
        unit: "MiB/s",
        ceiling,
        ratio: Math.round((100 * figure) / ceiling) / 100
      }
    } finally {
      hpa.stop()
    }
  } finally {
    await runtime.stop()
  }
}

const fetchOnce = (port: number, path: string) =>
  Effect.runPromise(tftpRead({ host: "127.0.0.1", port, path, options: { blksize: "1428" } }))

const load = async (port: number, bytes: Buffer): Promise<number> => {
  const startedAt = performance.now()
  await Effect.runPromise(
    Effect.forEach(
      Array.from({ length: transfers }),
      () =>
        tftpRead({ host: "127.0.0.1", port, path: name, options: { blksize: "1428", tsize: "0" } }).pipe(
          Effect.tap(({ content }) =>
            content.equals(bytes) ? Effect.void : Effect.die(new Error("the file arrived damaged"))
          )
        ),
      { concurrency: atOnce, discard: true }
    )
  )
  return (transfers * size) / 1024 / 1024 / ((performance.now() - startedAt) / 1_000)
}

/** Debian's tftpd-hpa on a port of its own. */
const startTftpd = async (folder: string) => {
  const port = await freePort()
  const child = spawn(
    "in.tftpd",
    ["--foreground", "--listen", "--user", "root", "--address", `127.0.0.1:${port}`, "--secure", folder],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` }
    }
  )
  child.once("error", (error) => {
    throw new Error(`tftpd-hpa is needed for the ceiling: ${error.message}`)
  })
  await sleep(500)
  return { port, stop: () => void child.kill("SIGKILL") }
}

const freePort = async (): Promise<number> => {
  const socket = createSocket("udp4").bind(0, "127.0.0.1")
  await once(socket, "listening")
  const { port } = socket.address()
  socket.close()
  return port
}
