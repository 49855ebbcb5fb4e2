import { agentIdOf, interfaceOf } from "../../schemas/agentd/agent.ts"
import type { SupervisedAgent, Summary } from "../../schemas/supervisor/agent.ts"
import type { MemberState, QueueDetail, QueueState } from "../../schemas/supervisor/queue.ts"
import { callsTakenOn } from "../agent/machine.ts"
import type { AgentConfig, QueueConfig } from "../pbx/call-centre.ts"
import { activityOf, type AgentView } from "./agent-activity.ts"
import { memberState } from "./device-states.ts"
import type { LiveQueue, QueueCall } from "./live-queues.ts"
import type { QueueBoard } from "./queue-board.ts"

type Board = QueueBoard["Service"]

/** A queue as it is now; `now` in milliseconds since the epoch. */
export const queueState = (board: Board, config: QueueConfig, now: number): QueueState => {
  const live = board.queue(config.name)
  const longest = longestWaiting(live?.waiting ?? [])
  return {
    id: config.id,
    tenant_uuid: config.tenantUuid,
    name: config.name,
    label: config.label,
    live: board.isLive() && live !== undefined,
    callers_waiting: live?.waiting.length ?? 0,
    longest_wait: longest === undefined ? null : seconds(now - longest.since),
    longest_wait_since: moment(longest?.since),
    calls_connected: live?.connected.length ?? 0,
    answered: live?.answered ?? 0,
    abandoned: live?.abandoned ?? 0,
    service_level: serviceLevelOf(live),
    members_by_state: countMembers(live, config.wrapupTime, now)
  }
}

export const queueDetail = (board: Board, config: QueueConfig, now: number): QueueDetail => {
  const live = board.queue(config.name)
  return {
    ...queueState(board, config, now),
    callers: (live?.waiting ?? []).map((call) => ({
      position: call.position,
      wait: seconds(now - call.since),
      ...party(call)
    })),
    calls: (live?.connected ?? []).map((call) => ({
      ...party(call),
      waited: call.waited,
      agent_id: agentIdOf(call.member) ?? null,
      interface: call.member
    })),
    members: (live?.members ?? []).map((member) => ({
      agent_id: agentIdOf(member.interface) ?? null,
      name: member.name,
      interface: member.interface,
      penalty: member.penalty,
      state: memberState(member, live?.connected ?? [], config.wrapupTime, now),
      paused: member.paused,
      paused_reason: member.paused ? member.pausedReason : null,
      calls_taken: member.callsTaken,
      last_call: moment(member.lastCall || null)
    }))
  }
}

/** An agent as it is at `now` (milliseconds since the epoch). `logoffReason` is what a supervisor said when the agent was logged off last. */
export const supervisedAgent = (
  board: Board,
  config: AgentConfig,
  view: AgentView,
  logoffReason: string | null,
  now: number
): SupervisedAgent => {
  const { state, since } = activityOf(view)
  const isOff = state === "logged_off"
  const context = isOff ? undefined : view?.context
  const call = context?.call ?? null
  const enabled = new Set(context?.enabled.map(({ id }) => id))
  return {
    id: config.id,
    tenant_uuid: config.tenantUuid,
    number: config.number,
    state,
    since: moment(since),
    logged_in_since: moment(context?.session?.loginAt),
    extension: context?.session?.extension ?? null,
    context: context?.session?.context ?? null,
    call: call && {
      queue: call.queue,
      caller_number: call.callerNumber,
      caller_name: call.callerName,
      since: new Date(call.since).toISOString(),
      uniqueid: state === "talking" ? (board.conversationOf(interfaceOf(config.id))?.uniqueid ?? null) : null
    },
    paused: context?.paused ?? false,
    paused_reason: context?.paused ? context.pausedReason : null,
    paused_since: context?.paused ? moment(context.availabilitySince) : null,
    calls_taken: view ? callsTakenOn(view.context, now) : 0,
    logoff_reason: isOff ? logoffReason : null,
    queues: config.queues.map(({ id, name, label }) => ({ id, name, label, logged: enabled.has(id) }))
  }
}

export const summaryOf = (
  tenantUuid: string,
  isLive: boolean,
  queues: ReadonlyArray<QueueState>,
  agents: ReadonlyArray<SupervisedAgent>
): Summary => {
  const sum = (count: (queue: QueueState) => number) =>
    queues.reduce((total, queue) => total + count(queue), 0)
  const states = { logged_off: 0, ready: 0, paused: 0, ringing: 0, talking: 0, wrap_up: 0 }
  for (const { state } of agents) states[state]++
  return {
    tenant_uuid: tenantUuid,
    live: isLive,
    queues: queues.length,
    callers_waiting: sum(({ callers_waiting }) => callers_waiting),
    longest_wait: queues.reduce<number | null>(
      (longest, { longest_wait }) =>
        longest === null || (longest_wait ?? -1) > longest ? longest_wait : longest,
      null
    ),
    calls_connected: sum(({ calls_connected }) => calls_connected),
    answered: sum(({ answered }) => answered),
    abandoned: sum(({ abandoned }) => abandoned),
    agents: states
  }
}

const serviceLevelOf = (live: LiveQueue | undefined): QueueState["service_level"] => {
  const { serviceLevel: threshold = 0, answeredInTime = null } = live ?? {}
  const percent = threshold === 0 || answeredInTime === null ? null : Math.round(answeredInTime * 1_000) / 10
  return { threshold, percent }
}

const countMembers = (live: LiveQueue | undefined, wrapUpTime: number, now: number) => {
  const counts: Record<MemberState, number> = {
    ready: 0,
    paused: 0,
    ringing: 0,
    talking: 0,
    wrap_up: 0,
    busy: 0,
    unavailable: 0
  }
  if (live === undefined) return counts
  for (const member of live.members) counts[memberState(member, live.connected, wrapUpTime, now)]++
  return counts
}

const longestWaiting = (waiting: ReadonlyArray<QueueCall>): QueueCall | undefined =>
  waiting.reduce<QueueCall | undefined>(
    (longest, call) => (longest === undefined || call.since < longest.since ? call : longest),
    undefined
  )

const party = (call: QueueCall) => ({
  uniqueid: call.uniqueid,
  channel: call.channel,
  caller_number: call.callerNumber,
  caller_name: call.callerName,
  since: new Date(call.since).toISOString()
})

const seconds = (millis: number): number => Math.max(0, Math.floor(millis / 1_000))

const moment = (millis: number | null | undefined): string | null =>
  millis == null ? null : new Date(millis).toISOString()
