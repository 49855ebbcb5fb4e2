import { Context, Effect, Layer, Stream } from "effect"
import type { AgentStatus } from "../../schemas/agentd/status.ts"
import { type AgentdError, noSuchAgent } from "../../schemas/agentd/errors.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { Platform } from "../../runtime/platform.ts"
import { type AgentConfig, CallCentre } from "../pbx/call-centre.ts"
import { agentActor } from "./agent.ts"
import type { AgentRef } from "./agents.ts"
import { databaseAway } from "./database-away.ts"
import type { AgentContext } from "./machine.ts"

/** What agentd tells of agents (contracts/callcenter.md 4.1). */
export class AgentStatuses extends Context.Service<
  AgentStatuses,
  {
    readonly one: (ref: AgentRef) => Effect.Effect<AgentStatus, AgentdError>
    /** In the order of the agents' ids; logged-off agents with their assigned queues. */
    readonly list: (tenants: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<AgentStatus>, AgentdError>
  }
>()("strowger/actors/agent/AgentStatuses") {
  static readonly layer = Layer.effect(
    AgentStatuses,
    Effect.gen(function* () {
      const system = yield* ActorSystem
      const callCentre = yield* CallCentre
      const { uuid } = yield* Platform

      const find = (ref: AgentRef) => {
        if ("id" in ref) return callCentre.agent(ref.id, ref.tenants)
        if ("number" in ref) return callCentre.agentByNumber(ref.number, ref.tenants)
        return callCentre.agentOfUser(ref.userUuid, ref.tenants)
      }

      const peekEach = (agents: ReadonlyArray<AgentConfig>) =>
        Effect.forEach(agents, ({ id }) =>
          Effect.map(system.peek(agentActor, String(id)), (view) => [id, view?.context] as const)
        )
      const peekAll = Effect.map(Stream.runCollect(system.all(agentActor)), (all) =>
        all.map(({ id, view }) => [Number(id), view.context] as const)
      )

      return AgentStatuses.of({
        one: (ref) =>
          Effect.gen(function* () {
            const agent = yield* databaseAway(find(ref))
            if (agent === undefined) return yield* noSuchAgent()
            const view = yield* databaseAway(system.peek(agentActor, String(agent.id)))
            return statusOf(uuid, agent, view?.context, [])
          }),
        list: (tenants) =>
          Effect.gen(function* () {
            const agents = yield* databaseAway(callCentre.agentsOf(tenants))
            const states: ReadonlyMap<number, AgentContext | undefined> = new Map(
              yield* databaseAway<ReadonlyArray<readonly [number, AgentContext | undefined]>>(
                agents.length < manyAgents ? peekEach(agents) : peekAll
              )
            )
            return agents.map((agent) => statusOf(uuid, agent, states.get(agent.id), agent.queues))
          })
      })
    })
  )
}

/** From this number on, all stored states are read in pages instead of one by one. */
const manyAgents = 50

const statusOf = (
  originUuid: string,
  agent: AgentConfig,
  state: AgentContext | undefined,
  queuesWhenOff: AgentConfig["queues"]
): AgentStatus => {
  const session = state?.session ?? null
  const logged = session !== null
  const paused = logged && state?.paused === true
  const reason = logged ? (state?.pausedReason ?? null) : null
  const enabled = new Set(logged ? state?.enabled.map(({ id }) => id) : [])
  return {
    id: agent.id,
    tenant_uuid: agent.tenantUuid,
    origin_uuid: originUuid,
    number: agent.number,
    logged,
    paused,
    paused_reason: reason,
    extension: session?.extension ?? null,
    context: session?.context ?? null,
    state_interface: session?.stateInterface ?? null,
    queues: (logged ? agent.queues : queuesWhenOff).map((queue) => ({
      id: queue.id,
      name: queue.name,
      display_name: queue.label ?? "",
      logged: enabled.has(queue.id),
      paused,
      paused_reason: reason
    }))
  }
}
