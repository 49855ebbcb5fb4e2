import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import {
  agentPaused,
  agentStatusUpdate,
  agentUnpaused,
  userAgentQueueLoggedIn,
  userAgentQueueLoggedOff
} from "../../schemas/events/agentd.ts"
import { type BusEvent, type EventOrigin, makeEvent } from "../../schemas/events/envelope.ts"
import type { Ami, AmiError } from "../../runtime/ami/ami.ts"
import { defineKind } from "../../runtime/actor/kind.ts"
import type { AgentChanges } from "./agent-changes.ts"
import { changeQueues, joinQueues, leaveQueues, setPause } from "./asterisk.ts"
import type { AgentIdentity } from "../../schemas/agentd/agent.ts"
import type { CallCentre } from "../pbx/call-centre.ts"
import { Drift } from "./drift.ts"
import { IntendedPauses } from "./intended-pauses.ts"
import {
  type AgentContext,
  type AgentEmitted,
  agentMachine,
  type ChangeParams,
  type JoinParams,
  type LeaveParams,
  type PauseParams,
  startOfDay
} from "./machine.ts"
import { queueLogRow } from "./queue-log.ts"

/** The claim that keeps two agents off one extension. */
export const extensionClaim = (extension: string, context: string): string =>
  `extension:${extension}@${context}`

/** How agents are addressed; the id is the agent's id in confd, as text. */
export const agentActor = { name: "agent", machine: agentMachine, version: 3 } as const

/**
 * Call centre agents. Members added and removed through agentd are written with the change that told Asterisk.
 * `changes` hears of every commit on this node.
 */
export const agentKind = (
  callCentre: Pick<CallCentre["Service"], "assign" | "unassign">,
  changes?: AgentChanges["Service"]
) => {
  const intended = new IntendedPauses()
  return defineKind({
    ...agentActor,
    durable: true,
    input: () => undefined,
    migrate: migrateAgent,
    perform: {
      joinQueues: (params: JoinParams) => told(Effect.as(joinQueues(params), done)),
      leaveQueues: (params: LeaveParams) => told(Effect.as(leaveQueues(params), done)),
      changeQueues: (params: ChangeParams, { id }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const addedWith = intended.of(id, now)
          return told(
            Effect.as(changeQueues({ ...params, ...addedWith }), {
              type: "done" as const,
              ...(addedWith === undefined ? {} : { addedWith })
            })
          )
        }),
      setPause: ({ paused, reason }: PauseParams, { id }) =>
        Effect.gen(function* () {
          intended.tell(id, { paused, reason: reason ?? "" }, yield* Clock.currentTimeMillis)
          const outcome = yield* told(Effect.as(setPause(Number(id), { paused, reason }), done))
          if (outcome.type === "asteriskAway") intended.settle(id)
          return outcome
        })
    },
    claims: ({ context: { session } }) =>
      session ? [extensionClaim(session.extension, session.context)] : [],
    event: (emitted, origin) => busEvent(emitted, origin),
    committed: (id, { context }) => {
      const { session, paused, pausedReason } = context
      intended.settle(id, session === null ? undefined : { paused, reason: pausedReason ?? "" })
      changes?.changed(Number(id))
    },
    write: (emitted) => {
      if (emitted.type === "assignment") {
        const { agentId, queueId, assigned } = emitted
        return assigned ? callCentre.assign(agentId, queueId) : callCentre.unassign(agentId, queueId)
      }
      const row = queueLogRow(emitted)
      return (
        row && Effect.flatMap(SqlClient.SqlClient, (sql) => sql`insert into queue_log ${sql.insert(row)}`)
      )
    }
  })
}

const done = { type: "done" } as const

/**
 * The machine hears `done` or `asteriskAway`. What was sent without an answer may have been carried out: the
 * agent's members are compared with Asterisk's as soon as it is back.
 */
const told = <Done extends { readonly type: "done" }>(telling: Effect.Effect<Done, AmiError, Ami>) =>
  telling.pipe(
    Effect.catch((error) =>
      Effect.gen(function* () {
        yield* Effect.logWarning(`Asterisk was not told: ${error.message}`)
        const drift = yield* Drift
        drift.suspect()
        return { type: "asteriskAway" as const }
      })
    )
  )

/**
 * Version 1 did not know the pauses of single queues: they are asked of Asterisk. Version 2 counted calls since the
 * login: they are taken for those of the day that it was on.
 */
const migrateAgent = (version: number, snapshot: unknown): unknown => {
  if (version !== 1 && version !== 2) return undefined
  // The store keeps what the machine gave: an object with the context of that version.
  const { context, ...rest } = snapshot as { context: AgentContext }
  const { session } = context
  return {
    ...rest,
    context: {
      ...context,
      ...(version === 1 ? { pauses: {} } : {}),
      callsTakenDay: session === null ? null : startOfDay(session.loginAt)
    }
  }
}

const target = (agent: AgentIdentity) => ({
  tenantUuid: agent.tenantUuid,
  userUuids: agent.users.map(({ uuid }) => uuid)
})

const busEvent = (emitted: AgentEmitted, origin: EventOrigin): BusEvent | undefined => {
  switch (emitted.type) {
    case "status":
      return makeEvent(agentStatusUpdate, origin, target(emitted.agent), {
        agent_id: emitted.agent.id,
        status: emitted.status
      })
    case "paused":
      return makeEvent(emitted.paused ? agentPaused : agentUnpaused, origin, target(emitted.agent), {
        agent_id: emitted.agent.id,
        agent_number: emitted.agent.number,
        paused: emitted.paused,
        paused_reason: emitted.reason,
        queue: emitted.queue
      })
    case "queueStatus":
      return makeEvent(
        emitted.logged ? userAgentQueueLoggedIn : userAgentQueueLoggedOff,
        origin,
        target(emitted.agent),
        { agent_id: emitted.agent.id, queue_id: emitted.queueId }
      )
    default:
      return undefined
  }
}
