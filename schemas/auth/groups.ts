import { Schema } from "effect"
import { flag, listQuery, longText, matching, nullable, objectOf, text } from "./fields.ts"

/** A group (contracts/auth.md 9); `read_only` and `system_managed` are equal. */
export const GroupView = Schema.Struct({
  uuid: Schema.String,
  name: Schema.String,
  slug: Schema.String,
  tenant_uuid: Schema.String,
  read_only: Schema.Boolean,
  system_managed: Schema.Boolean
})
export type GroupView = typeof GroupView.Type

export const GroupUpdate = objectOf({ name: text(1, 128) })
export type GroupUpdate = typeof GroupUpdate.Type
export const GroupCreation = objectOf({
  name: text(1, 128),
  slug: nullable(matching(/^[a-zA-Z0-9_-]+$/, 1, 80))
})
export type GroupCreation = typeof GroupCreation.Type

/** `slug` and `read_only` are known as columns but cannot be sorted by: the answer is of family B. */
export const GroupsQuery = Schema.Struct({
  ...listQuery(["name", "uuid", "slug", "read_only"]),
  uuid: Schema.optionalKey(longText),
  name: Schema.optionalKey(longText),
  slug: Schema.optionalKey(longText),
  user_uuid: Schema.optionalKey(longText),
  read_only: Schema.optionalKey(flag),
  policy_uuid: Schema.optionalKey(longText),
  policy_slug: Schema.optionalKey(longText)
})
export type GroupsQuery = typeof GroupsQuery.Type

export const UserGroupsQuery = Schema.Struct({
  ...listQuery(["name", "uuid"]),
  uuid: Schema.optionalKey(longText),
  name: Schema.optionalKey(longText),
  user_uuid: Schema.optionalKey(longText)
})
export type UserGroupsQuery = typeof UserGroupsQuery.Type

export const GroupUsersQuery = Schema.Struct({
  ...listQuery(["username"]),
  uuid: Schema.optionalKey(longText),
  username: Schema.optionalKey(longText),
  firstname: Schema.optionalKey(longText),
  lastname: Schema.optionalKey(longText),
  purpose: Schema.optionalKey(longText),
  email_address: Schema.optionalKey(longText),
  group_uuid: Schema.optionalKey(longText)
})
export type GroupUsersQuery = typeof GroupUsersQuery.Type
