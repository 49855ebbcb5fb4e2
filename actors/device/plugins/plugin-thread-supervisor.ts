import { Worker } from "node:worker_threads"
import type { PluginParameter, SipNotify } from "../../../schemas/provd/phone-plugin.ts"
import { PluginFailure } from "./loaded-plugin.ts"
import type {
  ParameterValues,
  PluginFunction,
  ThreadBegin,
  ThreadReport,
  ThreadRequest
} from "./thread-protocol.ts"

/** How a plugin's thread is kept. */
export interface ThreadOptions extends ThreadBegin {
  /** Longest time of one call, milliseconds. */
  readonly timeout: number
  /** Longest time of a synchronization, from its promise on, milliseconds. */
  readonly synchronizeTimeout: number
  /** Something ended the thread, which starts again. For the log. */
  readonly onFault: (message: string) => void
  /** The thread, once loaded, fell too often and is not started again. */
  readonly onFailed: (message: string) => void
}

/** The plugin's code in its thread. */
export interface PluginThread {
  readonly functions: ReadonlySet<PluginFunction>
  readonly parameters: ReadonlyArray<PluginParameter>
  /** Rejects with `PluginFailure`. What the plugin gives is not checked. */
  readonly call: (name: PluginFunction, ...args: ReadonlyArray<unknown>) => Promise<unknown>
  /** `notify` serves what the plugin sends in the course of it. Rejects with `PluginFailure`. */
  readonly synchronize: (
    device: object,
    config: object,
    notify: (what: SipNotify) => Promise<void>
  ) => Promise<unknown>
  readonly setParameters: (values: ParameterValues) => void
  /** Ends the thread when its open calls are answered, at the latest after the time of one call. */
  readonly close: () => Promise<void>
}

/** A thread that falls this often within the window is not started again. */
const falls = { most: 3, within: 60_000 } as const
/** A thread has this long to start, beside the time that one call may take. */
const startMillis = 10_000
/** Calls that may wait for one thread. */
const longestQueue = 1_000

/**
 * Starts the thread and waits until the plugin is loaded; rejects with `PluginFailure` when it cannot be.
 *
 * One call is in the thread at a time, so a call that hangs or kills the thread is known and harms nobody else: the
 * thread is started again and the waiting calls go on. A synchronization is in the thread until it has given its
 * promise, and then goes on beside other calls. Memory is bounded; the thread sees no environment.
 */
export const startPluginThread = async (options: ThreadOptions): Promise<PluginThread> => {
  const thread = new SupervisedThread(options)
  await thread.loaded
  return thread
}

interface Call {
  readonly number: number
  readonly name: PluginFunction
  readonly args: ReadonlyArray<unknown>
  readonly notify?: (what: SipNotify) => Promise<void>
  readonly answer: (value: unknown) => void
  readonly fail: (failure: PluginFailure) => void
}

class SupervisedThread implements PluginThread {
  functions: ReadonlySet<PluginFunction> = new Set()
  parameters: ReadonlyArray<PluginParameter> = []
  readonly loaded: Promise<void>
  readonly #options: ThreadOptions
  readonly #queue: Array<Call> = []
  /** Synchronizations that go on beside other calls. */
  readonly #beside = new Map<number, { readonly call: Call; readonly timer: NodeJS.Timeout }>()
  #values: ParameterValues
  #worker: Worker | undefined
  #wasLoaded = false
  /** The thread takes calls. */
  #ready = false
  #inside: Call | undefined
  #timer: NodeJS.Timeout | undefined
  #calls = 0
  #fallen: ReadonlyArray<number> = []
  #onRest: () => void = () => undefined
  /** Why calls are refused. */
  #ended: string | undefined
  readonly #settleLoaded: { readonly resolve: () => void; readonly reject: (failure: PluginFailure) => void }

  constructor(options: ThreadOptions) {
    this.#options = options
    this.#values = options.parameters
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.loaded = promise
    this.#settleLoaded = { resolve, reject }
    this.#start()
  }

  call(name: PluginFunction, ...args: ReadonlyArray<unknown>): Promise<unknown> {
    return this.#enqueue(name, args)
  }

  synchronize(device: object, config: object, notify: (what: SipNotify) => Promise<void>): Promise<unknown> {
    return this.#enqueue("synchronize", [device, config], notify)
  }

  setParameters(values: ParameterValues): void {
    this.#values = values
    this.#tell({ kind: "parameters", values })
  }

  async close(): Promise<void> {
    await this.#rest()
    const worker = this.#worker
    this.#end("the plugin was taken out of service")
    await worker?.terminate()
  }

  /** Until there is no open call; no longer than the time of one call. */
  #rest(): Promise<void> {
    if (!this.#isBusy()) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.timeout)
      this.#onRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #isBusy(): boolean {
    return this.#inside !== undefined || this.#beside.size > 0 || this.#queue.length > 0
  }

