import { Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { Platform } from "../../runtime/platform.ts"
import { agentAssignmentChanged } from "../../schemas/events/confd.ts"
import { type BusEvent, makeEvent } from "../../schemas/events/envelope.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { CallCentre, type LineOnExtension } from "./call-centre.ts"
import { CallCentreCache } from "./call-centre-cache.ts"
import { within } from "./configuration.ts"

type Services = SqlClient.SqlClient | Transactions | CallCentreCache | Outbox | Platform

/**
 * The call centre's view of the configuration: agents and queues from memory; what only a login asks for (contexts,
 * lines) by one query each. Also gives the cache, which the services of the configuration keep right.
 */
export const callCentreLayer: Layer.Layer<
  CallCentre | CallCentreCache,
  never,
  SqlClient.SqlClient | Transactions | Outbox | Platform | EventBus
> = Layer.effect(
  CallCentre,
  Effect.gen(function* () {
    const here = within(yield* Effect.context<Services>())
    const { view } = yield* CallCentreCache
    return {
      agent: (id, tenants) => Effect.map(view, ({ agents }) => visible(agents.get(id), tenants)),
      agentByNumber: (number, tenants) =>
        Effect.map(view, ({ agentsByNumber }) => firstOf(agentsByNumber.get(number), tenants)),
      agentsOf: (tenants) => Effect.map(view, ({ agents }) => allVisible(agents, tenants)),
      agentOfUser: (userUuid, tenants) =>
        Effect.map(view, ({ agentsByUser }) => visible(agentsByUser.get(userUuid.toLowerCase()), tenants)),
      queue: (id, tenants) => Effect.map(view, ({ queues }) => visible(queues.get(id), tenants)),
      queuesOf: (tenants) => Effect.map(view, ({ queues }) => allVisible(queues, tenants)),
      contextTenant: here(contextTenant),
      linesOn: here(linesOn),
      lineOfUser: here(lineOfUser),
      ownsDevice: here(ownsDevice),
      assign: here(assign),
      unassign: here(unassign)
    }
  })
).pipe(Layer.provideMerge(CallCentreCache.layer))

interface Owned {
  readonly id: number
  readonly tenantUuid: string
}

const visible = <T extends Owned>(thing: T | undefined, tenants: ReadonlyArray<string>): T | undefined =>
  thing !== undefined && tenants.includes(thing.tenantUuid) ? thing : undefined

const firstOf = <T extends Owned>(
  candidates: Iterable<T> | undefined,
  tenants: ReadonlyArray<string>
): T | undefined => {
  if (candidates === undefined) return undefined
  const byTenant = new Map([...candidates].map((candidate) => [candidate.tenantUuid, candidate]))
  for (const tenant of tenants) {
    const candidate = byTenant.get(tenant)
    if (candidate !== undefined) return candidate
  }
  return undefined
}

const allVisible = <T extends Owned>(
  things: ReadonlyMap<number, T>,
  tenants: ReadonlyArray<string>
): ReadonlyArray<T> => {
  const allowed = new Set(tenants)
  return [...things.values()].filter(({ tenantUuid }) => allowed.has(tenantUuid)).sort((a, b) => a.id - b.id)
}

const contextTenant = Effect.fnUntraced(function* (name: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ tenant_uuid: string }>`SELECT tenant_uuid FROM pbx_contexts WHERE name = ${name}`
  return row?.tenant_uuid
})

/** The device whose state Asterisk follows for a line `l` (contracts/callcenter.md 1). */
const followedDevice = "coalesce('PJSIP/' || s.name, c.interface)"
const endpointJoins = `
  LEFT JOIN pbx_endpoints_sip s ON s.uuid = l.endpoint_sip_uuid
  LEFT JOIN pbx_endpoints_custom c ON c.id = l.endpoint_custom_id`

