import { Schema } from "effect"
import {
  email,
  flag,
  integer,
  list,
  listQuery,
  longText,
  matching,
  moment,
  nullable,
  objectOf,
  oneOf,
  optional,
  text,
  uuid
} from "./fields.ts"

/** A way to authenticate. Which ones there are depends on the plugins: that it is known is checked with them. */
const authenticationMethod = longText

const anything = Schema.Unknown

/** A token as its holder sees it (contracts/auth.md 6). */
export const TokenView = Schema.Struct({
  token: Schema.String,
  auth_id: Schema.String,
  xivo_user_uuid: Schema.NullOr(Schema.String),
  xivo_uuid: Schema.String,
  issued_at: Schema.String,
  expires_at: Schema.String,
  utc_issued_at: Schema.String,
  utc_expires_at: Schema.String,
  acl: Schema.Array(Schema.String),
  metadata: Schema.Record(Schema.String, anything),
  session_uuid: Schema.String,
  remote_addr: Schema.String,
  user_agent: Schema.String,
  refresh_token: Schema.optionalKey(Schema.String)
})

/** Ten years. */
export const longestTokenLifetime = 315_360_000

export const TokenBody = Schema.Struct({
  backend: Schema.optionalKey(longText),
  expiration: Schema.optionalKey(integer(1, longestTokenLifetime)),
  access_type: optional(oneOf(["online", "offline"]), "online"),
  client_id: Schema.optionalKey(text(1, 1024)),
  refresh_token: Schema.optionalKey(longText),
  saml_session_id: Schema.optionalKey(text(1, 1024)),
  domain_name: Schema.optionalKey(longText),
  tenant_id: Schema.optionalKey(longText)
}).check(
  Schema.makeFilter((body) => {
    if (body.access_type === "offline" && body.client_id === undefined) return "offline needs client_id"
    if (body.access_type === "offline" && body.refresh_token !== undefined)
      return "offline excludes refresh_token"
    if (body.refresh_token !== undefined && body.client_id === undefined)
      return "refresh_token needs client_id"
    if (body.refresh_token !== undefined && body.saml_session_id !== undefined)
      return "refresh_token excludes saml_session_id"
    if (body.domain_name !== undefined && body.tenant_id !== undefined)
      return "domain_name excludes tenant_id"
    return true
  })
)
export type TokenBody = typeof TokenBody.Type

export const ScopesBody = Schema.Struct({
  scopes: list(longText, 10_000),
  tenant_uuid: nullable(longText)
})

/** A tenant (contracts/auth.md 11). */
const AddressView = Schema.Struct({
  line_1: Schema.NullOr(Schema.String),
  line_2: Schema.NullOr(Schema.String),
  city: Schema.NullOr(Schema.String),
  state: Schema.NullOr(Schema.String),
  country: Schema.NullOr(Schema.String),
  zip_code: Schema.NullOr(Schema.String)
})
export const TenantView = Schema.Struct({
  uuid: Schema.String,
  parent_uuid: Schema.String,
  name: Schema.NullOr(Schema.String),
  slug: Schema.String,
  contact: Schema.NullOr(Schema.String),
  phone: Schema.NullOr(Schema.String),
  default_authentication_method: Schema.String,
  domain_names: Schema.Array(Schema.String),
  address: AddressView
})
export type TenantView = typeof TenantView.Type

const AddressBody = objectOf({
  line_1: nullable(text(1, 256)),
  line_2: nullable(text(1, 256)),
  city: nullable(text(1, 128)),
  state: nullable(text(1, 128)),
  country: nullable(text(1, 128)),
  zip_code: nullable(text(1, 16))
})

/** Labels of letters, digits, dashes and inner underscores: at least two, 253 characters. */
export const domainPattern = /^(?=.{1,253}\.?$)(?:(?!(-|_)|[^.]+_)[A-Za-z0-9-_]{1,}(?<!-)(?:\.|$)){2,63}$/

const tenantFields = {
  name: nullable(text(1, 128)),
  contact: nullable(uuid),
  phone: nullable(text(1, 32)),
  default_authentication_method: optional(authenticationMethod, "native"),
  domain_names: optional(list(matching(domainPattern, 1, 254), 1_000), []),
  address: optional(AddressBody, {})
}
export const TenantUpdate = objectOf(tenantFields)
export type TenantUpdate = typeof TenantUpdate.Type
export const TenantCreation = objectOf({
  ...tenantFields,
  uuid: Schema.optionalKey(uuid),
  slug: nullable(matching(/^[a-zA-Z0-9_]+$/, 1, 10))
})
export type TenantCreation = typeof TenantCreation.Type

export const TenantsQuery = Schema.Struct({
  ...listQuery(["name", "slug"]),
  uuid: Schema.optionalKey(longText),
  uuids: Schema.optionalKey(Schema.Union([longText, list(longText, 25)])),
  name: Schema.optionalKey(longText),
  slug: Schema.optionalKey(longText),
  domain_name: Schema.optionalKey(longText)
})
export type TenantsQuery = typeof TenantsQuery.Type

