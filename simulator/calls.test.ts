import { describe, expect, it } from "vitest"
import { type AmiMessage, header } from "../runtime/ami/ami.ts"
import type { Party } from "./channel.ts"
import { makePbx, type Pbx, type PbxOptions } from "./pbx.ts"
import { pass } from "./recorded.ts"

const start = 1_795_174_179_000_000

/** Two agents of the queue sales, at phones that are picked up and hung up by hand. */
const callCentre = (options: Partial<PbxOptions> = {}) => {
  const pbx = makePbx({
    seed: "calls",
    queues: [
      { name: "sales", strategy: "leastrecent", timeout: 10, retry: 2, wrapUpTime: 8, serviceLevel: 20 }
    ],
    habits: { automatic: false },
    startTime: start,
    ...options
  })
  const events: Array<AmiMessage> = []
  pbx.onEvent(({ message }) => void events.push(message))
  return { pbx, events }
}
const login = (pbx: Pbx, id: number, penalty = 0) =>
  pbx.step(() =>
    pbx.queues.addMember("sales", {
      interfaceName: `Local/id-${id}@agentcallback`,
      memberName: `Agent/100${id}`,
      stateInterface: `PJSIP/line${id}`,
      penalty
    })
  )
const caller: Party = { number: "5551234", name: "Ada Palmer" }
const call = (pbx: Pbx) => pbx.step(() => pbx.call("sales", caller))
const phone = (pbx: Pbx, device: string) =>
  [...pbx.calls.channels.values()].find((channel) => channel.device === device)
const answer = (pbx: Pbx, device: string) =>
  pbx.step(() => {
    const channel = phone(pbx, device)
    return channel !== undefined && pbx.phones.answer(channel)
  })
const hangUp = (pbx: Pbx, device: string) =>
  pbx.step(() => {
    const channel = phone(pbx, device)
    if (channel !== undefined) pbx.calls.farEndHangup(channel)
  })
const named = (events: ReadonlyArray<AmiMessage>, ...names: ReadonlyArray<string>) =>
  events.filter((event) => names.includes(header(event, "Event") ?? ""))
const line = (event: AmiMessage, ...keys: ReadonlyArray<string>) =>
  [header(event, "Event"), ...keys.map((key) => header(event, key))].join(" ")

