import type { Cancel } from "./agenda.ts"
import { type Channel, channelHeaders } from "./channel.ts"
import { chooseMembers } from "./choose-members.ts"
import type { Devices } from "./devices.ts"
import type { Engine } from "./engine.ts"
import { type Offer, type Offers, offerHeaders } from "./offers.ts"
import { average, type Queue, type Queues } from "./queues.ts"
import type { Random } from "./random.ts"
import type { Switch } from "./switch.ts"

/** A caller in a queue. */
export interface Waiting {
  readonly channel: Channel
  /** µs since the epoch. */
  readonly since: number
  /** From 1. */
  readonly position: number
}

/** The Queue application: callers wait, members are rung, the two are connected. */
export interface QueueCalls {
  readonly waiting: (queue: Queue) => ReadonlyArray<Waiting>
  readonly onConnected: (listener: (call: Offer) => void) => void
}

export const makeQueueCalls = (
  engine: Engine,
  pbx: Switch,
  devices: Devices,
  queues: Queues,
  offers: Offers,
  random: Random
): QueueCalls => {
  const lines = new Map<Queue, Array<Entry>>()
  const listeners: Array<(call: Offer) => void> = []
  const { emit, defer, after } = engine
  const now = engine.agenda.now

  const lineOf = (queue: Queue): Array<Entry> => {
    const line = lines.get(queue) ?? []
    lines.set(queue, line)
    return line
  }
  /** As Asterisk counts them: by the seconds of the clock, not those that have passed. */
  const secondsSince = (time: number) => engine.agenda.seconds() - Math.floor(time / 1_000_000)
  const setTime = (channel: Channel, name: string, since: number) => {
    const millis = Math.floor((now() - since) / 1000)
    pbx.setVariable(channel, name, String(Math.floor(millis / 1000)))
    pbx.setVariable(channel, `${name}_MS`, String(millis))
  }

  const join = (channel: Channel, queue: Queue): Entry => {
    const line = lineOf(queue)
    const position = line.length + 1
    const entry: Entry = {
      channel,
      queue,
      since: now(),
      originalPosition: position,
      offers: [],
      isResting: false,
      stopTimers: new Set()
    }
    line.push(entry)
    if (position === 1) {
      // The line's own state is told at once; what phones did before must not come after it.
      devices.flush()
      devices.publish(`Queue:${queue.settings.name}`, "RINGING")
    }
    emit("QueueCallerJoin", "agent", [
      ...channelHeaders(channel),
      ["Queue", queue.settings.name],
      ["Position", String(position)],
      ["Count", String(position)]
    ])
    return entry
  }
  const leave = (entry: Entry) => {
    const line = lineOf(entry.queue)
    const position = line.indexOf(entry) + 1
    line.splice(position - 1, 1)
    for (const stop of entry.stopTimers) stop()
    const { name } = entry.queue.settings
    if (line.length === 0) devices.publish(`Queue:${name}`, "NOT_INUSE")
    emit("QueueCallerLeave", "agent", [
      ...channelHeaders(entry.channel),
      ["Queue", name],
      ["Position", String(position)],
      ["Count", String(line.length)]
    ])
    pbx.setVariable(entry.channel, "QUEUEPOSITION", String(position))
  }
  const abandon = (entry: Entry) => {
    const { queue, channel } = entry
    pbx.setVariable(channel, "ABANDONED", "TRUE")
    queue.abandoned++
    if (secondsSince(entry.since) <= queue.settings.serviceLevel) queue.abandonedInTime++
    emit("QueueCallerAbandon", "agent", [
      ...channelHeaders(channel),
      ["Queue", queue.settings.name],
      ["Position", String(lineOf(queue).indexOf(entry) + 1)],
      ["OriginalPosition", String(entry.originalPosition)],
      ["HoldTime", String(secondsSince(entry.since))]
    ])
    setTime(channel, "QUEUEWAIT", entry.since)
    setTime(channel, "DIALEDTIME", channel.createdAt)
    setTime(channel, "ANSWEREDTIME", now())
    offers.cancel(entry.offers, false)
    entry.offers = []
    leave(entry)
  }

  const timer = (entry: Entry, seconds: number, work: () => void): Cancel => {
    const cancel = after(seconds, work)
    entry.stopTimers.add(cancel)
    return cancel
  }
  const rest = (entry: Entry) => {
    entry.stopRinging?.()
    entry.isResting = true
    timer(entry, entry.queue.settings.retry, () => {
      entry.isResting = false
    })
  }
  const refused = (entry: Entry, offer: Offer) => {
    entry.offers = entry.offers.filter((other) => other !== offer)
    offers.miss([offer], "BUSY")
    if (entry.offers.length === 0) rest(entry)
  }
  const missed = (entry: Entry) => {
    const { offers: rung } = entry
    entry.offers = []
    offers.miss(rung, "NOANSWER")
    rest(entry)
  }
  /** One attempt to find somebody for the caller; answers whether there was anybody to try. */
  const ring = (entry: Entry): boolean => {
    const { queue, channel } = entry
    const available = queue.members.filter((member) => queues.canRing(queue, member))
    const chosen = chooseMembers(queue, available, random)
    for (const member of chosen) {
      if (entry.call !== undefined) break
      const made = offers.make(channel, queue, member, {
        answered: (offer) => connect(entry, offer),
        refused: (offer) => refused(entry, offer)
      })
      if (entry.call === undefined && !made.leg.isGone) entry.offers.push(made)
    }
    if (entry.offers.length > 0) {
      entry.stopRinging = timer(entry, queue.settings.timeout, () => missed(entry))
    }
    return chosen.length > 0
  }
  engine.onSettle(() => {
    let hasRung = false
    for (const line of lines.values()) {
      for (const entry of line.slice()) {
        if (!entry.isResting && entry.offers.length === 0 && line.includes(entry)) {
          hasRung = ring(entry) || hasRung
        }
      }
    }
    return hasRung
  })

  const connect = (entry: Entry, offer: Offer) => {
    const { queue, channel } = entry
    const { member, leg } = offer
    const held = secondsSince(entry.since)
    entry.call = { ...offer, held, connectedAt: now() }
    leg.onFarEndHangup = () => complete(entry, "agent")
    offers.accept(offer)
    offers.cancel(
      entry.offers.filter((other) => other.leg !== leg),
      true
    )
    entry.offers = []
    leave(entry)
    setTime(channel, "QUEUEWAIT", entry.since)
    queue.holdTime = queue.completed + queue.abandoned === 0 ? held : average(queue.holdTime, held)
    member.call = {
      since: engine.agenda.seconds(),
      withinServiceLevel: held <= queue.settings.serviceLevel
    }
    emit("AgentConnect", "agent", [
      ...agentHeaders(offer),
      ["HoldTime", String(held)],
      ["RingTime", String(secondsSince(offer.since))]
    ])
    pbx.bridges.connect(leg, channel)
    for (const listener of listeners) listener(offer)
  }
  const complete = (entry: Entry, reason: "agent" | "caller") => {
    const { call, channel } = entry
    if (call === undefined || entry.isOver === true) return
    entry.isOver = true
    emit("AgentComplete", "agent", [
      ...agentHeaders(call),
      ["HoldTime", String(call.held)],
      ["TalkTime", String(secondsSince(call.connectedAt))],
      ["Reason", reason]
    ])
    pbx.bridges.disconnect(reason === "agent" ? call.leg : channel)
    const endCallersPart = () => {
      setTime(channel, "ANSWEREDTIME", call.connectedAt)
      setTime(channel, "DIALEDTIME", channel.createdAt)
    }
    if (reason === "caller") endCallersPart()
    else {
      defer(() => {
        if (channel.isGone) return
        endCallersPart()
        pbx.hangup(channel)
      })
    }
    defer(() => pbx.hangup(call.leg))
    defer(() => endMembersPart(call))
  }
  const endMembersPart = ({ queue, member }: Offer) => {
    queues.endCall(queue, member)
    member.isOffered = false
    const rest = member.wrapUpTime || queue.settings.wrapUpTime
    // Nothing else happens when the rest is over: this wakes the line.
    if (rest > 0) after(rest, () => undefined)
  }

  pbx.register("Queue", (channel, data, next) => {
    const [name = "", , , , timeout = ""] = data.split(",")
    for (const variable of CLEARED_VARIABLES) pbx.setVariable(channel, variable, "")
    const queue = queues.find(name)
    const isFull =
      queue !== undefined && queue.settings.maxLength > 0 && lineOf(queue).length >= queue.settings.maxLength
    if (queue === undefined || isFull) {
      pbx.setVariable(channel, "QUEUESTATUS", isFull ? "FULL" : "UNKNOWN")
      next()
      return undefined
    }
    const entry = join(channel, queue)
    if (timeout !== "") {
      timer(entry, Number(timeout), () => {
        abandon(entry)
        pbx.setVariable(channel, "QUEUESTATUS", "TIMEOUT")
        next()
      })
    }
    return () => {
      if (entry.call === undefined) abandon(entry)
      else complete(entry, "caller")
    }
  })

  return {
    waiting: (queue) =>
      lineOf(queue).map(({ channel, since }, index) => ({ channel, since, position: index + 1 })),
    onConnected: (listener) => {
      listeners.push(listener)
    }
  }
}

interface Entry {
  readonly channel: Channel
  readonly queue: Queue
  readonly since: number
  readonly originalPosition: number
  readonly stopTimers: Set<Cancel>
  offers: Array<Offer>
  /** Between two attempts to reach a member. */
  isResting: boolean
  stopRinging?: Cancel
  call?: Offer & { readonly held: number; readonly connectedAt: number }
  isOver?: boolean
}

const agentHeaders = (offer: Offer) => [
  ...channelHeaders(offer.caller),
  ...channelHeaders(offer.leg, "Dest"),
  ...offerHeaders(offer)
]

const CLEARED_VARIABLES = [
  "ANSWEREDTIME",
  "ANSWEREDTIME_MS",
  "DIALEDTIME",
  "DIALEDTIME_MS",
  "QUEUEWAIT",
  "QUEUEWAIT_MS"
]
