import type { Engine } from "./engine.ts"

/** Asterisk's device states; their index is the number that queue events carry as `Status`. */
export const deviceStates = [
  "UNKNOWN",
  "NOT_INUSE",
  "INUSE",
  "BUSY",
  "INVALID",
  "UNAVAILABLE",
  "RINGING",
  "RINGINUSE",
  "ONHOLD"
] as const
export type DeviceState = (typeof deviceStates)[number]

export const deviceStateTexts: Record<DeviceState, string> = {
  UNKNOWN: "Unknown",
  NOT_INUSE: "Not in use",
  INUSE: "In use",
  BUSY: "Busy",
  INVALID: "Invalid",
  UNAVAILABLE: "Unavailable",
  RINGING: "Ringing",
  RINGINUSE: "Ring+Inuse",
  ONHOLD: "On Hold"
}

/** How a channel uses its device. */
export type Use = "ringing" | "up"

/**
 * The state of everything that can have one: phones (`PJSIP/…`), Local channels, and what is only ever told
 * (`Queue:…`, `Custom:…`, `confbridge:…`).
 */
export interface Devices {
  readonly state: (device: string) => DeviceState
  /** Tells the state of a device that has no channels; silent when it was that already. */
  readonly publish: (device: string, state: DeviceState) => void
  /** The state of a phone as far as calls do not change it: UNAVAILABLE, ONHOLD, … */
  readonly set: (phone: string, state: DeviceState) => void
  /** A channel uses its device in another way; undefined: no longer. Told at the end of the step. */
  readonly use: (device: string, channel: string, use: Use | undefined) => void
  /** Tells what `use` has changed so far. */
  readonly flush: () => boolean
  /** Every state told so far that Asterisk keeps: not those of Local channels. */
  readonly told: () => ReadonlyMap<string, DeviceState>
  readonly subscribe: (listener: (device: string, state: DeviceState) => void) => void
}

export interface DevicesOptions {
  /** States at the start. A phone that is not named is registered and idle. */
  readonly known: Readonly<Record<string, DeviceState>>
  /** Whether the dialplan has the place a Local channel leads to. */
  readonly leadsSomewhere: (localDevice: string) => boolean
}

export const makeDevices = (engine: Pick<Engine, "emit" | "onSettle">, options: DevicesOptions): Devices => {
  const base = new Map<string, DeviceState>(Object.entries(options.known))
  const told = new Map(base)
  const uses = new Map<string, Map<string, Use>>()
  const listeners: Array<(device: string, state: DeviceState) => void> = []
  let changed = new Map<string, number>()

  const state = (device: string): DeviceState => {
    if (!isLine(device)) return told.get(device) ?? "UNKNOWN"
    const set =
      base.get(device) ?? (isLocal(device) && !options.leadsSomewhere(device) ? "INVALID" : "NOT_INUSE")
    return set === "NOT_INUSE" ? stateOfUses([...(uses.get(device)?.values() ?? [])]) : set
  }
  const tell = (device: string, current: DeviceState) => {
    engine.emit("DeviceStateChange", "call", [
      ["Device", device],
      ["State", current]
    ])
    for (const listener of listeners) listener(device, current)
  }
  const publish = (device: string, next: DeviceState) => {
    if (told.get(device) === next) return
    told.set(device, next)
    tell(device, next)
  }
  /** Of a Local channel both halves tell, and Asterisk passes on both. */
  const tellLine = (device: string, times: number) => {
    if (!isLocal(device)) return publish(device, state(device))
    for (let time = 0; time < times; time++) tell(device, state(device))
  }
  const flush = () => {
    if (changed.size === 0) return false
    const due = changed
    changed = new Map()
    for (const [device, times] of due) tellLine(device, times)
    return true
  }
  engine.onSettle(flush)

  return {
    state,
    publish,
    set: (phone, next) => {
      base.set(phone, next)
      publish(phone, state(phone))
    },
    use: (device, channel, use) => {
      const ofDevice = uses.get(device) ?? new Map<string, Use>()
      if (ofDevice.get(channel) === use) return
      if (use === undefined) ofDevice.delete(channel)
      else ofDevice.set(channel, use)
      if (ofDevice.size === 0) uses.delete(device)
      else uses.set(device, ofDevice)
      changed.set(device, (changed.get(device) ?? 0) + 1)
    },
    flush,
    told: () => told,
    subscribe: (listener) => {
      listeners.push(listener)
    }
  }
}

/** The state interface without the option Local channels may end in (`Local/1001@default/n`). */
export const deviceOfInterface = (interfaceName: string): string =>
  isLocal(interfaceName) ? interfaceName.split("/", 2).join("/") : interfaceName

export const isLocal = (device: string): boolean => /^Local\//i.test(device)

const isLine = (device: string): boolean => device.includes("/") && !TOLD_ONLY.test(device)
const TOLD_ONLY = /^(?:Queue|Custom|confbridge|park):/i

const stateOfUses = (uses: ReadonlyArray<Use>): DeviceState => {
  const isUp = uses.includes("up")
  if (uses.includes("ringing")) return isUp ? "RINGINUSE" : "RINGING"
  return isUp ? "INUSE" : "NOT_INUSE"
}
