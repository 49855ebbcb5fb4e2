import { describe, expect, it } from "vitest"
import { type AmiMessage, header } from "../runtime/ami/ami.ts"
import { masked, pass, recordedEvents, recordedPbx, replayDialogue } from "./recorded.ts"

const textOf = (message: AmiMessage): string =>
  masked(message.headers.map(([name, value]) => `${name}: ${value}`).join("\n")).replace(
    /(Variable: \w+_MS\nValue: )\d+/g,
    "$1<ms>"
  )

/**
 * Several threads of Asterisk send events, and their order among each other changes from run to run. Within one of
 * these streams it does not.
 */
const streamOf = (message: AmiMessage): string => {
  const event = header(message, "Event") ?? ""
  if (event === "DeviceStateChange") return `device ${header(message, "Device")}`
  if (event.startsWith("QueueMember")) return `member ${header(message, "Interface")}`
  if (event === "Cdr") return `record of ${header(message, "Channel")}`
  return event === "OriginateResponse" ? "originate" : "calls"
}

const simulated = (): ReadonlyArray<AmiMessage> => {
  const pbx = recordedPbx()
  const events: Array<AmiMessage> = []
  pbx.onEvent(({ message }) => void events.push(message))
  replayDialogue(pbx)
  pass(pbx, 5)
  return events
}

const [real, ours] = [recordedEvents(), simulated()]

/** The texts of a stream, from the first that contains `from` up to the first behind it that contains `to`. */
const slice = (events: ReadonlyArray<AmiMessage>, stream: string | undefined, from: string, to: string) => {
  const texts = events.filter((each) => stream === undefined || streamOf(each) === stream).map(textOf)
  const start = texts.findIndex((text) => text.includes(from))
  const end = texts.findIndex((text, index) => index > start && text.includes(to))
  return texts.slice(start, end)
}
const of = (events: ReadonlyArray<AmiMessage>, stream: string) =>
  events.filter((each) => streamOf(each) === stream).map(textOf)

const channelEvent = (event: string, channel: string) =>
  `Event: ${event}\nPrivilege: call,all\nTimestamp: <time>\nChannel: ${channel}\n`

describe("queue members", () => {
  it("being added, paused and given a penalty is told as Asterisk told it, in its order", () => {
    const theirs = slice(real, undefined, "Queue:sales_pause_Local/1001@default", "Event: Newchannel")
    expect(theirs.length).toBe(15)
    expect(slice(ours, undefined, "Queue:sales_pause_Local/1001@default", "Event: Newchannel")).toEqual(
      theirs
    )
  })

  it("being unpaused, paused with a reason, and paused again is told as Asterisk told it", () => {
    for (const member of ["member Local/1001@default", "member Local/1002@default"]) {
      const pauses = (events: ReadonlyArray<AmiMessage>) =>
        of(events, member).filter((text) => text.startsWith("Event: QueueMemberPause"))
      expect(pauses(real).length).toBeGreaterThan(1)
      expect(pauses(ours)).toEqual(pauses(real))
    }
  })

  it("being removed is told as Asterisk told it, in its order", () => {
    const tail = (events: ReadonlyArray<AmiMessage>) => {
      const texts = events.filter((each) => header(each, "Event") !== "SuccessfulAuth").map(textOf)
      return texts.slice(texts.findIndex((text) => text.startsWith("Event: Reload")))
    }
    expect(tail(real).length).toBe(6)
    expect(tail(ours)).toEqual(tail(real))
  })

  it("following their devices is told as Asterisk told it", () => {
    expect(of(ours, "member Local/1002@default")).toEqual(of(real, "member Local/1002@default"))
    // Asterisk updates the other queues' counters of a shared member a moment later or earlier.
    const uncounted = (texts: ReadonlyArray<string>) =>
      texts.map((text) => text.replace(/CallsTaken: \d+\nLastCall: \S+/, ""))
    expect(uncounted(of(ours, "member Local/1001@default"))).toEqual(
      uncounted(of(real, "member Local/1001@default"))
    )
  })
})

describe("device states", () => {
  const devices = new Set(real.map(streamOf).filter((stream) => /^device (?!CBAnn)/.test(stream)))

  it("are told for the devices that Asterisk told them for", () => {
    expect(new Set(ours.map(streamOf).filter((stream) => stream.startsWith("device ")))).toEqual(devices)
  })

  for (const device of devices) {
    it(`of ${device.slice("device ".length)} are told in Asterisk's order`, () => {
      expect(of(ours, device)).toEqual(of(real, device))
    })
  }
})

describe("queue calls", () => {
  it("an answered call is told event by event as Asterisk told it, from the first channel to the last hangup", () => {
    const call = [
      "calls",
      channelEvent("Newchannel", "Local/s@caller-00000002;1"),
      channelEvent("Newchannel", "Local/s@caller-00000004;1")
    ] as const
    const theirs = slice(real, ...call)
    expect(theirs.length).toBe(72)
    expect(slice(ours, ...call)).toEqual(theirs)
  })

  it("an originated call with variables and a caller's name is told as Asterisk told it, until it is connected", () => {
    const call = [
      "calls",
      channelEvent("Newchannel", "Local/s@caller-00000000;1"),
      "Application: Wait\nAppData: 20"
    ] as const
    const theirs = slice(real, ...call)
    expect(theirs.length).toBe(54)
    expect(slice(ours, ...call)).toEqual(theirs)
  })

  it("a call that nobody takes is told event by event as Asterisk told it", () => {
    const call = [
      "calls",
      channelEvent("Newchannel", "Local/s@caller-00000004;1"),
      channelEvent("Newchannel", "Local/6000@default-00000005;1")
    ] as const
    const theirs = slice(real, ...call)
    expect(theirs.length).toBeGreaterThan(35)
    expect(slice(ours, ...call)).toEqual(theirs)
  })

  it("the call records of the three calls are Asterisk's", () => {
    const records = [...new Set(real.map(streamOf))].filter((stream) =>
      /^record of Local\/(?:s@caller|100[12]@default)/.test(stream)
    )
    expect(records.length).toBe(8)
    for (const record of records) expect(of(ours, record)).toEqual(of(real, record))
  })

  it("OriginateResponse says what Asterisk's says", () => {
    expect(of(ours, "originate")).toEqual(of(real, "originate"))
  })
})
