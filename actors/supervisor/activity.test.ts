import { assert, describe, it } from "@effect/vitest"
import type { AgentIdentity } from "../../schemas/agentd/agent.ts"
import { firstStep, type Step, step } from "../../runtime/actor/step.ts"
import { type AgentEvent, agentMachine } from "../agent/machine.ts"
import { activityOf, type AgentView } from "./agent-activity.ts"
import { memberState } from "./device-states.ts"
import type { LiveMember, QueueCall } from "./live-queues.ts"

const agent: AgentIdentity = { id: 7, tenantUuid: "t", number: "1001", users: [] }
const session = { extension: "1001", context: "ctx", stateInterface: "PJSIP/abcd", loginAt: 1_000 }
const call = { queue: "sales", callerNumber: "5551001", callerName: "", since: 3_000 }

const after = (...events: ReadonlyArray<AgentEvent>) => {
  let taken: Step = firstStep(agentMachine, undefined)
  for (const event of events) taken = step(agentMachine, taken.snapshot, event)
  // The machine is the agent's.
  const { state, since } = activityOf(taken.snapshot as unknown as AgentView)
  return [state, since]
}

const login: ReadonlyArray<AgentEvent> = [{ type: "login", agent, session, assigned: [] }, { type: "done" }]
const paused = (paused: boolean, at: number): AgentEvent => ({
  type: "asteriskPaused",
  agent,
  queue: "sales",
  paused,
  reason: "",
  at
})

describe("what an agent does", () => {
  it("logged off: since the last logoff, if there was one", () => {
    assert.deepStrictEqual(activityOf(undefined), { state: "logged_off", since: null })
    assert.deepStrictEqual(after(), ["logged_off", null])
    assert.deepStrictEqual(after(...login, { type: "logoff", agent, at: 9_000 }, { type: "done" }), [
      "logged_off",
      9_000
    ])
  })

  it("ready: since the login, the end of a pause, or the end of a call, whatever came last", () => {
    assert.deepStrictEqual(after(...login), ["ready", 1_000])
    assert.deepStrictEqual(after(...login, paused(true, 2_000), paused(false, 4_000)), ["ready", 4_000])
    assert.deepStrictEqual(
      after(...login, { type: "connected", call }, { type: "completed", wrapUp: 0, at: 5_000 }),
      ["ready", 5_000]
    )
  })

  it("paused, but a call that rings, is talked or wrapped up is told before a pause", () => {
    const inPause = [...login, paused(true, 2_000)]
    assert.deepStrictEqual(after(...inPause), ["paused", 2_000])
    assert.deepStrictEqual(after(...inPause, { type: "called", call }), ["ringing", 3_000])
    assert.deepStrictEqual(after(...inPause, { type: "connected", call }), ["talking", 3_000])
    const ended: AgentEvent = { type: "completed", wrapUp: 15_000, at: 5_000 }
    assert.deepStrictEqual(after(...inPause, { type: "connected", call }, ended), ["wrap_up", 5_000])
  })
})

describe("what a queue member does", () => {
  const member: LiveMember = {
    interface: "Local/id-7@agentcallback",
    name: "Agent/1001",
    stateInterface: "PJSIP/abcd",
    penalty: 0,
    paused: false,
    pausedReason: "",
    status: 1,
    inCall: false,
    callsTaken: 0,
    lastCall: 0,
    wrapUpTime: 0
  }
  const now = 100_000
  const state = (changes: Partial<LiveMember>, wrapUpTime = 0) =>
    memberState({ ...member, ...changes }, [], wrapUpTime, now)

  it("follows Asterisk's device states", () => {
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((status) => state({ status })),
      ["ready", "ready", "busy", "busy", "unavailable", "unavailable", "ringing", "ringing", "busy"]
    )
  })

  it("talks when a call of the queue is connected to it, whatever its device said", () => {
    const conversation: QueueCall = {
      uniqueid: "1.0",
      linkedid: "1.0",
      channel: "PJSIP/trunk-1",
      queue: "sales",
      callerNumber: "",
      callerName: "",
      state: "connected",
      position: 0,
      since: now,
      waited: 0,
      member: member.interface
    }
    assert.strictEqual(memberState({ ...member, status: 2 }, [conversation], 0, now), "talking")
    assert.strictEqual(
      memberState({ ...member, interface: "other", status: 2 }, [conversation], 0, now),
      "busy"
    )
    assert.strictEqual(state({ inCall: true, status: 1 }), "ready")
  })

  it("talks in this queue, wraps up for the queue's time or its own, then pauses or is ready", () => {
    assert.strictEqual(state({ inCall: true, status: 2, paused: true }), "talking")
    assert.strictEqual(state({ lastCall: 95_000, paused: true }, 10), "wrap_up")
    assert.strictEqual(state({ lastCall: 95_000 }, 5), "ready")
    assert.strictEqual(state({ lastCall: 95_000, wrapUpTime: 10 }, 0), "wrap_up")
    assert.strictEqual(state({ paused: true }), "paused")
  })
})
