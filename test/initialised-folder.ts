import { createHash, randomUUID } from "node:crypto"
import { cp, glob, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { type StartFailed, startRuntime, temporaryFolder } from "./runtime.ts"

/**
 * A data folder as a runtime with the tests' administrator leaves it after its first start: an empty platform. It
 * is removed with the scope. Making one takes seconds, copying one does not: it is made once for all tests on the
 * same sources. Tests of the first start itself take `temporaryFolder`.
 */
export const initialisedFolder: Effect.Effect<string, StartFailed, Scope.Scope> = Effect.gen(function* () {
  const pattern = yield* initialised
  const folder = yield* temporaryFolder
  yield* Effect.promise(() => cp(pattern, folder, { recursive: true }))
  return folder
})

const root = join(import.meta.dirname, "..")

/** Folder names of patterns begin so; the key of their sources follows. */
const prefix = "strowger-initialised-"

/** Patterns of other sources are removed when they are this old, in milliseconds: nobody copies them any more. */
const patience = 3_600_000

const initialised = Effect.gen(function* () {
  const folder = join(tmpdir(), `${prefix}${yield* Effect.promise(sourcesKey)}`)
  if (yield* Effect.promise(() => exists(folder))) return folder
  const draft = yield* temporaryFolder
  const data = join(draft, "data")
  yield* Effect.promise(() => mkdir(data))
  const runtime = yield* startRuntime({ STROWGER_DATA_DIR: data })
  const code = yield* runtime.kill("SIGTERM")
  if (code !== 0)
    return yield* Effect.die(new Error(`the first start ended with ${code}: ${runtime.output()}`))
  yield* Effect.promise(() => keep(data, folder))
  return folder
}).pipe(Effect.scoped)

/** Whatever a first start depends on: an equal key means an equal data folder. */
const sourcesKey = async (): Promise<string> => {
  const files: Array<string> = ["package-lock.json"]
  for await (const file of glob("{actors,runtime,schemas}/**/*.ts", { cwd: root })) {
    if (!file.endsWith(".test.ts")) files.push(file)
  }
  const hash = createHash("sha256")
  for (const file of files.sort()) hash.update(file).update(await readFile(join(root, file)))
  return hash.digest("hex").slice(0, 16)
}

/** Another test process may have been quicker; then its folder is as good. */
const keep = async (data: string, folder: string): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name)
    if (name.startsWith(prefix) && (await age(path)) > patience) await remove(path)
  }
  const whole = `${folder}.${randomUUID()}`
  await cp(data, whole, { recursive: true })
  await rename(whole, folder).catch(() => remove(whole))
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false
  )

const age = (path: string) =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0
  )

const remove = (path: string) => rm(path, { recursive: true, force: true })
