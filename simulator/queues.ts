import { type Devices, deviceOfInterface, type DeviceState, deviceStates } from "./devices.ts"
import type { Engine, Headers } from "./engine.ts"

export const strategies = [
  "ringall",
  "leastrecent",
  "fewestcalls",
  "random",
  "rrmemory",
  "linear",
  "wrandom",
  "rrordered"
] as const
export type Strategy = (typeof strategies)[number]

/** A queue as queues.conf describes it. Durations are seconds. */
export interface QueueSettings {
  readonly name: string
  /** Default `ringall`, as in Asterisk. */
  readonly strategy?: Strategy
  /** Rest of a member after a call. Default 0. */
  readonly wrapUpTime?: number
  /** A call answered within this counts for the service level. Default 0. */
  readonly serviceLevel?: number
  /** How long a member is rung. Default 15. */
  readonly timeout?: number
  /** Pause before the next member is tried when nobody answered. Default 5. */
  readonly retry?: number
  readonly weight?: number
  /** Most callers that may wait; 0, the default, for any number. */
  readonly maxLength?: number
  /** Whether members that are in a call are rung too. Default false. */
  readonly ringInUse?: boolean
  /** Whether a member that did not answer is paused. Default false. */
  readonly autoPause?: boolean
  /** Interfaces that are members without having been added. */
  readonly staticMembers?: ReadonlyArray<string>
}

export interface Member {
  readonly name: string
  readonly interfaceName: string
  readonly stateInterface: string
  /** The device of the state interface. */
  readonly device: string
  readonly membership: "dynamic" | "static"
  /** Seconds of its own rest after a call; 0: the queue's. */
  readonly wrapUpTime: number
  /** Times are seconds since the epoch, 0 for never. */
  readonly loginTime: number
  lastPause: number
  lastCall: number
  penalty: number
  calls: number
  ringInUse: boolean
  state: DeviceState
  isPaused: boolean
  pausedReason: string
  /** When its present call of this queue was connected; undefined between calls. */
  call: { readonly since: number; readonly withinServiceLevel: boolean } | undefined
  /** Whose rest after a call it keeps. */
  lastQueue: Queue | undefined
  /** Whether a call is being offered to it, so that no second one is. */
  isOffered: boolean
}

export interface Queue {
  settings: Required<QueueSettings>
  readonly members: Array<Member>
  holdTime: number
  talkTime: number
  completed: number
  completedInTime: number
  abandoned: number
  abandonedInTime: number
  roundRobin: number
}

export type Added = "added" | "already-there" | "no-such-queue"
export type Removed = "removed" | "not-there" | "no-such-queue" | "not-dynamic"

export interface NewMember {
  readonly interfaceName: string
  readonly memberName?: string | undefined
  readonly stateInterface?: string | undefined
  readonly penalty?: number
  readonly isPaused?: boolean
  readonly reason?: string | undefined
  readonly wrapUpTime?: number
}

/** Queues and who is in them, as app_queue keeps them, with the events it sends (contracts/callcenter.md 8). */
export interface Queues {
  /** In the order they were configured. */
  readonly all: ReadonlyMap<string, Queue>
  readonly find: (name: string) => Queue | undefined
  readonly configure: (settings: QueueSettings) => void
  readonly remove: (name: string) => void
  readonly addMember: (queue: string, member: NewMember) => Added
  readonly removeMember: (queue: string, interfaceName: string) => Removed
  /** In one queue, or with `queue` undefined in all; answers in how many it was found. */
  readonly pause: (
    queue: string | undefined,
    interfaceName: string,
    paused: boolean,
    reason: string
  ) => number
  readonly setPenalty: (queue: string | undefined, interfaceName: string, penalty: number) => number
  readonly setRingInUse: (queue: string | undefined, interfaceName: string, ringInUse: boolean) => number
  readonly resetStatistics: (queue: string | undefined) => number
  /** Whether a call of this queue may be offered to the member now. */
  readonly canRing: (queue: Queue, member: Member) => boolean
  /** The member's call is over, if its device did not say so already. */
  readonly endCall: (queue: Queue, member: Member) => void
  /** As after a restart of an Asterisk without persistent members. */
  readonly forgetDynamicMembers: () => void
}

