import { type AmiMessage, header } from "../../runtime/ami/ami.ts"

/** A call of a queue, from joining it to the end of the conversation with a member. Times in milliseconds. */
export interface QueueCall {
  /** Of the caller's channel. */
  readonly uniqueid: string
  readonly linkedid: string
  readonly channel: string
  readonly queue: string
  readonly callerNumber: string
  readonly callerName: string
  readonly state: "waiting" | "connected"
  /** Place in the queue from 1; 0 once connected. */
  readonly position: number
  /** When the caller joined, or was connected; of a call found connected, when the caller's channel began. */
  readonly since: number
  /** Seconds the caller waited before a member answered; null while waiting, and when nobody saw it. */
  readonly waited: number | null
  /** The member who answered; empty while waiting, and when nobody saw it. */
  readonly member: string
}

/** A member of a queue as Asterisk reports it. */
export interface LiveMember {
  readonly interface: string
  readonly name: string
  readonly stateInterface: string
  readonly penalty: number
  readonly paused: boolean
  readonly pausedReason: string
  /** Number of the device state. */
  readonly status: number
  /** Whether the member is in a call of this queue. */
  readonly inCall: boolean
  readonly callsTaken: number
  /** Milliseconds since the epoch; 0 for never. */
  readonly lastCall: number
  /** Seconds of a wrap-up of its own; 0: the queue's. */
  readonly wrapUpTime: number
}

export interface Membership {
  readonly queue: string
  readonly member: LiveMember
}

/** A queue at this moment. The counters go back to the last time that Asterisk reset them. */
export interface LiveQueue {
  readonly name: string
  /** In the order of their positions. */
  readonly waiting: ReadonlyArray<QueueCall>
  readonly connected: ReadonlyArray<QueueCall>
  readonly members: ReadonlyArray<LiveMember>
  readonly answered: number
  readonly abandoned: number
  /** Seconds within which a call should be answered. */
  readonly serviceLevel: number
  /** Of the answered calls, the share answered in that time, from 0 to 1; null before the first one. */
  readonly answeredInTime: number | null
}

/** What a live view has to be told of: events of Asterisk by their names. */
export const queueEvents = [
  "QueueCallerJoin",
  "QueueCallerLeave",
  "QueueCallerAbandon",
  "AgentConnect",
  "AgentComplete",
  "Hangup",
  "QueueMemberAdded",
  "QueueMemberRemoved",
  "QueueMemberPause",
  "QueueMemberPenalty",
  "QueueMemberRinginuse",
  "QueueMemberStatus"
] as const

/**
 * The queues of a PBX in memory: what `QueueStatus` said, and what the events said since. An event that says what
 * is known already changes nothing, so that events may overlap with a status that was asked for. Event-rate code:
 * an event costs a few lookups.
 */
export class LiveQueues {
  readonly #queues = new Map<string, Counted>()
  /** Where a call is, by the uniqueid of the caller's channel. */
  readonly #places = new Map<string, Counted>()
  readonly #now: () => number
  readonly #changed: (queue: string) => void
  /** Events that came while a status was on its way; they may be newer than it. */
  #meanwhile: Array<AmiMessage> | undefined

  constructor(now: () => number, changed: (queue: string) => void) {
    this.#now = now
    this.#changed = changed
  }

  queue(name: string): LiveQueue | undefined {
    const queue = this.#queues.get(name)
    return queue && this.#view(queue)
  }

  /** A call by the uniqueid or the name of its caller's channel. */
  call(id: string): QueueCall | undefined {
    return this.#callOf(id) ?? this.calls().find(({ channel }) => channel === id)
  }

  calls(): ReadonlyArray<QueueCall> {
    return [...this.#queues.values()].flatMap(({ calls }) => [...calls.values()])
  }

  /** An interface in each queue that it is member of. */
  membershipsOf(memberInterface: string): ReadonlyArray<Membership> {
    return [...this.#queues.values()].flatMap(({ name, members }) => {
      const member = members.get(memberInterface)
      return member ? [{ queue: name, member }] : []
    })
  }

  /** Takes an event. Answers whether it told of a queue that is not known. */
  apply(event: AmiMessage): boolean {
    this.#meanwhile?.push(event)
    const name = header(event, "Event") ?? ""
    if (name === "Hangup") {
      this.#endCall(header(event, "Uniqueid") ?? "")
      return false
    }
    const queueName = header(event, "Queue") ?? ""
    const known = this.#queues.get(queueName)
    const queue = known ?? emptyQueue(queueName)
    this.#queues.set(queueName, queue)
    this.#applyTo(queue, name, event)
    return known === undefined
  }

  /** Call before asking for a status, so that nothing that happens until `replace` is missed. */
  expectStatus(): void {
    this.#meanwhile = []
  }

  /** No status came. */
  giveUpStatus(): void {
    this.#meanwhile = undefined
  }

