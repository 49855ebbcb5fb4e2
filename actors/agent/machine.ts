import { assign, enqueueActions, setup } from "xstate"
import type {
  AgentCall,
  AgentIdentity,
  AgentSession,
  AsteriskMember,
  QueueChange,
  QueueMembership
} from "../../schemas/agentd/agent.ts"

/** What a supervisor, the configuration or Asterisk says to an agent. Times in milliseconds since the epoch. */
export type AgentEvent =
  | {
      type: "login"
      agent: AgentIdentity
      session: AgentSession
      assigned: ReadonlyArray<QueueMembership>
      /** Of these, the ones whose assignment the agent may not have heard of yet: they are enabled. */
      unheard?: ReadonlyArray<QueueMembership>
    }
  | { type: "logoff"; agent: AgentIdentity; at: number }
  | { type: "pause"; reason: string | null }
  | { type: "unpause" }
  | { type: "enterQueue"; agent: AgentIdentity; queue: QueueMembership }
  | { type: "leaveQueue"; agent: AgentIdentity; queue: QueueMembership; at: number }
  | { type: "addToQueue"; agent: AgentIdentity; queue: QueueMembership }
  | { type: "removeFromQueue"; agent: AgentIdentity; queue: QueueMembership }
  | { type: "assigned"; agent: AgentIdentity; queue: QueueMembership }
  | { type: "unassigned"; agent: AgentIdentity; queueId: number }
  | { type: "penaltiesChanged"; agent: AgentIdentity; assigned: ReadonlyArray<QueueMembership> }
  | { type: "queueDeleted"; queueId: number }
  /** What the configuration says now: mends what its single changes have not told. */
  | { type: "configured"; agent: AgentIdentity; assigned: ReadonlyArray<QueueMembership> }
  /** The agent exists no more: it is logged off, whether Asterisk can be told or not. */
  | { type: "forgotten"; at: number; withBlf: boolean }
  | { type: "enabledAll"; assigned: ReadonlyArray<QueueMembership> }
  | { type: "announceQueues"; queueIds: ReadonlyArray<number> }
  | {
      type: "asteriskPaused"
      agent: AgentIdentity
      queue: string
      paused: boolean
      reason: string
      at?: number
    }
  | { type: "asteriskMembers"; agent: AgentIdentity; members: ReadonlyArray<AsteriskMember> }
  | { type: "called"; call: AgentCall }
  | { type: "notAnswered"; at?: number }
  | { type: "connected"; call: AgentCall }
  | { type: "completed"; wrapUp: number; at?: number }
  | { type: "deviceFree"; at?: number }
  /** With the pause that members were added with, where Asterisk has not reported that one yet. */
  | { type: "done"; addedWith?: { readonly paused: boolean; readonly reason: string } }
  | { type: "asteriskAway" }

export interface AgentContext {
  readonly session: AgentSession | null
  /** Who the agent is; known from the first command on. */
  readonly agent: AgentIdentity | null
  readonly paused: boolean
  /** Null until Asterisk said something about a pause of this session. */
  readonly pausedReason: string | null
  /** The queues in which Asterisk last said that the agent is paused, each with the reason. */
  readonly pauses: Readonly<Record<string, string>>
  /** The queues the agent is active in, or will be at the next login. Outlives a logoff. */
  readonly enabled: ReadonlyArray<QueueMembership>
  /** Ids of assigned queues that the agent logged off from by itself. */
  readonly left: ReadonlyArray<number>
  readonly call: AgentCall | null
  /** Milliseconds of the wrap-up that follows the last call. */
  readonly wrapUp: number
  /** What is being told to Asterisk now; null when nothing is. */
  readonly change:
    | (QueueChange & { readonly announce: Announcement; readonly thenLogoffAt: number | null })
    | null
  /** At a login without enabled queues: the assigned ones, entered after the login. */
  readonly entering: ReadonlyArray<QueueMembership>
  /** When the logoff that is under way was asked for. */
  readonly logoffAt: number
  /** When the last logoff was asked for; null before the first one. */
  readonly loggedOffAt: number | null
  /** Since when the agent is ready, or paused; null when nobody said. */
  readonly availabilitySince: number | null
  /** When the present call, wrap-up or idleness began; null before the first call of the session. */
  readonly callSince: number | null
  /** Queue calls answered on a day, over all its sessions; `callsTakenOn` reads it. */
  readonly callsTaken: number
  /** When that day began; null before the first call. */
  readonly callsTakenDay: number | null
}

