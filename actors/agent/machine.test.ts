import { assert, describe, it } from "@effect/vitest"
import type { SnapshotFrom } from "xstate"
import { getShortestPaths } from "xstate/graph"
import { firstStep, type Step, step } from "../../runtime/actor/step.ts"
import type { AgentIdentity, QueueMembership } from "../../schemas/agentd/agent.ts"
import {
  type AgentContext,
  type AgentEvent,
  agentMachine,
  callsTakenOn,
  driftOf,
  missedConfiguration,
  startOfDay
} from "./machine.ts"

const agent: AgentIdentity = { id: 7, tenantUuid: "t", number: "1001", users: [{ id: 12, uuid: "u" }] }
const sales: QueueMembership = { id: 3, name: "sales", penalty: 3 }
const support: QueueMembership = { id: 4, name: "support", penalty: 0 }
const session = { extension: "1001", context: "ctx", stateInterface: "PJSIP/abcd", loginAt: 1_000 }
const login = (assigned: ReadonlyArray<QueueMembership>): AgentEvent => ({
  type: "login",
  agent,
  session,
  assigned
})
const call = { queue: "sales", callerNumber: "5551001", callerName: "Zoë", since: 5 }

type Snapshot = SnapshotFrom<typeof agentMachine>

/** Runs events one after the other and gives the last step, and everything emitted on the way. */
const live = (...events: ReadonlyArray<AgentEvent>) => {
  let taken: Step = firstStep(agentMachine, undefined)
  const emitted: Array<unknown> = [...taken.emitted]
  for (const event of events) {
    assert.isTrue(
      taken.snapshot.can(event),
      `${event.type} is taken in ${JSON.stringify(taken.snapshot.value)}`
    )
    taken = step(agentMachine, taken.snapshot, event)
    emitted.push(...taken.emitted)
  }
  // The machine is the agent's.
  return { ...taken, snapshot: taken.snapshot as Snapshot, emitted }
}

const onDuty: ReadonlyArray<AgentEvent> = [login([sales]), { type: "done" }]
const enabledBefore: ReadonlyArray<AgentEvent> = [{ type: "enabledAll", assigned: [sales] }]

describe("an agent that logs in (5.1)", () => {
  it("is committed as logging in, with everything Asterisk must be told, before Asterisk is told", () => {
    const { snapshot, actions } = live(...enabledBefore, login([sales, support]))
    assert.isTrue(snapshot.hasTag("pending"))
    assert.deepEqual(actions, [
      { type: "joinQueues", params: { agent, session, queues: [sales], entering: [] } }
    ])
  })

  it("is logged in where it said, not paused, when Asterisk was told", () => {
    const { snapshot, emitted } = live(...enabledBefore, login([sales]), { type: "done" })
    assert.deepEqual(snapshot.value, { on: { availability: "ready", call: "idle", queues: "settled" } })
    assert.deepEqual(snapshot.context.session, session)
    assert.deepEqual(emitted, [
      { type: "loginLogged", agent, session },
      { type: "status", agent, status: "logged_in" }
    ])
  })

  it("enters every assigned queue when none was enabled, and says so of each", () => {
    const { snapshot, emitted } = live(login([sales, support]), { type: "done" })
    assert.deepEqual(snapshot.context.enabled, [sales, support])
    assert.deepEqual(emitted.slice(2), [
      { type: "queueStatus", agent, queueId: 3, logged: true },
      { type: "queueStatus", agent, queueId: 4, logged: true }
    ])
  })

  it("enables the assigned queues that it had not heard of, but none that it logged off from", () => {
    const unheard = (...queues: ReadonlyArray<QueueMembership>): AgentEvent => ({
      type: "login",
      agent,
      session,
      assigned: [sales, support],
      unheard: queues
    })
    assert.deepEqual(live(unheard(sales, support)).actions[0]?.params, {
      agent,
      session,
      queues: [sales, support],
      entering: []
    })
    const left = live(
      login([sales, support]),
      { type: "done" },
      { type: "leaveQueue", agent, queue: sales, at: 9 },
      { type: "done" },
      { type: "logoff", agent, at: 10 },
      { type: "done" },
      unheard(sales)
    )
    assert.deepInclude(left.actions[0]?.params, { queues: [support], entering: [] })
  })

  it("takes the configured penalty of an enabled queue", () => {
    const old: AgentEvent = { type: "enabledAll", assigned: [{ ...sales, penalty: 9 }] }
    assert.deepEqual(live(old, login([sales]), { type: "done" }).snapshot.context.enabled, [sales])
  })

  it("does not enter an enabled queue that it is no longer assigned to", () => {
    const { snapshot } = live({ type: "enabledAll", assigned: [sales, support] }, login([support]), {
      type: "done"
    })
    assert.deepEqual(snapshot.context.enabled, [support])
  })

  it("stays off, with nothing told to anybody, when Asterisk is away", () => {
    const { snapshot, emitted, rejection } = live(login([sales]), { type: "asteriskAway" })
    assert.deepEqual(snapshot.value, { off: "settled" })
    assert.isNull(snapshot.context.session)
    assert.deepEqual(emitted, [])
    assert.strictEqual(rejection, "asterisk-away")
  })

  it("is refused while it is on duty", () => {
    assert.isFalse(live(...onDuty).snapshot.can(login([sales])))
  })
})