const linesOn = Effect.fnUntraced(function* (exten: string, context: string) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<LineOnExtension>`
    SELECT l.id, ${sql.literal(followedDevice)} AS "stateInterface",
      EXISTS (SELECT 1 FROM pbx_user_lines ul WHERE ul.line_id = l.id AND ul.main_line) AS "isMainLine"
    FROM pbx_extensions e
    JOIN pbx_line_extensions le ON le.extension_id = e.id
    JOIN pbx_lines l ON l.id = le.line_id ${sql.literal(endpointJoins)}
    WHERE e.exten = ${exten} AND e.context = ${context} AND (s.uuid IS NOT NULL OR c.id IS NOT NULL)
    ORDER BY l.id`
})

interface LineOfUserRow {
  readonly stateInterface: string | null
  readonly exten: string | null
  readonly context: string | null
}

const lineOfUser = Effect.fnUntraced(function* (userUuid: string, lineId: number) {
  const sql = yield* SqlClient.SqlClient
  const [line] = yield* sql<LineOfUserRow>`
    SELECT ${sql.literal(followedDevice)} AS "stateInterface", e.exten, e.context
    FROM pbx_users u
    JOIN pbx_user_lines ul ON ul.user_id = u.id
    JOIN pbx_lines l ON l.id = ul.line_id ${sql.literal(endpointJoins)}
    LEFT JOIN pbx_line_extensions le ON le.line_id = l.id
    LEFT JOIN pbx_extensions e ON e.id = le.extension_id
    WHERE u.uuid = ${userUuid.toLowerCase()} AND l.id = ${lineId}`
  if (line === undefined || line.stateInterface === null) return undefined
  const { stateInterface, exten, context } = line
  return { stateInterface, extension: exten === null || context === null ? null : { exten, context } }
})

const ownsDevice = Effect.fnUntraced(function* (device: string, tenants: ReadonlyArray<string>) {
  const sql = yield* SqlClient.SqlClient
  const lines = yield* sql`
    SELECT 1 FROM pbx_lines l ${sql.literal(endpointJoins)}
    WHERE ${sql.literal(followedDevice)} = ${device} AND l.tenant_uuid = ANY(${tenants}) LIMIT 1`
  return lines.length > 0
})

const assign = (agentId: number, queueId: number) =>
  changeAssignment(
    agentId,
    (sql) => sql`
    INSERT INTO pbx_queue_agents (queue_id, agent_id, penalty, priority)
    SELECT q.id, a.id, 0,
      coalesce((SELECT max(priority) + 1 FROM pbx_queue_agents WHERE queue_id = ${queueId}), 0)
    FROM pbx_agents a, pbx_queues q WHERE a.id = ${agentId} AND q.id = ${queueId}
    ON CONFLICT (queue_id, agent_id) DO NOTHING RETURNING agent_id`
  )

const unassign = (agentId: number, queueId: number) =>
  changeAssignment(
    agentId,
    (sql) => sql`
    DELETE FROM pbx_queue_agents WHERE queue_id = ${queueId} AND agent_id = ${agentId} RETURNING agent_id`
  )

/** Whether the statement changed a row; the caches of all nodes then forget the agent. */
const changeAssignment = Effect.fnUntraced(function* (
  agentId: number,
  statement: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<object>, SqlError.SqlError>
) {
  const sql = yield* SqlClient.SqlClient
  const cache = yield* CallCentreCache
  const outbox = yield* Outbox
  const { run } = yield* Transactions
  const event = assignmentEvent((yield* Platform).uuid, agentId)
  return yield* run(({ afterCommit }) =>
    Effect.gen(function* () {
      const changed = yield* statement(sql)
      if (changed.length === 0) return false
      yield* outbox.append([event])
      afterCommit(() => {
        cache.note(event.name, event.data)
        outbox.wake()
      })
      return true
    })
  )
})

/** Without `required_acl`: for the nodes alone. */
const assignmentEvent = (originUuid: string, agentId: number): BusEvent => {
  const event = makeEvent(agentAssignmentChanged, { originUuid, at: Date.now() }, {}, { agent_id: agentId })
  const { required_acl: _unused, ...headers } = event.headers
  return { ...event, headers }
}