/** Who hears of a change of queues: bus clients, dialplan listeners (AMI UserEvent), or nobody. */
type Announcement = "queue-login" | "queue-logoff" | "added" | "removed" | "none"

/** What the agent tells the world; becomes bus events and queue_log rows. */
export type AgentEmitted =
  | { type: "status"; agent: AgentIdentity; status: "logged_in" | "logged_out" }
  | { type: "paused"; agent: AgentIdentity; queue: string; paused: boolean; reason: string }
  | { type: "queueStatus"; agent: AgentIdentity; queueId: number; logged: boolean }
  | { type: "assignment"; agentId: number; queueId: number; assigned: boolean }
  | { type: "loginLogged"; agent: AgentIdentity; session: AgentSession }
  | { type: "logoffLogged"; agent: AgentIdentity; session: AgentSession; at: number }

/** Parameters of the actions that talk to Asterisk. */
export interface JoinParams {
  readonly agent: AgentIdentity
  readonly session: AgentSession
  /** Added before the BLF commands, and after them. */
  readonly queues: ReadonlyArray<QueueMembership>
  readonly entering: ReadonlyArray<QueueMembership>
}
export interface LeaveParams {
  readonly agent: AgentIdentity
  readonly queues: ReadonlyArray<QueueMembership>
  readonly withBlf: boolean
}
export interface PauseParams {
  readonly paused: boolean
  readonly reason: string | null
}
export interface ChangeParams extends QueueChange {
  readonly agent: AgentIdentity
  readonly announce: Announcement
  /** Null while logged off: only announcements and removals are sent. */
  readonly session: AgentSession | null
  readonly paused: boolean
  readonly reason: string
}

/** Queue calls answered on the day of a time, which begins at midnight where the runtime is (the TZ of its process). */
export const callsTakenOn = (
  { callsTaken, callsTakenDay }: Pick<AgentContext, "callsTaken" | "callsTakenDay">,
  time: number
): number => (callsTakenDay === startOfDay(time) ? callsTaken : 0)

export const startOfDay = (time: number): number => new Date(time).setHours(0, 0, 0, 0)

/** The enabled queues that are still assigned, with their configured penalty. */
const enabledAndAssigned = (
  enabled: ReadonlyArray<QueueMembership>,
  assigned: ReadonlyArray<QueueMembership>
): ReadonlyArray<QueueMembership> => assigned.filter(({ id }) => enabled.some((queue) => queue.id === id))

/** The change that brings Asterisk's members in line: what is missing, what is too much. */
export const driftOf = (
  enabled: ReadonlyArray<QueueMembership>,
  members: ReadonlyArray<AsteriskMember>,
  loggedIn: boolean
): QueueChange => ({
  add: loggedIn ? enabled.filter(({ name }) => !members.some(({ queue }) => queue === name)) : [],
  remove: members
    .filter(({ queue }) => !loggedIn || !enabled.some(({ name }) => name === queue))
    .map(({ queue, penalty }) => ({ id: 0, name: queue, penalty })),
  penalties: loggedIn
    ? enabled.filter(({ name, penalty }) =>
        members.some((member) => member.queue === name && member.penalty !== penalty)
      )
    : []
})

/** Whether Asterisk has a member paused, unpaused or paused for another reason than it was heard to say. */
export const pauseUnheard = (
  { pauses }: Pick<AgentContext, "pauses">,
  { queue, paused, reason }: AsteriskMember
): boolean => (Object.hasOwn(pauses, queue) ? pauses[queue] : undefined) !== (paused ? reason : undefined)

