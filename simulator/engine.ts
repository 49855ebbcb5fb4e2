import type { AmiMessage } from "../runtime/ami/ami.ts"
import { type Agenda, type Cancel, makeAgenda } from "./agenda.ts"

export type Headers = ReadonlyArray<readonly [name: string, value: string]>

/** The classes of Asterisk's manager.conf that an event or an action can belong to. */
export const eventClasses = [
  "system",
  "call",
  "log",
  "verbose",
  "command",
  "agent",
  "user",
  "config",
  "dtmf",
  "reporting",
  "cdr",
  "dialplan",
  "originate",
  "agi",
  "cc",
  "aoc",
  "test",
  "security",
  "message"
] as const
export type EventClass = (typeof eventClasses)[number]

/** An event as every session that asked for its class gets it. */
export interface PbxEvent {
  readonly name: string
  readonly eventClass: EventClass
  readonly message: AmiMessage
}

/**
 * The ground of the simulated PBX: its clock, its event stream, and the order in which things follow from each
 * other. All state changes happen inside `step`; what a change brings about elsewhere is deferred to the end of
 * the step, so that each event shows a state that was really there.
 */
export interface Engine {
  readonly agenda: Pick<Agenda, "now" | "seconds">
  readonly after: (seconds: number, work: () => void) => Cancel
  readonly emit: (name: string, eventClass: EventClass, headers: Headers) => void
  /** Runs `work` when what is under way now is through, behind whatever was deferred before. */
  readonly defer: (work: () => void) => void
  /** Adds work for the end of every step, for as long as it says that it changed something. */
  readonly onSettle: (hook: () => boolean) => void
  readonly step: <A>(work: () => A) => A
}

export interface EngineOptions {
  /** µs since the epoch. */
  readonly start: number
  /** Whether events carry `Timestamp`, as with `timestampevents = yes` in manager.conf. */
  readonly timestampEvents: boolean
  readonly onEvent: (event: PbxEvent) => void
}

export const makeEngine = (options: EngineOptions): Engine & { readonly clock: Agenda } => {
  const clock = makeAgenda(options.start)
  const hooks: Array<() => boolean> = []
  let deferred: Array<() => void> = []
  let depth = 0

  const runDeferred = () => {
    while (deferred.length > 0) {
      const round = deferred
      deferred = []
      for (const work of round) work()
    }
  }
  const settle = () => {
    do runDeferred()
    while (hooks.some((hook) => hook()))
  }
  const step = <A>(work: () => A): A => {
    depth++
    try {
      const result = work()
      if (depth === 1) settle()
      return result
    } finally {
      depth--
    }
  }

  return {
    clock,
    agenda: clock,
    after: (seconds, work) => clock.after(seconds, () => step(work)),
    emit: (name, eventClass, headers) => {
      const stamp: Headers = options.timestampEvents ? [["Timestamp", formatStamp(clock.stamp())]] : []
      options.onEvent({
        name,
        eventClass,
        message: { headers: [["Event", name], ["Privilege", `${eventClass},all`], ...stamp, ...headers] }
      })
    },
    defer: (work) => {
      deferred.push(work)
    },
    onSettle: (hook) => {
      hooks.push(hook)
    },
    step
  }
}

/** `<seconds>.<six digits of µs>`. */
export const formatStamp = (micros: number): string => {
  const seconds = Math.floor(micros / 1_000_000)
  return `${seconds}.${String(micros - seconds * 1_000_000).padStart(6, "0")}`
}
