import type { Headers } from "../engine.ts"
import type { Pbx } from "../pbx.ts"
import { deviceStates } from "../devices.ts"
import { type Added, type Member, type Queue, type Removed, serviceLevels } from "../queues.ts"
import { type Handlers, truth, wholeNumber } from "./action.ts"

/** The actions of app_queue (contracts/callcenter.md 8.1, 8.2, 9.3). */
export const queueActions: Handlers = {
  QueueAdd: ({ get, reply, pbx }) => {
    if (get("Queue") === "") return reply.error("'Queue' not specified.")
    if (get("Interface") === "") return reply.error("'Interface' not specified.")
    const added = pbx.queues.addMember(get("Queue"), {
      interfaceName: get("Interface"),
      memberName: get("MemberName"),
      stateInterface: get("StateInterface"),
      penalty: Math.max(0, wholeNumber(get("Penalty"), 0)),
      isPaused: truth(get("Paused")) === true,
      reason: get("Reason"),
      wrapUpTime: Math.max(0, wholeNumber(get("Wrapuptime"), 0))
    })
    return added === "added" ? reply.ack("Added interface to queue") : reply.error(ADD_ERRORS[added])
  },
  QueueRemove: ({ get, reply, pbx }) => {
    if (get("Queue") === "" || get("Interface") === "") {
      return reply.error("Need 'Queue' and 'Interface' parameters.")
    }
    const removed = pbx.queues.removeMember(get("Queue"), get("Interface"))
    return removed === "removed"
      ? reply.ack("Removed interface from queue")
      : reply.error(REMOVE_ERRORS[removed])
  },
  QueuePause: ({ get, reply, pbx }) => {
    if (get("Interface") === "" || get("Paused") === "") {
      return reply.error("Need 'Interface' and 'Paused' parameters.")
    }
    const paused = truth(get("Paused")) === true
    const found = pbx.queues.pause(get("Queue") || undefined, get("Interface"), paused, get("Reason"))
    if (found === 0) return reply.error("Interface not found")
    return reply.ack(`Interface ${paused ? "paused" : "unpaused"} successfully`)
  },
  QueuePenalty: ({ get, reply, pbx }) => {
    if (get("Interface") === "" || get("Penalty") === "") {
      return reply.error("Need 'Interface' and 'Penalty' parameters.")
    }
    const penalty = wholeNumber(get("Penalty"), 0)
    const found =
      penalty < 0 ? 0 : pbx.queues.setPenalty(get("Queue") || undefined, get("Interface"), penalty)
    return found === 0
      ? reply.error("Invalid interface, queuename or penalty")
      : reply.ack("Interface penalty set successfully")
  },
  QueueMemberRingInUse: ({ get, reply, pbx }) => {
    if (get("Interface") === "" || get("RingInUse") === "") {
      return reply.error("Need 'Interface' and 'RingInUse' parameters.")
    }
    const ringInUse = truth(get("RingInUse"))
    if (ringInUse === undefined) {
      return reply.error("'RingInUse' parameter must be a truth value (yes/no, on/off, 0/1, etc)")
    }
    const found = pbx.queues.setRingInUse(get("Queue") || undefined, get("Interface"), ringInUse)
    // The line feed is Asterisk's.
    return found === 0
      ? reply.error("Invalid interface, queuename, or ringinuse value\n")
      : reply.ack("Interface ringinuse set successfully")
  },
  QueueStatus: ({ get, reply, pbx }) => {
    const wanted = chosenQueues(pbx, get("Queue"))
    const isWanted = ({ interfaceName, name }: Member) => ["", interfaceName, name].includes(get("Member"))
    reply.list({
      message: "Queue status will follow",
      events: wanted.flatMap((queue) => [
        [...queueParams(pbx, queue), ...reply.id],
        ...queue.members.filter(isWanted).map((member) => [...queueMember(queue, member), ...reply.id]),
        ...queueEntries(pbx, queue).map((entry) => [...entry, ...reply.id])
      ]),
      complete: "QueueStatusComplete"
    })
  },
  QueueSummary: ({ get, reply, pbx }) =>
    reply.list({
      message: "Queue summary will follow",
      events: chosenQueues(pbx, get("Queue")).map((queue) => [...queueSummary(pbx, queue), ...reply.id]),
      complete: "QueueSummaryComplete"
    }),
  // Without rules there is nothing to show; Asterisk ends the answer with one empty line too many.
  QueueRule: ({ reply }) => {
    reply.success([])
    reply.send([])
  },
  QueueReload: ({ reply }) => reply.ack("Queue reloaded successfully"),
  QueueReset: ({ get, reply, pbx }) => {
    pbx.queues.resetStatistics(get("Queue") || undefined)
    reply.ack("Queue stats reset successfully")
  },
  QueueLog: ({ get, reply }) =>
    get("Queue") === "" || get("Event") === ""
      ? reply.error("Need 'Queue' and 'Event' parameters.")
      : reply.ack("Event added successfully")
}