/** The enabled queues of a login, in the order they are assigned. */
const enabledAtLogin = (
  context: AgentContext,
  { assigned, unheard = [] }: Extract<AgentEvent, { type: "login" }>
): ReadonlyArray<QueueMembership> =>
  enabledAndAssigned([...context.enabled, ...notEntered(context, unheard)], assigned)

const penaltyChanges = (context: AgentContext, assigned: ReadonlyArray<QueueMembership>) =>
  enabledAndAssigned(context.enabled, assigned).filter(
    (queue) => context.enabled.find(({ id }) => id === queue.id)?.penalty !== queue.penalty
  )

/** Assigned queues that are neither enabled nor left by choice: their assignment went unheard. */
const notEntered = ({ enabled, left }: AgentContext, assigned: ReadonlyArray<QueueMembership>) =>
  assigned.filter(({ id }) => !left.includes(id) && !enabled.some((queue) => queue.id === id))

const notAssigned = ({ enabled }: AgentContext, assigned: ReadonlyArray<QueueMembership>) =>
  enabled.filter(({ id }) => !assigned.some((queue) => queue.id === id))

/** The change an event asks for, and who must hear of it. */
const changeFor = (context: AgentContext, event: AgentEvent): AgentContext["change"] => {
  const change = { add: [], remove: [], penalties: [], announce: "none", thenLogoffAt: null } as const
  switch (event.type) {
    case "enterQueue":
      return { ...change, add: [event.queue], announce: "queue-login" }
    case "leaveQueue":
      return { ...change, remove: [event.queue], announce: "queue-logoff", thenLogoffAt: event.at }
    case "addToQueue":
      return { ...change, add: [event.queue], announce: "added" }
    case "removeFromQueue":
      return { ...change, remove: [event.queue], announce: "removed" }
    case "assigned": {
      const known = context.enabled.find(({ id }) => id === event.queue.id)
      if (known === undefined) return { ...change, add: [event.queue] }
      return { ...change, penalties: known.penalty === event.queue.penalty ? [] : [event.queue] }
    }
    case "unassigned":
      return { ...change, remove: context.enabled.filter(({ id }) => id === event.queueId) }
    case "penaltiesChanged":
      return { ...change, penalties: penaltyChanges(context, event.assigned) }
    case "configured":
      return {
        ...change,
        add: notEntered(context, event.assigned),
        remove: notAssigned(context, event.assigned),
        penalties: penaltyChanges(context, event.assigned)
      }
    case "asteriskMembers":
      return { ...change, ...driftOf(context.enabled, event.members, context.session !== null) }
    default:
      return null
  }
}

/** Assigned queues whose assignment an agent has not heard of; one that never had a state has heard of none. */
export const unheardOf = (
  context: AgentContext | undefined,
  assigned: ReadonlyArray<QueueMembership>
): ReadonlyArray<QueueMembership> => (context === undefined ? assigned : notEntered(context, assigned))

/** Whether an agent has missed a change of its assignments; one that never had a state has missed all of them. */
export const missedConfiguration = (
  context: AgentContext | undefined,
  assigned: ReadonlyArray<QueueMembership>
): boolean =>
  unheardOf(context, assigned).length > 0 ||
  (context !== undefined &&
    penaltyChanges(context, assigned).length + notAssigned(context, assigned).length > 0)

/** The enabled queues after a change. Drift that is mended was no choice of anybody: it changes nothing here. */
const enabledAfter = (context: AgentContext): ReadonlyArray<QueueMembership> => {
  const { change, enabled } = context
  if (change === null) return enabled
  const kept = enabled.filter(({ id }) => !change.remove.some((queue) => queue.id === id))
  return [...change.add, ...change.penalties].reduce<ReadonlyArray<QueueMembership>>(
    (queues, queue) => [...queues.filter(({ id }) => id !== queue.id), queue],
    kept
  )
}

/** The pauses after a change: a member is added as the agent is, which Asterisk does not report as a pause. */
const pausesAfter = (context: AgentContext, event: AgentEvent) => {
  const { change, session, pauses } = context
  const told = event.type === "done" ? event.addedWith : undefined
  const { paused, reason } = told ?? { paused: context.paused, reason: context.pausedReason ?? "" }
  const kept = { ...pauses }
  for (const { name } of change?.remove ?? []) delete kept[name]
  if (session !== null && paused) for (const { name } of change?.add ?? []) kept[name] = reason
  return kept
}

