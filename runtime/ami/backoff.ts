/**
 * Milliseconds to wait before the next attempt to connect, after `failures` in a row (1 or more). It doubles from
 * 1 s to `maxMs`; of that a random part of up to one half is taken off, so that many clients of a restarted PBX
 * do not come back at the same moment. `random` gives numbers from 0 to below 1.
 */
export const backoff = (failures: number, maxMs: number, random: () => number = Math.random): number => {
  const doublings = Math.min(Math.max(failures - 1, 0), MAX_DOUBLINGS)
  return Math.round(Math.min(maxMs, FIRST * 2 ** doublings) * (1 - random() / 2))
}

const FIRST = 1000
const MAX_DOUBLINGS = 20
