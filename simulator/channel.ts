import type { Headers } from "./engine.ts"

/** Number and name as presented; undefined is what AMI writes as `<unknown>`. */
export interface Party {
  readonly number: string | undefined
  readonly name: string | undefined
}

export const unknownParty: Party = { number: undefined, name: undefined }

/** Of Asterisk's channel states those that a call here goes through. */
export const channelStates = { Down: 0, Ring: 4, Ringing: 5, Up: 6 } as const
export type ChannelState = keyof typeof channelStates

/** One leg of a call. A Local channel is two of them, each the other's `otherHalf`. */
export interface Channel {
  readonly name: string
  /** What it is a channel of: `PJSIP/alice`, `Local/1001@default`. */
  readonly device: string
  readonly uniqueid: string
  readonly linkedid: string
  /** µs since the epoch. */
  readonly createdAt: number
  readonly variables: Map<string, string>
  otherHalf: Channel | undefined
  state: ChannelState
  answeredAt: number | undefined
  caller: Party
  connected: Party
  context: string
  exten: string
  priority: number
  application: string
  data: string
  bridge: Bridge | undefined
  /** The channel it was last connected to, for its call record. */
  lastPeer: string
  isGone: boolean
  /** Whether a dialplan runs on it; a channel that was dialled has none of its own. */
  runsDialplan: boolean
  /** Ends the dialplan application it is in, when the channel is hung up or sent elsewhere. */
  leaveApplication: (() => void) | undefined
  /** What its dialler does when it is answered, and when its far end hangs up. */
  onAnswer: (() => void) | undefined
  onFarEndHangup: (() => void) | undefined
}

export interface Bridge {
  readonly id: string
  readonly technology: "simple_bridge" | "softmix" | "holding_bridge"
  readonly creator: string
  readonly name: string
  /** Channels of Asterisk itself that are counted and not shown: a conference's announcer. */
  readonly hidden: number
  readonly channels: Array<Channel>
}

/** The headers every channel event starts with; `prefix` is e.g. `Dest` or `LocalOne`. */
export const channelHeaders = (channel: Channel, prefix = ""): Headers => [
  [`${prefix}Channel`, channel.name],
  [`${prefix}ChannelState`, String(channelStates[channel.state])],
  [`${prefix}ChannelStateDesc`, channel.state],
  [`${prefix}CallerIDNum`, shown(channel.caller.number)],
  [`${prefix}CallerIDName`, shown(channel.caller.name)],
  [`${prefix}ConnectedLineNum`, shown(channel.connected.number)],
  [`${prefix}ConnectedLineName`, shown(channel.connected.name)],
  [`${prefix}Language`, "en"],
  [`${prefix}AccountCode`, ""],
  [`${prefix}Context`, channel.context],
  [`${prefix}Exten`, channel.exten],
  [`${prefix}Priority`, String(channel.priority)],
  [`${prefix}Uniqueid`, channel.uniqueid],
  [`${prefix}Linkedid`, channel.linkedid]
]

export const bridgeHeaders = (bridge: Bridge): Headers => [
  ["BridgeUniqueid", bridge.id],
  ["BridgeType", bridge.technology === "softmix" ? "base" : "basic"],
  ["BridgeTechnology", bridge.technology],
  ["BridgeCreator", bridge.creator],
  ["BridgeName", bridge.name],
  ["BridgeNumChannels", String(bridge.channels.length + bridge.hidden)],
  ["BridgeVideoSourceMode", "none"]
]

/** Asterisk writes names and variable values with C escapes, so that a value stays on its line. */
export const escapeValue = (value: string): string =>
  value.replace(ESCAPED, (character) => ESCAPES[character] ?? character)

const shown = (value: string | undefined): string =>
  value === undefined || value === "" ? "<unknown>" : escapeValue(value)

// oxlint-disable-next-line no-control-regex -- these are the characters that must not reach a line of AMI
const ESCAPED = /[\x07\b\f\n\r\t\v\\'"?]/g
const ESCAPES: Record<string, string> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "?": "\\?"
}
