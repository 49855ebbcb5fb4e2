import { defineEvent } from "./envelope.ts"

/** Events of agentd (contracts/events.md 3.1). All are seen by the agent's users, by tenant admins and by master. */
const acl = "events.statuses.agents"

export const agentStatusUpdate = defineEvent<{ agent_id: number; status: "logged_in" | "logged_out" }>({
  name: "agent_status_update",
  class: "multi-user",
  routingKey: "status.agent",
  acl
})

interface PauseData {
  agent_id: number
  agent_number: string
  paused: boolean
  paused_reason: string
  queue: string
}

export const agentPaused = defineEvent<PauseData>({
  name: "agent_paused",
  class: "multi-user",
  routingKey: "status.agent.pause",
  acl
})

export const agentUnpaused = defineEvent<PauseData>({
  name: "agent_unpaused",
  class: "multi-user",
  routingKey: "status.agent.unpause",
  acl
})

export const userAgentQueueLoggedIn = defineEvent<{ agent_id: number; queue_id: number }>({
  name: "user_agent_queue_logged_in",
  class: "multi-user",
  routingKey: "agentd.agents.{agent_id}.queues.{queue_id}.login.updated",
  acl
})

export const userAgentQueueLoggedOff = defineEvent<{ agent_id: number; queue_id: number }>({
  name: "user_agent_queue_logged_off",
  class: "multi-user",
  routingKey: "agentd.agents.{agent_id}.queues.{queue_id}.logoff.updated",
  acl
})
