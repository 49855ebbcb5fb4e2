import { defineEvent } from "./envelope.ts"

/**
 * Events of auth (contracts/events.md 3.2, auth.md 17). Tenant events are addressed to the tenant they are about;
 * there is no event for users, groups or policies.
 */

export const authTenantAdded = defineEvent<{
  uuid: string
  name: string | null
  slug: string
  domain_names: ReadonlyArray<string>
}>({
  name: "auth_tenant_added",
  class: "tenant",
  routingKey: "auth.tenants.{uuid}.created"
})

export const authTenantUpdated = defineEvent<{ uuid: string; name: string | null }>({
  name: "auth_tenant_updated",
  class: "tenant",
  routingKey: "auth.tenants.{uuid}.updated"
})

export const authTenantDeleted = defineEvent<{ uuid: string }>({
  name: "auth_tenant_deleted",
  class: "tenant",
  routingKey: "auth.tenants.{uuid}.deleted"
})

/** Session events carry the header `session_uuid`; `user_uuid` is null for tokens of internal services. */
interface SessionData {
  uuid: string
  user_uuid: string | null
  tenant_uuid: string
}

export const authSessionCreated = defineEvent<SessionData & { mobile: boolean }>({
  name: "auth_session_created",
  class: "user",
  routingKey: "auth.sessions.{session_uuid}.created"
})

export const authSessionDeleted = defineEvent<SessionData>({
  name: "auth_session_deleted",
  class: "user",
  routingKey: "auth.sessions.{session_uuid}.deleted"
})

export const authSessionExpireSoon = defineEvent<SessionData>({
  name: "auth_session_expire_soon",
  class: "user",
  routingKey: "auth.users.{user_uuid}.sessions.{session_uuid}.expire_soon"
})

interface RefreshTokenData {
  client_id: string
  mobile: boolean
  user_uuid: string
  tenant_uuid: string
}

export const authRefreshTokenCreated = defineEvent<RefreshTokenData>({
  name: "auth_refresh_token_created",
  class: "user",
  routingKey: "auth.users.{user_uuid}.tokens.{client_id}.created"
})

export const authRefreshTokenDeleted = defineEvent<RefreshTokenData>({
  name: "auth_refresh_token_deleted",
  class: "user",
  routingKey: "auth.users.{user_uuid}.tokens.{client_id}.deleted"
})

interface ExternalAuthData {
  user_uuid: string
  external_auth_name: string
}

export const authUserExternalAuthAdded = defineEvent<ExternalAuthData>({
  name: "auth_user_external_auth_added",
  class: "user",
  routingKey: "auth.users.{user_uuid}.external.{external_auth_name}.created"
})

export const authUserExternalAuthAuthorized = defineEvent<ExternalAuthData>({
  name: "auth_user_external_auth_authorized",
  class: "user",
  routingKey: "auth.users.{user_uuid}.external.{external_auth_name}.authorized"
})

export const authUserExternalAuthUpdated = defineEvent<ExternalAuthData>({
  name: "auth_user_external_auth_updated",
  class: "user",
  routingKey: "auth.users.{user_uuid}.external.{external_auth_name}.updated"
})

export const authUserExternalAuthDeleted = defineEvent<ExternalAuthData>({
  name: "auth_user_external_auth_deleted",
  class: "user",
  routingKey: "auth.users.{user_uuid}.external.{external_auth_name}.deleted"
})
