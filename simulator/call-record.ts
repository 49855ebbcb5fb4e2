import type { Channel } from "./channel.ts"
import type { Headers } from "./engine.ts"

/** The `Cdr` event of a channel that ends at `now` (µs since the epoch). */
export const callRecord = (channel: Channel, now: number): Headers => [
  ["AccountCode", ""],
  ["Source", channel.caller.number ?? ""],
  ["Destination", channel.exten],
  ["DestinationContext", channel.context],
  ["CallerID", callerId(channel)],
  ["Channel", channel.name],
  ["DestinationChannel", channel.lastPeer],
  ["LastApplication", channel.application],
  ["LastData", channel.data],
  ["StartTime", dateTime(channel.createdAt)],
  ["AnswerTime", channel.answeredAt === undefined ? "" : dateTime(channel.answeredAt)],
  ["EndTime", dateTime(now)],
  ["Duration", wholeSeconds(now - channel.createdAt)],
  ["BillableSeconds", channel.answeredAt === undefined ? "0" : wholeSeconds(now - channel.answeredAt)],
  ["Disposition", channel.answeredAt === undefined ? "NO ANSWER" : "ANSWERED"],
  ["AMAFlags", "DOCUMENTATION"],
  ["UniqueID", channel.uniqueid],
  ["UserField", ""]
]

/** Hangup causes of ITU-T Q.850 as Asterisk names them. */
export const hangupCauseText = (cause: number): string => CAUSE_TEXTS[cause] ?? "Unknown"

/** `YYYY-MM-DD HH:MM:SS` in UTC. */
export const dateTime = (micros: number): string =>
  new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19).replace("T", " ")

export const wholeSeconds = (micros: number): string => String(Math.floor(micros / 1_000_000))

const callerId = ({ caller }: Channel): string => `"${caller.name ?? ""}" <${caller.number ?? ""}>`

const CAUSE_TEXTS: Record<number, string> = {
  1: "Unallocated (unassigned) number",
  3: "No route to destination",
  16: "Normal Clearing",
  17: "User busy",
  18: "No user responding",
  19: "User alerting, no answer",
  20: "Subscriber absent",
  21: "Call Rejected",
  26: "Answered elsewhere",
  27: "Destination out of order",
  31: "Normal, unspecified",
  34: "Circuit/channel congestion",
  38: "Network out of order",
  41: "Temporary failure"
}
