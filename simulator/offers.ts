import type { Channel } from "./channel.ts"
import { channelHeaders } from "./channel.ts"
import { isLocal } from "./devices.ts"
import type { Engine, Headers } from "./engine.ts"
import { callerIdHeaders, type Phones } from "./phones.ts"
import type { Member, Queue, Queues } from "./queues.ts"
import { localPlace, type Switch } from "./switch.ts"

/** A waiting caller's call to one member. */
export interface Offer {
  readonly queue: Queue
  readonly caller: Channel
  readonly member: Member
  /** The member's leg; of a Local interface its first half. */
  readonly leg: Channel
  /** µs since the epoch. */
  readonly since: number
}

/** How queue members are rung, and how that ends without a conversation. */
export interface Offers {
  readonly make: (
    caller: Channel,
    queue: Queue,
    member: Member,
    outcome: { readonly answered: (offer: Offer) => void; readonly refused: (offer: Offer) => void }
  ) => Offer
  /** The member took the call: its leg is up and the ringing is over. */
  readonly accept: (offer: Offer) => void
  /** The member did not take the call. */
  readonly miss: (offers: ReadonlyArray<Offer>, status: "NOANSWER" | "BUSY") => void
  /** The caller does not want the member any more. */
  readonly cancel: (offers: ReadonlyArray<Offer>, isAnsweredElsewhere: boolean) => void
}

export const makeOffers = (engine: Engine, pbx: Switch, phones: Phones, queues: Queues): Offers => {
  const { emit } = engine

  const dialEnd = ({ caller, leg }: Offer, status: string) =>
    emit("DialEnd", "call", [
      ...channelHeaders(caller),
      ...channelHeaders(leg, "Dest"),
      ["DialStatus", status]
    ])

  const withdraw = ({ member, leg }: Offer, cause: number) => {
    member.isOffered = false
    leg.onAnswer = undefined
    leg.onFarEndHangup = undefined
    pbx.hangup(leg, cause)
  }
  const cancel = (offers: ReadonlyArray<Offer>, isAnsweredElsewhere: boolean) => {
    for (const offer of offers) {
      dialEnd(offer, "CANCEL")
      withdraw(offer, isAnsweredElsewhere ? ANSWERED_ELSEWHERE : NORMAL_CLEARING)
    }
  }

  /** Asterisk shows a member who has no caller ID the number that the caller dialled. */
  const shownTo = (caller: Channel) =>
    caller.connected.number === undefined ? { number: caller.exten, name: undefined } : caller.connected
  const prepareLeg = (leg: Channel, caller: Channel, location: string) => {
    leg.caller = shownTo(caller)
    pbx.newExten(leg, "AppQueue", OUTGOING)
    emit("NewCallerid", "call", callerIdHeaders(leg))
    pbx.setVariable(leg, "DIALEDPEERNUMBER", location)
  }
  const newLocalLeg = (caller: Channel, interfaceName: string): Channel =>
    pbx.newLocalPair(interfaceName, caller, ({ one, two }) => {
      const location = interfaceName.slice("Local/".length)
      prepareLeg(one, caller, location)
      pbx.setVariable(two, "DIALEDPEERNUMBER", location)
      two.caller = caller.caller
      two.connected = one.caller
      emit("NewCallerid", "call", callerIdHeaders(two))
      emit("NewConnectedLine", "call", channelHeaders(two))
    }).one
  const newPhoneLeg = (caller: Channel, interfaceName: string): Channel => {
    const leg = pbx.newChannel({ device: interfaceName, context: "default", exten: "", linkedTo: caller })
    prepareLeg(leg, caller, interfaceName.slice(interfaceName.indexOf("/") + 1))
    return leg
  }

  return {
    make: (caller, queue, member, outcome) => {
      const { interfaceName } = member
      member.isOffered = true
      const leg = isLocal(interfaceName)
        ? newLocalLeg(caller, interfaceName)
        : newPhoneLeg(caller, interfaceName)
      const offer: Offer = { queue, caller, member, leg, since: engine.agenda.now() }
      leg.onAnswer = () => outcome.answered(offer)
      leg.onFarEndHangup = () => outcome.refused(offer)
      const asRequested = channelHeaders(leg, "Dest")
      leg.connected = caller.caller
      leg.exten = caller.exten
      emit("AgentCalled", "agent", [
        ...channelHeaders(caller),
        ...channelHeaders(leg, "Dest"),
        ...offerHeaders(offer)
      ])
      emit("DialBegin", "call", [...channelHeaders(caller), ...asRequested, ["DialString", interfaceName]])
      const { otherHalf } = leg
      if (otherHalf === undefined) phones.ring(leg)
      else {
        const { context, exten } = localPlace(interfaceName)
        pbx.goTo(otherHalf, { context, exten, priority: 1 })
      }
      return offer
    },
    accept: (offer) => {
      const { leg } = offer
      if (leg.state !== "Up") pbx.setState(leg, "Up")
      pbx.newExten(leg, "AppQueue", OUTGOING)
      emit("NewConnectedLine", "call", channelHeaders(leg))
      dialEnd(offer, "ANSWER")
    },
    miss: (offers, status) => {
      for (const offer of offers) {
        const rung = Math.floor((engine.agenda.now() - offer.since) / 1000)
        emit("AgentRingNoAnswer", "agent", [
          ...channelHeaders(offer.caller),
          ...channelHeaders(offer.leg, "Dest"),
          ...offerHeaders(offer),
          ["RingTime", String(rung)]
        ])
        const { name, autoPause } = offer.queue.settings
        if (autoPause) queues.pause(name, offer.member.interfaceName, true, "Auto-Pause")
      }
      for (const offer of offers) dialEnd(offer, status)
      cancel(offers, false)
    },
    cancel: (offers, isAnsweredElsewhere) => cancel(offers, isAnsweredElsewhere)
  }
}

/** The headers by which the Agent… events name queue and member. */
export const offerHeaders = ({ queue, member }: Pick<Offer, "queue" | "member">): Headers => [
  ["Queue", queue.settings.name],
  ["Interface", member.interfaceName],
  ["MemberName", member.name]
]

const OUTGOING = "(Outgoing Line)"
const NORMAL_CLEARING = 16
const ANSWERED_ELSEWHERE = 26
