import { Effect } from "effect"
import { notFound } from "../../schemas/confd/errors.ts"
import { holdRow } from "./listing.ts"

/** How a path names a user: a decimal id or a uuid. What is neither is nobody. */
export type UserKey = string

export interface UserRow {
  readonly id: number
  readonly uuid: string
  readonly tenant_uuid: string
  readonly subscription_type: number
  readonly created_at: Date
  readonly agent_id: number | null
}

/** The column value that a path names. */
export const readUserKey = (key: UserKey) => {
  if (/^\d{1,10}$/.test(key) && Number(key) <= 2_147_483_647) return Effect.succeed(Number(key))
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(key)
    ? Effect.succeed(key.toLowerCase())
    : Effect.fail(notFound("User", { id: key }))
}

/** As `holdRow`, for a user named by id or uuid. */
export const holdUser = Effect.fnUntraced(function* (
  key: UserKey,
  tenants: ReadonlyArray<string>,
  against: "update" | "key share"
) {
  return yield* holdRow<UserRow>(
    { name: "User", table: "pbx_users" },
    yield* readUserKey(key),
    tenants,
    against
  )
})
