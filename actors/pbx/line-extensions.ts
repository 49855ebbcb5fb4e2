import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { associated, differentTenants, mustBeAssociated, type Refusal } from "../../schemas/confd/errors.ts"
import type { Extension, LineExtensionBody } from "../../schemas/confd/extension.ts"
import { lineExtensionAssociated, lineExtensionDissociated } from "../../schemas/events/confd.ts"
import { change, type Emit, type Ground, insertRow, within } from "./configuration.ts"
import { holdContext } from "./contexts.ts"
import { addExtension, type ExtensionRow, extensionResource, refuseOutside, usesOf } from "./extensions.ts"
import { hasEndpoint, type LineRow, lineRow } from "./line-row.ts"
import { getRow, holdRow, type TenantScope } from "./listing.ts"

/**
 * Where a line can be reached (contracts/callcenter.md 3.1 and 10): one extension a line; several lines of one user
 * may share it. Repeating an association, or dissociating what is not associated, does nothing.
 */
export class LineExtensions extends Context.Service<
  LineExtensions,
  {
    readonly associate: (
      scope: TenantScope,
      lineId: number,
      extensionId: number
    ) => Effect.Effect<void, Refusal>
    readonly dissociate: (
      scope: TenantScope,
      lineId: number,
      extensionId: number
    ) => Effect.Effect<void, Refusal>
    /** Creates the extension and associates it; its context is the line's unless given. */
    readonly create: (
      scope: TenantScope,
      lineId: number,
      body: LineExtensionBody
    ) => Effect.Effect<Extension, Refusal>
  }
>()("strowger/actors/pbx/LineExtensions") {
  static readonly layer: Layer.Layer<LineExtensions, never, Ground> = Layer.effect(
    LineExtensions,
    Effect.gen(function* () {
      const here = within(yield* Effect.context<Ground>())
      return { associate: here(associate), dissociate: here(dissociate), create: here(create) }
    })
  )
}

/** Makes a line reachable on an extension within a change; both are held. */
export const attachExtension = Effect.fnUntraced(function* (
  emit: Emit,
  line: LineRow,
  extension: ExtensionRow,
  scope: TenantScope
) {
  if (line.tenant_uuid !== extension.tenant_uuid) {
    return yield* differentTenants({
      extension_tenant_uuid: extension.tenant_uuid,
      line_tenant_uuid: line.tenant_uuid
    })
  }
  if (!hasEndpoint(line)) return yield* mustBeAssociated("Line", "Endpoint", { line_id: line.id })
  yield* refuseSecondExtension(line)
  const { conference } = yield* usesOf(extension.id)
  if (conference !== null) {
    return yield* associated("Extension", "conference", { id: extension.id, associated_id: conference })
  }
  yield* refuseOutside(extension, yield* holdContext(extension.context, scope.visibleTenants), "user_ranges")
  yield* refuseOtherUsers(line, extension)
  yield* insertRow("pbx_line_extensions", { line_id: line.id, extension_id: extension.id })
  emit(lineExtensionAssociated, { tenantUuid: line.tenant_uuid }, dataOf(line, extension))
})

const associate = (scope: TenantScope, lineId: number, extensionId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const extension = yield* holdExtension(extensionId, scope)
      if ((yield* extensionOf(line)) !== extension.id) yield* attachExtension(emit, line, extension, scope)
    })
  )

const dissociate = (scope: TenantScope, lineId: number, extensionId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const extension = yield* holdExtension(extensionId, scope)
      const removed = yield* sql`
        DELETE FROM pbx_line_extensions
        WHERE line_id = ${line.id} AND extension_id = ${extension.id} RETURNING line_id`
      if (removed.length === 0) return
      emit(lineExtensionDissociated, { tenantUuid: line.tenant_uuid }, dataOf(line, extension))
    })
  )

const create = (scope: TenantScope, lineId: number, body: LineExtensionBody) =>
  change((emit) =>
    Effect.gen(function* () {
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const extension = yield* addExtension(emit, scope, { ...body, context: body.context ?? line.context })
      yield* attachExtension(emit, line, extension, scope)
      return yield* getRow<Extension>(extensionResource, extension.id, [extension.tenant_uuid])
    })
  )

const holdExtension = (id: number, scope: TenantScope) =>
  holdRow<ExtensionRow>(extensionResource, id, scope.visibleTenants, "update")

const extensionOf = Effect.fnUntraced(function* (line: LineRow) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ id: number }>`
    SELECT extension_id AS id FROM pbx_line_extensions WHERE line_id = ${line.id}`
  return row?.id
})

const refuseSecondExtension = Effect.fnUntraced(function* (line: LineRow) {
  const present = yield* extensionOf(line)
  if (present !== undefined) {
    return yield* associated("Line", "Extension", { line_id: line.id, extension_id: present })
  }
})

/** Lines that share an extension ring one user. */
const refuseOtherUsers = Effect.fnUntraced(function* (line: LineRow, extension: ExtensionRow) {
  const sql = yield* SqlClient.SqlClient
  const [other] = yield* sql<{ user_id: number; line_id: number }>`
    SELECT theirs.user_id, theirs.line_id
    FROM pbx_user_lines mine
    JOIN pbx_line_extensions le ON le.extension_id = ${extension.id}
    JOIN pbx_user_lines theirs ON theirs.line_id = le.line_id AND theirs.main_user
    WHERE mine.line_id = ${line.id} AND mine.main_user AND theirs.user_id <> mine.user_id LIMIT 1`
  if (other !== undefined) return yield* associated("User", "Line", { ...other })
})

const dataOf = (line: LineRow, extension: ExtensionRow) => ({
  line_id: line.id,
  extension_id: extension.id
})
