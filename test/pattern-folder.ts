import { randomUUID } from "node:crypto"
import { cp, readdir, rename, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { temporaryFolder } from "./runtime.ts"

/**
 * A copy of the folder that `make` fills, removed with the scope. `make` runs once on this machine for each name and
 * key: what takes seconds to make is copied in no time. Patterns with other keys go when nobody has copied them for
 * an hour.
 */
export const copyOfPattern = <E>(
  name: string,
  key: string,
  make: (folder: string) => Effect.Effect<void, E, Scope.Scope>
): Effect.Effect<string, E, Scope.Scope> =>
  Effect.gen(function* () {
    const prefix = `strowger-${name}-`
    const pattern = join(tmpdir(), `${prefix}${key}`)
    if (!(yield* Effect.promise(() => exists(pattern)))) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const draft = yield* temporaryFolder
          yield* Effect.scoped(make(draft))
          yield* Effect.promise(() => keep(draft, pattern, prefix))
        })
      )
    }
    const folder = yield* temporaryFolder
    yield* Effect.promise(() => cp(pattern, folder, { recursive: true }))
    return folder
  })

/** In milliseconds. */
const patience = 3_600_000

/** Another test process may have been quicker; then its folder is as good. */
const keep = async (draft: string, pattern: string, prefix: string): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name)
    if (name.startsWith(prefix) && (await age(path)) > patience) await remove(path)
  }
  const whole = `${pattern}.${randomUUID()}`
  await cp(draft, whole, { recursive: true })
  await rename(whole, pattern).catch(() => remove(whole))
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
