import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { benchPassword, logIn } from "../auth/token.bench.ts"

/** A runtime in a process of its own, and where its phones ask. */
export interface PhoneRuntime {
  readonly url: string
  readonly folder: string
  readonly phoneUrl: string
  readonly tftpPort: number
  /** Bytes of its heap after a collection. */
  readonly heap: () => Promise<number>
  readonly stop: () => Promise<void>
}

/** Starts the whole runtime on an empty data folder, on the embedded database. */
export const startPhoneRuntime = async (
  knobs: Readonly<Record<string, string>> = {}
): Promise<PhoneRuntime> => {
  const folder = await mkdtemp(join(tmpdir(), "strowger-bench-"))
  const child = spawn(
    process.execPath,
    [
      "--expose-gc",
      "--import",
      fileURLToPath(new URL("./tell-heap.ts", import.meta.url)),
      fileURLToPath(new URL("../../main.ts", import.meta.url)),
      "start"
    ],
    {
      env: {
        ...process.env,
        STROWGER_HTTP_PORT: "0",
        STROWGER_PHONE_HTTP_HOST: "127.0.0.1",
        STROWGER_PHONE_HTTP_PORT: "0",
        STROWGER_TFTP_HOST: "127.0.0.1",
        STROWGER_TFTP_PORT: "0",
        STROWGER_AGI_PORT: "0",
        STROWGER_DATA_DIR: folder,
        STROWGER_DATABASE_URL: "",
        STROWGER_AMQP_URL: "",
        STROWGER_ADMIN_PASSWORD: benchPassword,
        STROWGER_LOG_LEVEL: "Error",
        ...knobs
      },
      stdio: ["ignore", "pipe", "inherit", "ipc"]
    }
  )
  let output = ""
  const { url, http, tftp } = await new Promise<{ url: string; http: string; tftp: string }>(
    (resolve, reject) => {
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        output += text
        const phones = /over HTTP on port (\d+) and over TFTP on port (\d+)/.exec(output)
        const listens = /Strowger listens on (http:\S+)\n/.exec(output)
        if (phones === null || listens === null) return
        resolve({ url: listens[1] ?? "", http: phones[1] ?? "", tftp: phones[2] ?? "" })
      })
      child.once("exit", (code) => reject(new Error(`the runtime ended with ${code}: ${output}`)))
    }
  )
  return {
    url,
    folder,
    phoneUrl: `http://127.0.0.1:${http}`,
    tftpPort: Number(tftp),
    heap: async () => {
      const told = once(child, "message")
      child.send("heap")
      // Only `tell-heap.ts` answers.
      const [bytes] = (await told) as [number]
      return bytes
    },
    stop: async () => {
      const ended = once(child, "exit")
      child.kill("SIGTERM")
      await ended
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Speaks REST as the administrator. */
export const administratorOf = async (url: string) => {
  const { token } = await logIn(url)
  return async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(url + path, {
      method,
      headers: { "X-Auth-Token": token, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
}
