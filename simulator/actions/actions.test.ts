import { describe, expect, it } from "vitest"
import { openSession, recordedPbx } from "../recorded.ts"

type Headers = ReadonlyArray<readonly [string, string]>

const open = () => {
  const pbx = recordedPbx({
    hints: { "1001@default": "PJSIP/line1" },
    devices: { "PJSIP/line1": "NOT_INUSE", "PJSIP/away": "UNAVAILABLE" },
    timestampEvents: false
  })
  const client = openSession(pbx)
  client.send(["Action", "Login"], ["Username", "strowger"], ["Secret", "strowger-secret"])
  client.take()
  const ask = (action: string, ...headers: Headers): string => {
    client.send(["Action", action], ...headers)
    return client.take()
  }
  /** The answer of an action whose answer is one message. */
  const message = (action: string, ...headers: Headers) =>
    /^Message: (.*)\r$/m.exec(ask(action, ...headers))?.[1] ?? ""
  return { pbx, client, ask, message }
}
const command = (text: string): readonly [string, string] => ["Command", text]

describe("queue actions", () => {
  it("name the headers that are missing", () => {
    const { message } = open()
    expect(message("QueueAdd", ["Interface", "PJSIP/a"])).toBe("'Queue' not specified.")
    expect(message("QueueAdd", ["Queue", "sales"])).toBe("'Interface' not specified.")
    expect(message("QueueRemove", ["Queue", "sales"])).toBe("Need 'Queue' and 'Interface' parameters.")
    expect(message("QueuePause", ["Interface", "PJSIP/a"])).toBe("Need 'Interface' and 'Paused' parameters.")
    expect(message("QueuePenalty", ["Interface", "PJSIP/a"])).toBe(
      "Need 'Interface' and 'Penalty' parameters."
    )
  })

  it("refuse what is not there", () => {
    const { pbx, message } = open()
    pbx.step(() => pbx.addQueue({ name: "fixed", staticMembers: ["PJSIP/desk"] }))
    expect(message("QueueRemove", ["Queue", "nope"], ["Interface", "PJSIP/a"])).toBe(
      "Unable to remove interface from queue: No such queue"
    )
    expect(message("QueueRemove", ["Queue", "fixed"], ["Interface", "PJSIP/desk"])).toBe("Member not dynamic")
    expect(message("QueuePenalty", ["Interface", "PJSIP/a"], ["Penalty", "1"])).toBe(
      "Invalid interface, queuename or penalty"
    )
  })

  it("add a member paused, with its reason", () => {
    const { ask } = open()
    const added = ask(
      "QueueAdd",
      ["Queue", "sales"],
      ["Interface", "Local/id-5@agentcallback"],
      ["MemberName", "Agent/1005"],
      ["StateInterface", "PJSIP/away"],
      ["Penalty", "2"],
      ["Skills", "agent-5"],
      ["Paused", "1"],
      ["Reason", "lunch: late"]
    )
    expect(added).toContain("Device: Queue:sales_pause_Local/id-5@agentcallback\r\nState: INUSE\r\n")
    expect(added).toContain("StateInterface: PJSIP/away\r\nMembership: dynamic\r\nPenalty: 2\r\n")
    expect(added).toContain("Status: 5\r\nPaused: 1\r\nPausedReason: lunch: late\r\n")
  })

  it("change whether a member is rung while it talks", () => {
    const { ask } = open()
    ask("QueueAdd", ["Queue", "sales"], ["Interface", "PJSIP/line1"])
    const changed = ask("QueueMemberRingInUse", ["Interface", "PJSIP/line1"], ["RingInUse", "yes"])
    expect(changed).toContain("Message: Interface ringinuse set successfully\r\n")
    expect(changed).toContain("Event: QueueMemberRinginuse\r\n")
    expect(changed).toContain("Ringinuse: 1\r\n")
  })

  it("show callers and filter by queue and member", () => {
    const { pbx, ask } = open()
    pbx.step(() => pbx.call("sales", { number: "5551", name: undefined }))
    ask("QueueAdd", ["Queue", "support"], ["Interface", "PJSIP/a"], ["MemberName", "Agent/1"])
    const sales = ask("QueueStatus", ["Queue", "sales"])
    expect(sales).toMatch(/Event: QueueEntry\r\nQueue: sales\r\nPosition: 1\r\nChannel: PJSIP\/trunk-/)
    expect(sales).not.toContain("Queue: support")
    expect(ask("QueueStatus", ["Member", "Agent/1"])).toContain("Location: PJSIP/a\r\n")
    expect(ask("QueueStatus", ["Member", "Agent/2"])).not.toContain("Location: ")
  })

  it("answer QueueRule without rules with two empty lines", () => {
    expect(open().ask("QueueRule")).toBe("Response: Success\r\n\r\n\r\n")
  })
})

