import type { Effect } from "effect"
import { keyedTurns } from "./keyed-turns.ts"

/**
 * Runs work while nobody else in this process holds one of its keys. They are taken in one order, so that nobody
 * waits in a circle.
 */
export const makeKeyedLock = () => {
  const inTurn = keyedTurns()
  return <A, E, R>(keys: ReadonlyArray<string>, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    [...new Set(keys)].sort().reduceRight((inner, key) => inTurn(key, inner), work)
}
