import { Effect } from "effect"
import {
  type AgentIdentity,
  type AgentSession,
  interfaceOf,
  memberNameOf,
  type QueueMembership
} from "../../schemas/agentd/agent.ts"
import { Ami, type AmiAction, type AmiError, header } from "../../runtime/ami/ami.ts"
import { blfCommands } from "./blf.ts"
import type { ChangeParams, JoinParams, LeaveParams, PauseParams } from "./machine.ts"

/**
 * What an agent tells Asterisk (contracts/callcenter.md 8). Every sequence leaves in its order and does not wait
 * for one answer before the next action. An AMI `Response: Error` is logged and ignored: repeating an action, or
 * removing what is not there, is success. Fails when the session is away or an answer does not come.
 */

/** QueueAdd for the enabled queues, the BLF commands, QueueAdd for queues entered at this login. */
export const joinQueues = ({ agent, session, queues, entering }: JoinParams) =>
  sendAll([
    ...queues.map((queue) => queueAdd(agent, session, queue)),
    ...agent.users.flatMap((user) => blfCommands(user.id, agent, "login")),
    ...entering.map((queue) => queueAdd(agent, session, queue, { paused: false, reason: "" }))
  ])

/** The unpause, QueueRemove for the enabled queues, the BLF commands. */
export const leaveQueues = ({ agent, queues, withBlf }: LeaveParams) =>
  sendAll([
    ...(queues.length > 0 ? [queuePause(agent.id, { paused: false, reason: null })] : []),
    ...queues.map((queue) => queueRemove(agent, queue)),
    ...(withBlf ? agent.users.flatMap((user) => blfCommands(user.id, agent, "logoff")) : [])
  ])

/** One QueuePause for all queues of the agent. */
export const setPause = (agentId: number, pause: PauseParams) => sendAll([queuePause(agentId, pause)])

/** What a change of queues needs: announcements to the dialplan, members added, removed, and their penalties. */
export const changeQueues = (change: ChangeParams) => {
  const { agent, session, paused, reason } = change
  const announced =
    change.announce === "added" ? change.add : change.announce === "removed" ? change.remove : []
  return sendAll([
    ...announced.map((queue) => userEvent(change.announce === "added", agent, queue)),
    ...(session ? change.add.map((queue) => queueAdd(agent, session, queue, { paused, reason })) : []),
    ...(session || change.announce === "none" ? change.remove.map((queue) => queueRemove(agent, queue)) : []),
    ...(session ? change.penalties.map((queue) => queuePenalty(agent, queue)) : [])
  ])
}

const sendAll = (actions: ReadonlyArray<AmiAction>): Effect.Effect<void, AmiError, Ami> =>
  Effect.gen(function* () {
    const ami = yield* Ami
    yield* Effect.forEach(
      actions,
      (action) =>
        Effect.tap(ami.send(action), ({ response }) =>
          header(response, "Response") === "Error"
            ? logRefusal(action, header(response, "Message") ?? "")
            : Effect.void
        ),
      { concurrency: "unbounded", discard: true }
    )
  })

/** Answers that say the wanted state was there already. */
const alreadySo = new Set([
  "Unable to add interface: Already there",
  "Unable to remove interface: Not there",
  "Unable to remove interface from queue: No such queue",
  "Interface not found"
])

const logRefusal = (action: AmiAction, message: string) =>
  alreadySo.has(message)
    ? Effect.logDebug(`Asterisk: ${action.action}: ${message}`)
    : Effect.logWarning(`Asterisk refused ${action.action}: ${message}`)

const queueAdd = (
  agent: AgentIdentity,
  session: AgentSession,
  queue: QueueMembership,
  pause?: { readonly paused: boolean; readonly reason: string }
): AmiAction => ({
  action: "QueueAdd",
  headers: [
    ["Queue", queue.name],
    ["Interface", interfaceOf(agent.id)],
    ["MemberName", memberNameOf(agent.number)],
    ["StateInterface", session.stateInterface],
    ["Penalty", String(queue.penalty)],
    ["Skills", `agent-${agent.id}`],
    ...(pause ? [["Paused", pause.paused ? "1" : "0"] as const] : []),
    ...(pause?.paused && pause.reason !== "" ? [["Reason", pause.reason] as const] : [])
  ]
})

const queueRemove = (agent: AgentIdentity, queue: QueueMembership): AmiAction => ({
  action: "QueueRemove",
  headers: [
    ["Queue", queue.name],
    ["Interface", interfaceOf(agent.id)]
  ]
})

const queuePause = (agentId: number, { paused, reason }: PauseParams): AmiAction => ({
  action: "QueuePause",
  headers: [
    ["Interface", interfaceOf(agentId)],
    ["Paused", paused ? "1" : "0"],
    ...(paused && reason !== null ? [["Reason", reason] as const] : [])
  ]
})

const queuePenalty = (agent: AgentIdentity, queue: QueueMembership): AmiAction => ({
  action: "QueuePenalty",
  headers: [
    ["Queue", queue.name],
    ["Interface", interfaceOf(agent.id)],
    ["Penalty", String(queue.penalty)]
  ]
})

const userEvent = (added: boolean, agent: AgentIdentity, queue: QueueMembership): AmiAction => ({
  action: "UserEvent",
  headers: [
    ["UserEvent", added ? "AgentAddedToQueue" : "AgentRemovedFromQueue"],
    ["AgentID", String(agent.id)],
    ["AgentNumber", agent.number],
    ["QueueName", queue.name]
  ]
})
