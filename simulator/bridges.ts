import { type Bridge, bridgeHeaders, type Channel, channelHeaders } from "./channel.ts"
import type { Engine } from "./engine.ts"
import type { Random } from "./random.ts"

/** What connects channels: two of them in a call, any number in a conference, one in a parking lot. */
export interface Bridges {
  readonly all: ReadonlySet<Bridge>
  readonly open: (kind: Omit<Bridge, "id" | "channels">) => Bridge
  readonly enter: (bridge: Bridge, channel: Channel) => void
  /** Takes the channel out; the bridge ends with its last channel. */
  readonly leave: (channel: Channel) => void
  /** A call between two channels. */
  readonly connect: (first: Channel, second: Channel) => void
  /** Ends the call that the channel is in, the channel leaving first; nothing when it is in none. */
  readonly disconnect: (leaver: Channel) => void
}

export const makeBridges = (
  engine: Pick<Engine, "emit">,
  random: Random,
  setVariable: (channel: Channel, name: string, value: string) => void
): Bridges => {
  const all = new Set<Bridge>()
  const { emit } = engine

  const open: Bridges["open"] = (kind) => {
    const bridge: Bridge = { id: random.uuid(), channels: [], ...kind }
    all.add(bridge)
    emit("BridgeCreate", "call", bridgeHeaders(bridge))
    return bridge
  }
  const enter: Bridges["enter"] = (bridge, channel) => {
    bridge.channels.push(channel)
    channel.bridge = bridge
    emit("BridgeEnter", "call", [...bridgeHeaders(bridge), ...channelHeaders(channel)])
  }
  const leave: Bridges["leave"] = (channel) => {
    const { bridge } = channel
    if (bridge === undefined) return
    bridge.channels.splice(bridge.channels.indexOf(channel), 1)
    channel.bridge = undefined
    emit("BridgeLeave", "call", [...bridgeHeaders(bridge), ...channelHeaders(channel)])
    if (bridge.channels.length > 0) return
    all.delete(bridge)
    emit("BridgeDestroy", "call", bridgeHeaders(bridge))
  }

  return {
    all,
    open,
    enter,
    leave,
    connect: (first, second) => {
      const bridge = open({ technology: "simple_bridge", creator: "<unknown>", name: "<unknown>", hidden: 0 })
      enter(bridge, first)
      enter(bridge, second)
      for (const [channel, peer] of [
        [first, second],
        [second, first]
      ] as const) {
        channel.lastPeer = peer.name
        setVariable(channel, "BRIDGEPEER", peer.name)
      }
    },
    disconnect: (leaver) => {
      const { bridge } = leaver
      if (bridge === undefined) return
      const leaving = [leaver, ...bridge.channels.filter((channel) => channel !== leaver)]
      for (const channel of leaving) setVariable(channel, "BRIDGEPEER", "")
      for (const channel of leaving) leave(channel)
    }
  }
}
