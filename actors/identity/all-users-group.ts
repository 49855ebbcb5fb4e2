import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"

/** Name and slug of the system-managed group that every user of a tenant belongs to (contracts/auth.md 9). */
export const allUsersGroupName = (tenantUuid: string): string => `wazo-all-users-tenant-${tenantUuid}`

export const createAllUsersGroup = Effect.fnUntraced(function* (tenantUuid: string) {
  const sql = yield* SqlClient.SqlClient
  const name = allUsersGroupName(tenantUuid)
  yield* sql`insert into auth_group ${sql.insert({
    uuid: randomUUID(),
    name,
    slug: name,
    tenant_uuid: tenantUuid,
    system_managed: true
  })}`
})

export const joinAllUsersGroup = Effect.fnUntraced(function* (userUuid: string, tenantUuid: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    insert into auth_group_user (group_uuid, user_uuid)
    select uuid, ${userUuid}::uuid from auth_group where tenant_uuid = ${tenantUuid} and system_managed`
})