const ADD_ERRORS: Record<Exclude<Added, "added">, string> = {
  "already-there": "Unable to add interface: Already there",
  "no-such-queue": "Unable to add interface to queue: No such queue"
}

const REMOVE_ERRORS: Record<Exclude<Removed, "removed">, string> = {
  "not-there": "Unable to remove interface: Not there",
  "no-such-queue": "Unable to remove interface from queue: No such queue",
  "not-dynamic": "Member not dynamic"
}

const chosenQueues = (pbx: Pbx, name: string): ReadonlyArray<Queue> =>
  [...pbx.queues.all.values()].filter(
    (queue) => name === "" || queue.settings.name.toLowerCase() === name.toLowerCase()
  )

const queueParams = (pbx: Pbx, queue: Queue): Headers => {
  const levels = serviceLevels(queue)
  const { settings } = queue
  return [
    ["Event", "QueueParams"],
    ["Queue", settings.name],
    ["Max", String(settings.maxLength)],
    ["Strategy", settings.strategy],
    ["Calls", String(pbx.queueCalls.waiting(queue).length)],
    ["Holdtime", String(queue.holdTime)],
    ["TalkTime", String(queue.talkTime)],
    ["Completed", String(queue.completed)],
    ["Abandoned", String(queue.abandoned)],
    ["ServiceLevel", String(settings.serviceLevel)],
    ["ServicelevelPerf", levels.answered.toFixed(1)],
    ["ServicelevelPerf2", levels.all.toFixed(1)],
    ["Weight", String(settings.weight)]
  ]
}

const queueMember = (queue: Queue, member: Member): Headers => [
  ["Event", "QueueMember"],
  ["Queue", queue.settings.name],
  ["Name", member.name],
  ["Location", member.interfaceName],
  ["StateInterface", member.stateInterface],
  ["Membership", member.membership],
  ["Penalty", String(member.penalty)],
  ["CallsTaken", String(member.calls)],
  ["LastCall", String(member.lastCall)],
  ["LastPause", String(member.lastPause)],
  ["LoginTime", String(member.loginTime)],
  ["InCall", member.call === undefined ? "0" : "1"],
  ["Status", String(deviceStates.indexOf(member.state))],
  ["Paused", member.isPaused ? "1" : "0"],
  ["PausedReason", member.pausedReason],
  ["Wrapuptime", String(member.wrapUpTime)]
]

const queueEntries = (pbx: Pbx, queue: Queue): ReadonlyArray<Headers> =>
  pbx.queueCalls.waiting(queue).map(({ channel, position, since }) => [
    ["Event", "QueueEntry"],
    ["Queue", queue.settings.name],
    ["Position", String(position)],
    ["Channel", channel.name],
    ["Uniqueid", channel.uniqueid],
    ["CallerIDNum", channel.caller.number ?? "unknown"],
    ["CallerIDName", channel.caller.name ?? "unknown"],
    ["ConnectedLineNum", channel.connected.number ?? "unknown"],
    ["ConnectedLineName", channel.connected.name ?? "unknown"],
    ["Wait", String(waitedSeconds(pbx, since))],
    ["Priority", "0"]
  ])

const queueSummary = (pbx: Pbx, queue: Queue): Headers => {
  const reachable = queue.members.filter(({ state }) => state !== "UNAVAILABLE" && state !== "INVALID")
  const available = reachable.filter(
    ({ state, isPaused }) => !isPaused && (state === "NOT_INUSE" || state === "UNKNOWN")
  )
  const waiting = pbx.queueCalls.waiting(queue)
  return [
    ["Event", "QueueSummary"],
    ["Queue", queue.settings.name],
    ["LoggedIn", String(reachable.length)],
    ["Available", String(available.length)],
    ["Callers", String(waiting.length)],
    ["HoldTime", String(queue.holdTime)],
    ["TalkTime", String(queue.talkTime)],
    ["LongestHoldTime", String(Math.max(0, ...waiting.map(({ since }) => waitedSeconds(pbx, since))))]
  ]
}

/** Asterisk counts in whole seconds of the clock, not of the wait. */
const waitedSeconds = (pbx: Pbx, since: number): number => pbx.clock.seconds() - Math.floor(since / 1_000_000)
