import type { Cancel } from "./agenda.ts"
import { type Bridge, type Channel, channelHeaders } from "./channel.ts"
import type { Engine, Headers } from "./engine.ts"
import type { Switch } from "./switch.ts"

export interface ParkedCall {
  readonly channel: Channel
  readonly space: number
  /** Device the call comes back to when nobody takes it. */
  readonly parkedBy: string
  /** µs since the epoch. */
  readonly since: number
  /** Seconds. */
  readonly timeout: number
}

/** The one parking lot of the simulated PBX. */
export interface Parking {
  readonly lot: {
    readonly name: string
    readonly first: number
    readonly last: number
    readonly timeout: number
  }
  readonly calls: () => ReadonlyArray<ParkedCall>
  /** Answers false when the lot is full. */
  readonly park: (channel: Channel, wish?: { readonly timeout?: number; readonly space?: number }) => boolean
  /** `ParkedCall` headers for the list of ParkedCalls and for the events. */
  readonly headers: (call: ParkedCall, retriever?: Channel) => Headers
}

export const makeParking = (engine: Engine, pbx: Switch): Parking => {
  const lot = { name: "default", first: 701, last: 720, timeout: 45 }
  const parked = new Map<number, ParkedCall & { readonly stop: Cancel }>()
  let bridge: Bridge | undefined

  const secondsSince = (time: number) => Math.floor((engine.agenda.now() - time) / 1_000_000)
  const headers = (call: ParkedCall, retriever?: Channel): Headers => [
    ...channelHeaders(call.channel, "Parkee"),
    ...(retriever === undefined ? [] : channelHeaders(retriever, "Retriever")),
    ["ParkerDialString", call.parkedBy],
    ["Parkinglot", lot.name],
    ["ParkingSpace", String(call.space)],
    ["ParkingTimeout", String(Math.max(0, call.timeout - secondsSince(call.since)))],
    ["ParkingDuration", String(secondsSince(call.since))]
  ]
  const freeSpace = (wish: number | undefined): number | undefined => {
    const spaces = Array.from({ length: lot.last - lot.first + 1 }, (_, index) => lot.first + index)
    return (
      spaces.find((space) => space === wish && !parked.has(space)) ??
      spaces.find((space) => !parked.has(space))
    )
  }
  const takeOut = (space: number, event: string, retriever?: Channel): Channel | undefined => {
    const call = parked.get(space)
    if (call === undefined) return undefined
    call.stop()
    parked.delete(space)
    engine.emit(event, "call", headers(call, retriever))
    pbx.bridges.leave(call.channel)
    if (parked.size === 0) bridge = undefined
    return call.channel
  }
  const giveUp = (space: number) => {
    const channel = takeOut(space, "ParkedCallTimeOut")
    if (channel !== undefined) engine.defer(() => pbx.hangup(channel))
  }

  pbx.register("Park", (channel, data) => {
    const [, timeout = "", wish = ""] = data.split(",")
    const space = freeSpace(Number(wish) || undefined)
    if (space === undefined) {
      engine.defer(() => pbx.hangup(channel))
      return undefined
    }
    pbx.answer(channel)
    const seconds = Number(timeout) || lot.timeout
    bridge ??= pbx.bridges.open({
      technology: "holding_bridge",
      creator: "Parking",
      name: lot.name,
      hidden: 0
    })
    pbx.bridges.enter(bridge, channel)
    const call: ParkedCall = {
      channel,
      space,
      parkedBy: channel.lastPeer.replace(/-[0-9a-f]{8}(?:;[12])?$/, ""),
      since: engine.agenda.now(),
      timeout: seconds
    }
    parked.set(space, { ...call, stop: engine.after(seconds, () => giveUp(space)) })
    engine.emit("ParkedCall", "call", headers(call))
    return () => {
      if (parked.get(space)?.channel === channel) takeOut(space, "ParkedCallGiveUp")
    }
  })

  pbx.register("ParkedCall", (channel, data, next) => {
    const space = Number(data.split(",")[1])
    const call = parked.get(space)
    if (call === undefined) {
      next()
      return undefined
    }
    pbx.answer(channel)
    call.channel.leaveApplication = undefined
    takeOut(space, "UnParkedCall", channel)
    pbx.bridges.connect(channel, call.channel)
    const hangUpParked = () => engine.defer(() => pbx.hangup(call.channel))
    call.channel.onFarEndHangup = () => {
      engine.defer(() => pbx.hangup(call.channel))
      engine.defer(() => pbx.hangup(channel))
    }
    return () => {
      pbx.bridges.disconnect(channel)
      hangUpParked()
    }
  })

  return {
    lot,
    calls: () => [...parked.values()],
    park: (channel, wish = {}) => {
      if (freeSpace(wish.space) === undefined) return false
      pbx.bridges.disconnect(channel)
      channel.leaveApplication?.()
      channel.leaveApplication = undefined
      pbx.runApplication(channel, "Park", `${lot.name},${wish.timeout ?? ""},${wish.space ?? ""}`)
      return true
    },
    headers
  }
}
