import { assert, describe, it } from "@effect/vitest"
import { getShortestPaths } from "xstate/graph"
import { firstStep, type Step, step } from "../../runtime/actor/step.ts"
import { type AmiSessionEvent, amiSessionMachine } from "./machine.ts"

const live = (...events: ReadonlyArray<AmiSessionEvent>): Step =>
  events.reduce<Step>(
    ({ snapshot }, event) => step(amiSessionMachine, snapshot, event),
    firstStep(amiSessionMachine, undefined)
  )

const seen = (taken: Step) => [
  taken.snapshot.value,
  taken.actions.map(({ type }) => type),
  taken.deadlines.map(({ delay }) => delay)
]

const start: AmiSessionEvent = { type: "start" }
const connected: AmiSessionEvent = { type: "connected", banner: "Asterisk Call Manager/13.0.0" }
const authenticated: AmiSessionEvent = { type: "authenticated" }
const booted: AmiSessionEvent = { type: "fullyBooted" }
const synchronised: AmiSessionEvent = { type: "synchronised" }
const lost: AmiSessionEvent = { type: "lost", message: "connection reset" }
const up = [start, connected, authenticated, booted, synchronised]

describe("the AMI session (7.2, 7.4)", () => {
  it("connects, logs in after the banner, waits for FullyBooted, brings Asterisk in line, and is up", () => {
    assert.deepEqual(seen(live(start)), ["connecting", ["connect"], []])
    assert.deepEqual(seen(live(start, connected)), ["authenticating", ["authenticate"], []])
    assert.deepEqual(seen(live(start, connected, authenticated)), ["booting", [], [2_000]])
    assert.deepEqual(seen(live(...up.slice(0, 4))), ["synchronising", ["synchronise"], []])
    assert.deepEqual(seen(live(...up)), ["up", [], []])
  })

  it("brings Asterisk in line again when it has booted anew", () => {
    assert.deepEqual(seen(live(...up, booted)), ["synchronising", ["synchronise"], []])
  })

  it("tries again for ever: after a refused connection, a refused login, a loss at any moment", () => {
    const failures: ReadonlyArray<ReadonlyArray<AmiSessionEvent>> = [
      [start, { type: "connectFailed", message: "connection refused" }],
      ...up.slice(0, 5).map((_, index) => [...up.slice(0, index + 1), lost])
    ]
    for (const failure of failures) {
      const { snapshot, deadlines } = live(...failure)
      assert.strictEqual(snapshot.value, "disconnected")
      assert.lengthOf(deadlines, 1)
      assert.isTrue(snapshot.can(start))
    }
    const refused = live(start, connected, { type: "loginRefused", message: "Authentication failed" })
    assert.deepEqual(seen(refused), ["refused", ["disconnect"], [1_000]])
    assert.deepInclude(refused.snapshot.context, { attempts: 1, lastError: "Authentication failed" })
  })

  it("counts its failures, and forgets them when it is up", () => {
    assert.strictEqual(live(start, lost, start, lost).snapshot.context.attempts, 2)
    assert.deepInclude(live(start, lost, ...up).snapshot.context, { attempts: 0, lastError: null })
  })

  it("ends from every state, and begins again", () => {
    const states = getShortestPaths(amiSessionMachine, {
      events: [
        start,
        connected,
        authenticated,
        booted,
        synchronised,
        lost,
        { type: "loginRefused", message: "" }
      ],
      serializeState: (state) => JSON.stringify(state.value),
      limit: 1_000
    }).map(({ state }) => state)
    assert.isAbove(states.length, 6)
    for (const state of states) {
      const stopped = step(amiSessionMachine, state, { type: "stop" })
      assert.strictEqual(stopped.snapshot.value, "stopped")
      assert.strictEqual(step(amiSessionMachine, stopped.snapshot, start).snapshot.value, "connecting")
    }
  })
})
