import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { RequiredAcl } from "../common/caller.ts"
import {
  Conflict,
  Forbidden,
  Invalid,
  NotFound,
  ReasonConflict,
  ReasonForbidden,
  ReasonInvalid,
  ReasonNotFound,
  ReasonTooMany,
  ReasonUnauthorized,
  Unauthorized
} from "./errors.ts"
import { ExternalEndpoints, ExternalOauthEndpoints } from "./external.ts"
import { longText, page, pathUuid } from "./fields.ts"
import {
  EmailEndpoints,
  PasswordEndpoints,
  PasswordResetEndpoints,
  PasswordResetRequestEndpoints,
  RegistrationEndpoints
} from "./email-endpoints.ts"
import { GroupEndpoints } from "./group-endpoints.ts"
import { LdapEndpoints } from "./ldap.ts"
import { AuthAuthentication, AuthInput, ErrorResource } from "./middleware.ts"
import { SamlConfigEndpoints, SamlEndpoints } from "./saml.ts"
import {
  AttachedPoliciesQuery,
  PoliciesQuery,
  PolicyCreation,
  PolicyUpdate,
  PolicyView,
  RefreshTokenRemoval,
  RefreshTokensQuery,
  RefreshTokenView,
  ScopesBody,
  SessionsQuery,
  SessionView,
  TenantCreation,
  TenantsQuery,
  TenantUpdate,
  TenantView,
  TokenBody,
  TokenView,
  UserCreation,
  UsersQuery,
  UserUpdate,
  UserView
} from "./models.ts"
import { ConfigurationEndpoints, IdpEndpoints, ServiceEndpoints } from "./service-endpoints.ts"

const Done = HttpApiSchema.NoContent
/** Of a repeated parameter the first counts. */
const asked = Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))
const scopeQuery = { scope: asked, tenant: asked }
const tokenRefusals = [ReasonForbidden, ReasonNotFound] as const

/** Tokens: their own credential, so no group authentication (contracts/auth.md 6). */
export class TokenEndpoints extends HttpApiGroup.make("token")
  .add(
    HttpApiEndpoint.post("create", "/token", {
      payload: TokenBody,
      success: Schema.Struct({ data: TokenView }),
      error: [ReasonInvalid, ReasonUnauthorized, NotFound, ReasonTooMany]
    }),
    HttpApiEndpoint.get("get", "/token/:token", {
      params: { token: Schema.String },
      query: scopeQuery,
      success: Schema.Struct({ data: TokenView }),
      error: tokenRefusals
    }),
    HttpApiEndpoint.head("check", "/token/:token", {
      params: { token: Schema.String },
      query: scopeQuery,
      success: Done,
      error: tokenRefusals
    }),
    HttpApiEndpoint.delete("revoke", "/token/:token", {
      params: { token: Schema.String },
      success: Schema.Struct({ data: Schema.Struct({ message: Schema.String }) })
    }),
    HttpApiEndpoint.post("checkScopes", "/token/:token/scopes/check", {
      params: { token: Schema.String },
      payload: ScopesBody,
      success: Schema.Struct({ scopes: Schema.Record(Schema.String, Schema.Boolean) }),
      error: tokenRefusals
    })
  )
  .middleware(AuthInput) {}

const tenant = { tenant_uuid: pathUuid }

