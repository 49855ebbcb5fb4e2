import type { MemberState } from "../../schemas/supervisor/queue.ts"
import type { LiveMember, QueueCall } from "./live-queues.ts"

/**
 * What a member of a queue does. `wrapUpTime` is the queue's, in seconds; a member's own wins. A call or its wrap-up
 * is told before a pause. Asterisk tells of a member's device before it notes the member's call, so the calls of
 * the queue are asked first.
 */
export const memberState = (
  member: LiveMember,
  connected: ReadonlyArray<QueueCall>,
  wrapUpTime: number,
  now: number
): MemberState => {
  if (connected.some((call) => call.member === member.interface)) return "talking"
  const device = deviceStates[member.status]
  if (member.inCall && device === "busy") return "talking"
  if (device !== undefined) return device
  if (now < member.lastCall + (member.wrapUpTime || wrapUpTime) * 1_000) return "wrap_up"
  return member.paused ? "paused" : "ready"
}

export const isRinging = ({ status }: LiveMember): boolean => deviceStates[status] === "ringing"

/** Asterisk's device states that keep a member from taking a call, by their numbers. */
const deviceStates: Readonly<Record<number, MemberState>> = {
  2: "busy",
  3: "busy",
  4: "unavailable",
  5: "unavailable",
  6: "ringing",
  7: "ringing",
  8: "busy"
}
