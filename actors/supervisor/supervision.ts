import { Clock, Context, Effect, Layer, Stream } from "effect"
import type { SqlError } from "effect/sql"
import type { SupervisedAgent, Summary } from "../../schemas/supervisor/agent.ts"
import {
  databaseUnreachable,
  type SupervisorError,
  unknownAgent,
  unknownQueue
} from "../../schemas/supervisor/errors.ts"
import type { QueueDetail, QueueState } from "../../schemas/supervisor/queue.ts"
import type { StoreUnavailable } from "../../runtime/actor/store.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { agentActor } from "../agent/agent.ts"
import { type AgentConfig, CallCentre } from "../pbx/call-centre.ts"
import type { AgentView } from "./agent-activity.ts"
import { LogoffReasons } from "./logoff-reasons.ts"
import { QueueBoard } from "./queue-board.ts"
import { queueDetail, queueState, summaryOf, supervisedAgent } from "./views.ts"

/** What a supervisor sees of the queues and agents of some tenants. Wakes nobody. */
export class Supervision extends Context.Service<
  Supervision,
  {
    /** In the order of their ids. */
    readonly queues: (
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<QueueState>, SupervisorError>
    readonly queue: (
      id: number,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<QueueDetail, SupervisorError>
    /** In the order of their ids. */
    readonly agents: (
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<SupervisedAgent>, SupervisorError>
    readonly agent: (
      id: number,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<SupervisedAgent, SupervisorError>
    /** Of all `tenants`; `tenantUuid` is the one that was asked for. */
    readonly summary: (
      tenantUuid: string,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<Summary, SupervisorError>
  }
>()("strowger/actors/supervisor/Supervision") {
  static readonly layer: Layer.Layer<
    Supervision,
    never,
    QueueBoard | LogoffReasons | CallCentre | ActorSystem
  > = Layer.effect(
    Supervision,
    Effect.suspend(() => makeSupervision)
  )
}

/** A database that does not answer is a 503; the log says why. */
export const databaseAway = <A>(
  effect: Effect.Effect<A, SqlError.SqlError | StoreUnavailable>
): Effect.Effect<A, SupervisorError> =>
  Effect.catch(effect, (error) =>
    Effect.andThen(Effect.logError("The database does not answer", error), Effect.fail(databaseUnreachable()))
  )

const makeSupervision = Effect.gen(function* () {
  const board = yield* QueueBoard
  const reasons = yield* LogoffReasons
  const callCentre = yield* CallCentre
  const system = yield* ActorSystem

  const peek = (id: number): Effect.Effect<AgentView, StoreUnavailable> => system.peek(agentActor, String(id))
  const viewed = (config: AgentConfig, view: AgentView) =>
    Effect.map(Clock.currentTimeMillis, (now) =>
      supervisedAgent(board, config, view, reasons.of(config.id, view?.context.loggedOffAt ?? null), now)
    )

  /** From a certain number on, all stored states are read in pages instead of one by one. */
  const peekAll = (configs: ReadonlyArray<AgentConfig>): Effect.Effect<Views, StoreUnavailable> =>
    configs.length < manyAgents
      ? Effect.map(
          Effect.forEach(configs, ({ id }) => Effect.map(peek(id), (view) => [id, view] as const)),
          (entries) => new Map(entries)
        )
      : Effect.map(
          Stream.runCollect(system.all(agentActor)),
          (all) => new Map(all.map(({ id, view }) => [Number(id), view]))
        )

  const queues = Effect.fnUntraced(function* (tenants: ReadonlyArray<string>) {
    const configs = yield* databaseAway(callCentre.queuesOf(tenants))
    const now = yield* Clock.currentTimeMillis
    return configs.map((config) => queueState(board, config, now))
  })
  const agents = Effect.fnUntraced(function* (tenants: ReadonlyArray<string>) {
    const configs = yield* databaseAway(callCentre.agentsOf(tenants))
    const views = yield* databaseAway(peekAll(configs))
    return yield* Effect.forEach(configs, (config) => viewed(config, views.get(config.id)))
  })

  return Supervision.of({
    queues,
    queue: Effect.fnUntraced(function* (id, tenants) {
      const config = yield* databaseAway(callCentre.queue(id, tenants))
      if (config === undefined) return yield* unknownQueue(id)
      return queueDetail(board, config, yield* Clock.currentTimeMillis)
    }),
    agents,
    agent: Effect.fnUntraced(function* (id, tenants) {
      const config = yield* databaseAway(callCentre.agent(id, tenants))
      if (config === undefined) return yield* unknownAgent(id)
      return yield* viewed(config, yield* databaseAway(peek(id)))
    }),
    summary: Effect.fnUntraced(function* (tenantUuid, tenants) {
      return summaryOf(tenantUuid, board.isLive(), yield* queues(tenants), yield* agents(tenants))
    })
  })
})

type Views = ReadonlyMap<number, AgentView>

const manyAgents = 50
