import { assert, describe, it } from "@effect/vitest"
import type { AmiMessage } from "../../runtime/ami/ami.ts"
import { AmiDecoder } from "../../runtime/ami/codec.ts"
import { type Recording, readDialogue, readRecording } from "../../runtime/ami/recordings.ts"
import { LiveQueues, queueEvents } from "./live-queues.ts"

const start = 1_000_000

const makeQueues = () => {
  const clock = { now: start }
  const changed: Array<string> = []
  const queues = new LiveQueues(
    () => clock.now,
    (queue) => changed.push(queue)
  )
  return { queues, clock, changed }
}

const message = (headers: Readonly<Record<string, string | number>>): AmiMessage => ({
  headers: Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
})

const params = (queue: string, counters: Readonly<Record<string, string | number>> = {}) =>
  message({ Event: "QueueParams", Queue: queue, ...counters })

const join = (uniqueid: string, position: number, queue = "sales") =>
  message({
    Event: "QueueCallerJoin",
    Queue: queue,
    Uniqueid: uniqueid,
    Linkedid: uniqueid,
    Channel: `PJSIP/trunk-${uniqueid}`,
    CallerIDNum: `0${uniqueid}`,
    CallerIDName: "<unknown>",
    Position: position
  })
const about = (event: string, uniqueid: string, more: Readonly<Record<string, string | number>> = {}) =>
  message({
    Event: event,
    Queue: "sales",
    Uniqueid: uniqueid,
    Channel: `PJSIP/trunk-${uniqueid}`,
    Interface: "Local/id-7@agentcallback",
    ...more
  })

/** The queue events of a recording, in order. */
const recordedEvents = (name: Recording): ReadonlyArray<AmiMessage> => {
  const decoder = new AmiDecoder()
  const events: Array<AmiMessage> = []
  const names = new Set<string>(queueEvents)
  decoder.push(readRecording(name), (received) => {
    if (names.has(received.headers[0]?.[1] ?? "")) events.push(received)
  })
  return events
}

/** The messages of each recorded answer to QueueStatus for all queues. */
const recordedStatuses = (): ReadonlyArray<ReadonlyArray<AmiMessage>> =>
  readDialogue()
    .filter(
      ({ sent }) => sent[0] === "Action: QueueStatus" && !sent.some((line) => line.startsWith("Queue:"))
    )
    .map(({ received }) =>
      received
        .join("\r\n")
        .split("\r\n\r\n")
        .map((text) => ({
          headers: text.split("\r\n").map((line) => {
            const colon = line.indexOf(": ")
            return [line.slice(0, colon), line.slice(colon + 2)] as const
          })
        }))
    )

const positions = (queues: LiveQueues) =>
  queues.queue("sales")?.waiting.map(({ uniqueid, position }) => `${position}:${uniqueid}`)

describe("the recorded day of two queues", () => {
  it("counts two answered calls and one that was abandoned; nobody is left over", () => {
    const { queues } = makeQueues()
    for (const event of recordedEvents("queue-calls.events.ami")) queues.apply(event)
    const sales = queues.queue("sales")
    const support = queues.queue("support")
    assert.deepStrictEqual(
      [sales?.answered, support?.answered, (sales?.abandoned ?? 0) + (support?.abandoned ?? 0)],
      [1, 1, 1]
    )
    assert.deepStrictEqual(queues.calls(), [])
    assert.deepStrictEqual([sales?.members, support?.members], [[], []])
  })

  it("shows each step on the way", () => {
    const { queues } = makeQueues()
    const states: Array<string> = []
    for (const event of recordedEvents("queue-calls.events.ami")) {
      queues.apply(event)
      const { waiting = [], connected = [] } = queues.queue("sales") ?? {}
      const state = [
        ...waiting.map((call) => `${call.position} ${call.callerNumber} waits`),
        ...connected.map((call) => `${call.callerNumber} talks to ${call.member}`)
      ].join()
      if (states.at(-1) !== state) states.push(state)
    }
    assert.deepStrictEqual(states.slice(0, 5), [
      "",
      "1 5551001 waits",
      "",
      "5551001 talks to Local/1001@default",
      ""
    ])
  })

  it("a busy minute: every call of 120 is answered and gone", () => {
    const { queues } = makeQueues()
    for (const event of recordedEvents("queue-load.events.ami")) queues.apply(event)
    const answered = ["sales", "support"].map((name) => queues.queue(name)?.answered ?? 0)
    assert.strictEqual(
      answered.reduce((sum, count) => sum + count, 0),
      120
    )
    assert.deepStrictEqual(queues.calls(), [])
  })

  it("the recorded statuses give members and threshold as Asterisk lists them", () => {
    const [first, second] = recordedStatuses()
    assert.isDefined(first)
    assert.isDefined(second)
    const { queues } = makeQueues()
    queues.replace(first, [])
    assert.strictEqual(queues.queue("sales")?.serviceLevel, 20)
    assert.deepStrictEqual(queues.queue("sales")?.members, [])
    queues.replace(second, [])
    assert.deepStrictEqual(
      queues
        .queue("sales")
        ?.members.map(({ name }) => name)
        .sort(),
      ["Agent/1001", "Agent/1002"]
    )
  })
})

