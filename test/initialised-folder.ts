import { createHash } from "node:crypto"
import { glob, readFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { copyOfPattern } from "./pattern-folder.ts"
import { type StartFailed, startRuntime } from "./runtime.ts"

/**
 * A data folder as a runtime with the tests' administrator leaves it after its first start: an empty platform. It
 * is removed with the scope. Tests of the first start itself take `temporaryFolder`.
 */
export const initialisedFolder: Effect.Effect<string, StartFailed, Scope.Scope> = Effect.gen(function* () {
  const key = yield* Effect.promise(sourcesKey)
  return yield* copyOfPattern("initialised", key, (folder) =>
    Effect.gen(function* () {
      const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder })
      const code = yield* runtime.kill("SIGTERM")
      if (code !== 0)
        return yield* Effect.die(new Error(`the first start ended with ${code}: ${runtime.output()}`))
    })
  )
})

const root = join(import.meta.dirname, "..")

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
