import { Effect, Semaphore } from "effect"

/** One at a time for each key, in this process. */
export const keyedTurns = () => {
  const turns = new Map<string, { readonly semaphore: Semaphore.Semaphore; holders: number }>()
  return <A, E, R>(key: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const turn = turns.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), holders: 0 }
      turns.set(key, turn)
      turn.holders++
      return Effect.ensuring(
        turn.semaphore.withPermit(work),
        Effect.sync(() => {
          if (--turn.holders === 0) turns.delete(key)
        })
      )
    })
}