/** A user (contracts/auth.md 7); never a password. */
export const UserView = Schema.Struct({
  uuid: Schema.String,
  username: Schema.NullOr(Schema.String),
  firstname: Schema.NullOr(Schema.String),
  lastname: Schema.NullOr(Schema.String),
  enabled: Schema.Boolean,
  purpose: Schema.String,
  tenant_uuid: Schema.String,
  authentication_method: Schema.String,
  emails: Schema.Array(
    Schema.Struct({
      uuid: Schema.String,
      address: Schema.String,
      main: Schema.Boolean,
      confirmed: Schema.Boolean
    })
  )
})
export type UserView = typeof UserView.Type

const userFields = {
  username: nullable(text(1, 256)),
  firstname: nullable(longText),
  lastname: nullable(longText),
  purpose: optional(oneOf(["user", "internal", "external_api"]), "user"),
  enabled: optional(flag, true),
  authentication_method: Schema.optionalKey(authenticationMethod)
}
export const UserUpdate = objectOf(userFields)
export type UserUpdate = typeof UserUpdate.Type
export const UserCreation = objectOf({
  ...userFields,
  uuid: Schema.optionalKey(uuid),
  password: nullable(text(1, 4_096)),
  email_address: nullable(email)
})
export type UserCreation = typeof UserCreation.Type

export const UsersQuery = Schema.Struct({
  ...listQuery(["username", "firstname", "lastname"]),
  uuid: Schema.optionalKey(longText),
  username: Schema.optionalKey(longText),
  firstname: Schema.optionalKey(longText),
  lastname: Schema.optionalKey(longText),
  purpose: Schema.optionalKey(longText),
  email_address: Schema.optionalKey(longText),
  group_uuid: Schema.optionalKey(longText),
  policy_uuid: Schema.optionalKey(longText),
  policy_slug: Schema.optionalKey(longText),
  has_policy_uuid: Schema.optionalKey(longText),
  has_policy_slug: Schema.optionalKey(longText)
})
export type UsersQuery = typeof UsersQuery.Type

/** A policy (contracts/auth.md 10). */
export const PolicyView = Schema.Struct({
  uuid: Schema.String,
  tenant_uuid: Schema.String,
  name: Schema.String,
  slug: Schema.String,
  description: Schema.NullOr(Schema.String),
  acl: Schema.Array(Schema.String),
  read_only: Schema.Boolean,
  shared: Schema.Boolean
})
export type PolicyView = typeof PolicyView.Type

/** An access; the bound keeps one check of a token quick. */
const access = text(0, 1_024)

const policyFields = {
  name: text(1, 80),
  description: nullable(longText),
  acl: optional(list(access, 20_000), [])
}
export const PolicyUpdate = objectOf(policyFields)
export type PolicyUpdate = typeof PolicyUpdate.Type
export const PolicyCreation = objectOf({
  ...policyFields,
  slug: nullable(matching(/^[a-zA-Z0-9_-]+$/, 1, 80)),
  shared: optional(flag, false)
})
export type PolicyCreation = typeof PolicyCreation.Type

export const PoliciesQuery = Schema.Struct({
  ...listQuery(["name", "slug", "description", "uuid"]),
  uuid: Schema.optionalKey(longText),
  name: Schema.optionalKey(longText),
  slug: Schema.optionalKey(longText),
  user_uuid: Schema.optionalKey(longText),
  group_uuid: Schema.optionalKey(longText),
  tenant_uuid: Schema.optionalKey(longText),
  read_only: Schema.optionalKey(flag)
})
export type PoliciesQuery = typeof PoliciesQuery.Type

/** The policies of a user or of a group; other parameters are ignored. */
export const AttachedPoliciesQuery = Schema.Struct({
  ...listQuery(["name", "description", "uuid"]),
  uuid: Schema.optionalKey(longText),
  name: Schema.optionalKey(longText),
  user_uuid: Schema.optionalKey(longText),
  group_uuid: Schema.optionalKey(longText),
  tenant_uuid: Schema.optionalKey(longText)
})
export type AttachedPoliciesQuery = typeof AttachedPoliciesQuery.Type

/** A session; `user_uuid` is null for internal tokens (contracts/auth.md 12). */
export const SessionView = Schema.Struct({
  uuid: Schema.String,
  mobile: Schema.Boolean,
  tenant_uuid: Schema.String,
  user_uuid: Schema.NullOr(Schema.String)
})
export type SessionView = typeof SessionView.Type

export const SessionsQuery = Schema.Struct({
  ...listQuery(["mobile"]),
  order: Schema.optionalKey(oneOf(["mobile"]))
})
export type SessionsQuery = typeof SessionsQuery.Type

/** A refresh token without its secret (contracts/auth.md 6). */
export const RefreshTokenView = Schema.Struct({
  client_id: Schema.String,
  created_at: Schema.String,
  mobile: Schema.Boolean,
  user_uuid: Schema.String,
  tenant_uuid: Schema.String,
  metadata: Schema.Record(Schema.String, anything)
})
export type RefreshTokenView = typeof RefreshTokenView.Type

/** Whether the sessions that were made with a refresh token end with it. */
export const RefreshTokenRemoval = Schema.Struct({ revoke_sessions: optional(flag, "false") })

export const RefreshTokensQuery = Schema.Struct({
  ...listQuery(["created_at", "client_id", "mobile"]),
  created_at: Schema.optionalKey(moment),
  client_id: Schema.optionalKey(longText),
  mobile: Schema.optionalKey(oneOf(["true", "false"]))
})
export type RefreshTokensQuery = typeof RefreshTokensQuery.Type