describe("the line of waiting callers", () => {
  it("moves up when somebody leaves it, and makes room for one with priority", () => {
    const { queues } = makeQueues()
    for (const event of [join("1", 1), join("2", 2), join("3", 3), join("9", 1)]) queues.apply(event)
    assert.deepStrictEqual(positions(queues), ["1:9", "2:1", "3:2", "4:3"])
    queues.apply(about("QueueCallerLeave", "1"))
    assert.deepStrictEqual(positions(queues), ["1:9", "2:2", "3:3"])
  })

  it("an abandoned call is counted once and leaves the line once", () => {
    const { queues } = makeQueues()
    for (const event of [join("1", 1), join("2", 2)]) queues.apply(event)
    for (const event of [
      about("QueueCallerAbandon", "1"),
      about("QueueCallerLeave", "1"),
      about("Hangup", "1")
    ]) {
      queues.apply(event)
    }
    assert.deepStrictEqual(positions(queues), ["1:2"])
    assert.strictEqual(queues.queue("sales")?.abandoned, 1)
  })

  it("a caller whose channel is gone is gone, whatever was missed", () => {
    const { queues, changed } = makeQueues()
    queues.apply(join("1", 1))
    changed.length = 0
    queues.apply(message({ Event: "Hangup", Uniqueid: "1" }))
    queues.apply(message({ Event: "Hangup", Uniqueid: "other" }))
    assert.deepStrictEqual([positions(queues), changed], [[], ["sales"]])
  })
})

describe("answered calls", () => {
  it("are in time when the caller waited no longer than the service level", () => {
    const { queues } = makeQueues()
    queues.replace([params("sales", { ServiceLevel: 20 })], [])
    assert.isNull(queues.queue("sales")?.answeredInTime)
    for (const [uniqueid, waited] of [
      ["1", 5],
      ["2", 20],
      ["3", 21],
      ["4", 90]
    ] as const) {
      queues.apply(join(uniqueid, 1))
      queues.apply(about("QueueCallerLeave", uniqueid))
      queues.apply(about("AgentConnect", uniqueid, { HoldTime: waited }))
    }
    const sales = queues.queue("sales")
    assert.deepStrictEqual([sales?.answered, sales?.answeredInTime], [4, 0.5])
    assert.deepStrictEqual(
      sales?.connected.map(({ waited }) => waited),
      [5, 20, 21, 90]
    )
  })

  it("end with the conversation, and stay counted", () => {
    const { queues } = makeQueues()
    queues.apply(about("AgentConnect", "1", { HoldTime: 3 }))
    assert.strictEqual(queues.call("PJSIP/trunk-1")?.member, "Local/id-7@agentcallback")
    queues.apply(about("AgentComplete", "1"))
    assert.isUndefined(queues.call("1"))
    assert.strictEqual(queues.queue("sales")?.answered, 1)
  })
})

