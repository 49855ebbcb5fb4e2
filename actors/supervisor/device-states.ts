import type { MemberState } from "../../schemas/supervisor/queue.ts"
import type { LiveMember } from "./live-queues.ts"

/**
 * What a queue member does. `wrapUpTime` is the queue's, in seconds; a member's own wins. A call or its wrap-up is
 * told before a pause.
 */
export const memberState = (member: LiveMember, wrapUpTime: number, now: number): MemberState => {
  if (member.inCall) return "talking"
  const device = deviceStates[member.status]
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
