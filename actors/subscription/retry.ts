import type { Outcome } from "./outcome.ts"

/** When an attempt failed, how it goes on (contracts/webhooks.md 7.3 and 15.5). */
export interface RetryRules {
  /** Attempts in all. */
  readonly maxAttempts: number
  readonly factor: number
  /** Up to this part of a delay is added to it. */
  readonly jitter: number
}

/**
 * Seconds to wait after the failed attempt number `attempt`; undefined when it was the last one. Never earlier than
 * `factor ** (attempt - 1)`; a receiver may ask for up to an hour. `random` is in [0, 1).
 */
export const retryDelay = (
  rules: RetryRules,
  attempt: number,
  outcome: Outcome,
  random: number
): number | undefined => {
  if (outcome.class !== "retry" || outcome.wish !== undefined || attempt >= rules.maxAttempts)
    return undefined
  const least = Math.trunc(rules.factor ** (attempt - 1))
  const jittered = least * (1 + rules.jitter * random)
  const asked = Math.min(outcome.retryAfter ?? 0, 3_600)
  return Math.max(jittered, asked, outcome.statusCode === 429 ? 5 : 0)
}
