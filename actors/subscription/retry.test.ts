import { assert, describe, it } from "@effect/vitest"
import { array, assert as check, double, nat, property } from "fast-check"
import { defaultPolicy } from "../../schemas/webhookd/policy.ts"
import type { Outcome } from "./outcome.ts"
import { attemptsInAll, retryDelay } from "./retry.ts"

const defaults = { maxAttempts: 10, factor: 2 }
const failure = (more: Partial<Outcome> = {}): Outcome => ({ class: "retry", detail: {}, ...more })

describe("the pause after a failed attempt", () => {
  it("doubles from one second up to 256, about eight and a half minutes in all, and there is none after the last", () => {
    const plain = { ...defaultPolicy, jitter: 0 }
    const pauses = Array.from({ length: 10 }, (_, index) =>
      retryDelay(plain, defaults, index + 1, failure(), 0.5)
    )
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, undefined])
    assert.strictEqual(retryDelay(plain, { ...defaults, factor: 1 }, 7, failure(), 0), 1)
  })

  it("is never shorter than the schedule has it, and longer by the jitter at most", () => {
    check(
      property(
        array(double({ min: 0, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 19 }),
        double({ min: 0, max: 0.5, noNaN: true }),
        double({ min: 0, max: 0.999, noNaN: true }),
        nat(),
        (schedule, jitter, random, at) => {
          const policy = { ...defaultPolicy, retry_schedule: schedule, jitter, max_attempts: 1 }
          assert.strictEqual(attemptsInAll(policy, defaults), schedule.length + 1)
          const attempt = (at % schedule.length) + 1
          const least = schedule[attempt - 1] ?? 0
          const delay = retryDelay(policy, defaults, attempt, failure(), random) ?? -1
          assert.isAtLeast(delay, least)
          assert.isAtMost(delay, least * (1 + jitter) + 1e-9)
          assert.isUndefined(retryDelay(policy, defaults, schedule.length + 1, failure(), random))
        }
      )
    )
  })

  it("follows Retry-After up to an hour, unless the policy is deaf to it, and 429 for five seconds at least", () => {
    const wait = (outcome: Partial<Outcome>, honor_retry_after = true) =>
      retryDelay({ ...defaultPolicy, jitter: 0, honor_retry_after }, defaults, 1, failure(outcome), 0)
    assert.strictEqual(wait({ retryAfter: 90 }), 90)
    assert.strictEqual(wait({ retryAfter: 0.5 }), 1)
    assert.strictEqual(wait({ retryAfter: 1e9 }), 3_600)
    assert.strictEqual(wait({ retryAfter: 90 }, false), 1)
    assert.strictEqual(wait({ statusCode: 429 }), 5)
    assert.strictEqual(wait({ statusCode: 429 }, false), 5)
  })

  it("is none after success, after what no attempt can mend, and when the receiver says so", () => {
    for (const outcome of [
      { class: "success", detail: {} },
      { class: "permanent", detail: {} },
      failure({ wish: "abort-message" }),
      failure({ wish: "disable" })
    ] as const) {
      assert.isUndefined(retryDelay(defaultPolicy, defaults, 1, outcome, 0))
    }
  })
})