  /** Starts over from the lists of `QueueStatus` and `CoreShowChannels`. */
  replace(status: ReadonlyArray<AmiMessage>, channels: ReadonlyArray<AmiMessage>): void {
    const before = new Map(this.calls().map((call) => [call.uniqueid, call]))
    const gone = new Set(this.#queues.keys())
    this.#queues.clear()
    this.#places.clear()
    for (const item of status) this.#take(item, before)
    this.#takeConnected(channels, before)
    for (const queue of this.#queues.values()) countConnected(queue)
    for (const name of this.#queues.keys()) gone.add(name)
    const meanwhile = this.#meanwhile ?? []
    this.#meanwhile = undefined
    for (const event of meanwhile) this.apply(event)
    for (const name of gone) this.#changed(name)
  }

  #applyTo(queue: Counted, name: string, event: AmiMessage): void {
    const uniqueid = header(event, "Uniqueid") ?? ""
    const call = queue.calls.get(uniqueid)
    switch (name) {
      case "QueueCallerJoin":
        this.#join(queue, event)
        break
      case "QueueCallerLeave":
        if (call?.state === "waiting") this.#leave(queue, call)
        break
      case "QueueCallerAbandon":
        // Asterisk tells of an abandoned call before it takes the caller out of the queue.
        if (call?.state === "waiting") {
          queue.abandoned++
          this.#leave(queue, call)
        }
        break
      case "AgentConnect":
        if (call?.state !== "connected") this.#connect(queue, event)
        break
      case "AgentComplete":
        this.#endCall(uniqueid)
        break
      case "QueueMemberRemoved":
        queue.members.delete(header(event, "Interface") ?? "")
        break
      default: {
        const member = memberOf(event, header(event, "Interface") ?? "", header(event, "MemberName") ?? "")
        queue.members.set(member.interface, member)
      }
    }
    this.#changed(queue.name)
  }

  #join(queue: Counted, event: AmiMessage): void {
    const parties = partiesOf(event)
    if (queue.calls.has(parties.uniqueid)) return
    const position = numberIn(event, "Position")
    shift(queue, (other) => (other >= position ? other + 1 : other))
    this.#put(queue, { ...parties, ...waitingIn(queue.name), position, since: this.#now() })
  }

  #connect(queue: Counted, event: AmiMessage): void {
    const parties = partiesOf(event)
    const waiting = queue.calls.get(parties.uniqueid)
    if (waiting !== undefined) this.#leave(queue, waiting)
    const waited = numberIn(event, "HoldTime")
    const member = header(event, "Interface") ?? ""
    this.#put(queue, { ...parties, ...connectedIn(queue.name), since: this.#now(), waited, member })
    countAnswered(queue, waited)
  }

  /** The caller is gone, or talks to nobody of the queue any more. */
  #endCall(uniqueid: string): void {
    const queue = this.#places.get(uniqueid)
    const call = queue?.calls.get(uniqueid)
    if (queue === undefined || call === undefined) return
    this.#leave(queue, call)
    this.#changed(queue.name)
  }

  #put(queue: Counted, call: QueueCall): void {
    queue.calls.set(call.uniqueid, call)
    this.#places.set(call.uniqueid, queue)
  }

  #leave(queue: Counted, { uniqueid, state, position }: QueueCall): void {
    queue.calls.delete(uniqueid)
    if (this.#places.get(uniqueid) === queue) this.#places.delete(uniqueid)
    if (state === "waiting") shift(queue, (other) => (other > position ? other - 1 : other))
  }

  #callOf(uniqueid: string): QueueCall | undefined {
    return this.#places.get(uniqueid)?.calls.get(uniqueid)
  }

  #take(item: AmiMessage, before: ReadonlyMap<string, QueueCall>): void {
    const name = header(item, "Queue") ?? ""
    const kind = header(item, "Event")
    if (kind === "QueueParams") this.#queues.set(name, countersOf(name, item))
    const queue = this.#queues.get(name)
    if (queue === undefined) return
    switch (kind) {
      case "QueueMember": {
        const member = memberOf(item, header(item, "Location") ?? "", header(item, "Name") ?? "")
        queue.members.set(member.interface, member)
        break
      }
      case "QueueEntry": {
        const parties = partiesOf(item)
        const seen = before.get(parties.uniqueid)
        const since =
          seen?.state === "waiting" && seen.queue === name
            ? seen.since
            : this.#now() - numberIn(item, "Wait") * 1_000
        const position = numberIn(item, "Position")
        this.#put(queue, { ...parties, ...waitingIn(name), position, since })
      }
    }
  }

  /** Callers in the Queue application who do not wait are talking; Asterisk's status does not list them. */
  #takeConnected(channels: ReadonlyArray<AmiMessage>, before: ReadonlyMap<string, QueueCall>): void {
    for (const channel of channels) {
      const parties = partiesOf(channel)
      const [name = ""] = (header(channel, "ApplicationData") ?? "").split(",")
      const queue = this.#queues.get(name)
      if (header(channel, "Application") !== "Queue" || queue === undefined) continue
      if (this.#places.has(parties.uniqueid) || (header(channel, "BridgeId") ?? "") === "") continue
      const seen = before.get(parties.uniqueid)
      if (seen?.state === "connected") this.#put(queue, seen)
      else {
        const member = memberTalkingTo(parties.linkedid, queue, channels)
        const since = this.#now() - secondsOf(header(channel, "Duration") ?? "") * 1_000
        this.#put(queue, { ...parties, ...connectedIn(name), since, waited: null, member })
      }
    }
  }

  #view(queue: Counted): LiveQueue {
    const calls = [...queue.calls.values()]
    return {
      name: queue.name,
      waiting: calls
        .filter(({ state }) => state === "waiting")
        .sort((left, right) => left.position - right.position),
      connected: calls.filter(({ state }) => state === "connected"),
      members: [...queue.members.values()],
      answered: queue.answered,
      abandoned: queue.abandoned,
      serviceLevel: queue.serviceLevel,
      answeredInTime: queue.timed === 0 ? null : queue.inTime / queue.timed
    }
  }
}

