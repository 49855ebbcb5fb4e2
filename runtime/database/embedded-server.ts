import type { Duplex } from "node:stream"
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads"
import { Effect, type Scope } from "effect"
import { MessagePortDuplex } from "./message-port-duplex.ts"

/** What the worker is started with. */
export interface WorkerOptions {
  /** The folder of the database; undefined: in memory. */
  readonly directory: string | undefined
  /** A file that keeps a copy of a fresh database, made at the first use. Only in memory. */
  readonly template: string | undefined
}

export type WorkerRequest =
  | { readonly type: "connect"; readonly port: MessagePort }
  | { readonly type: "close" }

/** The last word of a worker whose engine broke. */
export interface WorkerReport {
  readonly type: "failed"
  readonly reason: string
}

/**
 * The embedded database engine in its thread. `connect` opens a connection that speaks the PostgreSQL protocol;
 * it takes over from the one before it. When the thread dies its connection ends with an error, and the next
 * `connect` starts a new thread on the same folder. The scope's end closes the database and waits for it.
 */
export class EmbeddedServer {
  readonly #options: WorkerOptions
  readonly #onDeath: (reason: string) => void
  #worker: Worker | undefined
  #closing = false
  /** Why the thread died last. */
  lastFailure: string | undefined

  private constructor(options: WorkerOptions, onDeath: (reason: string) => void) {
    this.#options = options
    this.#onDeath = onDeath
  }

  static readonly make = Effect.fnUntraced(function* (
    options: WorkerOptions
  ): Effect.fn.Return<EmbeddedServer, never, Scope.Scope> {
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    return yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new EmbeddedServer(options, (reason) => {
            runFork(Effect.logError(`the embedded database died; the next statement restarts it: ${reason}`))
          })
      ),
      (server) => server.#close
    )
  })

  readonly connect = (): Duplex => {
    const { port1, port2 } = new MessageChannel()
    const connection = new MessagePortDuplex(port1)
    if (this.#closing) connection.destroy(new Error("the embedded database is closed"))
    else {
      this.#worker ??= this.#start()
      this.#worker.postMessage({ type: "connect", port: port2 } satisfies WorkerRequest, [port2])
    }
    return connection
  }

  /** The thread itself, for tests that kill it. */
  get worker(): Worker | undefined {
    return this.#worker
  }

  #start(): Worker {
    const worker = new Worker(new URL("./embedded-worker.ts", import.meta.url), {
      workerData: this.#options,
      execArgv: [],
      // PostgreSQL's own limit (max_stack_depth) must be reached before that of the thread.
      resourceLimits: { stackSizeMb: 128 },
      env: {},
      name: "database"
    })
    let failure: string | undefined
    worker.on("message", ({ reason }: WorkerReport) => {
      failure = reason
    })
    worker.on("error", (error) => {
      failure = error instanceof Error ? error.message : String(error)
    })
    worker.on("exit", (code) => {
      if (this.#worker === worker) this.#worker = undefined
      if (this.#closing) return
      this.lastFailure = failure ?? `exit code ${code}`
      this.#onDeath(this.lastFailure)
    })
    return worker
  }

  readonly #close: Effect.Effect<void> = Effect.suspend(() => {
    this.#closing = true
    const worker = this.#worker
    if (worker === undefined) return Effect.void
    return Effect.callback<boolean>((resume) => {
      const timer = setTimeout(() => resume(Effect.succeed(false)), CLOSE_LIMIT)
      worker.once("exit", () => {
        clearTimeout(timer)
        resume(Effect.succeed(true))
      })
      worker.postMessage({ type: "close" } satisfies WorkerRequest, [])
    }).pipe(
      Effect.flatMap((closed) =>
        closed
          ? Effect.void
          : Effect.logWarning("the embedded database did not close in time and is stopped").pipe(
              Effect.andThen(Effect.promise(() => worker.terminate()))
            )
      )
    )
  })
}

/** Milliseconds a running statement may delay the close. */
const CLOSE_LIMIT = 30_000
