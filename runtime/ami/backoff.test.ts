import { assert, describe, it } from "@effect/vitest"
import { backoff } from "./backoff.ts"

describe("the pause before the next attempt to connect", () => {
  it("is at most 1 s after the first failure, whatever the longest pause", () => {
    for (const random of [0, 0.5, 0.999]) {
      assert.isAtMost(
        backoff(1, 5000, () => random),
        1000
      )
      assert.isAtLeast(
        backoff(1, 5000, () => random),
        500
      )
    }
  })

  it("grows to the longest pause and never over it", () => {
    const pauses = [1, 2, 3, 4, 10, 100_000].map((failures) => backoff(failures, 5000, () => 0))
    assert.deepStrictEqual(pauses, [1000, 2000, 4000, 5000, 5000, 5000])
    assert.strictEqual(
      backoff(1, 200, () => 0),
      200
    )
  })

  it("differs from client to client", () => {
    assert.notStrictEqual(
      backoff(5, 5000, () => 0.1),
      backoff(5, 5000, () => 0.9)
    )
  })
})