describe("a status of Asterisk", () => {
  const talking = {
    Event: "CoreShowChannel",
    Channel: "PJSIP/trunk-5",
    Uniqueid: "5",
    Linkedid: "5",
    Application: "Queue",
    ApplicationData: "sales,,,,300",
    BridgeId: "b",
    Duration: "00:01:30"
  }
  const member = {
    Event: "QueueMember",
    Queue: "sales",
    Name: "Agent/1001",
    Location: "Local/id-7@agentcallback",
    StateInterface: "PJSIP/abcd",
    InCall: 1,
    Status: 2
  }
  const leg = { Event: "CoreShowChannel", Channel: "PJSIP/abcd-0000001", Uniqueid: "6", Linkedid: "5" }

  it("replaces what was known: queues, members, callers with the time they wait", () => {
    const { queues, changed } = makeQueues()
    queues.apply(join("1", 1, "old"))
    changed.length = 0
    queues.replace(
      [
        params("sales", { Completed: 8, ServicelevelPerf: "75.0", Abandoned: 2, ServiceLevel: 20 }),
        message({ ...member, InCall: 0 }),
        message({
          Event: "QueueEntry",
          Queue: "sales",
          Position: 1,
          Uniqueid: "4",
          Channel: "PJSIP/t-4",
          Wait: 12,
          CallerIDNum: "unknown"
        })
      ],
      []
    )
    const sales = queues.queue("sales")
    assert.deepInclude(sales, { answered: 8, abandoned: 2, answeredInTime: 0.75, serviceLevel: 20 })
    assert.deepStrictEqual(
      sales?.waiting.map(({ since, callerNumber }) => [since, callerNumber]),
      [[start - 12_000, ""]]
    )
    assert.isUndefined(queues.queue("old"))
    assert.deepStrictEqual(changed.sort(), ["old", "sales"])
  })

  it("finds the conversations under way, and who has them", () => {
    const { queues } = makeQueues()
    queues.replace([params("sales", { Completed: 8 }), message(member)], [message(talking), message(leg)])
    const sales = queues.queue("sales")
    assert.strictEqual(sales?.answered, 9)
    assert.deepStrictEqual(
      sales?.connected.map(({ uniqueid, member: by, since }) => [uniqueid, by, since]),
      [["5", "Local/id-7@agentcallback", start - 90_000]]
    )
    queues.apply(about("AgentConnect", "5", { HoldTime: 3 }))
    assert.strictEqual(queues.queue("sales")?.answered, 9)
  })

  it("loses nothing that happened while it was on its way", () => {
    const { queues } = makeQueues()
    queues.replace([params("sales")], [])
    queues.expectStatus()
    queues.apply(join("1", 1))
    queues.apply(join("2", 2))
    queues.apply(about("QueueCallerAbandon", "1"))
    queues.replace([params("sales")], [])
    assert.deepStrictEqual(positions(queues), ["1:2"])
    assert.strictEqual(queues.queue("sales")?.abandoned, 1)
  })
})

it("an event of a queue that is not known asks for a new status", () => {
  const { queues } = makeQueues()
  assert.isTrue(queues.apply(join("1", 1)))
  assert.isFalse(queues.apply(join("2", 2)))
})

it("members come, change and go", () => {
  const { queues } = makeQueues()
  const status = { MemberName: "Agent/1001", StateInterface: "PJSIP/abcd", Penalty: 3, Status: 6, InCall: 0 }
  queues.apply(about("QueueMemberAdded", "", { ...status, Status: 1, Paused: 0 }))
  queues.apply(about("QueueMemberPause", "", { ...status, Paused: 1, PausedReason: "lunch" }))
  assert.deepStrictEqual(
    queues.membershipsOf("Local/id-7@agentcallback").map(({ queue }) => queue),
    ["sales"]
  )
  assert.deepInclude(queues.queue("sales")?.members[0], {
    name: "Agent/1001",
    stateInterface: "PJSIP/abcd",
    penalty: 3,
    paused: true,
    pausedReason: "lunch",
    status: 6
  })
  queues.apply(about("QueueMemberRemoved", "", status))
  assert.deepStrictEqual(queues.queue("sales")?.members, [])
})
