import type { EventClass } from "../engine.ts"
import type { Handler, Handlers } from "./action.ts"
import { channelActions } from "./channel-actions.ts"
import { databaseActions } from "./database-actions.ts"
import { queueActions } from "./queue-actions.ts"
import { sessionActions } from "./session-actions.ts"
import { stateActions } from "./state-actions.ts"
import { systemActions } from "./system-actions.ts"

/** An action that this PBX knows by name. */
export interface CatalogueEntry {
  readonly name: string
  /** A user needs one of these classes to take it; none: everybody may. */
  readonly classes: ReadonlyArray<EventClass>
  /** Undefined: Asterisk has it, the simulator does not. */
  readonly handler: Handler | undefined
}

/** The actions of an Asterisk 23 with queues, conferences and parking, by lower-case name. */
export const actionCatalogue = (options: {
  /** Whether the modules that notify phones are loaded. */
  readonly phoneNotify: boolean
}): ReadonlyMap<string, CatalogueEntry> => {
  const rights = options.phoneNotify ? [...RIGHTS, PHONE_NOTIFY_RIGHTS] : RIGHTS
  const entries = rights
    .flatMap(([classes, names]) =>
      names.split(" ").map((name): CatalogueEntry => ({ name, classes, handler: handlerOf(name) }))
    )
    .toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
  const listCommands: Handler = ({ reply, session }) => {
    const write = session.state().user?.write
    const mayTake = ({ classes }: CatalogueEntry) => classes.length === 0 || isAllowed(write, classes)
    reply.success(
      entries
        .filter(mayTake)
        .map(({ name, classes }) => [
          name,
          ` (Priv: ${classes.length === 0 ? "<none>" : [...classes, "all"].join(",")})`
        ])
    )
  }
  return new Map(
    entries.map((entry) => [
      entry.name.toLowerCase(),
      entry.name === "ListCommands" ? { ...entry, handler: listCommands } : entry
    ])
  )
}

/** Whether a user with these rights (undefined: all) may take an action of these classes. */
export const isAllowed = (
  rights: ReadonlyArray<EventClass> | undefined,
  classes: ReadonlyArray<EventClass>
): boolean => rights === undefined || classes.some((each) => rights.includes(each))

type Rights = readonly [classes: ReadonlyArray<EventClass>, names: string]

const RIGHTS: ReadonlyArray<Rights> = [
  [
    [],
    "BridgeDestroy BridgeInfo BridgeKick BridgeList BridgeTechnologyList " +
      "BridgeTechnologySuspend BridgeTechnologyUnsuspend Challenge Events ListCommands Login " +
      "Logoff Ping QueueChangePriorityCaller QueueReload QueueReset QueueRule QueueStatus " +
      "QueueSummary QueueWithdrawCaller WaitEvent"
  ],
  [["agent"], "QueueAdd QueueLog QueueMemberRingInUse QueuePause QueuePenalty QueueRemove"],
  [["agi"], "AGI"],
  [["aoc"], "AOCMessage"],
  [
    ["call"],
    "Atxfer BlindTransfer Bridge CancelAtxfer ConfbridgeKick ConfbridgeLock ConfbridgeMute " +
      "ConfbridgeSetSingleVideoSrc ConfbridgeUnlock ConfbridgeUnmute Park ParkedCalls " +
      "Parkinglots PlayDTMF Redirect SendFlash SendText Setvar"
  ],
  [
    ["call", "reporting"],
    "DeviceStateList ExtensionState ExtensionStateList Getvar MailboxCount MailboxStatus " +
      "PresenceState PresenceStateList"
  ],
  [["command"], "Command"],
  [["config"], "CreateConfig ListCategories UpdateConfig"],
  [["config", "reporting"], "ShowDialPlan"],
  [["message"], "MessageSend"],
  [["originate"], "Originate"],
  [["reporting"], "ConfbridgeList ConfbridgeListRooms"],
  [
    ["system"],
    "ConfbridgeStartRecord ConfbridgeStopRecord DBDel DBDelTree DBPut DialplanExtensionAdd " +
      "DialplanExtensionRemove Filter MixMonitor ModuleCheck ModuleLoad MuteAudio"
  ],
  [["system", "call"], "AbsoluteTimeout Hangup LocalOptimizeAway MixMonitorMute StopMixMonitor"],
  [["system", "call", "reporting"], "Status"],
  [["system", "config"], "GetConfig GetConfigJSON Reload"],
  [
    ["system", "reporting"],
    "CoreSettings CoreShowChannelMap CoreShowChannels CoreStatus DBGet DBGetTree LoggerRotate"
  ],
  [["user"], "UserEvent"]
]

const PHONE_NOTIFY_RIGHTS: Rights = [["system"], "PJSIPNotify SIPnotify"]

const HANDLERS: Handlers = {
  ...sessionActions,
  ...queueActions,
  ...channelActions,
  ...stateActions,
  ...databaseActions,
  ...systemActions
}

const handlerOf = (name: string): Handler | undefined => HANDLERS[name]
