import { type Bridges, makeBridges } from "./bridges.ts"
import { callRecord, hangupCauseText } from "./call-record.ts"
import {
  type Channel,
  type ChannelState,
  channelHeaders,
  escapeValue,
  type Party,
  unknownParty
} from "./channel.ts"
import type { Devices } from "./devices.ts"
import { type Dialplan, stepsOf } from "./dialplan.ts"
import type { Engine } from "./engine.ts"
import type { Random } from "./random.ts"

/**
 * Does its work on the channel and calls `next` to go on at the next priority. Answers what to do when the
 * channel is hung up or sent elsewhere before that.
 */
export type Application = (channel: Channel, data: string, next: () => void) => (() => void) | undefined

export interface Place {
  readonly context: string
  readonly exten: string
  readonly priority: number
}

/** Who a new channel is for, and where it starts. */
export interface NewChannel {
  readonly device: string
  readonly context: string
  readonly exten: string
  readonly state?: ChannelState
  readonly caller?: Party
  readonly connected?: Party
  /** The call it belongs to; absent: it starts one. */
  readonly linkedTo?: Channel | undefined
}

export interface LocalPair {
  readonly one: Channel
  readonly two: Channel
}

/** Channels, the dialplan that runs on them, and what connects them. */
export interface Switch {
  /** Every channel there is, by name, oldest first. */
  readonly channels: ReadonlyMap<string, Channel>
  readonly bridges: Bridges
  readonly globals: Map<string, string>
  readonly processedCalls: () => number
  readonly register: (name: string, application: Application) => void
  readonly exists: (place: Place) => boolean
  readonly newChannel: (channel: NewChannel) => Channel
  /** Both halves of a Local channel; `prepare` is what the dialler does before they are told to be one. */
  readonly newLocalPair: (
    interfaceName: string,
    linkedTo: Channel | undefined,
    prepare: (pair: LocalPair) => void
  ) => LocalPair
  /** Takes the numbers of a Local channel that is not shown. */
  readonly skipLocalPair: () => void
  readonly setState: (channel: Channel, state: ChannelState) => void
  /** Answers a channel; on a Local channel's second half this answers who dialled the first. */
  readonly answer: (channel: Channel) => void
  readonly newExten: (channel: Channel, application: string, data: string) => void
  readonly setVariable: (channel: Channel, name: string, value: string) => void
  /** Enters the dialplan, leaving whatever application the channel was in. */
  readonly goTo: (channel: Channel, place: Place) => void
  /** Runs one application without a dialplan, then hangs up. */
  readonly runApplication: (channel: Channel, application: string, data: string) => void
  readonly hangup: (channel: Channel, cause?: number) => void
  /** The person or line at the channel's far end hangs up. */
  readonly farEndHangup: (channel: Channel, cause?: number) => void
}

export interface SwitchOptions {
  readonly dialplan: () => Dialplan
  /** Text for a `${NAME}` in the dialplan that is no variable of the channel. */
  readonly substitute: (channel: Channel, name: string) => string
}

