import { assert, describe, it } from "@effect/vitest"
import { firstStep, type Step, step } from "../../runtime/actor/step.ts"
import {
  type BreakerRules,
  breakerRules,
  type SubscriptionEvent,
  subscriptionMachineWith
} from "./machine.ts"

const subscription = { uuid: "s", name: "crm", tenantUuid: "t", ownerUserUuid: null }
const failed = (at: number, firstOfHook = true): SubscriptionEvent => ({
  type: "attemptsFailed",
  subscription,
  at,
  attempts: 1,
  hooks: firstOfHook ? 1 : 0
})
const succeeded = (at: number): SubscriptionEvent => ({ type: "attemptSucceeded", subscription, at })

/** Runs events one after the other and gives the last step, and everything emitted on the way. */
const live = (...events: ReadonlyArray<SubscriptionEvent | "cooled">) => liveBy(breakerRules, ...events)

const liveBy = (rules: BreakerRules, ...events: ReadonlyArray<SubscriptionEvent | "cooled">) => {
  const machine = subscriptionMachineWith(rules)
  let taken: Step = firstStep(machine, undefined)
  const emitted: Array<unknown> = []
  for (const event of events) {
    const timer = taken.deadlines.at(-1)?.event
    taken = step(
      machine,
      taken.snapshot,
      event === "cooled" && timer !== undefined ? timer : (event as SubscriptionEvent)
    )
    emitted.push(...taken.emitted)
  }
  return { ...taken, emitted }
}

const times = <A>(count: number, make: (index: number) => A) =>
  Array.from({ length: count }, (_, index) => make(index))
const names = (emitted: ReadonlyArray<unknown>) =>
  emitted.map((one) => {
    const { type, ...rest } = one as {
      type: string
      name?: string
      state?: string
      failing?: boolean
      enabled?: boolean
    }
    return rest.name ?? `${type} ${String(rest.state ?? rest.failing ?? rest.enabled)}`
  })

describe("a subscription", () => {
  it("opens its breaker after 20 failures in a row over a minute, and not sooner", () => {
    const slow = times(20, (index) => failed(index * 4_000))
    assert.deepEqual(live(...slow.slice(0, 19)).snapshot.value, { enabled: "closed" })
    const { snapshot, emitted, deadlines } = live(...slow)
    assert.deepEqual(snapshot.value, { enabled: "open" })
    assert.deepEqual(names(emitted), ["failing true", "webhookd_breaker_opened", "breaker open"])
    assert.strictEqual(deadlines[0]?.delay, breakerRules.coolDownMillis)
  })

  it("opens it when 70 % of at least 20 attempts of five minutes fail", () => {
    const mixed = times(20, (index) => (index % 10 < 3 ? succeeded(index) : failed(index)))
    assert.deepEqual(live(...mixed).snapshot.value, { enabled: "open" })
    const better = times(20, (index) => (index % 10 < 4 ? succeeded(index) : failed(index)))
    assert.deepEqual(live(...better).snapshot.value, { enabled: "closed" })
    const old = [...times(19, (index) => failed(index)), failed(breakerRules.ratioMillis + 20_000)]
    assert.deepEqual(live(...old, failed(1)).snapshot.value, { enabled: "open" })
  })

  it("tries one hook when it has cooled down: success closes, failure opens for twice as long", () => {
    const opened = times(20, (index) => failed(index))
    const probing = live(...opened, "cooled")
    assert.deepEqual(probing.snapshot.value, { enabled: "halfOpen" })
    assert.strictEqual(names(probing.emitted).at(-1), "breaker half_open")
    const again = live(...opened, "cooled", failed(99))
    assert.deepEqual(again.snapshot.value, { enabled: "open" })
    assert.strictEqual(again.deadlines.at(-1)?.delay, 2 * breakerRules.coolDownMillis)
    const closed = live(...opened, "cooled", succeeded(99))
    assert.deepEqual(closed.snapshot.value, { enabled: "closed" })
    assert.includeMembers(names(closed.emitted), [
      "breaker closed",
      "webhookd_breaker_closed",
      "failing false"
    ])
  })

  it("is disabled after 120 hours of nothing but failures of ten hooks", () => {
    const late = breakerRules.disableMillis
    const nine = live(...times(8, (index) => failed(index)), failed(late))
    assert.notDeepEqual(nine.snapshot.value, "disabled")
    const ten = live(...times(9, (index) => failed(index)), failed(late))
    assert.deepEqual(ten.snapshot.value, "disabled")
    assert.includeMembers(names(ten.emitted), ["enabled false", "webhookd_subscription_disabled"])
    const saved = live(...times(9, (index) => failed(index)), succeeded(10), failed(late))
    assert.deepEqual(saved.snapshot.value, { enabled: "closed" })
  })

  it("counts attempts that failed together one by one", () => {
    const together = live({ type: "attemptsFailed", subscription, at: 1, attempts: 20, hooks: 20 })
    assert.deepEqual(together.snapshot.value, { enabled: "open" })
    assert.strictEqual(together.snapshot.context.failedHooks, 20)
  })

  it("follows the knobs: no breaker, other figures, never given up", () => {
    const many = times(100, (index) => failed(index))
    assert.deepEqual(liveBy({ ...breakerRules, enabled: false }, ...many).snapshot.value, {
      enabled: "closed"
    })
    const quick = { ...breakerRules, ratioAttempts: 3, coolDownMillis: 5 }
    const opened = liveBy(quick, failed(1), failed(2), failed(3))
    assert.deepEqual(opened.snapshot.value, { enabled: "open" })
    assert.strictEqual(opened.deadlines[0]?.delay, 5)
    const never = { ...breakerRules, disableMillis: 0 }
    const late = [...times(9, (index) => failed(index)), failed(breakerRules.disableMillis * 10)]
    assert.deepEqual(liveBy(never, ...late).snapshot.value, { enabled: "closed" })
  })

  it("is disabled and enabled by hand; enabling closes the breaker", () => {
    const off = live({ type: "disable", subscription, reason: "by hand" })
    assert.deepEqual(off.snapshot.value, "disabled")
    const on = live(
      ...times(20, (index) => failed(index)),
      { type: "disable", subscription, reason: "by hand" },
      { type: "enable", subscription }
    )
    assert.deepEqual(on.snapshot.value, { enabled: "closed" })
    assert.deepInclude(on.snapshot.context, { consecutiveFailures: 0, disabledReason: null, openings: 0 })
    assert.includeMembers(names(on.emitted), [
      "enabled true",
      "breaker closed",
      "webhookd_subscription_enabled"
    ])
  })

  it("tells of a delivery that was given up", () => {
    const { emitted } = live({ type: "exhausted", subscription, deliveryUuid: "d", reason: "503" })
    assert.deepEqual(emitted, [
      { type: "notice", name: "webhookd_delivery_exhausted", subscription, reason: "503", deliveryUuid: "d" }
    ])
  })
})
