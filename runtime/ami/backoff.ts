/**
 * Milliseconds to wait before the next attempt to connect, `attempt` counting the failures before it from 0.
 * It doubles from 1 s to `maxMs`; of that a random part of up to one half is taken off, so that many clients of
 * a restarted PBX do not come back at the same moment. `random` gives numbers from 0 to below 1.
 */
export const backoff = (attempt: number, maxMs: number, random: () => number = Math.random): number => {
  const full = Math.min(maxMs, FIRST * 2 ** Math.min(attempt, MAX_DOUBLINGS))
  return Math.round(full * (1 - random() / 2))
}

const FIRST = 1000
const MAX_DOUBLINGS = 20
