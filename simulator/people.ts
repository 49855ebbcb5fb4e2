import type { Cancel } from "./agenda.ts"
import type { Channel, Party } from "./channel.ts"
import type { Engine } from "./engine.ts"
import type { Phones } from "./phones.ts"
import type { QueueCalls } from "./queue-calls.ts"
import type { Random, Range } from "./random.ts"
import type { Place, Switch } from "./switch.ts"

/** How callers and agents behave. Times are seconds. */
export interface Habits {
  /** Whether agents pick up and hang up by themselves; false leaves both to whoever drives the simulator. */
  readonly automatic: boolean
  /** From the first ring to the answer. */
  readonly answerDelay: Range
  /** Part of the calls that an agent lets ring, 0 to 1. */
  readonly missedCalls: number
  /** Length of a conversation. */
  readonly talkTime: Range
  /** How long a caller waits before hanging up. */
  readonly patience: Range
}

export const defaultHabits: Habits = {
  automatic: true,
  answerDelay: { min: 1, max: 6 },
  missedCalls: 0.05,
  talkTime: { min: 10, max: 60 },
  patience: { min: 30, max: 120 }
}

/** Who is at the other end of the lines: callers who come in from the street, agents at their phones. */
export interface People {
  /** A caller comes in now and goes to that place of the dialplan. */
  readonly call: (place: Place, caller?: Party) => Channel
  /** From now on that many callers a minute come in for it, at random times. 0 stops them. */
  readonly callRegularly: (place: Place, callsPerMinute: number) => void
}

export const makePeople = (
  engine: Engine,
  pbx: Switch,
  phones: Phones,
  queueCalls: QueueCalls,
  random: (purpose: string) => Random,
  habits: Habits
): People => {
  const [arrivals, callers, agents] = [random("arrivals"), random("callers"), random("agents")]
  const streams = new Map<string, Cancel>()

  phones.onRinging((leg) => {
    if (!habits.automatic || agents.chance(habits.missedCalls)) return
    engine.after(agents.between(habits.answerDelay), () => phones.answer(leg))
  })
  queueCalls.onConnected(({ caller, leg }) => {
    if (!habits.automatic) return
    const agentEnds = agents.chance(0.5)
    engine.after(agents.between(habits.talkTime), () => {
      const phone = phoneOf(leg)
      if (agentEnds && phone !== undefined) pbx.farEndHangup(phone)
      else if (caller.otherHalf === undefined) pbx.farEndHangup(caller)
    })
  })

  const call: People["call"] = (place, party) => {
    const channel = pbx.newChannel({
      device: TRUNK,
      context: place.context,
      exten: place.exten,
      state: "Ring",
      caller: party ?? someone(callers)
    })
    const patience = callers.between(habits.patience)
    if (habits.automatic) {
      engine.after(patience, () => {
        if (channel.bridge === undefined) pbx.farEndHangup(channel)
      })
    }
    pbx.goTo(channel, place)
    return channel
  }
  const callRegularly: People["callRegularly"] = (place, callsPerMinute) => {
    const key = `${place.exten}@${place.context}`
    streams.get(key)?.()
    if (callsPerMinute <= 0) return
    const next = () => {
      streams.set(
        key,
        engine.after(arrivals.exponential(60 / callsPerMinute), () => {
          call(place)
          next()
        })
      )
    }
    next()
  }
  return { call, callRegularly }
}

/** The device that outside calls come in on. */
export const TRUNK = "PJSIP/trunk"

/** The phone behind a member's leg: the leg itself, or what its Local channel is connected to. */
export const phoneOf = (leg: Channel): Channel | undefined => {
  const { otherHalf } = leg
  if (otherHalf === undefined) return leg
  return otherHalf.bridge?.channels.find((channel) => channel !== otherHalf)
}

const someone = (random: Random): Party => ({
  number: `555${random.digits(4)}`,
  name: random.pick(NAMES)
})

const NAMES: readonly [string, ...Array<string>] = [
  "Ada Palmer",
  "Björn Lindqvist",
  "Chiara Conti",
  "David Okoye",
  "Elif Yılmaz",
  "François Dubé",
  "Grace O'Malley",
  "Hiro Tanaka",
  "Ines Duarte",
  "Jan Novák"
]