/** The tenant tree (contracts/auth.md 11). */
export class TenantEndpoints extends HttpApiGroup.make("tenants")
  .add(
    HttpApiEndpoint.get("list", "/tenants", { query: TenantsQuery, success: page(TenantView) }).annotate(
      RequiredAcl,
      "auth.tenants.read"
    ),
    HttpApiEndpoint.post("create", "/tenants", {
      payload: TenantCreation,
      success: TenantView,
      error: [Invalid, NotFound, Conflict]
    }).annotate(RequiredAcl, "auth.tenants.create"),
    HttpApiEndpoint.get("get", "/tenants/:tenant_uuid", {
      params: tenant,
      success: TenantView,
      error: NotFound
    }).annotate(RequiredAcl, "auth.tenants.{tenant_uuid}.read"),
    HttpApiEndpoint.put("update", "/tenants/:tenant_uuid", {
      params: tenant,
      payload: TenantUpdate,
      success: TenantView,
      error: [Invalid, NotFound, Conflict]
    }).annotate(RequiredAcl, "auth.tenants.{tenant_uuid}.update"),
    HttpApiEndpoint.delete("remove", "/tenants/:tenant_uuid", {
      params: tenant,
      success: Done,
      error: [Invalid, Forbidden, NotFound]
    }).annotate(RequiredAcl, "auth.tenants.{tenant_uuid}.delete"),
    HttpApiEndpoint.get("domains", "/tenants/:tenant_uuid/domains", {
      params: tenant,
      success: Schema.Struct({
        items: Schema.Array(Schema.Struct({ name: Schema.String, uuid: Schema.String })),
        total: Schema.Int
      }),
      error: NotFound
    }).annotate(RequiredAcl, "auth.tenants.{tenant_uuid}.domains.read"),
    HttpApiEndpoint.put("move", "/tenants/:tenant_uuid/parent/:parent_tenant_uuid", {
      params: { ...tenant, parent_tenant_uuid: pathUuid },
      success: Done,
      error: [NotFound, Conflict]
    }).annotate(RequiredAcl, "auth.tenants.{tenant_uuid}.parent.{parent_tenant_uuid}.update")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "tenants") {}

const user = { user_uuid: pathUuid }
const userPolicy = { ...user, policy: longText }