describe("an agent that logs off (5.4)", () => {
  const logoff: AgentEvent = { type: "logoff", agent, at: 61_999 }

  it("leaves its enabled queues and forgets its session, not its choice of queues", () => {
    const leaving = live(...onDuty, logoff)
    assert.isTrue(leaving.snapshot.hasTag("pending"))
    assert.deepEqual(leaving.actions, [
      { type: "leaveQueues", params: { agent, queues: [sales], withBlf: true } }
    ])
    const { snapshot, emitted } = live(...onDuty, logoff, { type: "done" })
    assert.isNull(snapshot.context.session)
    assert.deepEqual(snapshot.context.enabled, [sales])
    assert.deepEqual(emitted.slice(-2), [
      { type: "logoffLogged", agent, session, at: 61_999 },
      { type: "status", agent, status: "logged_out" }
    ])
  })

  it("says that it is unpaused for each report of Asterisk that comes after", () => {
    const unpaused: AgentEvent = { type: "asteriskPaused", agent, queue: "sales", paused: false, reason: "" }
    const { emitted, snapshot } = live(...onDuty, logoff, { type: "done" }, unpaused)
    assert.deepEqual(emitted.at(-1), { type: "paused", agent, queue: "sales", paused: false, reason: "" })
    assert.deepEqual(snapshot.value, { off: "settled" })
  })

  it("stays on duty as it was when Asterisk is away", () => {
    const paused: AgentEvent = {
      type: "asteriskPaused",
      agent,
      queue: "sales",
      paused: true,
      reason: "lunch"
    }
    const { snapshot, rejection } = live(...onDuty, paused, logoff, { type: "asteriskAway" })
    assert.deepEqual(snapshot.value, { on: { availability: "paused", call: "idle", queues: "settled" } })
    assert.strictEqual(rejection, "asterisk-away")
  })

  it("is refused when it is off", () => {
    assert.isFalse(live().snapshot.can(logoff))
  })
})