describe("states", () => {
  it("of a custom device are changed by command, told, listed and kept in the database", () => {
    const { ask } = open()
    const changed = ask("Command", command("devstate change Custom:*7351 INUSE"))
    expect(changed).toContain("Output: Changing *7351 to INUSE\r\n")
    expect(changed).toContain(
      "Event: DeviceStateChange\r\nPrivilege: call,all\r\nDevice: Custom:*7351\r\nState: INUSE\r\n"
    )
    expect(ask("Command", command("devstate change Custom:*7351 INUSE"))).not.toContain("Event:")
    expect(ask("DeviceStateList")).toContain("Device: Custom:*7351\r\nState: INUSE\r\n")
    expect(ask("Command", command("devstate list"))).toContain(
      "Output: --- Name: 'Custom:*7351'  State: 'INUSE'\r\n"
    )
    expect(ask("DBGet", ["Family", "CustomDevstate"], ["Key", "*7351"])).toContain("Val: INUSE\r\n")
  })

  it("of other devices are not for that command", () => {
    const { ask } = open()
    expect(ask("Command", command("devstate change PJSIP/line1 INUSE"))).toMatch(/^Response: Error\r\n/)
    expect(ask("Command", command("devstate change Custom:x NONSENSE"))).toMatch(/^Response: Error\r\n/)
  })

  it("of an extension follow its hint", () => {
    const { pbx, ask } = open()
    expect(ask("ExtensionState", ["Exten", "1001"])).toContain(
      "Message: Extension Status\r\nExten: 1001\r\nContext: default\r\nHint: PJSIP/line1\r\nStatus: 0\r\nStatusText: Idle\r\n"
    )
    pbx.step(() => pbx.setDeviceState("PJSIP/line1", "ONHOLD"))
    expect(ask("ExtensionStateList")).toContain(
      "Event: ExtensionStatus\r\nPrivilege: call,all\r\nExten: 1001\r\n"
    )
    expect(ask("ExtensionStateList")).toContain("Status: 16\r\nStatusText: Hold\r\n")
  })

  it("of presence are changed by command and told", () => {
    const { ask } = open()
    const changed = ask("Command", command("presencestate change CustomPresence:1001 away,lunch,back at one"))
    expect(changed).toContain("Output: Changing 1001 to away\r\n")
    expect(changed).toContain(
      "Presentity: CustomPresence:1001\r\nStatus: away\r\nSubtype: lunch\r\nMessage: back at one\r\n"
    )
    expect(ask("PresenceState", ["Provider", "CustomPresence:1001"])).toContain(
      "State: away\r\nSubtype: lunch\r\nMessage: back at one\r\nPresenceMessage: back at one\r\n"
    )
    expect(ask("PresenceStateList")).toContain("ListItems: 1\r\n")
    expect(ask("PresenceState", ["Provider", "Other:1"])).toContain(
      "Message: Invalid provider Other:1 or provider in invalid state\r\n"
    )
  })
})

