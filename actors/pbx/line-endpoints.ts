import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { associated, differentTenants, type Refusal } from "../../schemas/confd/errors.ts"
import {
  lineEndpointCustomAssociated,
  lineEndpointCustomDissociated,
  lineEndpointSipAssociated,
  lineEndpointSipDissociated
} from "../../schemas/events/confd.ts"
import { onConstraint } from "../../runtime/database/sql-errors.ts"
import { change, type Emit, type Ground, updateRow, within } from "./configuration.ts"
import { type CustomEndpointRow, customEndpointResource } from "./endpoints.ts"
import { type SipEndpointRow, sipEndpointResource } from "./endpoints.ts"
import { hasEndpoint, type LineRow, lineRow } from "./line-row.ts"
import { holdRow, type TenantScope } from "./listing.ts"

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
      return {
        associateSip: here(associateSip),
        dissociateSip: here(dissociateSip),
        associateCustom: here(associateCustom),
        dissociateCustom: here(dissociateCustom)
      }
    })
  )
}

type Association<K> = (scope: TenantScope, lineId: number, endpoint: K) => Effect.Effect<void, Refusal>

/** Gives a line its SIP endpoint within a change. */
export const connectSip = Effect.fnUntraced(function* (emit: Emit, line: LineRow, endpoint: SipEndpointRow) {
  yield* refuseConnection(line, endpoint.tenant_uuid)
  yield* updateRow("pbx_lines", line.id, { endpoint_sip_uuid: endpoint.uuid }).pipe(
    onConstraint({
      pbx_line_endpoint_sip: () =>
        associated("SIPEndpoint", "Line", { line_id: line.id, endpoint_uuid: endpoint.uuid })
    })
  )
  emit(lineEndpointSipAssociated, { tenantUuid: line.tenant_uuid }, sipData(line, endpoint))
})

/** Gives a line its custom endpoint within a change. */
export const connectCustom = Effect.fnUntraced(function* (
  emit: Emit,
  line: LineRow,
  endpoint: CustomEndpointRow
) {
  yield* refuseConnection(line, endpoint.tenant_uuid)
  yield* updateRow("pbx_lines", line.id, { endpoint_custom_id: endpoint.id }).pipe(
    onConstraint({
      pbx_line_endpoint_custom: () =>
        associated("CustomEndpoint", "Line", { line_id: line.id, endpoint_id: endpoint.id })
    })
  )
  emit(lineEndpointCustomAssociated, { tenantUuid: line.tenant_uuid }, customData(line, endpoint))
})

const associateSip = (scope: TenantScope, lineId: number, uuid: string) =>
  change((emit) =>
    Effect.gen(function* () {
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const endpoint = yield* holdRow<SipEndpointRow>(
        sipEndpointResource,
        uuid,
        scope.visibleTenants,
        "key share"
      )
      if (line.endpoint_sip_uuid !== endpoint.uuid) yield* connectSip(emit, line, endpoint)
    })
  )

const dissociateSip = (scope: TenantScope, lineId: number, uuid: string) =>
  change((emit) =>
    Effect.gen(function* () {
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const endpoint = yield* holdRow<SipEndpointRow>(
        sipEndpointResource,
        uuid,
        scope.visibleTenants,
        "key share"
      )
      if (line.endpoint_sip_uuid !== endpoint.uuid) return
      yield* refuseDisconnection(line)
      yield* updateRow("pbx_lines", line.id, { endpoint_sip_uuid: null })
      emit(lineEndpointSipDissociated, { tenantUuid: line.tenant_uuid }, sipData(line, endpoint))
    })
  )

const associateCustom = (scope: TenantScope, lineId: number, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const endpoint = yield* holdRow<CustomEndpointRow>(
        customEndpointResource,
        id,
        scope.visibleTenants,
        "key share"
      )
      if (line.endpoint_custom_id !== endpoint.id) yield* connectCustom(emit, line, endpoint)
    })
  )

const dissociateCustom = (scope: TenantScope, lineId: number, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const endpoint = yield* holdRow<CustomEndpointRow>(
        customEndpointResource,
        id,
        scope.visibleTenants,
        "key share"
      )
      if (line.endpoint_custom_id !== endpoint.id) return
      yield* refuseDisconnection(line)
      yield* updateRow("pbx_lines", line.id, { endpoint_custom_id: null })
      emit(lineEndpointCustomDissociated, { tenantUuid: line.tenant_uuid }, customData(line, endpoint))
    })
  )

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

const sipData = (line: LineRow, { uuid, name }: SipEndpointRow) => ({
  line: named({ ...line, name }),
  endpoint_sip: { uuid, name }
})

const customData = (line: LineRow, endpoint: CustomEndpointRow) => ({
  line: named({ ...line, name: endpoint.interface }),
  endpoint_custom: { id: endpoint.id, interface: endpoint.interface }
})