describe("a pause (5.5)", () => {
  it("is asked of Asterisk and changes nothing by itself", () => {
    const { snapshot, actions } = live(...onDuty, { type: "pause", reason: "lunch" })
    assert.deepEqual(actions, [{ type: "setPause", params: { paused: true, reason: "lunch" } }])
    const after = step(agentMachine, snapshot, { type: "done" })
    assert.isFalse((after.snapshot as Snapshot).context.paused)
  })

  it("is there when Asterisk says so, with its reason, once for each queue", () => {
    const paused: AgentEvent = {
      type: "asteriskPaused",
      agent,
      queue: "sales",
      paused: true,
      reason: "lunch"
    }
    const { snapshot, emitted } = live(...onDuty, paused)
    assert.deepEqual(snapshot.value, { on: { availability: "paused", call: "idle", queues: "settled" } })
    assert.deepEqual([snapshot.context.paused, snapshot.context.pausedReason], [true, "lunch"])
    assert.deepEqual(emitted.at(-1), { type: "paused", agent, queue: "sales", paused: true, reason: "lunch" })
  })

  it("of an agent without enabled queues is accepted and asks nothing", () => {
    const { actions, snapshot } = live(login([]), { type: "done" }, { type: "pause", reason: null })
    assert.deepEqual(actions, [])
    assert.isFalse(snapshot.context.paused)
  })
})

describe("a queue of a logged agent (5.3)", () => {
  const leave: AgentEvent = { type: "leaveQueue", agent, queue: sales, at: 9 }

  it("is entered with the pause the agent has", () => {
    const paused: AgentEvent = {
      type: "asteriskPaused",
      agent,
      queue: "sales",
      paused: true,
      reason: "lunch"
    }
    const { actions } = live(...onDuty, paused, { type: "enterQueue", agent, queue: support })
    assert.deepInclude(actions[0]?.params, { add: [support], paused: true, reason: "lunch" })
  })

  it("that is entered already costs nothing", () => {
    const { actions, emitted } = live(...onDuty, { type: "enterQueue", agent, queue: sales })
    assert.deepEqual(actions, [])
    assert.lengthOf(emitted, 3)
  })

  it("that is left is said to be left", () => {
    const { snapshot, emitted } = live(login([sales, support]), { type: "done" }, leave, { type: "done" })
    assert.deepEqual(snapshot.context.enabled, [support])
    assert.deepEqual(emitted.at(-1), { type: "queueStatus", agent, queueId: 3, logged: false })
  })

  it("that is left as the last one logs the agent off, without a pause to undo", () => {
    const { snapshot, actions } = live(...onDuty, leave, { type: "done" })
    assert.strictEqual(snapshot.value, "loggingOff")
    assert.deepEqual(actions, [{ type: "leaveQueues", params: { agent, queues: [], withBlf: true } }])
  })
})

describe("an assignment through agentd (5.6)", () => {
  it("enables the queue of a logged-off agent and is written with it", () => {
    const { snapshot, emitted } = live({ type: "addToQueue", agent, queue: sales }, { type: "done" })
    assert.deepEqual(snapshot.context.enabled, [sales])
    assert.deepEqual(emitted, [{ type: "assignment", agentId: 7, queueId: 3, assigned: true }])
  })

  it("that ends with the last queue leaves the agent logged in", () => {
    const { snapshot } = live(...onDuty, { type: "removeFromQueue", agent, queue: sales }, { type: "done" })
    assert.deepEqual(snapshot.context.enabled, [])
    assert.isTrue(snapshot.matches("on"))
  })
})

