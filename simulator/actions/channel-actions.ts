import { type Channel, channelHeaders, type Party, unknownParty } from "../channel.ts"
import type { Headers } from "../engine.ts"
import type { OriginateOutcome, Origination } from "../originate.ts"
import type { Pbx } from "../pbx.ts"
import { type Handlers, type Request, truth, wholeNumber } from "./action.ts"

/** What is done to channels, and the lists of them. */
export const channelActions: Handlers = {
  Originate: (request) => {
    const call = originationOf(request)
    if (typeof call === "string") return request.reply.error(call)
    return truth(request.get("Async")) === true
      ? originateAsynchronously(request, call)
      : originateAndWait(request, call)
  },
  Hangup: ({ get, reply, pbx }) => {
    const name = get("Channel")
    const cause = wholeNumber(get("Cause"), 0) || undefined
    if (name === "") return reply.error("No channel specified")
    if (!name.startsWith("/")) {
      const channel = pbx.calls.channels.get(name)
      if (channel === undefined) return reply.error("No such channel")
      pbx.engine.defer(() => pbx.calls.hangup(channel, cause))
      return reply.ack("Channel Hungup")
    }
    const pattern = channelPattern(name)
    if (typeof pattern === "string") return reply.error(pattern)
    const matching = [...pbx.calls.channels.values()].filter((channel) => pattern.test(channel.name))
    for (const channel of matching) pbx.engine.defer(() => pbx.calls.hangup(channel, cause))
    return reply.list({
      message: "Channels hung up will follow",
      events: matching.map((channel) => [["Event", "ChannelHungup"], ["Channel", channel.name], ...reply.id]),
      complete: "ChannelsHungupListComplete"
    })
  },
  Redirect: ({ get, reply, pbx }) => {
    const missing = ["Channel", "Context", "Exten", "Priority"].find((name) => get(name) === "")
    if (missing !== undefined) return reply.error(`${missing} not specified`)
    const priority = wholeNumber(get("Priority"), 0)
    if (priority < 1) return reply.error("Priority is invalid")
    const channel = pbx.calls.channels.get(get("Channel"))
    if (channel === undefined) return reply.error(`Channel does not exist: ${get("Channel")}`)
    const extra = get("ExtraChannel") === "" ? undefined : pbx.calls.channels.get(get("ExtraChannel"))
    if (get("ExtraChannel") !== "" && extra === undefined) {
      return reply.error(`ExtraChannel does not exist: ${get("ExtraChannel")}`)
    }
    const place = { context: get("Context"), exten: get("Exten"), priority }
    redirect(pbx, channel, place)
    if (extra === undefined) return reply.ack("Redirect successful")
    redirect(pbx, extra, {
      context: get("ExtraContext") || place.context,
      exten: get("ExtraExten") || place.exten,
      priority: wholeNumber(get("ExtraPriority"), priority)
    })
    return reply.ack("Dual Redirect successful")
  },
  // The line feeds in the answers of Park are Asterisk's.
  Park: ({ get, reply, pbx }) => {
    if (get("Channel") === "") return reply.error("Channel not specified")
    const timeout = get("Timeout")
    if (timeout !== "" && wholeNumber(timeout, -1) < 0) return reply.error("Invalid Timeout value.")
    const channel = pbx.calls.channels.get(get("Channel"))
    if (channel === undefined) return reply.error(`Channel does not exist: ${get("Channel")}`)
    const seconds = Math.floor(wholeNumber(timeout, 0) / 1000)
    const isParked = pbx.parking.park(channel, {
      ...(timeout === "" ? {} : { timeout: Math.max(1, seconds) }),
      ...(get("ParkingSpace") === "" ? {} : { space: wholeNumber(get("ParkingSpace"), 0) })
    })
    return isParked ? reply.ack("Park successful\n") : reply.error("Park action failed\n")
  },
  ParkedCalls: ({ get, reply, pbx }) => {
    const { lot } = pbx.parking
    if (!["", lot.name].includes(get("ParkingLot"))) {
      return reply.error("Requested parking lot could not be found.")
    }
    const calls = pbx.parking.calls()
    return reply.list({
      message: "Parked calls will follow",
      events: calls.map((call) => [["Event", "ParkedCall"], ...reply.id, ...pbx.parking.headers(call)]),
      complete: "ParkedCallsComplete",
      more: [["Total", String(calls.length)]]
    })
  },
  Parkinglots: ({ reply, pbx }) => {
    const { lot } = pbx.parking
    reply.list({
      message: "Parking lots will follow",
      events: [
        [
          ["Event", "Parkinglot"],
          ...reply.id,
          ["Name", lot.name],
          ["StartSpace", String(lot.first)],
          ["StopSpace", String(lot.last)],
          ["Timeout", String(lot.timeout)]
        ]
      ],
      complete: "ParkinglotsComplete"
    })
  },
  CoreShowChannels: ({ reply, pbx }) =>
    reply.list({
      message: "Channels will follow",
      events: [...pbx.calls.channels.values()].map((channel) => [
        ["Event", "CoreShowChannel"],
        ...reply.id,
        ...channelHeaders(channel),
        ["Application", channel.application],
        ["ApplicationData", channel.data],
        ["Duration", clockTime(age(pbx, channel))],
        ["BridgeId", channel.bridge?.id ?? ""]
      ]),
      complete: "CoreShowChannelsComplete"
    }),
  Status: ({ get, reply, pbx }) => {
    const name = get("Channel")
    const channels = [...pbx.calls.channels.values()].filter((each) => name === "" || each.name === name)
    if (name !== "" && channels.length === 0) return reply.error("No such channel")
    const variables = get("Variables") === "" ? [] : get("Variables").split(",")
    return reply.list({
      message: "Channel status will follow",
      events: channels.map((channel) => [
        ...channelStatus(pbx, channel),
        ...variables.map((each): readonly [string, string] => [
          "Variable",
          `${each}=${channel.variables.get(each) ?? pbx.calls.globals.get(each) ?? "(null)"}`
        ]),
        ...reply.id
      ]),
      complete: "StatusComplete",
      more: [["Items", String(channels.length)]]
    })
  },
  Getvar: ({ get, reply, pbx }) => {
    if (get("Variable") === "") return reply.error("No variable specified")
    const channel = pbx.calls.channels.get(get("Channel"))
    if (get("Channel") !== "" && channel === undefined) return reply.error("No such channel")
    const value = channel?.variables.get(get("Variable")) ?? pbx.calls.globals.get(get("Variable")) ?? ""
    return reply.success([
      ["Variable", get("Variable")],
      ["Value", value]
    ])
  },
  Setvar: ({ get, reply, pbx }) => {
    const [name, value] = [get("Variable"), get("Value")]
    if (name === "") return reply.error("No variable specified")
    const channel = pbx.calls.channels.get(get("Channel"))
    if (get("Channel") !== "" && channel === undefined) return reply.error("No such channel")
    if (channel !== undefined) pbx.calls.setVariable(channel, name, value)
    else {
      pbx.calls.globals.set(name, value)
      pbx.engine.emit("VarSet", "dialplan", [
        ["Channel", "none"],
        ["Uniqueid", "none"],
        ["Variable", name],
        ["Value", value]
      ])
    }
    return reply.ack("Variable Set")
  },
  ConfbridgeListRooms: ({ reply, pbx }) => {
    const rooms = [...pbx.conferences.rooms.values()]
    if (rooms.length === 0) return reply.error("No active conferences.")
    return reply.list({
      message: "Confbridge conferences will follow",
      events: rooms.map(({ name, bridge }) => [
        ["Event", "ConfbridgeListRooms"],
        ...reply.id,
        ["Conference", name],
        ["Parties", String(bridge.channels.length)],
        ["Marked", "0"],
        ["Locked", "No"],
        ["Muted", "No"]
      ]),
      complete: "ConfbridgeListRoomsComplete"
    })
  },
  ConfbridgeList: ({ get, reply, pbx }) => {
    if (get("Conference") === "") return reply.error("No Conference name provided.")
    const room = pbx.conferences.rooms.get(get("Conference"))
    if (room === undefined) return reply.error("No Conference by that name found.")
    return reply.list({
      message: "Confbridge user list will follow",
      events: room.bridge.channels.map((channel) => [
        ["Event", "ConfbridgeList"],
        ...reply.id,
        ["Conference", room.name],
        ...CONFERENCE_FLAGS.map((flag): readonly [string, string] => [flag, "No"]),
        ["AnsweredTime", String(Math.floor(age(pbx, channel)))],
        ...channelHeaders(channel)
      ]),
      complete: "ConfbridgeListComplete"
    })
  }
}

