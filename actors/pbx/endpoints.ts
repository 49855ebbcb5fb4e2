import { randomInt, randomUUID } from "node:crypto"
import { Context, Effect, Layer } from "effect"
import type {
  CustomEndpoint,
  CustomEndpointCreation,
  CustomEndpointEdit,
  customEndpointColumns,
  SipEndpoint,
  SipEndpointBody,
  sipEndpointColumns
} from "../../schemas/confd/endpoint.ts"
import { sipSections } from "../../schemas/confd/endpoint.ts"
import { alreadyExists } from "../../schemas/confd/errors.ts"
import {
  customEndpointCreated,
  customEndpointDeleted,
  customEndpointEdited,
  sipEndpointCreated,
  sipEndpointDeleted,
  sipEndpointEdited
} from "../../schemas/events/confd.ts"
import { onConstraint } from "../../runtime/database/sql-errors.ts"
import {
  type Configuration,
  change,
  columnsOf,
  deleteRow,
  type Emit,
  type Ground,
  insertRow,
  configurationOf,
  updateRow
} from "./configuration.ts"
import {
  booleanColumn,
  getRow,
  holdRow,
  integerColumn,
  type Resource,
  type TenantScope,
  textColumn
} from "./listing.ts"

type CustomName = (typeof customEndpointColumns)[number]
type SipName = (typeof sipEndpointColumns)[number]

/** Endpoints that Asterisk dials as they are written (contracts/callcenter.md 10). */
export class CustomEndpoints extends Context.Service<
  CustomEndpoints,
  Configuration<CustomEndpoint, CustomEndpointCreation, CustomEndpointEdit, CustomName>
>()("strowger/actors/pbx/CustomEndpoints") {
  static readonly layer: Layer.Layer<CustomEndpoints, never, Ground> = Layer.effect(
    CustomEndpoints,
    Effect.suspend(() =>
      configurationOf(customEndpointResource, {
        create: createCustom,
        edit: editCustom,
        remove: removeCustom
      })
    )
  )
}

/** PJSIP endpoints (contracts/callcenter.md 10). */
export class SipEndpoints extends Context.Service<
  SipEndpoints,
  Configuration<SipEndpoint, SipEndpointBody, SipEndpointBody, SipName, string>
>()("strowger/actors/pbx/SipEndpoints") {
  static readonly layer: Layer.Layer<SipEndpoints, never, Ground> = Layer.effect(
    SipEndpoints,
    Effect.suspend(() =>
      configurationOf(sipEndpointResource, { create: createSip, edit: editSip, remove: removeSip })
    )
  )
}

export interface CustomEndpointRow {
  readonly id: number
  readonly tenant_uuid: string
  readonly interface: string
}

export interface SipEndpointRow {
  readonly uuid: string
  readonly tenant_uuid: string
  readonly name: string
  readonly label: string | null
}

export const customEndpointResource: Resource<CustomName> = {
  name: "CustomEndpoint",
  table: "pbx_endpoints_custom",
  key: "id",
  select: `it.id, it.tenant_uuid, it.interface, it.interface_suffix, it.enabled, NULL AS trunk,
    (SELECT json_build_object('id', l.id) FROM pbx_lines l WHERE l.endpoint_custom_id = it.id) AS line`,
  columns: {
    id: integerColumn("id"),
    interface: textColumn("interface"),
    interface_suffix: textColumn("interface_suffix"),
    enabled: booleanColumn("enabled")
  },
  searched: "pbx_fold(concat_ws(E'\\n', it.id, it.interface, it.interface_suffix))",
  defaultOrder: "interface"
}

export const sipEndpointResource: Resource<SipName> = {
  name: "SIPEndpoint",
  table: "pbx_endpoints_sip",
  key: "uuid",
  select: `it.uuid, it.tenant_uuid, it.name, it.label, ${sipSections.map((section) => `it.${section}`).join(", ")},
    NULL AS trunk,
    (SELECT json_build_object('id', l.id) FROM pbx_lines l WHERE l.endpoint_sip_uuid = it.uuid) AS line`,
  columns: { uuid: textColumn("uuid"), name: textColumn("name"), label: textColumn("label") },
  searched: "pbx_fold(concat_ws(E'\\n', it.name, it.label))",
  defaultOrder: "name"
}

