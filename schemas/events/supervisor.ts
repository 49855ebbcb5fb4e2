import type { SupervisedAgent } from "../supervisor/agent.ts"
import type { QueueState } from "../supervisor/queue.ts"
import { defineEvent } from "./envelope.ts"

/**
 * Events of the supervisor's view, each with the whole new state, so that one that was missed does not matter. Told
 * at most twice a second for each queue and agent. Seen by everybody of the tenant who has the right.
 */

export const supervisorQueueUpdated = defineEvent<QueueState>({
  name: "supervisor_queue_updated",
  class: "tenant",
  routingKey: "supervisor.queues.{id}.updated",
  acl: "events.supervisor.queues"
})

export const supervisorAgentUpdated = defineEvent<SupervisedAgent>({
  name: "supervisor_agent_updated",
  class: "tenant",
  routingKey: "supervisor.agents.{id}.updated",
  acl: "events.supervisor.agents"
})
