import { createHash, randomUUID } from "node:crypto"
import { link, mkdir, open, readFile, realpath, rm, stat, utimes } from "node:fs/promises"
import { join } from "node:path"
import { Data, Effect, type Scope } from "effect"
import { identifySelf, isRunning, type ProcessIdentity, thisMachine } from "./process-identity.ts"

/** Another process, or another runtime of this process, owns the data directory. Nothing was touched. */
export class DataDirectoryInUse extends Data.TaggedError("DataDirectoryInUse")<{
  readonly directory: string
  /** Process id of the owner, as its own machine or container counts. */
  readonly pid: number
}> {
  override get message() {
    return `the data directory ${this.directory} is in use by process ${this.pid}: stop it, or set STROWGER_DATA_DIR to another folder`
  }
}

/** The data directory cannot be created or written. */
export class DataDirectoryUnusable extends Data.TaggedError("DataDirectoryUnusable")<{
  readonly directory: string
  readonly reason: string
}> {
  override get message() {
    return `the data directory ${this.directory} cannot be used: ${this.reason}`
  }
}

/**
 * Owns a directory until the scope ends: creates it where it is missing and holds `strowger.lock` in it.
 *
 * **Details**
 * - The lock file comes into being whole, by `link(2)`: of many starters one wins.
 * - It names its owner: process id, start time of the process and machine. A lock whose owner is dead, killed or
 *   its id given to a later process, is taken over.
 * - To remove a dead owner's lock one must hold the lock `<lock>.<its id>`, taken by these same rules. So it is
 *   removed once, by one starter, and never in the place of the lock of a quicker one.
 * - A lock from another machine or container says nothing about a process here. It counts as dead when its owner
 *   has not renewed it for `foreignPatience` milliseconds (default 15,000; owners renew every 2,000).
 */
export const lockDirectory = Effect.fnUntraced(function* (
  directory: string,
  options?: { readonly foreignPatience?: number }
): Effect.fn.Return<void, DataDirectoryInUse | DataDirectoryUnusable, Scope.Scope> {
  const unusable = (cause: unknown) =>
    cause instanceof DataDirectoryInUse
      ? cause
      : new DataDirectoryUnusable({
          directory,
          reason: cause instanceof Error ? cause.message : String(cause)
        })
  const lock = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        await mkdir(directory, { recursive: true })
        const path = join(await realpath(directory), "strowger.lock")
        const owner = { id: randomUUID(), ...(await identifySelf()) }
        const rival = await acquire(path, owner, options?.foreignPatience ?? FOREIGN_PATIENCE)
        if (rival !== undefined) throw new DataDirectoryInUse({ directory, pid: rival.pid })
        return { path, owner }
      },
      catch: unusable
    }),
    ({ path, owner }) => Effect.promise(() => release(path, owner.id)).pipe(Effect.ignoreCause)
  )
  yield* Effect.acquireRelease(
    Effect.sync(() => setInterval(() => void renew(lock.path), RENEWAL_INTERVAL).unref()),
    (timer) => Effect.sync(() => clearInterval(timer))
  )
})

const RENEWAL_INTERVAL = 2_000
const FOREIGN_PATIENCE = 15_000

interface Owner extends ProcessIdentity {
  /** Differs for every acquisition. */
  readonly id: string
}

/** Takes the lock, or answers who has it. */
const acquire = async (path: string, owner: Owner, patience: number): Promise<Owner | undefined> => {
  for (;;) {
    if (await create(path, owner)) return undefined
    const holder = await read(path)
    if (holder === undefined) continue
    if (await isAlive(holder, path, patience)) return holder
    const rival = await takeOver(path, holder, owner, patience)
    if (rival !== undefined) return rival
  }
}

/** Removes the lock of a dead holder, or answers the starter that is doing so at this moment. */
const takeOver = async (
  path: string,
  dead: Owner,
  owner: Owner,
  patience: number
): Promise<Owner | undefined> => {
  const right = `${path}.${dead.id}`
  const rival = await acquire(right, owner, patience)
  if (rival !== undefined) return rival
  try {
    if ((await read(path))?.id === dead.id) await rm(path)
  } finally {
    await rm(right, { force: true })
  }
  return undefined
}

const create = async (path: string, owner: Owner): Promise<boolean> => {
  const draft = `${path}.draft.${randomUUID()}`
  const file = await open(draft, "wx")
  try {
    await file.writeFile(JSON.stringify(owner))
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
    return true
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false
    throw cause
  } finally {
    await rm(draft, { force: true })
  }
}

/** The holder; undefined when there is none any more. A file that is no lock counts as one of a dead process. */
const read = async (path: string): Promise<Owner | undefined> => {
  let text: string
  try {
    text = await readFile(path, "utf8")
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  }
  try {
    const { id, pid, started, machine }: Record<string, unknown> = JSON.parse(text)
    if (
      typeof id === "string" &&
      /^[\w-]{1,64}$/.test(id) &&
      typeof pid === "number" &&
      typeof started === "string" &&
      typeof machine === "string"
    ) {
      return { id, pid, started, machine }
    }
  } catch {
    // Not JSON: what a power failure left of the file.
  }
  return { id: createHash("sha256").update(text).digest("hex"), pid: 0, started: "", machine: "" }
}

const release = async (path: string, id: string): Promise<void> => {
  if ((await read(path))?.id === id) await rm(path)
}

const renew = async (path: string): Promise<void> => {
  const now = new Date()
  await utimes(path, now, now).catch(() => {})
}

const isAlive = async (holder: Owner, path: string, patience: number): Promise<boolean> => {
  if (holder.pid === 0) return false
  return holder.machine === (await thisMachine()) ? isRunning(holder) : isRenewed(path, patience)
}

const isRenewed = async (path: string, patience: number): Promise<boolean> => {
  const modified = async () => (await stat(path).catch(() => undefined))?.mtimeMs
  const before = await modified()
  const until = Date.now() + patience
  while (Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(500, patience / 4)))
    if ((await modified()) !== before) return true
  }
  return false
}

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
