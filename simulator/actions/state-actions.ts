import { presenceHeaders } from "../presence.ts"
import type { Handlers } from "./action.ts"

/** Device, extension and presence states (contracts/callcenter.md 9.3). */
export const stateActions: Handlers = {
  DeviceStateList: ({ reply, pbx }) =>
    reply.list({
      message: "Device State Changes will follow",
      events: [...pbx.devices.told()].map(([device, state]) => [
        ["Event", "DeviceStateChange"],
        ...reply.id,
        ["Device", device],
        ["State", state]
      ]),
      complete: "DeviceStateListComplete"
    }),
  ExtensionState: ({ get, reply, pbx }) => {
    if (get("Exten") === "") return reply.error("Extension not specified")
    const status = pbx.hints.status(get("Exten"), get("Context") || "default")
    return reply.success([["Message", "Extension Status"], ...status])
  },
  ExtensionStateList: ({ reply, pbx }) => {
    const hints = pbx.hints.all()
    if (hints.length === 0) return reply.error("No dialplan hints are available")
    return reply.list({
      message: "Extension Statuses will follow",
      events: hints.map(([exten, context]) => [
        ["Event", "ExtensionStatus"],
        ...reply.id,
        ...pbx.hints.status(exten, context)
      ]),
      complete: "ExtensionStateListComplete"
    })
  },
  PresenceState: ({ get, reply, pbx }) => {
    const provider = get("Provider")
    if (provider === "") return reply.error("No provider specified")
    const presence = pbx.presences.get(provider)
    if (presence === undefined) {
      return reply.error(`Invalid provider ${provider} or provider in invalid state`)
    }
    const { state, subtype, message } = presence
    return reply.success([
      ["Message", "Presence State"],
      ["State", state],
      ...(subtype === "" ? [] : [["Subtype", subtype] as const]),
      ...(message === ""
        ? []
        : ([["Message", message] as const, ["PresenceMessage", message] as const] as const))
    ])
  },
  PresenceStateList: ({ reply, pbx }) =>
    reply.list({
      message: "Presence State Changes will follow",
      events: [...pbx.presences.all()].map(([provider, presence]) => [
        ["Event", "PresenceStateChange"],
        ...reply.id,
        ...presenceHeaders(provider, presence)
      ]),
      complete: "PresenceStateListComplete"
    })
}
