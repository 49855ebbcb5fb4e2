import { dateTime } from "../call-record.ts"
import { runCommand } from "../command-line.ts"
import type { Handlers } from "./action.ts"

/** The PBX as a whole. */
export const systemActions: Handlers = {
  CoreSettings: ({ reply, pbx }) =>
    reply.success([
      ["AMIversion", pbx.amiVersion],
      ["AsteriskVersion", pbx.version],
      ["SystemName", ""],
      ["CoreMaxCalls", "0"],
      ["CoreMaxLoadAvg", "0.000000"],
      ["CoreRunUser", ""],
      ["CoreRunGroup", ""],
      ["CoreMaxFilehandles", "0"],
      ["CoreRealTimeEnabled", "No"],
      ["CoreCDRenabled", "Yes"],
      ["CoreHTTPenabled", "No"],
      ["SoundsSearchCustomDir", "No"]
    ]),
  CoreStatus: ({ reply, pbx }) => {
    const [startDate = "", startTime = ""] = dateTime(pbx.startedAt).split(" ")
    const [reloadDate = "", reloadTime = ""] = dateTime(pbx.reloadedAt()).split(" ")
    reply.success([
      ["CoreStartupDate", startDate],
      ["CoreStartupTime", startTime],
      ["CoreReloadDate", reloadDate],
      ["CoreReloadTime", reloadTime],
      ["CoreCurrentCalls", String(pbx.calls.channels.size)],
      ["CoreProcessedCalls", String(pbx.calls.processedCalls())]
    ])
  },
  Reload: ({ get, reply, pbx }) => {
    const module = get("Module").replace(/\.so$/, "")
    if (module !== "" && !MODULES.has(module)) return reply.error("No such module")
    pbx.reload()
    pbx.engine.emit("Reload", "system", [
      ["Module", module === "" ? "All" : module],
      ["Status", "0"]
    ])
    return reply.ack("Module Reloaded")
  },
  // What the event says besides its name is the client's, its ActionID included.
  UserEvent: ({ get, headers, reply, pbx }) => {
    reply.ack("Event Sent")
    pbx.engine.emit("UserEvent", "user", [
      ["UserEvent", get("UserEvent")],
      ...headers.filter(([name]) => !["userevent", "action"].includes(name.toLowerCase()))
    ])
  },
  Command: ({ get, reply, pbx }) => {
    if (get("Command") === "") return reply.error("No command provided")
    const { succeeds, output } = runCommand(pbx, get("Command"))
    return reply.send([
      ["Response", succeeds ? "Success" : "Error"],
      ...reply.id,
      ["Message", "Command output follows"],
      ...output.map((line): readonly [string, string] => ["Output", line])
    ])
  },
  PJSIPNotify: ({ get, reply }) => {
    if ((get("Option") === "") === (get("Variable") === "")) {
      return reply.error(
        "PJSIPNotify requires either an Option or Variable(s).You must use only one of them."
      )
    }
    const targets = ["Endpoint", "URI", "Channel"].filter((name) => get(name) !== "")
    if (targets.length !== 1) {
      return reply.error(
        "PJSIPNotify requires either an endpoint name, a SIP URI, or a channel.  You must use only one of them."
      )
    }
    return reply.ack("NOTIFY sent")
  },
  SIPnotify: ({ get, reply }) =>
    get("Channel") === "" ? reply.error("SIPNotify requires a channel name") : reply.ack("Notify Sent")
}

const MODULES = new Set([
  "app_confbridge",
  "app_queue",
  "cdr",
  "chan_pjsip",
  "extconfig",
  "features",
  "func_devstate",
  "logger",
  "manager",
  "pbx_config",
  "res_parking",
  "res_pjsip"
])
