import { registerBasicApplications } from "./applications.ts"
import type { Channel, Party } from "./channel.ts"
import { makeConferences } from "./conferences.ts"
import { deviceOfInterface, type DeviceState, makeDevices } from "./devices.ts"
import { commonDialplan, type Dialplan, mergeDialplans, stepsOf, type Step } from "./dialplan.ts"
import { type Engine, makeEngine, type PbxEvent } from "./engine.ts"
import { type HintTable, makeHints } from "./hints.ts"
import { makeOffers } from "./offers.ts"
import { makeOriginate } from "./originate.ts"
import { makeParking } from "./parking.ts"
import { defaultHabits, type Habits, makePeople } from "./people.ts"
import { makePhones, registerDial } from "./phones.ts"
import { makePresences, type Presence } from "./presence.ts"
import { makeQueueCalls } from "./queue-calls.ts"
import { makeQueues, type NewMember, type Queue, type QueueSettings } from "./queues.ts"
import { makeRandom } from "./random.ts"
import { localPlace, makeSwitch, type Place } from "./switch.ts"

/** A queue of the simulated PBX, and the callers that come in for it. */
export interface SimulatedQueue extends QueueSettings {
  /** What callers dial for it, in the contexts `from-trunk` and `default`. Default 3000, 3001, … */
  readonly extension?: string
  /** Callers that come in on their own, at random times. Default 0. */
  readonly callsPerMinute?: number
}

export interface PbxOptions {
  /** Equal seeds and equal doings at equal times give equal bytes. */
  readonly seed: string
  readonly queues: ReadonlyArray<SimulatedQueue>
  /** Added to what `queues` and `commonDialplan` give. */
  readonly dialplan?: Dialplan
  /** State of phones at the start; one that is not named is registered and idle. */
  readonly devices?: Readonly<Record<string, DeviceState>>
  readonly hints?: HintTable
  readonly habits?: Partial<Habits>
  /** Whether events carry a Timestamp (`timestampevents`). Default true. */
  readonly timestampEvents?: boolean
  /** The PBX's clock at its start, in µs since the epoch. */
  readonly startTime: number
  /** Seconds after the start until it says that it is fully booted. Default 0. */
  readonly bootTime?: number
  /** What an earlier life left on its disk. */
  readonly remains?: Remains
}

/** What a PBX keeps over a restart. */
export interface Remains {
  readonly database: ReadonlyMap<string, string>
  readonly presences: ReadonlyMap<string, Presence>
  readonly customStates: ReadonlyMap<string, DeviceState>
  /** Dynamic members, as with `persistentmembers = yes`. */
  readonly members: ReadonlyArray<NewMember & { readonly queue: string }>
}

/**
 * A small PBX without a network: its state, its own clock, and the events that tell of it. It does nothing by
 * itself: `advanceTo` moves its time, and whatever changes it from outside runs inside `step`.
 */
export type Pbx = ReturnType<typeof makePbx>