/** The queues left by choice after a change; one that is no longer assigned is not remembered. */
const leftAfter = ({ change, left }: AgentContext): ReadonlyArray<number> => {
  if (change === null) return left
  const others = left.filter((id) => ![...change.add, ...change.remove].some((queue) => queue.id === id))
  return change.announce === "queue-logoff" ? [...others, ...change.remove.map(({ id }) => id)] : others
}

const agentSetup = setup({
  types: {
    context: {} as AgentContext,
    events: {} as AgentEvent,
    emitted: {} as AgentEmitted
  },
  actions: {
    joinQueues: (_, _params: JoinParams) => {},
    leaveQueues: (_, _params: LeaveParams) => {},
    setPause: (_, _params: PauseParams) => {},
    changeQueues: (_, _params: ChangeParams) => {},
    reject: (_, _params: { reason: string }) => {},
    /** The command is taken and there is nothing to do. */
    accept: assign({}),
    planChange: assign(({ context, event }) => ({
      agent: "agent" in event ? event.agent : context.agent,
      change: changeFor(context, event)
    })),
    takeChange: assign({
      enabled: ({ context }) => enabledAfter(context),
      left: ({ context }) => leftAfter(context),
      pauses: ({ context, event }) => pausesAfter(context, event)
    }),
    dropChange: assign({ change: null }),
    announceChange: enqueueActions(({ context, enqueue }) => {
      const { agent, change } = context
      if (agent === null || change === null) return
      for (const { id } of [...change.add, ...change.remove]) {
        switch (change.announce) {
          case "queue-login":
          case "queue-logoff":
            enqueue.emit({
              type: "queueStatus",
              agent,
              queueId: id,
              logged: change.announce === "queue-login"
            })
            break
          case "added":
          case "removed":
            enqueue.emit({
              type: "assignment",
              agentId: agent.id,
              queueId: id,
              assigned: change.announce === "added"
            })
        }
      }
    }),
    tellQueues: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "announceQueues" || context.agent === null) return
      for (const queueId of event.queueIds) {
        enqueue.emit({ type: "queueStatus", agent: context.agent, queueId, logged: true })
      }
    }),
    notePause: assign({
      availabilitySince: ({ context, event }) =>
        event.type === "asteriskPaused" && event.paused !== context.paused
          ? (event.at ?? null)
          : context.availabilitySince,
      paused: ({ context, event }) => (event.type === "asteriskPaused" ? event.paused : context.paused),
      pausedReason: ({ context, event }) =>
        event.type === "asteriskPaused" ? event.reason : context.pausedReason,
      pauses: ({ context, event }) => {
        if (event.type !== "asteriskPaused") return context.pauses
        const { [event.queue]: _, ...others } = context.pauses
        return event.paused ? { ...others, [event.queue]: event.reason } : others
      }
    }),
    tellPause: enqueueActions(({ event, enqueue }) => {
      if (event.type !== "asteriskPaused") return
      const { agent, queue, paused, reason } = event
      enqueue.emit({ type: "paused", agent, queue, paused, reason })
    }),
    noteCall: assign(({ event }) =>
      event.type === "called" || event.type === "connected"
        ? {
            call: event.call,
            callSince: event.call.since
          }
        : {}
    ),
    countCall: assign(({ context, event }) =>
      event.type === "connected"
        ? {
            callsTaken: callsTakenOn(context, event.call.since) + 1,
            callsTakenDay: startOfDay(event.call.since)
          }
        : {}
    ),
    endCall: assign({
      call: null,
      callSince: ({ event }) => ("at" in event ? (event.at ?? null) : null),
      wrapUp: ({ event }) => (event.type === "completed" ? event.wrapUp : 0)
    }),
    endWrapUp: assign({
      callSince: ({ context }) => (context.callSince === null ? null : context.callSince + context.wrapUp)
    }),
    beginSession: assign({
      agent: ({ context, event }) => (event.type === "login" ? event.agent : context.agent),
      session: ({ context, event }) => (event.type === "login" ? event.session : context.session),
      paused: false,
      pausedReason: null,
      pauses: {},
      availabilitySince: ({ event }) => (event.type === "login" ? event.session.loginAt : null),
      callSince: null,
      enabled: ({ context, event }) =>
        event.type === "login" ? enabledAtLogin(context, event) : context.enabled,
      entering: ({ context, event }) =>
        event.type === "login" && enabledAtLogin(context, event).length === 0 ? event.assigned : []
    }),
    enterAll: assign({
      enabled: ({ context }) => [...context.enabled, ...context.entering],
      left: ({ context }) => (context.entering.length > 0 ? [] : context.left),
      entering: []
    }),
    tellLogin: enqueueActions(({ context, enqueue }) => {
      const { agent, session } = context
      if (agent === null || session === null) return
      enqueue.emit({ type: "loginLogged", agent, session })
      enqueue.emit({ type: "status", agent, status: "logged_in" })
      for (const { id } of context.entering)
        enqueue.emit({ type: "queueStatus", agent, queueId: id, logged: true })
    }),
    beginLogoff: assign({
      agent: ({ context, event }) => ("agent" in event ? event.agent : context.agent),
      logoffAt: ({ context, event }) => ("at" in event ? event.at : context.change?.thenLogoffAt) ?? 0
    }),
    tellLogoff: enqueueActions(({ context, enqueue }) => {
      const { agent, session, logoffAt } = context
      if (agent === null || session === null) return
      enqueue.emit({ type: "logoffLogged", agent, session, at: logoffAt })
      enqueue.emit({ type: "status", agent, status: "logged_out" })
    }),
    endSession: assign({
      session: null,
      paused: false,
      pausedReason: null,
      pauses: {},
      call: null,
      wrapUp: 0,
      entering: [],
      // A login that failed ends its session too, and was no logoff.
      loggedOffAt: ({ context }) => (context.logoffAt > 0 ? context.logoffAt : context.loggedOffAt),
      logoffAt: 0
    }),
    forgetQueue: assign(({ context, event }) =>
      "queueId" in event
        ? {
            enabled: context.enabled.filter(({ id }) => id !== event.queueId),
            left: context.left.filter((id) => id !== event.queueId)
          }
        : {}
    ),
    forgetAll: assign({ agent: null, enabled: [], left: [], loggedOffAt: null }),
    enableAssigned: assign({
      enabled: ({ context, event }) => (event.type === "enabledAll" ? event.assigned : context.enabled),
      left: []
    })
  },
  guards: {
    hasEnabledQueues: ({ context }) => context.enabled.length > 0,
    queueIsEnabled: ({ context, event }) => {
      const queueId =
        "queueId" in event
          ? event.queueId
          : "queue" in event && typeof event.queue === "object"
            ? event.queue.id
            : -1
      return context.enabled.some(({ id }) => id === queueId)
    },
    knowsQueue: ({ context, event }) =>
      "queueId" in event &&
      (context.left.includes(event.queueId) || context.enabled.some(({ id }) => id === event.queueId)),
    knowsAnything: ({ context }) =>
      context.agent !== null || context.enabled.length + context.left.length > 0,
    needsChange: ({ context, event }) => {
      const change = changeFor(context, event)
      return change !== null && change.add.length + change.remove.length + change.penalties.length > 0
    },
    /** A change of the configuration, or of Asterisk's own making: not a command that could be refused. */
    isNoCommand: ({ context }) => context.change?.announce === "none",
    wasLastQueue: ({ context }) => context.change?.thenLogoffAt != null && enabledAfter(context).length === 0,
    stillPaused: ({ context }) => context.paused,
    isPaused: ({ event }) => event.type === "asteriskPaused" && event.paused,
    wrapsUp: ({ event }) => event.type === "completed" && event.wrapUp > 0
  },
  delays: {
    wrapUp: ({ context }) => context.wrapUp
  }
})