export const makeQueues = (
  engine: Pick<Engine, "emit" | "agenda">,
  devices: Devices,
  settings: ReadonlyArray<QueueSettings>
): Queues => {
  const all = new Map<string, Queue>()
  const now = engine.agenda.seconds

  const find = (name: string) => all.get(name)
  const memberOf = (queue: Queue, interfaceName: string) =>
    queue.members.find((member) => member.interfaceName === interfaceName)
  const tell = (name: string, queue: Queue, member: Member) =>
    engine.emit(name, "agent", memberHeaders(queue, member))

  const newMember = (queue: Queue, wanted: NewMember, membership: Member["membership"]): Member => {
    const stateInterface = wanted.stateInterface || wanted.interfaceName
    const device = deviceOfInterface(stateInterface)
    return {
      name: wanted.memberName || wanted.interfaceName,
      interfaceName: wanted.interfaceName,
      stateInterface,
      device,
      membership,
      wrapUpTime: wanted.wrapUpTime ?? 0,
      loginTime: now(),
      lastPause: wanted.isPaused === true ? now() : 0,
      lastCall: 0,
      penalty: wanted.penalty ?? 0,
      calls: 0,
      ringInUse: queue.settings.ringInUse,
      state: devices.state(device),
      isPaused: wanted.isPaused ?? false,
      pausedReason: wanted.reason ?? "",
      call: undefined,
      lastQueue: undefined,
      isOffered: false
    }
  }
  const configure = (settings: QueueSettings) => {
    const queue = all.get(settings.name) ?? {
      ...newStatistics(),
      settings: withDefaults(settings),
      members: []
    }
    queue.settings = withDefaults(settings)
    all.set(settings.name, queue)
    for (const interfaceName of settings.staticMembers ?? []) {
      if (memberOf(queue, interfaceName) === undefined) {
        queue.members.push(newMember(queue, { interfaceName }, "static"))
      }
    }
  }
  for (const queue of settings) configure(queue)

  const restIsOver = (queue: Queue, member: Member) =>
    now() - member.lastCall >= (member.wrapUpTime || queue.settings.wrapUpTime)
  const isOfferedAnywhere = ({ interfaceName }: Member) =>
    [...all.values()].some((queue) => memberOf(queue, interfaceName)?.isOffered === true)
  const isAvailable = (queue: Queue, member: Member) =>
    isIdle(member.state, member.ringInUse) &&
    !member.isPaused &&
    (member.lastCall === 0 || restIsOver(queue, member))
  const tellAvailability = (queue: Queue, available: boolean) =>
    devices.publish(`Queue:${queue.settings.name}_avail`, available ? "NOT_INUSE" : "INUSE")
  const tellPause = (queue: Queue, member: Member, paused: boolean) =>
    devices.publish(
      `Queue:${queue.settings.name}_pause_${member.interfaceName}`,
      paused ? "INUSE" : "NOT_INUSE"
    )

  /** A member's calls count in every queue it is in (`shared_lastcall = yes`). */
  const endCall = (queue: Queue, member: Member) => {
    if (member.call === undefined) return
    const talked = now() - member.call.since
    if (member.call.withinServiceLevel) queue.completedInTime++
    member.call = undefined
    queue.completed++
    queue.talkTime = queue.completed === 1 ? talked : average(queue.talkTime, talked)
    for (const each of all.values()) {
      const same = memberOf(each, member.interfaceName)
      if (same === undefined) continue
      same.calls++
      same.lastCall = now()
      same.lastQueue = queue
    }
  }
  const updateState = (queue: Queue, member: Member, state: DeviceState) => {
    if (member.state === state) return
    if (state === "NOT_INUSE") endCall(queue, member)
    member.state = state
    member.isOffered = false
    tell("QueueMemberStatus", queue, member)
  }
  devices.subscribe((device, state) => {
    for (const queue of all.values()) {
      const concerned = queue.members.filter((member) => member.device === device)
      for (const member of concerned) updateState(queue, member, state)
      if (concerned.length > 0) {
        tellAvailability(
          queue,
          queue.members.some((member) => isAvailable(queue, member))
        )
      }
    }
  })

  /** What several actions have in common: the member in the named queue, or in all. */
  const forEachMember = (
    queueName: string | undefined,
    interfaceName: string,
    work: (queue: Queue, member: Member) => void
  ): number => {
    let found = 0
    for (const queue of all.values()) {
      if (queueName !== undefined && queue.settings.name.toLowerCase() !== queueName.toLowerCase()) continue
      const member = memberOf(queue, interfaceName)
      if (member === undefined) continue
      work(queue, member)
      found++
    }
    return found
  }

  return {
    all,
    find,
    configure,
    remove: (name) => void all.delete(name),
    addMember: (queueName, wanted) => {
      const queue = find(queueName)
      if (queue === undefined) return "no-such-queue"
      if (memberOf(queue, wanted.interfaceName) !== undefined) return "already-there"
      const member = newMember(queue, wanted, "dynamic")
      queue.members.push(member)
      tellPause(queue, member, member.isPaused)
      tell("QueueMemberAdded", queue, member)
      if (isAvailable(queue, member)) tellAvailability(queue, true)
      return "added"
    },
    removeMember: (queueName, interfaceName) => {
      const queue = find(queueName)
      if (queue === undefined) return "no-such-queue"
      const member = memberOf(queue, interfaceName)
      if (member === undefined) return "not-there"
      if (member.membership === "static") return "not-dynamic"
      tell("QueueMemberRemoved", queue, member)
      tellPause(queue, member, false)
      queue.members.splice(queue.members.indexOf(member), 1)
      if (!queue.members.some((other) => isAvailable(queue, other))) tellAvailability(queue, false)
      return "removed"
    },
    pause: (queueName, interfaceName, paused, reason) =>
      forEachMember(queueName, interfaceName, (queue, member) => {
        member.isPaused = paused
        if (paused) member.lastPause = now()
        tellPause(queue, member, paused)
        if (isAvailable(queue, member)) tellAvailability(queue, true)
        else if (!queue.members.some((other) => isAvailable(queue, other))) tellAvailability(queue, false)
        // The event of an unpause shows its reason once; the member does not keep it.
        member.pausedReason = reason
        tell("QueueMemberPause", queue, member)
        if (!paused) member.pausedReason = ""
      }),
    setPenalty: (queueName, interfaceName, penalty) =>
      forEachMember(queueName, interfaceName, (queue, member) => {
        member.penalty = penalty
        tell("QueueMemberPenalty", queue, member)
      }),
    setRingInUse: (queueName, interfaceName, ringInUse) =>
      forEachMember(queueName, interfaceName, (queue, member) => {
        member.ringInUse = ringInUse
        tell("QueueMemberRinginuse", queue, member)
      }),
    resetStatistics: (queueName) => {
      const chosen = [...all.values()].filter(
        (queue) => queueName === undefined || queue.settings.name === queueName
      )
      for (const queue of chosen) {
        Object.assign(queue, newStatistics())
        for (const member of queue.members)
          Object.assign(member, { calls: 0, lastCall: 0, lastQueue: undefined })
      }
      return chosen.length
    },
    canRing: (queue, member) =>
      !member.isPaused &&
      !isOfferedAnywhere(member) &&
      isIdle(member.state, member.ringInUse) &&
      isIdle(devices.state(deviceOfInterface(member.stateInterface)), member.ringInUse) &&
      (member.lastCall === 0 || restIsOver(member.lastQueue ?? queue, member)),
    endCall,
    forgetDynamicMembers: () => {
      for (const queue of all.values()) {
        const kept = queue.members.filter((member) => member.membership === "static")
        queue.members.splice(0, queue.members.length, ...kept)
      }
    }
  }
}