export const makePbx = (options: PbxOptions) => {
  const listeners = new Set<(event: PbxEvent) => void>()
  const engine = makeEngine({
    start: options.startTime,
    timestampEvents: options.timestampEvents ?? true,
    onEvent: (event) => {
      for (const listener of listeners) listener(event)
    }
  })
  const random = (purpose: string) => makeRandom(`${options.seed}/${purpose}`)
  const extensions = new Map<string, string>()
  let dialplan: Dialplan = {}

  const devices = makeDevices(engine, {
    known: { ...options.devices, ...Object.fromEntries(options.remains?.customStates ?? []) },
    leadsSomewhere: (device) => {
      const { context, exten } = localPlace(device)
      return stepsOf(dialplan, context, exten) !== undefined
    }
  })
  const queues = makeQueues(engine, devices, options.queues)
  const pbx = makeSwitch(engine, devices, random("bridges"), {
    dialplan: () => dialplan,
    substitute: (channel, name) => (name === "MEMBER_DEVICE" ? memberDevice(channel) : "")
  })
  const phones = makePhones(engine, pbx, devices)
  const offers = makeOffers(engine, pbx, phones, queues)
  const queueCalls = makeQueueCalls(engine, pbx, devices, queues, offers, random("queues"))
  const people = makePeople(engine, pbx, phones, queueCalls, random, { ...defaultHabits, ...options.habits })
  const parking = makeParking(engine, pbx)
  const conferences = makeConferences(engine, pbx, devices)
  registerBasicApplications(engine, pbx)
  registerDial(engine, pbx, phones)
  const hints = makeHints(engine, devices, options.hints ?? {})
  const presences = makePresences(engine, options.remains?.presences ?? new Map())
  /** Asterisk's own database: `/family/key` to value. */
  const database = new Map(options.remains?.database)

  /** The device of the queue member that a Local channel stands for. */
  const memberDevice = ({ device }: Channel): string => {
    for (const queue of queues.all.values()) {
      const member = queue.members.find((each) => deviceOfInterface(each.interfaceName) === device)
      if (member !== undefined) return member.stateInterface
    }
    return ""
  }
  const buildDialplan = () => {
    const ways: Record<string, ReadonlyArray<Step>> = {}
    for (const [queue, extension] of extensions) ways[extension] = [["Answer"], ["Queue", queue], ["Hangup"]]
    dialplan = mergeDialplans(
      commonDialplan,
      { [TRUNK_CONTEXT]: ways, default: ways },
      options.dialplan ?? {}
    )
  }
  const placeOf = (queue: string): Place | undefined => {
    const exten = extensions.get(queue)
    return exten === undefined ? undefined : { context: TRUNK_CONTEXT, exten, priority: 1 }
  }
  const openToCallers = (queue: SimulatedQueue) => {
    extensions.set(queue.name, queue.extension ?? String(FIRST_QUEUE_EXTENSION + extensions.size))
    buildDialplan()
    const place = placeOf(queue.name)
    if (place !== undefined) people.callRegularly(place, queue.callsPerMinute ?? 0)
  }
  for (const queue of options.queues) openToCallers(queue)
  buildDialplan()
  let reloadedAt = options.startTime
  let isFullyBooted = (options.bootTime ?? 0) === 0
  if (!isFullyBooted) {
    engine.after(options.bootTime ?? 0, () => {
      isFullyBooted = true
      const seconds = String(options.bootTime)
      engine.emit("FullyBooted", "system", [
        ["Uptime", seconds],
        ["LastReload", seconds],
        ["Status", "Fully Booted"]
      ])
    })
  }
  for (const { queue, ...member } of options.remains?.members ?? []) queues.addMember(queue, member)

  return {
    engine: engine satisfies Engine,
    clock: engine.clock,
    devices,
    queues,
    queueCalls,
    calls: pbx,
    phones,
    people,
    parking,
    conferences,
    hints,
    presences,
    originate: makeOriginate(engine, pbx, phones),
    database,
    random,
    version: "23.0.0",
    amiVersion: "13.0.0",
    startedAt: options.startTime,
    reloadedAt: () => reloadedAt,
    reload: () => {
      reloadedAt = engine.clock.now()
    },
    isFullyBooted: () => isFullyBooted,
    /** Listens to all events; answers how to stop. */
    onEvent: (listener: (event: PbxEvent) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    step: engine.step,
    /** Makes or changes a queue. */
    addQueue: (queue: SimulatedQueue) => {
      queues.configure(queue)
      openToCallers(queue)
    },
    /** What a phone's registration or its user does to its state, or what is told of any other device. */
    setDeviceState: (device: string, state: DeviceState) =>
      device.includes("/") ? devices.set(device, state) : devices.publish(device, state),
    /** A caller comes in for the queue now; undefined when there is no such queue. */
    call: (queue: string, caller?: Party): Channel | undefined => {
      const place = placeOf(queue)
      return place === undefined ? undefined : people.call(place, caller)
    },
    /** What is left after a restart; with `forgetMembers` without dynamic queue members. */
    remains: (forgetMembers: boolean): Remains => ({
      database,
      presences: presences.all(),
      customStates: new Map([...devices.told()].filter(([device]) => device.startsWith("Custom:"))),
      members: forgetMembers ? [] : [...queues.all.values()].flatMap(dynamicMembers)
    })
  }
}

const dynamicMembers = (queue: Queue): Remains["members"] =>
  queue.members
    .filter((member) => member.membership === "dynamic")
    .map((member) => ({
      queue: queue.settings.name,
      interfaceName: member.interfaceName,
      memberName: member.name,
      stateInterface: member.stateInterface,
      penalty: member.penalty,
      isPaused: member.isPaused,
      reason: member.pausedReason,
      wrapUpTime: member.wrapUpTime
    }))

const TRUNK_CONTEXT = "from-trunk"
const FIRST_QUEUE_EXTENSION = 3000