describe("what the configuration says (5.8)", () => {
  const configured = (...assigned: ReadonlyArray<QueueMembership>): AgentEvent => ({
    type: "configured",
    agent,
    assigned
  })
  const done: AgentEvent = { type: "done" }
  const away: AgentEvent = { type: "asteriskAway" }

  it("is taken without a word to Asterisk while the agent is off", () => {
    const { snapshot, actions } = live({ type: "assigned", agent, queue: sales })
    assert.deepEqual(snapshot.context.enabled, [sales])
    assert.deepEqual(actions, [])
    assert.deepEqual(
      live({ type: "assigned", agent, queue: sales }, configured()).snapshot.context.enabled,
      []
    )
  })

  it("is told to Asterisk on duty, and taken even when Asterisk is away", () => {
    const told = live(...onDuty, { type: "assigned", agent, queue: support })
    assert.deepInclude(told.actions[0]?.params, { add: [support], announce: "none" })
    for (const end of [done, away]) {
      const { snapshot, rejection } = live(...onDuty, { type: "assigned", agent, queue: support }, end)
      assert.deepEqual(snapshot.context.enabled, [sales, support])
      assert.isUndefined(rejection)
    }
  })

  it("of an assignment that is known already changes its penalty at most", () => {
    const machine = live(...onDuty).snapshot
    assert.isFalse(machine.can({ type: "assigned", agent, queue: sales }))
    const { actions } = live(...onDuty, { type: "assigned", agent, queue: { ...sales, penalty: 9 } })
    assert.deepInclude(actions[0]?.params, { add: [], penalties: [{ ...sales, penalty: 9 }] })
  })

  it("leaves alone the queues that the agent logged off from by itself", () => {
    const leave: AgentEvent = { type: "leaveQueue", agent, queue: sales, at: 9 }
    const left = live(login([sales, support]), done, leave, done)
    assert.deepEqual(left.snapshot.context.left, [sales.id])
    assert.isFalse(left.snapshot.can(configured(sales, support)))
    assert.isFalse(missedConfiguration(left.snapshot.context, [sales, support]))
    const back = live(
      login([sales, support]),
      done,
      leave,
      done,
      { type: "enterQueue", agent, queue: sales },
      done
    )
    assert.deepEqual(back.snapshot.context.left, [])
    const again = live(
      login([sales, support]),
      done,
      leave,
      done,
      { type: "assigned", agent, queue: sales },
      done
    )
    assert.deepEqual(again.snapshot.context.enabled, [support, sales])
  })

  it("adds, removes and changes in one go what was missed", () => {
    const other = { ...support, id: 5, name: "other" }
    const mending = live(login([sales, support]), done, configured({ ...sales, penalty: 8 }, other))
    assert.deepInclude(mending.actions[0]?.params, {
      add: [other],
      remove: [support],
      penalties: [{ ...sales, penalty: 8 }]
    })
    assert.isTrue(missedConfiguration(undefined, [sales]))
    assert.isFalse(missedConfiguration(undefined, []))
  })

  it("a queue that is deleted is forgotten, entered or left, and nobody is told", () => {
    const { snapshot, actions, emitted } = live(...onDuty, { type: "queueDeleted", queueId: sales.id })
    assert.deepEqual(snapshot.context.enabled, [])
    assert.isTrue(snapshot.matches("on"))
    assert.deepEqual(actions, [])
    assert.lengthOf(emitted, 3)
    assert.isFalse(snapshot.can({ type: "queueDeleted", queueId: sales.id }))
  })

  it("an agent that is forgotten is logged off and holds nothing, whether Asterisk could be told or not", () => {
    const forgotten: AgentEvent = { type: "forgotten", at: 77, withBlf: false }
    for (const end of [done, away]) {
      const leaving = live(...onDuty, forgotten)
      assert.isTrue(leaving.snapshot.hasTag("pending"))
      assert.deepEqual(leaving.actions, [
        { type: "leaveQueues", params: { agent, queues: [sales], withBlf: false } }
      ])
      const { snapshot, emitted, rejection } = live(...onDuty, forgotten, end)
      assert.isTrue(snapshot.matches("off"))
      assert.deepInclude(snapshot.context, { agent: null, session: null, enabled: [], left: [] })
      assert.deepEqual(emitted.slice(-2), [
        { type: "logoffLogged", agent, session, at: 77 },
        { type: "status", agent, status: "logged_out" }
      ])
      assert.isUndefined(rejection)
      assert.isFalse(snapshot.can(forgotten))
    }
  })

  it("the last queue is left together with the logoff, or not at all", () => {
    const leave: AgentEvent = { type: "leaveQueue", agent, queue: sales, at: 9 }
    const off = live(...onDuty, leave, done, done)
    assert.deepEqual(off.emitted.slice(-3), [
      { type: "queueStatus", agent, queueId: 3, logged: false },
      { type: "logoffLogged", agent, session, at: 9 },
      { type: "status", agent, status: "logged_out" }
    ])
    const still = live(...onDuty, leave, done, away)
    assert.deepEqual(still.snapshot.context.enabled, [sales])
    assert.isTrue(still.snapshot.matches("on"))
    assert.strictEqual(still.rejection, "asterisk-away")
    assert.lengthOf(still.emitted, 3)
  })
})

