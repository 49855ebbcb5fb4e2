import { spawn, spawnSync } from "node:child_process"
import { Effect } from "effect"

/** Debian's TFTP client (package tftp-hpa), when it is installed. */
export const tftpClientInstalled = spawnSync("tftp", ["-V"]).error === undefined

/** Fetches a file with it; gives what it printed, which is nothing unless the server refused. */
export const fetchWithTftpClient = (port: number, remote: string, local: string): Effect.Effect<string> =>
  Effect.callback((resume) => {
    const child = spawn("tftp", ["-4", "-m", "binary", "127.0.0.1", String(port), "-c", "get", remote, local])
    let output = ""
    const read = (text: Buffer) => {
      output += text.toString()
    }
    child.stdout.on("data", read)
    child.stderr.on("data", read)
    child.once("close", () => resume(Effect.succeed(output)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