export const makeSwitch = (
  engine: Engine,
  devices: Devices,
  random: Random,
  options: SwitchOptions
): Switch => {
  const channels = new Map<string, Channel>()
  const applications = new Map<string, Application>()
  const globals = new Map<string, string>()
  const counters = { uniqueid: 0, local: 0, phone: 0, calls: 0 }
  const { emit, defer } = engine

  const addChannel = ({ linkedTo, ...wanted }: NewChannel, name: string, otherHalf?: Channel): Channel => {
    const uniqueid = `${engine.agenda.seconds()}.${counters.uniqueid++}`
    const channel: Channel = {
      ...idleChannel,
      ...wanted,
      name,
      uniqueid,
      linkedid: linkedTo?.linkedid ?? uniqueid,
      createdAt: engine.agenda.now(),
      otherHalf,
      variables: new Map()
    }
    channels.set(name, channel)
    counters.calls++
    emit("Newchannel", "call", channelHeaders(channel))
    return channel
  }
  const newLocalPair: Switch["newLocalPair"] = (interfaceName, linkedTo, prepare) => {
    const place = localPlace(interfaceName)
    const name = `${place.device}-${hex(counters.local++)}`
    const one = addChannel({ ...place, linkedTo }, `${name};1`)
    const two = addChannel({ ...place, state: "Ring", linkedTo: linkedTo ?? one }, `${name};2`, one)
    one.otherHalf = two
    prepare({ one, two })
    emit("LocalBridge", "call", [
      ...channelHeaders(one, "LocalOne"),
      ...channelHeaders(two, "LocalTwo"),
      ["Context", place.context],
      ["Exten", place.exten],
      ["LocalOptimization", "Yes"]
    ])
    return { one, two }
  }

  const setState: Switch["setState"] = (channel, state) => {
    channel.state = state
    if (state === "Up") channel.answeredAt = engine.agenda.now()
    if (state === "Up") devices.use(channel.device, channel.name, "up")
    if (state === "Ringing") devices.use(channel.device, channel.name, "ringing")
    emit("Newstate", "call", channelHeaders(channel))
  }
  const answer: Switch["answer"] = (channel) => {
    if (channel.state === "Up") return
    setState(channel, "Up")
    channel.otherHalf?.onAnswer?.()
  }
  const newExten: Switch["newExten"] = (channel, application, data) => {
    channel.application = application
    channel.data = data
    emit("Newexten", "dialplan", [
      ...channelHeaders(channel),
      ["Extension", channel.exten],
      ["Application", application],
      ["AppData", data]
    ])
  }
  const setVariable: Switch["setVariable"] = (channel, name, value) => {
    channel.variables.set(name, value)
    emit("VarSet", "dialplan", [
      ...channelHeaders(channel),
      ["Variable", name],
      ["Value", escapeValue(value)]
    ])
  }
  const bridges = makeBridges(engine, random, setVariable)

  const leaveApplication = (channel: Channel) => {
    const leave = channel.leaveApplication
    channel.leaveApplication = undefined
    leave?.()
  }
  const execute = (channel: Channel, name: string, data: string, afterwards: () => void) => {
    let isOver = false
    const next = () => {
      if (isOver || channel.isGone) return
      isOver = true
      channel.leaveApplication = undefined
      afterwards()
    }
    const application = applications.get(name.toLowerCase())
    if (application === undefined) return next()
    const leave = application(channel, data, next)
    if (isOver || channel.isGone) return
    channel.leaveApplication = () => {
      isOver = true
      leave?.()
    }
  }
  const runStep = (channel: Channel): void => {
    const step = stepsOf(options.dialplan(), channel.context, channel.exten)?.[channel.priority - 1]
    if (step === undefined) return hangup(channel)
    const data = (step[1] ?? "").replace(/\$\{(\w+)\}/g, (_, name: string) => valueOf(channel, name))
    newExten(channel, step[0], data)
    execute(channel, step[0], data, () => {
      channel.priority++
      runStep(channel)
    })
  }
  const valueOf = (channel: Channel, name: string): string =>
    name === "EXTEN" ? channel.exten : (channel.variables.get(name) ?? options.substitute(channel, name))

  const hangup = (channel: Channel, cause = NORMAL_CLEARING): void => {
    if (channel.isGone) return
    channel.isGone = true
    leaveApplication(channel)
    const causeHeader = ["Cause", String(cause)] as const
    if (channel.runsDialplan) emit("SoftHangupRequest", "call", [...channelHeaders(channel), causeHeader])
    if (channel.otherHalf !== undefined) farEndHangup(channel.otherHalf, cause)
    bridges.disconnect(channel)
    emit("Hangup", "call", [...channelHeaders(channel), causeHeader, ["Cause-txt", hangupCauseText(cause)]])
    if (channel.runsDialplan) emit("Cdr", "cdr", callRecord(channel, engine.agenda.now()))
    devices.use(channel.device, channel.name, undefined)
    channels.delete(channel.name)
  }
  const farEndHangup = (channel: Channel, cause = NORMAL_CLEARING): void => {
    if (channel.isGone) return
    emit("HangupRequest", "call", [...channelHeaders(channel), ["Cause", String(cause)]])
    if (channel.onFarEndHangup === undefined) defer(() => hangup(channel, cause))
    else channel.onFarEndHangup()
  }

  return {
    channels,
    bridges,
    globals,
    processedCalls: () => counters.calls,
    register: (name, application) => {
      applications.set(name.toLowerCase(), application)
    },
    exists: ({ context, exten, priority }) =>
      stepsOf(options.dialplan(), context, exten)?.[priority - 1] !== undefined,
    newChannel: (wanted) => addChannel(wanted, `${wanted.device}-${hex(counters.phone++)}`),
    newLocalPair,
    skipLocalPair: () => {
      counters.local++
      counters.uniqueid += 2
    },
    setState,
    answer,
    newExten,
    setVariable,
    goTo: (channel, place) => {
      leaveApplication(channel)
      channel.runsDialplan = true
      Object.assign(channel, place)
      runStep(channel)
    },
    runApplication: (channel, application, data) => {
      channel.runsDialplan = true
      channel.application = application
      channel.data = data
      execute(channel, application, data, () => hangup(channel))
    },
    hangup,
    farEndHangup
  }
}

/** Where a Local interface leads, and the device it counts as. */
export const localPlace = (interfaceName: string) => {
  const [, target = ""] = interfaceName.split("/")
  const [exten = "", context = "default"] = target.split("@")
  return { device: `Local/${target}`, context, exten }
}

const NORMAL_CLEARING = 16

const idleChannel = {
  state: "Down",
  answeredAt: undefined,
  caller: unknownParty,
  connected: unknownParty,
  priority: 1,
  application: "",
  data: "",
  bridge: undefined,
  lastPeer: "",
  isGone: false,
  runsDialplan: false,
  leaveApplication: undefined,
  onAnswer: undefined,
  onFarEndHangup: undefined
} as const

const hex = (value: number): string => value.toString(16).padStart(8, "0")