describe("a call", () => {
  it("rings, is talked, and is wrapped up for the queue's wrap-up time", () => {
    const ringing = live(...onDuty, { type: "called", call })
    assert.deepEqual(ringing.snapshot.value, {
      on: { availability: "ready", call: "ringing", queues: "settled" }
    })
    const talking = live(...onDuty, { type: "called", call }, { type: "connected", call })
    assert.isTrue(talking.snapshot.matches({ on: { call: "talking" } }))
    const wrapping = live(...onDuty, { type: "connected", call }, { type: "completed", wrapUp: 15_000 })
    assert.isTrue(wrapping.snapshot.matches({ on: { call: "wrapUp" } }))
    assert.deepEqual(
      wrapping.deadlines.map(({ delay }) => delay),
      [15_000]
    )
  })

  it("that nobody answers, or that the caller gives up, leaves the agent idle", () => {
    for (const end of [{ type: "notAnswered" }, { type: "deviceFree" }] as const) {
      assert.isTrue(live(...onDuty, { type: "called", call }, end).snapshot.matches({ on: { call: "idle" } }))
    }
  })
})

describe("what a supervisor sees of an agent's time", () => {
  const paused = (paused: boolean, at: number): AgentEvent => ({
    type: "asteriskPaused",
    agent,
    queue: "sales",
    paused,
    reason: "",
    at
  })

  it("ready since the login, paused since the first queue said so, ready again since the unpause", () => {
    const since = (...events: ReadonlyArray<AgentEvent>) =>
      live(...onDuty, ...events).snapshot.context.availabilitySince
    assert.strictEqual(since(), session.loginAt)
    assert.strictEqual(since(paused(true, 2_000), paused(true, 2_001)), 2_000)
    assert.strictEqual(since(paused(true, 2_000), paused(false, 3_000), paused(false, 3_001)), 3_000)
  })

  it("the call since it rang, since it was answered, and the wrap-up since it ended", () => {
    const since = (...events: ReadonlyArray<AgentEvent>) =>
      live(...onDuty, ...events).snapshot.context.callSince
    const answered: ReadonlyArray<AgentEvent> = [
      { type: "called", call },
      { type: "connected", call: { ...call, since: 9 } }
    ]
    assert.strictEqual(since({ type: "called", call }), 5)
    assert.strictEqual(since({ type: "called", call }, { type: "notAnswered", at: 8 }), 8)
    assert.strictEqual(since(...answered), 9)
    assert.strictEqual(since(...answered, { type: "completed", wrapUp: 15_000, at: 20 }), 20)
  })

  it("calls are counted when they are answered, over logoffs, anew on each day", () => {
    const two: ReadonlyArray<AgentEvent> = [
      { type: "called", call },
      { type: "connected", call },
      { type: "completed", wrapUp: 0 },
      { type: "connected", call }
    ]
    assert.strictEqual(callsTakenOn(live(...onDuty, ...two).snapshot.context, call.since), 2)
    const off: ReadonlyArray<AgentEvent> = [{ type: "logoff", agent, at: 77 }, { type: "done" }]
    assert.strictEqual(live(...onDuty, ...two, ...off).snapshot.context.loggedOffAt, 77)
    const { context } = live(...onDuty, ...two, ...off, ...onDuty).snapshot
    assert.strictEqual(callsTakenOn(context, call.since), 2)
    const tomorrow = startOfDay(call.since) + 36 * 3_600_000
    assert.strictEqual(callsTakenOn(context, tomorrow), 0)
    const later = live(...onDuty, ...two, { type: "connected", call: { ...call, since: tomorrow } })
    assert.strictEqual(callsTakenOn(later.snapshot.context, tomorrow), 1)
    assert.strictEqual(callsTakenOn(later.snapshot.context, call.since), 0)
  })

  it("a login that failed was no logoff", () => {
    const off: ReadonlyArray<AgentEvent> = [{ type: "logoff", agent, at: 77 }, { type: "done" }]
    const failed = live(...onDuty, ...off, login([sales]), { type: "asteriskAway" })
    assert.strictEqual(failed.snapshot.context.loggedOffAt, 77)
  })
})

