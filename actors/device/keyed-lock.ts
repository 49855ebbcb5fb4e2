import { Effect, Semaphore } from "effect"

/** Lets work on one thing wait for other work on it, and only on it. */
export const makeKeyedLock = () => {
  const locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; users: number }>()

  const holding = <A, E, R>(key: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const lock = locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
      locks.set(key, lock)
      lock.users++
      return lock.semaphore.withPermit(work).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            if (--lock.users === 0) locks.delete(key)
          })
        )
      )
    })

  /** Runs the work while nobody else holds one of the keys. Taken in one order, they never wait in a circle. */
  return <A, E, R>(keys: ReadonlyArray<string>, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    [...new Set(keys)].sort().reduceRight((inner, key) => holding(key, inner), work)
}