const CONFERENCE_FLAGS = [
  "Admin",
  "MarkedUser",
  "WaitMarked",
  "EndMarked",
  "EndMarkedAny",
  "Waiting",
  "Muted",
  "Talking"
]

const originateAsynchronously = ({ get, reply, pbx }: Request, call: Origination): void => {
  pbx.engine.defer(() =>
    pbx.originate(call, ({ channel, reason }) => {
      const goal: Headers =
        "application" in call.goal
          ? [
              ["Application", call.goal.application],
              ["Data", call.goal.data]
            ]
          : [
              ["Context", get("Context")],
              ["Exten", get("Exten")]
            ]
      pbx.engine.emit("OriginateResponse", "call", [
        ...reply.id,
        ["Response", channel === undefined ? "Failure" : "Success"],
        ["Channel", channel?.name ?? call.channel],
        ...goal,
        ["Reason", String(reason)],
        ["Uniqueid", channel?.uniqueid ?? "<unknown>"],
        ["CallerIDNum", call.caller.number ?? "<unknown>"],
        ["CallerIDName", call.caller.name ?? "<unknown>"]
      ])
    })
  )
  reply.ack("Originate successfully queued")
}

const originateAndWait = ({ reply, session, pbx }: Request, call: Origination): void => {
  const release = session.hold()
  pbx.originate(call, ({ channel }: OriginateOutcome) => {
    if (channel === undefined) reply.error("Originate failed")
    else reply.ack("Originate successfully queued")
    release()
  })
}