interface Counted {
  readonly name: string
  readonly members: Map<string, LiveMember>
  /** Waiting and connected, by the uniqueid of the caller's channel. */
  readonly calls: Map<string, QueueCall>
  answered: number
  /** Of the answered calls, those whose waiting time is known, and of these, those in time. */
  timed: number
  inTime: number
  abandoned: number
  serviceLevel: number
}

const emptyQueue = (name: string): Counted => ({
  name,
  members: new Map(),
  calls: new Map(),
  answered: 0,
  timed: 0,
  inTime: 0,
  abandoned: 0,
  serviceLevel: 0
})

const countersOf = (name: string, params: AmiMessage): Counted => {
  const completed = numberIn(params, "Completed")
  return {
    ...emptyQueue(name),
    answered: completed,
    timed: completed,
    inTime: Math.round((completed * numberIn(params, "ServicelevelPerf")) / 100),
    abandoned: numberIn(params, "Abandoned"),
    serviceLevel: numberIn(params, "ServiceLevel")
  }
}

const countAnswered = (queue: Counted, waited: number | null): void => {
  queue.answered++
  if (waited === null) return
  queue.timed++
  if (waited <= queue.serviceLevel) queue.inTime++
}

/** Asterisk counts a call when it ends; here it is answered once it is. */
const countConnected = (queue: Counted): void => {
  for (const { state, waited } of queue.calls.values()) {
    if (state === "connected") countAnswered(queue, waited)
  }
}

const shift = (queue: Counted, move: (position: number) => number): void => {
  for (const [uniqueid, call] of queue.calls) {
    const position = call.state === "waiting" ? move(call.position) : call.position
    if (position !== call.position) queue.calls.set(uniqueid, { ...call, position })
  }
}

const waitingIn = (queue: string) => ({ queue, state: "waiting", waited: null, member: "" }) as const
const connectedIn = (queue: string) => ({ queue, state: "connected", position: 0 }) as const

const memberTalkingTo = (linkedid: string, queue: Counted, channels: ReadonlyArray<AmiMessage>): string => {
  const legs = channels.filter((channel) => header(channel, "Linkedid") === linkedid)
  const isLegOf = (device: string) =>
    legs.some((leg) => (header(leg, "Channel") ?? "").startsWith(`${device}-`))
  const talking = [...queue.members.values()].filter(({ inCall }) => inCall)
  return (
    talking.find((member) => isLegOf(member.interface) || isLegOf(member.stateInterface))?.interface ?? ""
  )
}

const partiesOf = (message: AmiMessage) => ({
  uniqueid: header(message, "Uniqueid") ?? "",
  linkedid: header(message, "Linkedid") ?? header(message, "Uniqueid") ?? "",
  channel: header(message, "Channel") ?? "",
  callerNumber: known(header(message, "CallerIDNum")),
  callerName: known(header(message, "CallerIDName"))
})

/** Asterisk writes `<unknown>`, in lists `unknown`, for what it does not know. */
const known = (value: string | undefined): string =>
  value === undefined || value === "<unknown>" || value === "unknown" ? "" : value

const memberOf = (message: AmiMessage, memberInterface: string, name: string): LiveMember => ({
  interface: memberInterface,
  name,
  stateInterface: header(message, "StateInterface") ?? memberInterface,
  penalty: numberIn(message, "Penalty"),
  paused: header(message, "Paused") === "1",
  pausedReason: header(message, "PausedReason") ?? "",
  status: numberIn(message, "Status"),
  inCall: header(message, "InCall") === "1",
  callsTaken: numberIn(message, "CallsTaken"),
  lastCall: numberIn(message, "LastCall") * 1_000,
  wrapUpTime: numberIn(message, "Wrapuptime")
})

/** `00:01:30` in seconds. */
const secondsOf = (duration: string): number =>
  duration.split(":").reduce((seconds, part) => seconds * 60 + (Number(part) || 0), 0)

const numberIn = (message: AmiMessage, name: string): number => Number(header(message, name) ?? 0) || 0
