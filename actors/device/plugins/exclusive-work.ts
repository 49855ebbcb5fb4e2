import { Effect } from "effect"
import type { Operations, Step } from "../operations.ts"
import { OperationUnderWay } from "./plugin-errors.ts"

/**
 * Keeps work on one thing apart: a plugin, a package of it (`<plugin>/<package>`), the index. Work on a plugin keeps
 * off that on its packages, and the other way round; packages of a plugin do not disturb each other.
 */
export const makeExclusiveWork = (operations: Operations["Service"]) => {
  const busy = new Set<string>()

  /** What is being worked on is taken before anything is checked, so of two askers one is refused. */
  const taking = (key: string) =>
    Effect.suspend(() => {
      const plugin = key.split("/", 1).join("")
      const taken = [...busy].some(
        (other) => other === key || other === plugin || other.startsWith(`${key}/`)
      )
      if (taken) return Effect.fail(new OperationUnderWay({ what: key }))
      busy.add(key)
      return Effect.void
    })
  const giveBack = (key: string) => Effect.sync(() => void busy.delete(key))
  const exclusively = <A, E>(key: string, work: Effect.Effect<A, E>) =>
    Effect.acquireUseRelease(
      taking(key),
      () => work,
      () => giveBack(key)
    )

  /** Checks, then goes on in the background. `check` gives the work. */
  const inBackground = <E>(
    key: string,
    collection: string,
    label: string,
    check: Effect.Effect<(root: Step) => Effect.Effect<void, { readonly message: string }>, E>
  ) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        yield* taking(key)
        const work = yield* Effect.onError(check, () => giveBack(key))
        return yield* operations.start(collection, label, (root) =>
          work(root).pipe(
            Effect.tapError(({ message }) => Effect.logWarning(`${label} of ${key} failed: ${message}`)),
            Effect.tapDefect((defect) => Effect.logError(`${label} of ${key} failed`, defect)),
            Effect.ensuring(giveBack(key))
          )
        )
      })
    )

  return { exclusively, inBackground }
}