/** Adds a custom endpoint within a change. */
export const addCustomEndpoint = Effect.fnUntraced(function* (
  emit: Emit,
  tenantUuid: string,
  body: CustomEndpointCreation
) {
  const row = yield* insertRow<CustomEndpointRow>(customEndpointResource.table, {
    ...columnsOf(body),
    tenant_uuid: tenantUuid
  }).pipe(interfaceTaken(body.interface))
  emit(customEndpointCreated, { tenantUuid }, customData(row))
  return row
})

/** Adds a SIP endpoint within a change; without a name it gets one of eight random letters. */
export const addSipEndpoint = Effect.fnUntraced(function* (
  emit: Emit,
  tenantUuid: string,
  body: SipEndpointBody
) {
  const row = yield* insertRow<SipEndpointRow>(sipEndpointResource.table, {
    ...columnsOf(body),
    uuid: randomUUID(),
    name: body.name ?? randomName(),
    tenant_uuid: tenantUuid
  }).pipe(nameTaken(body.name))
  emit(sipEndpointCreated, { tenantUuid }, sipData(row))
  return row
})

const createCustom = (scope: TenantScope, body: CustomEndpointCreation) =>
  change((emit) =>
    Effect.gen(function* () {
      const { id, tenant_uuid } = yield* addCustomEndpoint(emit, scope.tenantUuid, body)
      return yield* getRow<CustomEndpoint>(customEndpointResource, id, [tenant_uuid])
    })
  )

const editCustom = (scope: TenantScope, id: number, body: CustomEndpointEdit) =>
  change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<CustomEndpointRow>(
        customEndpointResource,
        id,
        scope.visibleTenants,
        "update"
      )
      yield* updateRow(customEndpointResource.table, id, columnsOf(body)).pipe(interfaceTaken(body.interface))
      const edited = { ...row, interface: body.interface ?? row.interface }
      emit(customEndpointEdited, { tenantUuid: row.tenant_uuid }, customData(edited))
    })
  )

const removeCustom = (scope: TenantScope, id: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<CustomEndpointRow>(
        customEndpointResource,
        id,
        scope.visibleTenants,
        "update"
      )
      yield* deleteRow(customEndpointResource.table, id)
      emit(customEndpointDeleted, { tenantUuid: row.tenant_uuid }, customData(row))
    })
  )

const createSip = (scope: TenantScope, body: SipEndpointBody) =>
  change((emit) =>
    Effect.gen(function* () {
      const { uuid, tenant_uuid } = yield* addSipEndpoint(emit, scope.tenantUuid, body)
      return yield* getRow<SipEndpoint>(sipEndpointResource, uuid, [tenant_uuid])
    })
  )

const editSip = (scope: TenantScope, key: string, body: SipEndpointBody) =>
  change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<SipEndpointRow>(sipEndpointResource, key, scope.visibleTenants, "update")
      yield* updateRow(sipEndpointResource.table, row.uuid, columnsOf(body)).pipe(nameTaken(body.name))
      const { name = row.name, label = row.label } = body
      emit(sipEndpointEdited, { tenantUuid: row.tenant_uuid }, sipData({ ...row, name, label }))
    })
  )

const removeSip = (scope: TenantScope, key: string) =>
  change((emit) =>
    Effect.gen(function* () {
      const row = yield* holdRow<SipEndpointRow>(sipEndpointResource, key, scope.visibleTenants, "update")
      yield* deleteRow(sipEndpointResource.table, row.uuid)
      emit(sipEndpointDeleted, { tenantUuid: row.tenant_uuid }, sipData(row))
    })
  )

const interfaceTaken = (value: string | undefined) =>
  onConstraint({
    pbx_endpoint_custom_interface: () => alreadyExists("CustomEndpoint", { interface: value ?? "" })
  })

const nameTaken = (value: string | undefined) =>
  onConstraint({ pbx_endpoint_sip_name: () => alreadyExists("SIPEndpoint", { name: value ?? "" }) })

const customData = (row: CustomEndpointRow) => ({
  id: row.id,
  tenant_uuid: row.tenant_uuid,
  interface: row.interface
})

const sipData = ({ uuid, name, label, tenant_uuid }: SipEndpointRow) => ({ uuid, name, label, tenant_uuid })

/** Eight letters: among a million endpoints a new name is taken once in 200,000 times. */
const randomName = () => Array.from({ length: 8 }, () => String.fromCharCode(97 + randomInt(26))).join("")