describe("a call to an agent of Strowger", () => {
  it("rings the phone of the member's state interface, and the member follows it", () => {
    const { pbx, events } = callCentre()
    login(pbx, 1)
    call(pbx)
    pass(pbx, 1)
    expect(answer(pbx, "PJSIP/line1")).toBe(true)
    pass(pbx, 3)
    hangUp(pbx, "PJSIP/line1")
    expect(named(events, "QueueMemberStatus").map((event) => line(event, "Status", "InCall"))).toEqual([
      "QueueMemberStatus 6 0",
      "QueueMemberStatus 2 1",
      "QueueMemberStatus 1 0"
    ])
    expect(
      named(events, "DeviceStateChange")
        .filter((event) => header(event, "Device") === "PJSIP/line1")
        .map((event) => header(event, "State"))
    ).toEqual(["RINGING", "INUSE", "NOT_INUSE"])
  })

  it("goes from the caller's arrival to the last hangup in the order of a queue call", () => {
    const { pbx, events } = callCentre()
    login(pbx, 1)
    call(pbx)
    pass(pbx, 1)
    answer(pbx, "PJSIP/line1")
    pass(pbx, 3)
    hangUp(pbx, "PJSIP/line1")
    const story = named(
      events,
      "QueueCallerJoin",
      "AgentCalled",
      "AgentConnect",
      "AgentComplete",
      "QueueCallerLeave",
      "Hangup"
    )
    expect(story.map((event) => line(event, "Channel"))).toEqual([
      "QueueCallerJoin PJSIP/trunk-00000000",
      "AgentCalled PJSIP/trunk-00000000",
      "QueueCallerLeave PJSIP/trunk-00000000",
      "AgentConnect PJSIP/trunk-00000000",
      "Hangup PJSIP/line1-00000001",
      "AgentComplete PJSIP/trunk-00000000",
      "Hangup Local/id-1@agentcallback-00000000;2",
      "Hangup PJSIP/trunk-00000000",
      "Hangup Local/id-1@agentcallback-00000000;1"
    ])
    expect(
      line(named(events, "AgentConnect")[0] ?? { headers: [] }, "Interface", "MemberName", "HoldTime")
    ).toBe("AgentConnect Local/id-1@agentcallback Agent/1001 1")
    expect(line(named(events, "AgentComplete")[0] ?? { headers: [] }, "TalkTime", "Reason")).toBe(
      "AgentComplete 3 agent"
    )
    expect(pbx.calls.channels.size).toBe(0)
    expect(pbx.calls.bridges.all.size).toBe(0)
  })

  it("that the caller ends says so", () => {
    const { pbx, events } = callCentre()
    login(pbx, 1)
    call(pbx)
    pass(pbx, 1)
    answer(pbx, "PJSIP/line1")
    hangUp(pbx, "PJSIP/trunk")
    expect(named(events, "AgentComplete").map((event) => header(event, "Reason"))).toEqual(["caller"])
    expect(pbx.calls.channels.size).toBe(0)
  })

  it("that is not answered in the queue's time is offered again after its retry time", () => {
    const { pbx, events } = callCentre()
    login(pbx, 1)
    call(pbx)
    pass(pbx, 10.5)
    expect(named(events, "AgentRingNoAnswer").map((event) => line(event, "Interface", "RingTime"))).toEqual([
      "AgentRingNoAnswer Local/id-1@agentcallback 10000"
    ])
    expect(pbx.devices.state("PJSIP/line1")).toBe("NOT_INUSE")
    pass(pbx, 2)
    expect(pbx.devices.state("PJSIP/line1")).toBe("RINGING")
    expect(answer(pbx, "PJSIP/line1")).toBe(true)
  })

  it("that was not answered pauses the member when the queue says so", () => {
    const { pbx } = callCentre({ queues: [{ name: "sales", timeout: 3, autoPause: true }] })
    login(pbx, 1)
    call(pbx)
    pass(pbx, 4)
    expect(pbx.queues.find("sales")?.members[0]).toMatchObject({ isPaused: true, pausedReason: "Auto-Pause" })
  })

  it("goes to nobody who is paused, busy, in wrap-up or whose phone is away", () => {
    const { pbx } = callCentre()
    for (const id of [1, 2, 3]) login(pbx, id)
    pbx.step(() => pbx.queues.pause(undefined, "Local/id-1@agentcallback", true, "lunch"))
    pbx.step(() => pbx.setDeviceState("PJSIP/line2", "UNAVAILABLE"))
    call(pbx)
    pass(pbx, 1)
    expect(pbx.devices.state("PJSIP/line3")).toBe("RINGING")
    answer(pbx, "PJSIP/line3")
    hangUp(pbx, "PJSIP/line3")
    call(pbx)
    pass(pbx, 7)
    expect(pbx.devices.state("PJSIP/line3")).toBe("NOT_INUSE")
    pass(pbx, 2)
    expect(pbx.devices.state("PJSIP/line3")).toBe("RINGING")
  })

  it("goes to the member of the lowest penalty, and to two members for two callers", () => {
    const { pbx } = callCentre()
    login(pbx, 1, 5)
    login(pbx, 2, 1)
    call(pbx)
    pass(pbx, 1)
    expect([pbx.devices.state("PJSIP/line1"), pbx.devices.state("PJSIP/line2")]).toEqual([
      "NOT_INUSE",
      "RINGING"
    ])
    call(pbx)
    pass(pbx, 1)
    expect(pbx.devices.state("PJSIP/line1")).toBe("RINGING")
  })

  it("rings everybody with ringall, and leaves the others alone when one answers", () => {
    const { pbx, events } = callCentre({ queues: [{ name: "sales", strategy: "ringall" }] })
    login(pbx, 1)
    login(pbx, 2)
    call(pbx)
    pass(pbx, 1)
    answer(pbx, "PJSIP/line2")
    expect([pbx.devices.state("PJSIP/line1"), pbx.devices.state("PJSIP/line2")]).toEqual([
      "NOT_INUSE",
      "INUSE"
    ])
    expect(named(events, "AgentConnect").length).toBe(1)
    pass(pbx, 30)
    expect(named(events, "AgentRingNoAnswer")).toEqual([])
  })

  it("rings a member of two queues for one caller at a time", () => {
    const { pbx } = callCentre({ queues: [{ name: "sales" }, { name: "support" }] })
    login(pbx, 1)
    pbx.step(() =>
      pbx.queues.addMember("support", {
        interfaceName: "Local/id-1@agentcallback",
        stateInterface: "PJSIP/line1"
      })
    )
    pbx.step(() => {
      pbx.call("sales", caller)
      pbx.call("support", caller)
    })
    pass(pbx, 1)
    expect([...pbx.calls.channels.values()].filter(({ device }) => device === "PJSIP/line1").length).toBe(1)
  })
})

