import { type Channel, channelHeaders, type Party } from "./channel.ts"
import { type Devices, isLocal } from "./devices.ts"
import type { Engine } from "./engine.ts"
import type { Switch } from "./switch.ts"

/** Calls to phones: they ring, and whoever sits there answers, or does not. */
export interface Phones {
  /** Whether a phone can be rung, else the DIALSTATUS that says why not. */
  readonly reach: (device: string) => "OK" | "BUSY" | "CHANUNAVAIL"
  /** A leg to a phone, not ringing yet. */
  readonly newLeg: (leg: {
    readonly device: string
    readonly application: string
    readonly caller: Party
    readonly connected: Party
    readonly linkedTo?: Channel | undefined
  }) => Channel
  /** Lets the leg ring. */
  readonly ring: (leg: Channel) => void
  /** Picks up a ringing leg; answers false when it does not ring. */
  readonly answer: (leg: Channel) => boolean
  readonly onRinging: (listener: (leg: Channel) => void) => void
}

export const makePhones = (engine: Engine, pbx: Switch, devices: Devices): Phones => {
  const listeners: Array<(leg: Channel) => void> = []
  return {
    reach: (device) => {
      const state = devices.state(device)
      if (state === "UNAVAILABLE" || state === "INVALID") return "CHANUNAVAIL"
      return state === "BUSY" ? "BUSY" : "OK"
    },
    newLeg: ({ device, application, caller, connected, linkedTo }) => {
      const leg = pbx.newChannel({ device, context: "default", exten: "", linkedTo })
      leg.caller = caller
      pbx.newExten(leg, application, "(Outgoing Line)")
      engine.emit("NewCallerid", "call", callerIdHeaders(leg))
      leg.connected = connected
      engine.emit("NewConnectedLine", "call", channelHeaders(leg))
      return leg
    },
    ring: (leg) => {
      engine.after(NETWORK_DELAY, () => {
        if (leg.isGone) return
        pbx.setState(leg, "Ringing")
        for (const listener of listeners) listener(leg)
      })
    },
    answer: (leg) => {
      if (leg.isGone || leg.state !== "Ringing") return false
      pbx.setState(leg, "Up")
      leg.onAnswer?.()
      return true
    },
    onRinging: (listener) => {
      listeners.push(listener)
    }
  }
}

/** The body of NewCallerid. */
export const callerIdHeaders = (channel: Channel) => [
  ...channelHeaders(channel),
  ["CID-CallingPres", "0 (Presentation Allowed, Not Screened)"] as const
]

/** The Dial application, for one phone: `Dial(PJSIP/alice[,seconds])`. */
export const registerDial = (engine: Engine, pbx: Switch, phones: Phones): void => {
  pbx.register("Dial", (channel, data, next) => {
    const [device = "", timeout] = data.split(",")
    const reach = device.includes("/") && !isLocal(device) ? phones.reach(device) : "CHANUNAVAIL"
    const end = (status: string) => pbx.setVariable(channel, "DIALSTATUS", status)
    if (reach !== "OK") {
      end(reach)
      next()
      return undefined
    }
    const leg = phones.newLeg({
      device,
      application: "AppDial",
      caller: { number: channel.exten, name: undefined },
      connected: channel.caller,
      linkedTo: channel
    })
    const both = () => [...channelHeaders(channel), ...channelHeaders(leg, "Dest")]
    const dialEnd = (status: string) => engine.emit("DialEnd", "call", [...both(), ["DialStatus", status]])
    engine.emit("DialBegin", "call", [...both(), ["DialString", device.slice(device.indexOf("/") + 1)]])
    const stop = timeout
      ? engine.after(Number(timeout), () => {
          dialEnd("NOANSWER")
          pbx.hangup(leg)
          end("NOANSWER")
          next()
        })
      : () => undefined
    leg.onAnswer = () => {
      stop()
      dialEnd("ANSWER")
      end("ANSWER")
      pbx.answer(channel)
      if (!channel.isGone) pbx.bridges.connect(leg, channel)
    }
    leg.onFarEndHangup = () => {
      stop()
      if (leg.state !== "Up") {
        dialEnd("BUSY")
        end("BUSY")
      }
      pbx.bridges.disconnect(leg)
      engine.defer(() => pbx.hangup(leg))
      engine.defer(next)
    }
    phones.ring(leg)
    return () => {
      stop()
      if (leg.isGone) return
      if (leg.state !== "Up") dialEnd("CANCEL")
      pbx.bridges.disconnect(channel)
      leg.onFarEndHangup = undefined
      engine.defer(() => pbx.hangup(leg))
    }
  })
}

/** Between sending an INVITE and the phone's 180 Ringing. */
const NETWORK_DELAY = 0.05
