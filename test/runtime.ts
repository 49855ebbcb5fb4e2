import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Data, Effect, type Scope } from "effect"

/** The administrator of runtimes started by tests. */
export const admin = { username: "admin", password: "test-admin-password" }

/** A runtime in a process of its own, as an operator starts it. */
export interface RuntimeProcess {
  readonly url: string
  readonly process: ChildProcess
  /** Everything it printed, stdout and stderr. */
  readonly output: () => string
  /** Sends the signal and waits for the end; gives the exit code, or null after a signal. */
  readonly kill: (signal: "SIGKILL" | "SIGTERM") => Effect.Effect<number | null>
}

/** The runtime ended before it listened. */
export class StartFailed extends Data.TaggedError("StartFailed")<{
  readonly code: number | null
  readonly output: string
}> {
  override get message() {
    return `exit code ${this.code}: ${this.output}`
  }
}

/** Starts `strowger start` with these knobs on a free port, and waits until it listens. Killed with the scope. */
export const startRuntime = (
  knobs: Readonly<Record<string, string>>
): Effect.Effect<RuntimeProcess, StartFailed, Scope.Scope> =>
  Effect.acquireRelease(launch(knobs), ({ kill }) => kill("SIGKILL"))

/** An empty folder that is removed with the scope. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "strowger-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** What a process of ours gets of the tests' environment. */
export const ambient: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "",
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? ""
}

const mainFile = join(import.meta.dirname, "..", "main.ts")

const launch = (knobs: Readonly<Record<string, string>>) =>
  Effect.callback<RuntimeProcess, StartFailed>((resume) => {
    const child = spawn(process.execPath, [mainFile, "start"], {
      env: {
        ...ambient,
        STROWGER_HTTP_PORT: "0",
        STROWGER_ADMIN_PASSWORD: admin.password,
        STROWGER_AMI_PORT: "1",
        STROWGER_AGI_PORT: "0",
        STROWGER_PHONE_HTTP_HOST: "127.0.0.1",
        STROWGER_PHONE_HTTP_PORT: "0",
        STROWGER_TFTP_HOST: "127.0.0.1",
        STROWGER_TFTP_PORT: "0",
        ...knobs
      },
      stdio: ["ignore", "pipe", "pipe"]
    })
    const lines: Array<string> = []
    const output = () => lines.join("\n")
    const kill = (signal: "SIGKILL" | "SIGTERM") =>
      Effect.callback<number | null>((ended) => {
        if (child.exitCode !== null || child.signalCode !== null) return ended(Effect.succeed(child.exitCode))
        child.once("exit", (code) => ended(Effect.succeed(code)))
        child.kill(signal)
      })
    createInterface({ input: child.stderr }).on("line", (line) => lines.push(line))
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line)
      const url = /^Strowger listens on (\S+)$/.exec(line)?.[1]
      if (url !== undefined) resume(Effect.succeed({ url, process: child, output, kill }))
    })
    child.once("close", (code) => resume(Effect.fail(new StartFailed({ code, output: output() }))))
  })