describe("a caller", () => {
  it("who gives up is told as abandoned, with position and time", () => {
    const { pbx, events } = callCentre()
    call(pbx)
    call(pbx)
    pass(pbx, 25)
    hangUp(pbx, "PJSIP/trunk")
    const abandoned = named(events, "QueueCallerAbandon")[0] ?? { headers: [] }
    expect(line(abandoned, "Queue", "Position", "OriginalPosition", "HoldTime")).toBe(
      "QueueCallerAbandon sales 1 1 25"
    )
    const left = named(events, "QueueCallerLeave")[0] ?? { headers: [] }
    expect(line(left, "Position", "Count")).toBe("QueueCallerLeave 1 1")
    expect(pbx.queues.find("sales")).toMatchObject({ abandoned: 1, abandonedInTime: 0 })
  })

  it("who gives up while a phone rings stops it", () => {
    const { pbx, events } = callCentre()
    login(pbx, 1)
    call(pbx)
    pass(pbx, 1)
    hangUp(pbx, "PJSIP/trunk")
    expect(pbx.devices.state("PJSIP/line1")).toBe("NOT_INUSE")
    expect(pbx.calls.channels.size).toBe(0)
    expect(named(events, "QueueMemberStatus").map((event) => header(event, "Status"))).toEqual(["6", "1"])
  })

  it("is not let into a full queue", () => {
    const { pbx, events } = callCentre({ queues: [{ name: "sales", maxLength: 1 }] })
    call(pbx)
    call(pbx)
    expect(named(events, "QueueCallerJoin").length).toBe(1)
    expect(
      named(events, "VarSet").some((event) => line(event, "Variable", "Value") === "VarSet QUEUESTATUS FULL")
    ).toBe(true)
  })
})

describe("parking", () => {
  const parkedCall = () => {
    const { pbx, events } = callCentre()
    const channel = call(pbx)
    if (channel === undefined) throw new Error("no such queue")
    pbx.step(() => pbx.parking.park(channel))
    return { pbx, events, channel }
  }

  it("tells where a call is parked, and who fetched it", () => {
    const { pbx, events, channel } = parkedCall()
    expect(
      named(events, "ParkedCall").map((event) => line(event, "ParkeeChannel", "Parkinglot", "ParkingSpace"))
    ).toEqual([`ParkedCall ${channel.name} default 701`])
    const fetcher = pbx.step(() =>
      pbx.calls.newChannel({ device: "PJSIP/line9", context: "parkedcalls", exten: "701", state: "Ring" })
    )
    pbx.step(() => pbx.calls.goTo(fetcher, { context: "parkedcalls", exten: "701", priority: 1 }))
    expect(
      named(events, "UnParkedCall").map((event) => line(event, "ParkeeChannel", "RetrieverChannel"))
    ).toEqual([`UnParkedCall ${channel.name} ${fetcher.name}`])
    expect(channel.bridge?.channels).toContain(fetcher)
    hangUp(pbx, "PJSIP/line9")
    expect(pbx.calls.channels.size).toBe(0)
  })

  it("ends with a timeout when nobody fetches the call", () => {
    const { pbx, events } = parkedCall()
    pass(pbx, 46)
    expect(named(events, "ParkedCallTimeOut").length).toBe(1)
    expect(pbx.parking.calls()).toEqual([])
  })

  it("ends when the caller gives up", () => {
    const { pbx, events } = parkedCall()
    hangUp(pbx, "PJSIP/trunk")
    expect(named(events, "ParkedCallGiveUp").length).toBe(1)
    expect(pbx.calls.channels.size).toBe(0)
  })
})

describe("a simulated day", () => {
  const day = (seed: string) => {
    const pbx = makePbx({
      seed,
      queues: [
        { name: "sales", callsPerMinute: 6, wrapUpTime: 5 },
        { name: "support", strategy: "rrmemory", callsPerMinute: 4 }
      ],
      startTime: start
    })
    const bytes: Array<string> = []
    pbx.onEvent(({ message }) => void bytes.push(message.headers.flat().join("\n")))
    for (const id of [1, 2, 3]) login(pbx, id)
    pass(pbx, 1800)
    return { pbx, text: bytes.join("\n\n") }
  }

  it("is the same to the byte for the same seed, and another for another", () => {
    const first = day("one").text
    expect(first.length).toBeGreaterThan(1_000_000)
    expect(day("one").text === first).toBe(true)
    expect(day("two").text === first).toBe(false)
  })

  it("has answered, abandoned and missed calls, and leaves no channel behind", () => {
    const { pbx, text } = day("one")
    for (const event of ["AgentComplete", "QueueCallerAbandon", "AgentRingNoAnswer"]) {
      expect(text).toContain(`Event\n${event}\n`)
    }
    expect(text).toContain("Reason\nagent")
    expect(text).toContain("Reason\ncaller")
    for (const { settings } of pbx.queues.all.values()) {
      pbx.step(() => pbx.addQueue({ ...settings, callsPerMinute: 0 }))
    }
    pass(pbx, 600)
    expect([...pbx.calls.channels.keys()]).toEqual([])
    expect(pbx.calls.bridges.all.size).toBe(0)
  })
})