describe("drift", () => {
  const member = { queue: "sales", penalty: 3, paused: false, reason: "" }

  it("is what Asterisk has forgotten, what it should not have, and wrong penalties", () => {
    assert.deepEqual(driftOf([sales], [], true).add, [sales])
    assert.deepEqual(driftOf([sales], [{ ...member, penalty: 1 }], true).penalties, [sales])
    assert.deepEqual(driftOf([], [member], true).remove, [{ id: 0, name: "sales", penalty: 3 }])
    assert.deepEqual(driftOf([sales], [member], false).remove, [{ id: 0, name: "sales", penalty: 3 }])
  })

  it("is none when both agree", () => {
    assert.deepEqual(driftOf([sales], [member], true), { add: [], remove: [], penalties: [] })
  })
})

describe("the whole machine", () => {
  const events: ReadonlyArray<AgentEvent> = [
    login([sales, support]),
    { type: "logoff", agent, at: 9 },
    { type: "pause", reason: null },
    { type: "unpause" },
    { type: "enterQueue", agent, queue: support },
    { type: "leaveQueue", agent, queue: sales, at: 9 },
    { type: "addToQueue", agent, queue: sales },
    { type: "removeFromQueue", agent, queue: sales },
    { type: "assigned", agent, queue: sales },
    { type: "unassigned", agent, queueId: 3 },
    { type: "penaltiesChanged", agent, assigned: [{ ...sales, penalty: 9 }, support] },
    { type: "configured", agent, assigned: [sales] },
    { type: "queueDeleted", queueId: 3 },
    { type: "forgotten", at: 9, withBlf: true },
    { type: "asteriskMembers", agent, members: [] },
    { type: "asteriskPaused", agent, queue: "sales", paused: true, reason: "" },
    { type: "asteriskPaused", agent, queue: "sales", paused: false, reason: "" },
    { type: "called", call },
    { type: "notAnswered" },
    { type: "connected", call },
    { type: "completed", wrapUp: 1 },
    { type: "done" },
    { type: "asteriskAway" }
  ]
  const states = new Map(
    getShortestPaths(agentMachine, {
      events: [...events],
      serializeState: (state) =>
        JSON.stringify([state.value, (state as Snapshot).context.enabled.map(({ id }) => id).sort()]),
      limit: 20_000
    }).map(({ state }) => [JSON.stringify(state.value), state as Snapshot])
  )

  it("is walked: off, logging in, logging off and every region of duty are reached", () => {
    const values = [...states.keys()].join("\n")
    for (const name of [
      "settled",
      "changing",
      "loggingIn",
      "loggingOff",
      "beingForgotten",
      "ready",
      "paused",
      "ringing",
      "talking",
      "wrapUp",
      "pausing"
    ]) {
      assert.include(values, name)
    }
  })

  it("has no dead end: something is taken in every state", () => {
    for (const [value, state] of states)
      assert.isTrue(
        events.some((event) => state.can(event)),
        value
      )
  })

  it("answers in every pending state, whether Asterisk was told or is away", () => {
    for (const [value, state] of states) {
      if (!state.hasTag("pending")) continue
      assert.isTrue(state.can({ type: "done" }), value)
      assert.isTrue(state.can({ type: "asteriskAway" }), value)
    }
  })

  it("holds a session exactly while it is not off", () => {
    for (const [value, state] of states) {
      const context: AgentContext = state.context
      assert.strictEqual(context.session !== null, !state.matches("off"), value)
    }
  })
})
