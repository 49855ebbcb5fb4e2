/** Plain data that agent commands, states and events are made of (contracts/callcenter.md 3.2, 5). */

/** A queue an agent is, or may be, active in. */
export interface QueueMembership {
  readonly id: number
  /** The Asterisk queue name. */
  readonly name: string
  readonly penalty: number
}

/** Who the agent is, as configured when the command was given. */
export interface AgentIdentity {
  readonly id: number
  readonly tenantUuid: string
  readonly number: string
  readonly users: ReadonlyArray<{ readonly id: number; readonly uuid: string }>
}

/** Where a logged-in agent takes calls. */
export interface AgentSession {
  readonly extension: string
  readonly context: string
  readonly stateInterface: string
  /** Milliseconds since the epoch. */
  readonly loginAt: number
}

/** The call an agent has now. */
export interface AgentCall {
  readonly queue: string
  readonly callerNumber: string
  readonly callerName: string
  /** Milliseconds since the epoch: when it began to ring. */
  readonly since: number
}

/** A queue member as Asterisk reports it. */
export interface AsteriskMember {
  readonly queue: string
  readonly penalty: number
  readonly paused: boolean
  readonly reason: string
}

/** What must be told to Asterisk about an agent's queues. */
export interface QueueChange {
  readonly add: ReadonlyArray<QueueMembership>
  readonly remove: ReadonlyArray<QueueMembership>
  readonly penalties: ReadonlyArray<QueueMembership>
}

/** What Asterisk calls to reach an agent, and how it names the member (contracts/callcenter.md 1). */
export const interfaceOf = (agentId: number): string => `Local/id-${agentId}@agentcallback`
export const memberNameOf = (agentNumber: string): string => `Agent/${agentNumber}`

/** The agent id in an interface; undefined when it is not one of ours. */
export const agentIdOf = (asteriskInterface: string): number | undefined => {
  const id = /^Local\/id-(\d{1,10})@agentcallback$/.exec(asteriskInterface)?.[1]
  return id === undefined ? undefined : Number(id)
}