const accepted = { actions: "accept" } as const

const changeParams = ({ context }: { context: AgentContext }): ChangeParams => ({
  agent: knownAgent(context),
  session: context.session,
  paused: context.paused,
  reason: context.pausedReason ?? "",
  add: context.change?.add ?? [],
  remove: context.change?.remove ?? [],
  penalties: context.change?.penalties ?? [],
  announce: context.change?.announce ?? "none"
})

/** Every command that talks to Asterisk brought the identity along. */
const knownAgent = (context: AgentContext): AgentIdentity => {
  if (context.agent === null) throw new Error("the agent is not known yet")
  return context.agent
}

/** What changes the agent's queues and must be told to Asterisk, in whatever session state. */
const queueCommands = {
  addToQueue: { target: ".changing", actions: "planChange" },
  removeFromQueue: { target: ".changing", actions: "planChange" },
  asteriskMembers: { guard: "needsChange", target: ".changing", actions: "planChange" }
} as const

const forgetQueue = { guard: "knowsQueue", actions: "forgetQueue" } as const
const changeOnDuty = { guard: "needsChange", target: ".changing", actions: "planChange" } as const
const changeWhileOff = { guard: "needsChange", actions: ["planChange", "takeChange", "dropChange"] } as const

const tellingAsterisk = { type: "changeQueues", params: changeParams } as const
const asteriskAway = { type: "reject", params: { reason: "asterisk-away" } } as const

