import { Effect, Layer, Queue } from "effect"
import { interfaceOf } from "../../schemas/agentd/agent.ts"
import { makeEvent } from "../../schemas/events/envelope.ts"
import { supervisorAgentUpdated, supervisorQueueUpdated } from "../../schemas/events/supervisor.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Platform } from "../../runtime/platform.ts"
import { AgentChanges } from "../agent/agent-changes.ts"
import { Tenants } from "../identity/tenants.ts"
import { CallCentre } from "../pbx/call-centre.ts"
import { QueueBoard } from "./queue-board.ts"
import { Supervision } from "./supervision.ts"

/** Changes of one queue or agent that come faster are told together. */
const pause = "500 millis"

/**
 * Tells the bus of queues and agents whose state changed: the first change at once, what follows within half a
 * second in one event. Each event has the whole state, so the raw events of a busy queue cost nothing more.
 */
export const supervisorEventsLayer: Layer.Layer<
  never,
  never,
  QueueBoard | AgentChanges | Supervision | CallCentre | Tenants | EventBus | Platform
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const board = yield* QueueBoard
    const changes = yield* AgentChanges
    const queues = new Set<string>()
    const agents = new Set<number>()
    const news = yield* Queue.sliding<void>(1)
    const ring = () => Queue.offerUnsafe(news, undefined)

    yield* board.onChange((queue) => {
      queues.add(queue)
      ring()
    })
    yield* changes.on((agentId) => {
      agents.add(agentId)
      // A wrap-up that ends is known to the agent alone.
      for (const { queue } of board.membershipsOf(interfaceOf(agentId))) queues.add(queue)
      ring()
    })
    const tell = Effect.suspend(() => {
      const told = announce(new Set(queues), new Set(agents))
      queues.clear()
      agents.clear()
      return told
    })
    yield* Queue.take(news).pipe(
      Effect.andThen(tell),
      Effect.andThen(Effect.sleep(pause)),
      Effect.forever,
      Effect.forkScoped
    )
    yield* tellWhenAsteriskComesOrGoes((names) => {
      for (const name of names) queues.add(name)
      ring()
    }).pipe(Effect.forkScoped)
  })
)

const announce = Effect.fnUntraced(
  function* (queueNames: ReadonlySet<string>, agentIds: ReadonlySet<number>) {
    const supervision = yield* Supervision
    const callCentre = yield* CallCentre
    const { uuid: originUuid } = yield* Platform
    const bus = yield* EventBus
    const tenants = yield* everyTenant
    const origin = { originUuid, at: Date.now() }
    if (queueNames.size > 0) {
      for (const queue of yield* supervision.queues(tenants)) {
        if (!queueNames.has(queue.name)) continue
        bus.publishTransient(
          makeEvent(supervisorQueueUpdated, origin, { tenantUuid: queue.tenant_uuid }, queue)
        )
      }
    }
    for (const id of agentIds) {
      if ((yield* callCentre.agent(id, tenants)) === undefined) continue
      const agent = yield* supervision.agent(id, tenants)
      bus.publishTransient(
        makeEvent(supervisorAgentUpdated, origin, { tenantUuid: agent.tenant_uuid }, agent)
      )
    }
  },
  Effect.catch(({ message }) => Effect.logWarning(`Supervisors were not told of a change: ${message}`))
)

/** While Asterisk is away nothing changes, and that is a change of every queue. */
const tellWhenAsteriskComesOrGoes = Effect.fnUntraced(function* (
  changed: (queues: ReadonlyArray<string>) => void
) {
  const board = yield* QueueBoard
  const callCentre = yield* CallCentre
  const tenants = yield* everyTenant
  let wasLive = board.isLive()
  while (true) {
    yield* Effect.sleep("1 second")
    const isLive = board.isLive()
    if (isLive === wasLive) continue
    wasLive = isLive
    const queues = yield* Effect.orElseSucceed(callCentre.queuesOf(tenants), () => [])
    changed(queues.map(({ name }) => name))
  }
})

const everyTenant = Effect.map(Tenants, (tenants) => tenants.visible(tenants.master))
