import { type Bridge, bridgeHeaders, type Channel, channelHeaders } from "./channel.ts"
import type { Devices } from "./devices.ts"
import type { Engine } from "./engine.ts"
import type { Switch } from "./switch.ts"

export interface Conference {
  readonly name: string
  readonly bridge: Bridge
}

/** The ConfBridge application: everybody in a room hears the others. */
export const makeConferences = (engine: Engine, pbx: Switch, devices: Devices) => {
  const rooms = new Map<string, Conference>()

  const open = (name: string): Conference => {
    const bridge = pbx.bridges.open({ technology: "softmix", creator: "ConfBridge", name, hidden: 1 })
    const room = { name, bridge }
    rooms.set(name, room)
    // The room's announcer, whose channels Asterisk keeps to itself.
    pbx.skipLocalPair()
    engine.emit("ConfbridgeStart", "call", [["Conference", name], ...bridgeHeaders(bridge)])
    devices.publish(`confbridge:${name}`, "INUSE")
    return room
  }
  const leave = (room: Conference, channel: Channel) => {
    const headers = () => [["Conference", room.name] as const, ...bridgeHeaders(room.bridge)]
    pbx.setVariable(channel, "CONFBRIDGE_RESULT", "HANGUP")
    engine.emit("ConfbridgeLeave", "call", [...headers(), ...channelHeaders(channel), ["Admin", "No"]])
    const isLast = room.bridge.channels.length === 1
    if (isLast) engine.emit("ConfbridgeEnd", "call", headers())
    pbx.bridges.leave(channel)
    if (!isLast) return
    rooms.delete(room.name)
    devices.publish(`confbridge:${room.name}`, "NOT_INUSE")
  }

  pbx.register("ConfBridge", (channel, data) => {
    const name = data.split(",")[0] ?? ""
    const room = rooms.get(name) ?? open(name)
    pbx.bridges.enter(room.bridge, channel)
    engine.emit("ConfbridgeJoin", "call", [
      ["Conference", name],
      ...bridgeHeaders(room.bridge),
      ...channelHeaders(channel),
      ["Admin", "No"],
      ["Muted", "No"]
    ])
    return () => leave(room, channel)
  })

  return { rooms: rooms as ReadonlyMap<string, Conference> }
}