  #enqueue(
    name: PluginFunction,
    args: ReadonlyArray<unknown>,
    notify?: (what: SipNotify) => Promise<void>
  ): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#failure(this.#ended))
    if (this.#queue.length >= longestQueue) return Promise.reject(this.#failure("too many calls wait"))
    return new Promise((answer, fail) => {
      this.#queue.push({
        number: ++this.#calls,
        name,
        args,
        ...(notify === undefined ? {} : { notify }),
        answer,
        fail
      })
      this.#next()
    })
  }

  #next(): void {
    if (!this.#ready || this.#inside !== undefined) return
    const call = this.#queue.shift()
    if (call === undefined) return
    this.#inside = call
    this.#timer = setTimeout(() => this.#fall(this.#tooLong(call)), this.#options.timeout)
    try {
      this.#tell({ kind: "call", call: call.number, function: call.name, args: call.args })
    } catch {
      this.#take(call.number)?.fail(this.#failure(`${call.name} was given what no thread can take`))
    }
  }

  #tell(request: ThreadRequest): void {
    this.#worker?.postMessage(request)
  }

  #start(): void {
    const { id, entry, templates, settings } = this.#options
    const begin: ThreadBegin = { id, entry, templates, settings, parameters: this.#values }
    const worker = new Worker(new URL("./plugin-thread.ts", import.meta.url), {
      workerData: begin,
      name: `plugin ${id}`,
      execArgv: [],
      env: {},
      // What a plugin prints may hold passwords.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 }
    })
    worker.stdout.resume()
    worker.stderr.resume()
    this.#worker = worker
    this.#timer = setTimeout(
      () => this.#fall("the plugin does not come up"),
      startMillis + this.#options.timeout
    )
    worker.on("message", (report: ThreadReport) => {
      if (this.#worker === worker) this.#hear(report)
    })
    worker.on("error", (error: unknown) => {
      if (this.#worker === worker) this.#fall(crashText(error))
    })
    worker.on("exit", () => {
      if (this.#worker === worker) this.#fall("it ended")
    })
  }

  #hear(report: ThreadReport): void {
    switch (report.kind) {
      case "loaded":
        this.functions = new Set(report.functions)
        this.parameters = report.parameters
        clearTimeout(this.#timer)
        this.#ready = true
        this.#wasLoaded = true
        this.#settleLoaded.resolve()
        return this.#next()
      case "refused":
        return this.#giveUp(report.message)
      case "begun":
        return this.#setBeside(report.call)
      case "notify":
        return this.#serveNotify(report.call, report.notify, report.what)
      case "answer":
        this.#take(report.call)?.answer(report.value)
        return this.#tellRest()
      case "failure":
        this.#take(report.call)?.fail(this.#failure(report.message))
        return this.#tellRest()
    }
  }

  #tellRest(): void {
    if (!this.#isBusy()) this.#onRest()
  }

  /** The call that an answer is for; the thread is free for the next one. */
  #take(number: number): Call | undefined {
    const beside = this.#beside.get(number)
    if (beside !== undefined) {
      clearTimeout(beside.timer)
      this.#beside.delete(number)
      return beside.call
    }
    const call = this.#inside
    if (call?.number !== number) return undefined
    this.#free()
    return call
  }

  #free(): void {
    clearTimeout(this.#timer)
    this.#inside = undefined
    this.#next()
  }

  #setBeside(number: number): void {
    const call = this.#inside
    if (call?.number !== number) return
    const timer = setTimeout(() => {
      this.#beside.delete(number)
      this.#tell({ kind: "abort", call: number })
      call.fail(this.#failure(`synchronize took longer than ${this.#options.synchronizeTimeout} ms`))
      // A thread that hangs in the synchronization does not come to this call, and falls.
      this.#enqueue("isSensitive", [""]).catch(() => undefined)
    }, this.#options.synchronizeTimeout)
    this.#beside.set(number, { call, timer })
    this.#free()
  }

  #serveNotify(number: number, notify: number, what: SipNotify): void {
    const call = this.#beside.get(number)?.call ?? this.#inside
    const sent =
      call?.number === number && call.notify !== undefined
        ? call.notify(what)
        : Promise.reject(new Error("the synchronization is over"))
    sent.then(
      () => this.#tell({ kind: "notified", notify }),
      () => this.#tell({ kind: "notified", notify, failure: "the NOTIFY could not be sent" })
    )
  }

  /** The thread is lost, with the calls that are in it. */
  #fall(reason: string): void {
    this.#drop(reason)
    const now = performance.now()
    this.#fallen = [...this.#fallen.filter((at) => now - at < falls.within), now]
    this.#options.onFault(reason)
    if (!this.#wasLoaded) return this.#giveUp(reason)
    if (this.#fallen.length >= falls.most) return this.#giveUp(`${reason}; it fell ${falls.most} times`)
    try {
      this.#start()
    } catch (error) {
      this.#giveUp(crashText(error))
    }
  }

  #giveUp(reason: string): void {
    this.#end(reason)
    this.#settleLoaded.reject(this.#failure(reason))
    if (this.#wasLoaded) this.#options.onFailed(reason)
  }

  #end(reason: string): void {
    this.#ended = reason
    this.#drop(reason)
    for (const call of this.#queue.splice(0)) call.fail(this.#failure(reason))
    this.#tellRest()
  }

  #drop(reason: string): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    this.#ready = false
    clearTimeout(this.#timer)
    const lost = [...this.#beside.values()].map(({ call, timer }) => {
      clearTimeout(timer)
      return call
    })
    if (this.#inside !== undefined) lost.push(this.#inside)
    this.#beside.clear()
    this.#inside = undefined
    for (const call of lost) call.fail(this.#failure(reason))
    this.#tellRest()
  }

  #tooLong(call: Call): string {
    return `${call.name} took longer than ${this.#options.timeout} ms`
  }

  #failure(message: string): PluginFailure {
    return new PluginFailure({ plugin: this.#options.id, message })
  }
}

/** Without the words of the error, which may quote a password. */
const crashText = (error: unknown): string => {
  if (!(error instanceof Error)) return "it crashed"
  return "code" in error ? `it crashed: ${String(error.code)}` : `it crashed: ${error.name}`
}
