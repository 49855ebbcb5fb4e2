import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { associated, type BadRequest, differentTenants, type Refusal } from "../../schemas/confd/errors.ts"
import {
  lineEndpointCustomAssociated,
  lineEndpointCustomDissociated,
  lineEndpointSipAssociated,
  lineEndpointSipDissociated
} from "../../schemas/events/confd.ts"
import type { EventDefinition } from "../../schemas/events/envelope.ts"
import { onConstraint } from "../../runtime/database/sql-errors.ts"
import { change, type Emit, type Ground, updateRow, within } from "./configuration.ts"
import {
  type CustomEndpointRow,
  customEndpointResource,
  type SipEndpointRow,
  sipEndpointResource
} from "./endpoints.ts"
import { hasEndpoint, type LineRow, lineRow } from "./line-row.ts"
import { holdRow, type Resource, type TenantScope } from "./listing.ts"

/**
 * The one endpoint of a line (contracts/callcenter.md 10). Repeating an association, or dissociating what is not
 * associated, does nothing.
 */
export class LineEndpoints extends Context.Service<
  LineEndpoints,
  {
    readonly associateSip: Association<string>
    readonly dissociateSip: Association<string>
    readonly associateCustom: Association<number>
    readonly dissociateCustom: Association<number>
  }
>()("strowger/actors/pbx/LineEndpoints") {
  static readonly layer: Layer.Layer<LineEndpoints, never, Ground> = Layer.effect(
    LineEndpoints,
    Effect.gen(function* () {
      const here = within(yield* Effect.context<Ground>())
      const sip = changesOf(sipKind)
      const custom = changesOf(customKind)
      return {
        associateSip: here(sip.associate),
        dissociateSip: here(sip.dissociate),
        associateCustom: here(custom.associate),
        dissociateCustom: here(custom.dissociate)
      }
    })
  )
}

type Association<K> = (scope: TenantScope, lineId: number, endpoint: K) => Effect.Effect<void, Refusal>

/** What tells the kinds of endpoint apart. */
interface EndpointKind<Row extends { readonly tenant_uuid: string }, Data extends object> {
  readonly resource: Pick<Resource<string>, "name" | "table">
  readonly keyOf: (endpoint: Row) => string | number
  /** The line's column that has the endpoint's key. */
  readonly column: "endpoint_sip_uuid" | "endpoint_custom_id"
  /** Refuses an endpoint that another line has. */
  readonly onlyLine: (line: LineRow, endpoint: Row) => Readonly<Record<string, () => BadRequest>>
  readonly associated: EventDefinition<Data>
  readonly dissociated: EventDefinition<Data>
  readonly dataOf: (line: LineRow, endpoint: Row) => Data
}

const kindOf = <Row extends { readonly tenant_uuid: string }, Data extends object>(
  kind: EndpointKind<Row, Data>
) => kind

const sipKind = kindOf({
  resource: sipEndpointResource,
  keyOf: ({ uuid }: SipEndpointRow) => uuid,
  column: "endpoint_sip_uuid",
  onlyLine: (line, { uuid }) => ({
    pbx_line_endpoint_sip: () => associated("SIPEndpoint", "Line", { line_id: line.id, endpoint_uuid: uuid })
  }),
  associated: lineEndpointSipAssociated,
  dissociated: lineEndpointSipDissociated,
  dataOf: (line, { uuid, name }) => ({
    line: named({ ...line, name }),
    endpoint_sip: { uuid, name }
  })
})

const customKind = kindOf({
  resource: customEndpointResource,
  keyOf: ({ id }: CustomEndpointRow) => id,
  column: "endpoint_custom_id",
  onlyLine: (line, { id }) => ({
    pbx_line_endpoint_custom: () =>
      associated("CustomEndpoint", "Line", { line_id: line.id, endpoint_id: id })
  }),
  associated: lineEndpointCustomAssociated,
  dissociated: lineEndpointCustomDissociated,
  dataOf: (line, { id, interface: device }) => ({
    line: named({ ...line, name: device }),
    endpoint_custom: { id, interface: device }
  })
})

/** Gives a line its endpoint of a kind within a change. */
const connecting = <Row extends { readonly tenant_uuid: string }, Data extends object>(
  kind: EndpointKind<Row, Data>
) =>
  Effect.fnUntraced(function* (emit: Emit, line: LineRow, endpoint: Row) {
    yield* refuseConnection(line, endpoint.tenant_uuid)
    yield* updateRow("pbx_lines", line.id, { [kind.column]: kind.keyOf(endpoint) }).pipe(
      onConstraint(kind.onlyLine(line, endpoint))
    )
    emit(kind.associated, { tenantUuid: line.tenant_uuid }, kind.dataOf(line, endpoint))
  })

export const connectSip = connecting(sipKind)
export const connectCustom = connecting(customKind)

/** The two changes of a kind: both hold the line and its endpoint, and do nothing when it is as wanted. */
const changesOf = <Row extends { readonly tenant_uuid: string }, Data extends object>(
  kind: EndpointKind<Row, Data>
) => {
  const connect = connecting(kind)
  const held = Effect.fnUntraced(function* (scope: TenantScope, lineId: number, key: string | number) {
    const line = yield* lineRow(lineId, scope.visibleTenants, "update")
    const endpoint = yield* holdRow<Row>(kind.resource, key, scope.visibleTenants, "key share")
    return { line, endpoint, together: line[kind.column] === kind.keyOf(endpoint) }
  })
  return {
    associate: (scope: TenantScope, lineId: number, key: string | number) =>
      change((emit) =>
        Effect.gen(function* () {
          const { line, endpoint, together } = yield* held(scope, lineId, key)
          if (!together) yield* connect(emit, line, endpoint)
        })
      ),
    dissociate: (scope: TenantScope, lineId: number, key: string | number) =>
      change((emit) =>
        Effect.gen(function* () {
          const { line, endpoint, together } = yield* held(scope, lineId, key)
          if (!together) return
          yield* refuseDisconnection(line)
          yield* updateRow("pbx_lines", line.id, { [kind.column]: null })
          emit(kind.dissociated, { tenantUuid: line.tenant_uuid }, kind.dataOf(line, endpoint))
        })
      )
  }
}

const refuseConnection = Effect.fnUntraced(function* (line: LineRow, endpointTenant: string) {
  if (line.tenant_uuid !== endpointTenant) {
    return yield* differentTenants({
      line_tenant_uuid: line.tenant_uuid,
      endpoint_tenant_uuid: endpointTenant
    })
  }
  if (hasEndpoint(line)) return yield* associated("Line", "Endpoint", { line_id: line.id })
})

/** What rings a line needs its endpoint. */
const refuseDisconnection = Effect.fnUntraced(function* (line: LineRow) {
  const sql = yield* SqlClient.SqlClient
  const users = yield* sql<{ id: number }>`
    SELECT user_id AS id FROM pbx_user_lines WHERE line_id = ${line.id} ORDER BY user_id`
  if (users.length > 0) {
    return yield* associated("Line", "User", { line_id: line.id, user_ids: users.map(({ id }) => id) })
  }
  const [extension] = yield* sql<{ id: number }>`
    SELECT extension_id AS id FROM pbx_line_extensions WHERE line_id = ${line.id}`
  if (extension !== undefined) {
    return yield* associated("Line", "Extension", { line_id: line.id, extension_id: extension.id })
  }
})

const named = ({ id, tenant_uuid, name }: LineRow) => ({ id, tenant_uuid, name })
