import { type Channel, channelHeaders, type Party } from "./channel.ts"
import { isLocal } from "./devices.ts"
import type { Engine, Headers } from "./engine.ts"
import { callerIdHeaders, type Phones } from "./phones.ts"
import { localPlace, type Place, type Switch } from "./switch.ts"

/** A call that the PBX makes by itself: it dials `channel` and sends whoever answers to `goal`. */
export interface Origination {
  /** `Local/…`, `PJSIP/…`. */
  readonly channel: string
  readonly goal: Place | { readonly application: string; readonly data: string }
  readonly caller: Party
  readonly variables: ReadonlyArray<readonly [name: string, value: string]>
  /** Seconds. */
  readonly timeout: number
}

/** How a dialled channel ended up, with the reason numbers of OriginateResponse. */
export interface OriginateOutcome {
  readonly channel: Channel | undefined
  readonly reason: (typeof reasons)[keyof typeof reasons]
}

const reasons = { failed: 0, noAnswer: 3, answered: 4, busy: 5 } as const

/** Places the call and reports once how it went: before the answered channel reaches its goal. */
export type Originate = (call: Origination, report: (outcome: OriginateOutcome) => void) => void

export const makeOriginate =
  (engine: Engine, pbx: Switch, phones: Phones): Originate =>
  (call, report) => {
    const { channel, caller, goal } = call
    const hasCaller = caller.number !== undefined || caller.name !== undefined

    const setUp = (leg: Channel, variables: Origination["variables"]) => {
      for (const [name, value] of variables) pbx.setVariable(leg, name, value)
      if (!hasCaller) return
      leg.caller = caller
      engine.emit("NewCallerid", "call", callerIdHeaders(leg))
      leg.connected = caller
      engine.emit("NewConnectedLine", "call", channelHeaders(leg))
    }
    const prepareLocal = ({ one, two }: { one: Channel; two: Channel }) => {
      pbx.newExten(one, "AppDial2", "(Outgoing Line)")
      setUp(one, call.variables.toReversed())
      for (const [name, value] of call.variables) pbx.setVariable(two, name, value)
      if (!hasCaller) return
      two.caller = caller
      two.connected = caller
      engine.emit("NewCallerid", "call", callerIdHeaders(two))
      engine.emit("NewConnectedLine", "call", channelHeaders(two))
    }
    const newPhoneLeg = () => {
      const leg = pbx.newChannel({ device: channel, context: "default", exten: "" })
      pbx.newExten(leg, "AppDial2", "(Outgoing Line)")
      setUp(leg, call.variables)
      return leg
    }

    if (!canDial(pbx, phones, channel)) return report({ channel: undefined, reason: reasons.failed })
    const leg = isLocal(channel) ? pbx.newLocalPair(channel, undefined, prepareLocal).one : newPhoneLeg()
    const dial = (extra: Headers) => [...channelHeaders(leg, "Dest"), ...extra]
    const stop = engine.after(call.timeout, () => fail(reasons.noAnswer, "NOANSWER"))
    const fail = (reason: OriginateOutcome["reason"], status: string) => {
      stop()
      leg.onAnswer = undefined
      leg.onFarEndHangup = undefined
      engine.emit("DialEnd", "call", dial([["DialStatus", status]]))
      pbx.hangup(leg)
      report({ channel: undefined, reason })
    }
    leg.onFarEndHangup = () => fail(reasons.busy, "BUSY")
    leg.onAnswer = () => {
      stop()
      leg.onAnswer = undefined
      leg.onFarEndHangup = undefined
      if (leg.state !== "Up") pbx.setState(leg, "Up")
      report({ channel: leg, reason: reasons.answered })
      engine.emit("DialEnd", "call", dial([["DialStatus", "ANSWER"]]))
      if ("application" in goal) pbx.runApplication(leg, goal.application, goal.data)
      else pbx.goTo(leg, goal)
    }
    engine.emit("DialBegin", "call", dial([["DialString", channel.slice(channel.indexOf("/") + 1)]]))
    if (leg.otherHalf === undefined) phones.ring(leg)
    else {
      const { context, exten } = localPlace(channel)
      pbx.goTo(leg.otherHalf, { context, exten, priority: 1 })
    }
  }

const canDial = (pbx: Switch, phones: Phones, channel: string): boolean => {
  if (!isLocal(channel)) return phones.reach(channel) === "OK"
  const { context, exten } = localPlace(channel)
  return pbx.exists({ context, exten, priority: 1 })
}
