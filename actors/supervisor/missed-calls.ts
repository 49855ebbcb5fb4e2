import { Clock, Effect, Layer, Stream } from "effect"
import { interfaceOf } from "../../schemas/agentd/agent.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { agentActor } from "../agent/agent.ts"
import type { AgentEvent } from "../agent/machine.ts"
import { activityOf, type AgentView } from "./agent-activity.ts"
import { isRinging } from "./device-states.ts"
import { QueueBoard } from "./queue-board.ts"

/**
 * Agents hear what they missed of their calls while nobody listened: after each status of Asterisk, one that is in
 * a call and does not know it is told so, and one whose call has ended meanwhile too.
 */
export const missedCallsLayer: Layer.Layer<never, never, QueueBoard | ActorSystem> = Layer.effectDiscard(
  Effect.gen(function* () {
    const board = yield* QueueBoard
    const system = yield* ActorSystem
    const mend = system.all(agentActor).pipe(
      Stream.runForEach(({ id, view }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const event = missed(board, Number(id), view, now)
          return event ? system.tell(agentActor, id, event) : Effect.void
        })
      ),
      Effect.catch(({ message }) => Effect.logWarning(`Agents may have missed calls: ${message}`))
    )
    board.onStatus(mend)
  })
)

const missed = (
  board: QueueBoard["Service"],
  agentId: number,
  view: AgentView,
  at: number
): AgentEvent | undefined => {
  const { state } = activityOf(view)
  if (state === "logged_off") return undefined
  const memberships = board.membershipsOf(interfaceOf(agentId))
  const conversation = board.conversationOf(interfaceOf(agentId))
  if (conversation !== undefined) {
    const { queue, callerNumber, callerName, since } = conversation
    return state === "talking"
      ? undefined
      : { type: "connected", call: { queue, callerNumber, callerName, since } }
  }
  if (memberships.some(({ member }) => member.inCall)) return undefined
  if (state === "talking") return { type: "completed", wrapUp: 0, at }
  if (state === "ringing" && !memberships.some(({ member }) => isRinging(member))) {
    return { type: "deviceFree", at }
  }
  return undefined
}