describe("the database", () => {
  it("keeps, lists and forgets keys", () => {
    const { ask, message } = open()
    ask("DBPut", ["Family", "dnd"], ["Key", "1"], ["Val", "a"])
    ask("DBPut", ["Family", "dnd"], ["Key", "2"], ["Val", "b"])
    expect(ask("DBGetTree", ["Family", "dnd"])).toContain("ListItems: 2\r\n")
    expect(message("DBDelTree", ["Family", "dnd"])).toBe("Key tree deleted successfully")
    expect(message("DBGet", ["Family", "dnd"], ["Key", "1"])).toBe("Database entry not found")
    expect(message("DBDel", ["Family", "dnd"], ["Key", "1"])).toBe("Database entry could not be deleted")
  })
})

describe("channels", () => {
  it("are hung up, sent elsewhere and parked by name", () => {
    const { pbx, ask, message } = open()
    const channel = pbx.step(() => pbx.call("sales", { number: "5551", name: undefined }))
    const name: readonly [string, string] = ["Channel", channel?.name ?? ""]
    expect(message("Redirect", name, ["Context", "default"], ["Exten", "6000"], ["Priority", "1"])).toBe(
      "Redirect successful"
    )
    expect(channel).toMatchObject({ exten: "6000", application: "Wait" })
    expect(ask("Park", name)).toMatch(/^Response: Success\r\nMessage: Park successful\n\r\n/)
    expect(ask("ParkedCalls")).toContain("ParkingSpace: 701\r\n")
    expect(message("Hangup", name)).toBe("Channel Hungup")
    expect(message("Hangup", name)).toBe("No such channel")
    expect(message("Redirect", name, ["Context", "a"], ["Exten", "b"], ["Priority", "1"])).toBe(
      `Channel does not exist: ${name[1]}`
    )
  })

  it("that cannot be dialled are told as a failed Originate", () => {
    const { ask } = open()
    const told = ask(
      "Originate",
      ["Channel", "PJSIP/away"],
      ["Application", "Wait"],
      ["Data", "2"],
      ["Async", "yes"],
      ["ActionID", "o"]
    )
    expect(told).toContain("Message: Originate successfully queued\r\n")
    expect(told).toContain(
      "ActionID: o\r\nResponse: Failure\r\nChannel: PJSIP/away\r\nApplication: Wait\r\nData: 2\r\nReason: 0\r\n"
    )
  })
})

describe("a filter", () => {
  const eventsWith = (...filters: ReadonlyArray<Headers>) => {
    const { ask } = open()
    for (const filter of filters) ask("Filter", ["Operation", "Add"], ...filter)
    return [
      ...ask("QueueAdd", ["Queue", "sales"], ["Interface", "PJSIP/line1"]).matchAll(/^Event: (.*)\r$/gm)
    ].map((found) => found[1])
  }

  it("lets through only what it matches, or all but that", () => {
    expect(eventsWith([["Filter", "Interface: PJSIP"]])).toEqual(["QueueMemberAdded"])
    expect(eventsWith([["Filter", "!Event: QueueMember"]])).toEqual([
      "DeviceStateChange",
      "DeviceStateChange"
    ])
    expect(eventsWith([["MatchCriteria", "name(QueueMemberAdded)"]])).toEqual(["QueueMemberAdded"])
    expect(
      eventsWith([
        ["MatchCriteria", "action(exclude),header(Device),method(ends_with)"],
        ["Filter", "_avail"]
      ])
    ).toEqual(["DeviceStateChange", "QueueMemberAdded"])
  })

  it("that is none is refused", () => {
    const { message } = open()
    expect(message("Filter", ["Operation", "Remove"])).toBe("Unknown operation")
    expect(message("Filter", ["Operation", "Add"], ["Filter", "("])).toMatch(/^Filter did not compile\./)
    expect(message("Filter", ["Operation", "Add"], ["MatchCriteria", "colour(red)"])).toMatch(
      /^Filter was formatted incorrectly\./
    )
  })
})
