import type { DeliveryPolicy } from "../../schemas/webhookd/policy.ts"
import type { Outcome } from "./outcome.ts"

/** What the server does where a policy says nothing (contracts/webhooks.md 7.3). */
export interface RetryDefaults {
  /** Attempts in all. */
  readonly maxAttempts: number
  readonly factor: number
}

type RetryPolicy = Pick<DeliveryPolicy, "max_attempts" | "retry_schedule" | "jitter" | "honor_retry_after">

/** Attempts in all: a schedule has a pause between each two of them. */
export const attemptsInAll = (
  { max_attempts, retry_schedule }: RetryPolicy,
  { maxAttempts }: RetryDefaults
): number => (retry_schedule === null ? (max_attempts ?? maxAttempts) : retry_schedule.length + 1)

/**
 * Seconds to wait after the failed attempt number `attempt`; undefined when it was the last one (contracts/webhooks.md
 * 15.5). Never earlier than the schedule or `factor ** (attempt - 1)` has it; a receiver may ask for up to an hour.
 * `random` is in [0, 1).
 */
export const retryDelay = (
  policy: RetryPolicy,
  defaults: RetryDefaults,
  attempt: number,
  outcome: Outcome,
  random: number
): number | undefined => {
  if (outcome.class !== "retry" || outcome.wish !== undefined) return undefined
  if (attempt >= attemptsInAll(policy, defaults)) return undefined
  const least = policy.retry_schedule?.[attempt - 1] ?? Math.trunc(defaults.factor ** (attempt - 1))
  const jittered = least * (1 + policy.jitter * random)
  const asked = policy.honor_retry_after ? Math.min(outcome.retryAfter ?? 0, 3_600) : 0
  return Math.max(jittered, asked, outcome.statusCode === 429 ? 5 : 0)
}
