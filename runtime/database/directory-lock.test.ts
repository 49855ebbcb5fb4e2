import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { DataDirectoryInUse, lockDirectory } from "./directory-lock.ts"
import { identifySelf } from "./process-identity.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "strowger-lock-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const writeLock = (directory: string, owner: object) =>
  writeFileSync(join(directory, "strowger.lock"), JSON.stringify(owner))

/** A process that tries to take the lock, says how that went, and then holds it until it is killed. */
const starter = Effect.fnUntraced(function* (directory: string) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [new URL("./directory-lock.child.ts", import.meta.url).pathname, directory], {
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  return {
    pid: child.pid ?? 0,
    said: yield* Effect.callback<string>((resume) => {
      child.stdout.once("data", (text: Buffer) => resume(Effect.succeed(text.toString().trim())))
    }),
    kill: Effect.callback<void>((resume) => {
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGKILL")
    })
  }
})

describe("the lock of the data directory", () => {
  it.live("refuses a second runtime of the same process, naming directory and process", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* lockDirectory(directory)
      const refused = yield* Effect.flip(lockDirectory(directory))
      assert.instanceOf(refused, DataDirectoryInUse)
      assert.include(refused.message, directory)
      assert.include(refused.message, `process ${process.pid}`)
    }).pipe(Effect.scoped)
  )

  it.live("refuses a second process, and the first one keeps it", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const first = yield* starter(directory)
      assert.strictEqual(first.said, "mine")
      const second = yield* starter(directory)
      assert.strictEqual(second.said, `in use by ${first.pid}`)
      const third = yield* Effect.flip(lockDirectory(directory))
      assert.include(third.message, `process ${first.pid}`)
    }).pipe(Effect.scoped)
  )

  it.live("is free after its holder was killed", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const first = yield* starter(directory)
      yield* first.kill
      yield* lockDirectory(directory)
    }).pipe(Effect.scoped)
  )

  it.live("is free, and leaves no file, after a clean close", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      yield* Effect.scoped(lockDirectory(directory))
      assert.deepStrictEqual(readdirSync(directory), [])
      yield* lockDirectory(directory)
    }).pipe(Effect.scoped)
  )

  it.live("is free when the holder's process id now belongs to another process", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const self = yield* Effect.promise(identifySelf)
      writeLock(directory, { ...self, id: "earlier-process", started: "1" })
      yield* lockDirectory(directory)
      assert.include(readFileSync(join(directory, "strowger.lock"), "utf8"), self.started)
    }).pipe(Effect.scoped)
  )

  it.live("is free when the file is not a lock", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      writeFileSync(join(directory, "strowger.lock"), "")
      yield* lockDirectory(directory)
    }).pipe(Effect.scoped)
  )

  it.live("is free when a starter was killed while it took over from a dead one", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const self = yield* Effect.promise(identifySelf)
      writeLock(directory, { ...self, id: "dead", started: "1" })
      writeFileSync(
        join(directory, "strowger.lock.dead"),
        JSON.stringify({ ...self, id: "dead-too", started: "2" })
      )
      yield* lockDirectory(directory)
      assert.deepStrictEqual(readdirSync(directory), ["strowger.lock"])
    }).pipe(Effect.scoped)
  )

  it.live("of a dead holder goes to exactly one of many starters of one process", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const self = yield* Effect.promise(identifySelf)
      for (let round = 0; round < 40; round++) {
        writeLock(directory, { ...self, id: `dead-${round}`, started: "1" })
        const scope = yield* Scope.make()
        const results = yield* Effect.forEach(
          Array.from({ length: 12 }),
          () => Effect.exit(Scope.provide(lockDirectory(directory), scope)),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(results.filter(Exit.isSuccess).length, 1)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(readdirSync(directory), [])
      }
    }).pipe(Effect.scoped)
  )

  it.live("of a dead holder goes to exactly one of several processes", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const self = yield* Effect.promise(identifySelf)
      writeLock(directory, { ...self, id: "dead", started: "1" })
      const starters = yield* Effect.all(
        Array.from({ length: 4 }, () => starter(directory)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(starters.filter(({ said }) => said === "mine").length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("of another machine or container holds while it is renewed, and is free once it is not", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const self = yield* Effect.promise(identifySelf)
      writeLock(directory, { ...self, id: "elsewhere", machine: "another" })
      const timer = setInterval(() => {
        utimesSync(join(directory, "strowger.lock"), new Date(), new Date())
      }, 20)
      const refused = yield* Effect.flip(lockDirectory(directory, { foreignPatience: 5_000 }))
      clearInterval(timer)
      assert.instanceOf(refused, DataDirectoryInUse)
      yield* lockDirectory(directory, { foreignPatience: 200 })
    }).pipe(Effect.scoped)
  )

  it.live("says why a directory cannot be used", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const file = join(directory, "a-file")
      writeFileSync(file, "")
      const refused = yield* Effect.flip(lockDirectory(file))
      assert.strictEqual(refused._tag, "DataDirectoryUnusable")
      assert.include(refused.message, file)
    }).pipe(Effect.scoped)
  )
})