/** The body of the QueueMember… events. */
export const memberHeaders = (queue: Queue, member: Member): Headers => [
  ["Queue", queue.settings.name],
  ["MemberName", member.name],
  ["Interface", member.interfaceName],
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
  ["Ringinuse", member.ringInUse ? "1" : "0"],
  ["Wrapuptime", String(member.wrapUpTime)]
]

/** Percentages of answered, and of all calls, that met the service level. */
export const serviceLevels = (queue: Queue): { readonly answered: number; readonly all: number } => {
  const calls = queue.completed + queue.abandoned
  return {
    answered: queue.completed === 0 ? 0 : (100 * queue.completedInTime) / queue.completed,
    all: calls === 0 ? 0 : (100 * (queue.completedInTime + queue.abandonedInTime)) / calls
  }
}

/** Asterisk's moving average: the newest value weighs a quarter. */
export const average = (old: number, newest: number): number => Math.floor((old * 3 + newest) / 4)

const isIdle = (state: DeviceState, alsoInUse: boolean): boolean =>
  state === "NOT_INUSE" ||
  state === "UNKNOWN" ||
  (alsoInUse && state !== "INVALID" && state !== "UNAVAILABLE")

const withDefaults = (settings: QueueSettings): Required<QueueSettings> => ({
  strategy: "ringall",
  wrapUpTime: 0,
  serviceLevel: 0,
  timeout: 15,
  retry: 5,
  weight: 0,
  maxLength: 0,
  ringInUse: false,
  autoPause: false,
  staticMembers: [],
  ...settings
})

const newStatistics = () => ({
  holdTime: 0,
  talkTime: 0,
  completed: 0,
  completedInTime: 0,
  abandoned: 0,
  abandonedInTime: 0,
  roundRobin: 0
})