/**
 * The end of a change. Without Asterisk a command is rejected and nothing has changed; what the configuration says
 * is taken all the same, and Asterisk's members are brought in line when it is back.
 */
const changed = { target: "settled", actions: ["announceChange", "takeChange", "dropChange"] } as const
const notTold = [
  { guard: "isNoCommand", target: "settled", actions: ["takeChange", "dropChange"] },
  { target: "settled", actions: ["dropChange", asteriskAway] }
] as const

/**
 * The life of a call centre agent (contracts/callcenter.md 5): logged off; logging in; on duty, with an
 * availability, a call and queues of its own; logging off. What is being told to Asterisk is a `pending` state:
 * it is committed first, and told again after a crash.
 */
export const agentMachine = agentSetup.createMachine({
  id: "agent",
  context: {
    session: null,
    agent: null,
    paused: false,
    pausedReason: null,
    pauses: {},
    enabled: [],
    left: [],
    call: null,
    wrapUp: 0,
    change: null,
    entering: [],
    logoffAt: 0,
    loggedOffAt: null,
    availabilitySince: null,
    callSince: null,
    callsTaken: 0,
    callsTakenDay: null
  },
  initial: "off",
  states: {
    off: {
      initial: "settled",
      on: {
        login: { target: "loggingIn", actions: "beginSession" },
        // Asterisk reports the unpause of a logoff when the agent is already off: clients hear of it.
        asteriskPaused: { actions: "tellPause" },
        enabledAll: { actions: "enableAssigned" },
        forgotten: { guard: "knowsAnything", actions: "forgetAll" },
        assigned: changeWhileOff,
        unassigned: forgetQueue,
        queueDeleted: forgetQueue,
        penaltiesChanged: changeWhileOff,
        configured: changeWhileOff,
        ...queueCommands
      },
      states: {
        settled: {},
        changing: {
          tags: "pending",
          entry: tellingAsterisk,
          on: {
            done: changed,
            asteriskAway: notTold
          }
        }
      }
    },
    loggingIn: {
      tags: "pending",
      entry: {
        type: "joinQueues",
        params: ({ context }): JoinParams => ({
          agent: knownAgent(context),
          session: context.session ?? { extension: "", context: "", stateInterface: "", loginAt: 0 },
          queues: context.enabled,
          entering: context.entering
        })
      },
      on: {
        done: { target: "on", actions: ["tellLogin", "enterAll"] },
        asteriskAway: { target: "off", actions: ["endSession", asteriskAway] }
      }
    },
    on: {
      type: "parallel",
      on: {
        logoff: { target: "loggingOff", actions: "beginLogoff" },
        forgotten: { target: "beingForgotten", actions: "beginLogoff" },
        announceQueues: { actions: "tellQueues" }
      },
      states: {
        availability: {
          initial: "ready",
          on: {
            asteriskPaused: [
              { guard: "isPaused", target: ".paused", actions: ["notePause", "tellPause"] },
              { target: ".ready", actions: ["notePause", "tellPause"] }
            ]
          },
          states: {
            // A logoff that Asterisk could not be told of leaves the agent as it was.
            ready: { always: { guard: "stillPaused", target: "paused" } },
            paused: {}
          }
        },
        call: {
          initial: "idle",
          on: {
            called: { target: ".ringing", actions: "noteCall" },
            connected: { target: ".talking", actions: ["noteCall", "countCall"] },
            completed: [
              { guard: "wrapsUp", target: ".wrapUp", actions: "endCall" },
              { target: ".idle", actions: "endCall" }
            ]
          },
          states: {
            idle: {},
            ringing: {
              on: {
                notAnswered: { target: "idle", actions: "endCall" },
                // The caller gave up: Asterisk only says that the device is free again.
                deviceFree: { target: "idle", actions: "endCall" }
              }
            },
            talking: {},
            wrapUp: { after: { wrapUp: { target: "idle", actions: "endWrapUp" } } }
          }
        },
        queues: {
          initial: "settled",
          on: {
            enterQueue: [
              { guard: "queueIsEnabled", ...accepted },
              { target: ".changing", actions: "planChange" }
            ],
            leaveQueue: [{ guard: "queueIsEnabled", target: ".changing", actions: "planChange" }, accepted],
            pause: [{ guard: "hasEnabledQueues", target: ".pausing" }, accepted],
            unpause: [{ guard: "hasEnabledQueues", target: ".pausing" }, accepted],
            assigned: changeOnDuty,
            unassigned: [
              { guard: "queueIsEnabled", target: ".changing", actions: "planChange" },
              forgetQueue
            ],
            // Asterisk loses the members of a deleted queue by itself.
            queueDeleted: forgetQueue,
            penaltiesChanged: changeOnDuty,
            configured: changeOnDuty,
            ...queueCommands
          },
          states: {
            settled: {},
            changing: {
              tags: "pending",
              entry: tellingAsterisk,
              on: {
                // The change is taken with the logoff that it leads to, or not at all.
                done: [
                  { guard: "wasLastQueue", target: "#agent.loggingOff", actions: "beginLogoff" },
                  changed
                ],
                asteriskAway: notTold
              }
            },
            // Not pending: Asterisk's own event tells whether the agent is paused, and nothing is to be repeated.
            pausing: {
              entry: {
                type: "setPause",
                params: ({ event }): PauseParams => ({
                  paused: event.type === "pause",
                  reason: event.type === "pause" ? event.reason : null
                })
              },
              on: {
                done: "settled",
                asteriskAway: { target: "settled", actions: asteriskAway }
              }
            }
          }
        }
      }
    },
    loggingOff: {
      tags: "pending",
      entry: {
        type: "leaveQueues",
        params: ({ context }): LeaveParams => ({
          agent: knownAgent(context),
          // After the last queue was left, Asterisk knows no member any more.
          queues: context.change === null ? context.enabled : [],
          withBlf: true
        })
      },
      on: {
        done: {
          target: "off",
          actions: ["announceChange", "takeChange", "dropChange", "tellLogoff", "endSession"]
        },
        asteriskAway: { target: "on", actions: ["dropChange", asteriskAway] }
      }
    },
    beingForgotten: {
      tags: "pending",
      entry: {
        type: "leaveQueues",
        params: ({ context, event }): LeaveParams => ({
          agent: knownAgent(context),
          queues: context.enabled,
          withBlf: event.type === "forgotten" && event.withBlf
        })
      },
      on: {
        done: { target: "off", actions: ["tellLogoff", "endSession", "forgetAll"] },
        asteriskAway: { target: "off", actions: ["tellLogoff", "endSession", "forgetAll"] }
      }
    }
  }
})