/** Users and the policies attached to them (contracts/auth.md 7, 10). */
export class UserEndpoints extends HttpApiGroup.make("users")
  .add(
    HttpApiEndpoint.get("list", "/users", { query: UsersQuery, success: page(UserView) }).annotate(
      RequiredAcl,
      "auth.users.read"
    ),
    HttpApiEndpoint.post("create", "/users", {
      payload: UserCreation,
      success: UserView,
      error: [Invalid, Conflict]
    }).annotate(RequiredAcl, "auth.users.create"),
    HttpApiEndpoint.get("get", "/users/:user_uuid", {
      params: user,
      success: UserView,
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.read"),
    HttpApiEndpoint.put("update", "/users/:user_uuid", {
      params: user,
      payload: UserUpdate,
      success: UserView,
      error: [Invalid, NotFound, Conflict]
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.update"),
    HttpApiEndpoint.delete("remove", "/users/:user_uuid", {
      params: user,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.delete"),
    HttpApiEndpoint.get("policies", "/users/:user_uuid/policies", {
      params: user,
      query: AttachedPoliciesQuery,
      success: page(PolicyView)
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.policies.read"),
    HttpApiEndpoint.put("attachPolicy", "/users/:user_uuid/policies/:policy", {
      params: userPolicy,
      success: Done,
      error: [Unauthorized, NotFound, ReasonNotFound]
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.policies.{policy}.create"),
    HttpApiEndpoint.delete("detachPolicy", "/users/:user_uuid/policies/:policy", {
      params: userPolicy,
      success: Done,
      error: [Unauthorized, NotFound, ReasonNotFound]
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.policies.{policy}.delete"),
    HttpApiEndpoint.get("sessions", "/users/:user_uuid/sessions", {
      params: user,
      query: SessionsQuery,
      success: page(SessionView),
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.sessions.read"),
    HttpApiEndpoint.delete("endSession", "/users/:user_uuid/sessions/:session_uuid", {
      params: { ...user, session_uuid: pathUuid },
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.sessions.{session_uuid}.delete")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "users") {}

const policy = { policy: longText }
const policyChange = [Unauthorized, ReasonForbidden, ReasonNotFound, ReasonConflict] as const

/** Policies, by uuid or slug (contracts/auth.md 10). */
export class PolicyEndpoints extends HttpApiGroup.make("policies")
  .add(
    HttpApiEndpoint.get("list", "/policies", {
      query: PoliciesQuery,
      success: Schema.Struct({ items: Schema.Array(PolicyView), total: Schema.Int }),
      error: ReasonInvalid
    }).annotate(RequiredAcl, "auth.policies.read"),
    HttpApiEndpoint.post("create", "/policies", {
      payload: PolicyCreation,
      success: PolicyView,
      error: [Unauthorized, ReasonConflict]
    }).annotate(RequiredAcl, "auth.policies.create"),
    HttpApiEndpoint.get("get", "/policies/:policy", {
      params: policy,
      success: PolicyView,
      error: ReasonNotFound
    }).annotate(RequiredAcl, "auth.policies.{policy}.read"),
    HttpApiEndpoint.put("update", "/policies/:policy", {
      params: policy,
      payload: PolicyUpdate,
      success: PolicyView,
      error: policyChange
    }).annotate(RequiredAcl, "auth.policies.{policy}.update"),
    HttpApiEndpoint.delete("remove", "/policies/:policy", {
      params: policy,
      success: Done,
      error: policyChange
    }).annotate(RequiredAcl, "auth.policies.{policy}.delete"),
    HttpApiEndpoint.put("addAccess", "/policies/:policy/acl/:access", {
      params: { ...policy, access: longText },
      success: Done,
      error: policyChange
    }).annotate(RequiredAcl, "auth.policies.{policy}.update"),
    HttpApiEndpoint.delete("removeAccess", "/policies/:policy/acl/:access", {
      params: { ...policy, access: longText },
      success: Done,
      error: policyChange
    }).annotate(RequiredAcl, "auth.policies.{policy}.update")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication) {}

/** Sessions of the acting tenant (contracts/auth.md 12). */
export class SessionEndpoints extends HttpApiGroup.make("sessions")
  .add(
    HttpApiEndpoint.get("list", "/sessions", { query: SessionsQuery, success: page(SessionView) }).annotate(
      RequiredAcl,
      "auth.sessions.read"
    ),
    HttpApiEndpoint.delete("end", "/sessions/:session_uuid", {
      params: { session_uuid: pathUuid },
      success: Done
    }).annotate(RequiredAcl, "auth.sessions.{session_uuid}.delete")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "sessions") {}

/** Refresh tokens, of everybody, of a user, and the caller's own (contracts/auth.md 6). */
export class RefreshTokenEndpoints extends HttpApiGroup.make("refresh tokens")
  .add(
    HttpApiEndpoint.get("list", "/tokens", {
      query: RefreshTokensQuery,
      success: page(RefreshTokenView)
    }).annotate(RequiredAcl, "auth.tokens.read"),
    HttpApiEndpoint.get("ofUser", "/users/:user_uuid/tokens", {
      params: user,
      query: RefreshTokensQuery,
      success: page(RefreshTokenView),
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.tokens.read"),
    HttpApiEndpoint.delete("remove", "/users/:user_uuid/tokens/:client_id", {
      params: { ...user, client_id: longText },
      query: RefreshTokenRemoval,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.tokens.{client_id}.delete"),
    HttpApiEndpoint.get("mine", "/users/me/tokens", {
      query: RefreshTokensQuery,
      success: page(RefreshTokenView),
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.me.tokens.read"),
    HttpApiEndpoint.delete("removeMine", "/users/me/tokens/:client_id", {
      params: { client_id: longText },
      query: RefreshTokenRemoval,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.me.tokens.{client_id}.delete")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "tokens") {}

/** auth (contracts/auth.md). */
export class AuthApi extends HttpApi.make("auth")
  .add(
    TokenEndpoints,
    TenantEndpoints,
    UserEndpoints,
    PolicyEndpoints,
    SessionEndpoints,
    LdapEndpoints,
    ExternalEndpoints,
    ExternalOauthEndpoints,
    SamlEndpoints,
    SamlConfigEndpoints,
    RefreshTokenEndpoints,
    GroupEndpoints,
    EmailEndpoints,
    PasswordEndpoints,
    PasswordResetRequestEndpoints,
    PasswordResetEndpoints,
    RegistrationEndpoints,
    IdpEndpoints,
    ConfigurationEndpoints,
    ServiceEndpoints
  )
  .prefix("/api/auth/0.1")
  .annotate(HttpApi.PayloadParseOptions, { reportInput: true })
  .annotate(HttpApi.QueryParseOptions, { errors: "all" })
  .annotateMerge(OpenApi.annotations({ title: "auth", version: "0.1" })) {}
