import { readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { type MessagePort, parentPort, workerData } from "node:worker_threads"
import { PGlite } from "@electric-sql/pglite"
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm"
import type { WorkerOptions, WorkerReport, WorkerRequest } from "./embedded-server.ts"
import { ProtocolFrames } from "./protocol-frames.ts"

/**
 * The thread of the embedded database: PGlite, and one PostgreSQL session at a time over a message port.
 *
 * PGlite is a single-user PostgreSQL: it has one session for ever. A client that connects anew therefore first
 * gets the leftovers of the one before it cleared away: open transaction, prepared statements, settings, locks.
 *
 * When the engine breaks (an answer without its end, a WebAssembly trap) the thread dies on purpose: the client's
 * port closes, its statements fail, and the next connection starts a fresh thread that recovers the directory
 * from its write-ahead log.
 */
const options = workerData as WorkerOptions

/** What migrations may create: `pg_trgm`, for searches in the midst of text. */
const extensions = { pg_trgm }

const open = async (): Promise<PGlite> => {
  const { directory, template } = options
  if (directory === undefined) return openInMemory(template)
  if (!(await exists(`${directory}/PG_VERSION`))) await initialise(directory)
  return PGlite.create(directory, { relaxedDurability: false, extensions })
}

/** A first start that is killed half way leaves only the temporary directory behind, and begins anew. */
const initialise = async (directory: string): Promise<void> => {
  const unfinished = `${directory}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const database = await PGlite.create(unfinished, { relaxedDurability: false, extensions })
  await database.close()
  await rename(unfinished, directory)
}

/** Tests start many databases in memory: a copy of a fresh one saves most of the time of initialising it. */
const openInMemory = async (template: string | undefined): Promise<PGlite> => {
  if (template === undefined) return PGlite.create("memory://", { extensions })
  if (await exists(template)) {
    return PGlite.create("memory://", { loadDataDir: new Blob([await readFile(template)]), extensions })
  }
  const database = await PGlite.create("memory://", { extensions })
  const copy = await database.dumpDataDir("none")
  const temporary = `${template}.${process.pid}.${crypto.randomUUID()}`
  await writeFile(temporary, new Uint8Array(await copy.arrayBuffer()))
  await rename(temporary, template)
  return database
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false
  )

/**
 * Ends the thread when the engine throws anything but its own error handling (exit status 100): PGlite would go on
 * with a broken engine, or try the same message for ever.
 */
const dieWithTheEngine = (parent: MessagePort, database: PGlite): void => {
  const engine: { _PostgresMainLoopOnce: () => void } = database.Module
  const step = engine._PostgresMainLoopOnce
  engine._PostgresMainLoopOnce = () => {
    try {
      step()
    } catch (cause) {
      if (statusOf(cause) !== POSTGRES_ERROR) {
        parent.postMessage({ type: "failed", reason: String(cause) } satisfies WorkerReport, [])
        process.exit(1)
      }
      throw cause
    }
  }
}

const POSTGRES_ERROR = 100

const statusOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "status" in cause ? cause.status : undefined

/** Runs whole protocol messages and returns the bytes of the answer. */
const run = async (database: PGlite, messages: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
  const parts: Array<Uint8Array> = []
  let length = 0
  await database.execProtocolRawStream(messages, {
    onRawData: (bytes) => {
      // A view into the engine's memory, valid only during the call.
      parts.push(bytes.slice())
      length += bytes.byteLength
    }
  })
  const answer = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    answer.set(part, offset)
    offset += part.byteLength
  }
  return answer
}

class Session {
  readonly #database: PGlite
  readonly #port: MessagePort
  readonly #frames = new ProtocolFrames()

  constructor(database: PGlite, port: MessagePort) {
    this.#database = database
    this.#port = port
  }

  /** Takes bytes as they come and answers what is complete. */
  async receive(chunk: Uint8Array): Promise<void> {
    for (const batch of this.#frames.push(chunk)) {
      if (batch.kind === "cancel" || batch.kind === "terminate") return this.#port.close()
      if (batch.kind === "startup") await resetSession(this.#database)
      const answer = await run(this.#database, batch.bytes)
      if (batch.kind === "synchronised" && !endsReadyForQuery(answer)) {
        throw new Error("the database engine stopped answering")
      }
      if (answer.byteLength > 0) this.#port.postMessage(answer, [answer.buffer])
    }
  }
}

const resetSession = async (database: PGlite): Promise<void> => {
  await run(database, SYNC)
  await run(database, simpleQuery("ROLLBACK"))
  await run(database, simpleQuery("DISCARD ALL"))
}

const SYNC = new Uint8Array([0x53, 0, 0, 0, 4])

const simpleQuery = (sql: string): Uint8Array => {
  const text = Buffer.from(`${sql}\0`)
  const message = Buffer.alloc(5 + text.length)
  message.write("Q", 0)
  message.writeInt32BE(4 + text.length, 1)
  text.copy(message, 5)
  return message
}

const endsReadyForQuery = (answer: Uint8Array): boolean =>
  answer.length >= 6 && answer[answer.length - 6] === 0x5a && answer[answer.length - 2] === 5

const serve = (parent: MessagePort, database: PGlite): void => {
  let work: Promise<void> = Promise.resolve()
  const enqueue = (task: () => Promise<void>): void => {
    work = work.then(task)
  }
  parent.on("message", (request: WorkerRequest) => {
    if (request.type === "connect") {
      const session = new Session(database, request.port)
      request.port.on("message", (chunk: Uint8Array) => enqueue(() => session.receive(chunk)))
    } else {
      enqueue(async () => {
        await database.close()
        process.exit(0)
      })
    }
  })
}

if (parentPort === null) throw new Error("started outside a worker thread")
const database = await open()
dieWithTheEngine(parentPort, database)
serve(parentPort, database)