/** The call that an Originate asks for, or what is wrong with it. */
const originationOf = ({ get, headers, pbx }: Request): Origination | string => {
  const channel = get("Channel")
  if (channel === "") return "Channel not specified"
  const priority = wholeNumber(get("Priority"), 0)
  if (get("Priority") !== "" && priority < 1) return "Invalid priority"
  const timeout = wholeNumber(get("Timeout") || String(DEFAULT_TIMEOUT), -1)
  if (timeout < 0) return "Invalid timeout"
  if (!channel.includes("/")) return "Invalid channel"
  const place = { context: get("Context"), exten: get("Exten"), priority }
  const isPlace = place.context !== "" && place.exten !== "" && priority > 0
  if (isPlace && !pbx.calls.exists(place)) return "Extension does not exist."
  const application = get("Application")
  if (application === "" && !isPlace) return "Originate with 'Exten' requires 'Context' and 'Priority'"
  return {
    channel,
    goal: application === "" ? place : { application, data: get("Data") },
    caller: partyOf(get("CallerID")),
    variables: headers
      .filter(([name]) => name.toLowerCase() === "variable")
      .flatMap(([, value]) => value.split(","))
      .filter((assignment) => assignment.indexOf("=") > 0)
      .map((assignment): readonly [string, string] => [
        assignment.slice(0, assignment.indexOf("=")),
        assignment.slice(assignment.indexOf("=") + 1)
      ]),
    timeout: timeout / 1000
  }
}

/** `"Name" <number>`, `Name <number>` or a number. */
const partyOf = (callerId: string): Party => {
  const both = /^\s*"?(.*?)"?\s*<([^>]*)>\s*$/.exec(callerId)
  if (both !== null) return { name: both[1] || undefined, number: both[2] || undefined }
  if (callerId === "") return unknownParty
  return /^[\d+*#() -]+$/.test(callerId)
    ? { number: callerId, name: undefined }
    : { number: undefined, name: callerId }
}

const redirect = (pbx: Pbx, channel: Channel, place: Parameters<Pbx["calls"]["goTo"]>[1]): void => {
  pbx.calls.bridges.disconnect(channel)
  pbx.calls.goTo(channel, place)
}

/** The expression between the slashes, or what is wrong with it. */
const channelPattern = (text: string): RegExp | string => {
  const end = text.lastIndexOf("/")
  if (end === 0) return "Regex format invalid, Channel param should be /regex/"
  try {
    return new RegExp(text.slice(1, end))
  } catch {
    return `Regex compile failed on: ${text}`
  }
}

const channelStatus = (pbx: Pbx, channel: Channel): Headers => [
  ["Event", "Status"],
  ["Privilege", "Call"],
  ...channelHeaders(channel),
  ["Type", channel.device.split("/")[0] ?? ""],
  ["DNID", ""],
  ["EffectiveConnectedLineNum", channel.connected.number ?? "<unknown>"],
  ["EffectiveConnectedLineName", channel.connected.name ?? "<unknown>"],
  ["TimeToHangup", "0"],
  ["BridgeID", channel.bridge?.id ?? ""],
  ["Application", channel.application],
  ["Data", channel.data],
  ["Nativeformats", "(slin)"],
  ["Readformat", "slin"],
  ["Readtrans", ""],
  ["Writeformat", "slin"],
  ["Writetrans", ""],
  ["Callgroup", "0"],
  ["Pickupgroup", "0"],
  ["Seconds", String(Math.floor(age(pbx, channel)))]
]

/** Seconds. */
const age = (pbx: Pbx, channel: Channel): number => (pbx.clock.now() - channel.createdAt) / 1_000_000

const clockTime = (seconds: number): string =>
  [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":")

/** ms, of the Originate action. */
const DEFAULT_TIMEOUT = 30_000
