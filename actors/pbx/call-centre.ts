import { Context, type Effect } from "effect"
import type { SqlError } from "effect/sql"

/** A queue an agent is assigned to. */
export interface AssignedQueue {
  readonly id: number
  /** The Asterisk queue name. */
  readonly name: string
  readonly label: string | null
  readonly penalty: number
}

/** An agent as configured, with what a login needs to know. */
export interface AgentConfig {
  readonly id: number
  readonly tenantUuid: string
  readonly number: string
  /** The users linked to the agent: numeric confd id and uuid. */
  readonly users: ReadonlyArray<{ readonly id: number; readonly uuid: string }>
  /** By position (priority), then id. */
  readonly queues: ReadonlyArray<AssignedQueue>
}

export interface QueueConfig {
  readonly id: number
  readonly tenantUuid: string
  readonly name: string
  readonly label: string | null
  /** Seconds, from the queue's options. */
  readonly wrapupTime: number
}

/** A line reachable on an extension. */
export interface LineOnExtension {
  readonly id: number
  /** `PJSIP/<line name>`, `SCCP/<line name>`, or the custom interface as is. */
  readonly stateInterface: string
  /** Whether it is its user's main line. */
  readonly isMainLine: boolean
}

/**
 * What the call centre needs of the configuration (contracts/callcenter.md 3.1), answered from memory where it
 * can be. A change made on this node is seen by the next call; changes of other nodes arrive with their bus events.
 * `tenants` bounds what is visible; with several candidates the first tenant of the list wins.
 */
export class CallCentre extends Context.Service<
  CallCentre,
  {
    readonly agent: (
      id: number,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<AgentConfig | undefined, SqlError.SqlError>
    readonly agentByNumber: (
      number: string,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<AgentConfig | undefined, SqlError.SqlError>
    /** In the order of their ids. */
    readonly agentsOf: (
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<AgentConfig>, SqlError.SqlError>
    readonly agentOfUser: (
      userUuid: string,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<AgentConfig | undefined, SqlError.SqlError>
    readonly queue: (
      id: number,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<QueueConfig | undefined, SqlError.SqlError>
    readonly queuesOf: (
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<QueueConfig>, SqlError.SqlError>
    /** A context by its name, whatever its tenant: names are unique over the platform. */
    readonly contextTenant: (name: string) => Effect.Effect<string | undefined, SqlError.SqlError>
    /** In the order of their ids. */
    readonly linesOn: (
      exten: string,
      context: string
    ) => Effect.Effect<ReadonlyArray<LineOnExtension>, SqlError.SqlError>
    /** A line of the user, with its main extension (null when it has none); undefined when it is not the user's. */
    readonly lineOfUser: (
      userUuid: string,
      lineId: number
    ) => Effect.Effect<
      | {
          readonly stateInterface: string
          readonly extension: { readonly exten: string; readonly context: string } | null
        }
      | undefined,
      SqlError.SqlError
    >
    /** Whether a line of these tenants has the device (a line's state interface). */
    readonly ownsDevice: (
      device: string,
      tenants: ReadonlyArray<string>
    ) => Effect.Effect<boolean, SqlError.SqlError>
    /** Adds the agent as last member, penalty 0, without a confd event (contract 5.6). False when it is a member. */
    readonly assign: (agentId: number, queueId: number) => Effect.Effect<boolean, SqlError.SqlError>
    /** Removes the member without a confd event. False when it was none. */
    readonly unassign: (agentId: number, queueId: number) => Effect.Effect<boolean, SqlError.SqlError>
  }
>()("strowger/actors/pbx/CallCentre") {}
