import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  associated,
  differentTenants,
  mustBeAssociated,
  type Refusal,
  secondaryUsers
} from "../../schemas/confd/errors.ts"
import { userLineAssociated, userLineDissociated } from "../../schemas/events/confd.ts"
import { change, type Emit, type Ground, insertRow, within } from "./configuration.ts"
import { hasEndpoint, type LineRow, lineData, lineRow } from "./line-row.ts"
import type { TenantScope } from "./listing.ts"
import { holdUser, type UserKey, type UserRow } from "./user-key.ts"

/**
 * The lines of users (contracts/callcenter.md 3.1 and 10): the first line of a user is its main line, the first user
 * of a line its main user. Repeating an association, or dissociating what is not associated, does nothing.
 */
export class UserLines extends Context.Service<
  UserLines,
  {
    readonly associate: (scope: TenantScope, user: UserKey, lineId: number) => Effect.Effect<void, Refusal>
    readonly dissociate: (scope: TenantScope, user: UserKey, lineId: number) => Effect.Effect<void, Refusal>
  }
>()("strowger/actors/pbx/UserLines") {
  static readonly layer: Layer.Layer<UserLines, never, Ground> = Layer.effect(
    UserLines,
    Effect.gen(function* () {
      const here = within(yield* Effect.context<Ground>())
      return { associate: here(associate), dissociate: here(dissociate) }
    })
  )
}

/** Gives a user a line within a change; both are held. */
export const attachLine = Effect.fnUntraced(function* (emit: Emit, user: Owner, line: LineRow) {
  if (user.tenant_uuid !== line.tenant_uuid) {
    return yield* differentTenants({ user_tenant_uuid: user.tenant_uuid, line_tenant_uuid: line.tenant_uuid })
  }
  if (!hasEndpoint(line)) return yield* mustBeAssociated("Line", "Endpoint", { line_id: line.id })
  yield* refuseSharedExtension(user, line)
  const sql = yield* SqlClient.SqlClient
  const [taken] = yield* sql<{ main_line: boolean; main_user: boolean }>`
    SELECT EXISTS (SELECT 1 FROM pbx_user_lines WHERE user_id = ${user.id} AND main_line) AS main_line,
      EXISTS (SELECT 1 FROM pbx_user_lines WHERE line_id = ${line.id} AND main_user) AS main_user`
  const main = { main_line: taken?.main_line !== true, main_user: taken?.main_user !== true }
  yield* insertRow("pbx_user_lines", { user_id: user.id, line_id: line.id, ...main })
  emit(userLineAssociated, targetOf(user), { user: named(user), line: lineData(line), ...main })
})

/** Takes a line from all its users within a change, before it is deleted. */
export const releaseLine = Effect.fnUntraced(function* (emit: Emit, line: LineRow) {
  const sql = yield* SqlClient.SqlClient
  const links = yield* sql<Owner & Link>`
    SELECT u.id, u.uuid, u.tenant_uuid, ul.main_line, ul.main_user
    FROM pbx_user_lines ul JOIN pbx_users u ON u.id = ul.user_id
    WHERE ul.line_id = ${line.id} ORDER BY ul.main_user, u.id`
  yield* sql`DELETE FROM pbx_user_lines WHERE line_id = ${line.id}`
  yield* promoteLines(links.map(({ id }) => id))
  for (const user of links) emit(userLineDissociated, targetOf(user), linkData(user, line, user))
})

/** Gives the lines that lost their main user the next one. */
export const promoteUsers = Effect.fnUntraced(function* (lineIds: ReadonlyArray<number>) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    UPDATE pbx_user_lines SET main_user = true
    WHERE (line_id, user_id) IN (
      SELECT line_id, min(user_id) FROM pbx_user_lines WHERE line_id = ANY(${lineIds})
      GROUP BY line_id HAVING NOT bool_or(main_user))`
})

interface Owner {
  readonly id: number
  readonly uuid: string
  readonly tenant_uuid: string
}

interface Link {
  readonly main_line: boolean
  readonly main_user: boolean
}

const associate = (scope: TenantScope, key: UserKey, lineId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      if ((yield* linkOf(user, line)) === undefined) yield* attachLine(emit, user, line)
    })
  )

const dissociate = (scope: TenantScope, key: UserKey, lineId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      const line = yield* lineRow(lineId, scope.visibleTenants, "update")
      const link = yield* linkOf(user, line)
      if (link === undefined) return
      if (link.main_user && (yield* hasSecondaryUsers(line))) return yield* secondaryUsers(line.id)
      yield* sql`DELETE FROM pbx_user_lines WHERE user_id = ${user.id} AND line_id = ${line.id}`
      yield* promoteLines([user.id])
      emit(userLineDissociated, targetOf(user), linkData(user, line, link))
    })
  )

const linkOf = Effect.fnUntraced(function* (user: UserRow, line: LineRow) {
  const sql = yield* SqlClient.SqlClient
  const [link] = yield* sql<Link>`
    SELECT main_line, main_user FROM pbx_user_lines WHERE user_id = ${user.id} AND line_id = ${line.id}`
  return link
})

const hasSecondaryUsers = Effect.fnUntraced(function* (line: LineRow) {
  const sql = yield* SqlClient.SqlClient
  const others = yield* sql`
    SELECT 1 FROM pbx_user_lines WHERE line_id = ${line.id} AND NOT main_user LIMIT 1`
  return others.length > 0
})

/** Lines that share an extension ring one user. */
const refuseSharedExtension = Effect.fnUntraced(function* (user: Owner, line: LineRow) {
  const sql = yield* SqlClient.SqlClient
  const [other] = yield* sql<{ line_id: number; extension_id: number }>`
    SELECT theirs.line_id, theirs.extension_id
    FROM pbx_line_extensions mine
    JOIN pbx_line_extensions theirs ON theirs.extension_id = mine.extension_id AND theirs.line_id <> mine.line_id
    JOIN pbx_user_lines ul ON ul.line_id = theirs.line_id AND ul.main_user
    WHERE mine.line_id = ${line.id} AND ul.user_id <> ${user.id} LIMIT 1`
  if (other !== undefined) return yield* associated("Line", "Extension", { ...other })
})

/** Gives the users who lost their main line the next one. */
const promoteLines = Effect.fnUntraced(function* (userIds: ReadonlyArray<number>) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    UPDATE pbx_user_lines SET main_line = true
    WHERE (user_id, line_id) IN (
      SELECT user_id, min(line_id) FROM pbx_user_lines WHERE user_id = ANY(${userIds})
      GROUP BY user_id HAVING NOT bool_or(main_line))`
})

const targetOf = (user: Owner) => ({ tenantUuid: user.tenant_uuid, userUuids: [user.uuid] })

const named = ({ id, uuid, tenant_uuid }: Owner) => ({ id, uuid, tenant_uuid })

const linkData = (user: Owner, line: LineRow, { main_user, main_line }: Link) => ({
  user: named(user),
  line: lineData(line),
  main_user,
  main_line
})
