import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { RequiredAcl } from "../common/caller.ts"
import { Conflict, NotFound } from "./errors.ts"
import {
  list,
  listQuery,
  longText,
  nullable,
  objectOf,
  optional,
  page,
  pathUuid,
  queryInteger,
  text,
  flag
} from "./fields.ts"
import { AuthAuthentication, AuthInput, ErrorResource } from "./middleware.ts"

/** Names of providers that speak OAuth 2.0 (contracts/auth.md 15). */
export const oauthTypes = ["google", "microsoft"] as const
export type OauthType = (typeof oauthTypes)[number]

/** What a type of external account is to a user. */
export const ExternalAuthView = Schema.Struct({
  type: Schema.String,
  data: Schema.Record(Schema.String, Schema.Unknown),
  /** Whether the user has credentials of this type. */
  enabled: Schema.Boolean,
  plugin_info: Schema.Record(Schema.String, Schema.Unknown)
})
export type ExternalAuthView = typeof ExternalAuthView.Type

export const ExternalAuthQuery = Schema.Struct({
  ...listQuery(["type"]),
  type: Schema.optionalKey(longText)
})
export type ExternalAuthQuery = typeof ExternalAuthQuery.Type

export const ExternalUsersQuery = Schema.Struct({
  limit: Schema.optionalKey(queryInteger(0, 2_147_483_647)),
  offset: optional(queryInteger(0, 2_147_483_647), "0"),
  recurse: optional(flag, "false")
})
export type ExternalUsersQuery = typeof ExternalUsersQuery.Type

/** The push tokens of a user's phone. */
export const MobileBody = objectOf({
  token: nullable(text(1, 512)),
  apns_token: nullable(text(0, 512)),
  apns_voip_token: nullable(text(0, 512)),
  apns_notification_token: nullable(text(0, 512)),
  apns_call_topic: nullable(text(0, 512)),
  apns_default_topic: nullable(text(0, 512))
})
export type MobileBody = typeof MobileBody.Type

export const OauthBody = objectOf({ scope: optional(list(text(1, 512), 100), []) })
export type OauthBody = typeof OauthBody.Type

/** Where the user's browser goes to consent. */
export const AuthorizationView = Schema.Struct({ authorization_url: Schema.String, state: Schema.String })
export type AuthorizationView = typeof AuthorizationView.Type

/** What a client needs to act at the provider; `token_expiration` is in seconds since the epoch. */
export const OauthTokenView = Schema.Struct({
  access_token: Schema.String,
  token_expiration: Schema.Int,
  scope: Schema.Array(Schema.String)
})
export type OauthTokenView = typeof OauthTokenView.Type

/** The provider of an external account could not renew an access token just now. */
export class ProviderUnavailable extends Schema.Error<ProviderUnavailable>("auth/ProviderUnavailable")(
  {
    message: Schema.String,
    error_id: Schema.String,
    details: Schema.Record(Schema.String, Schema.Unknown),
    timestamp: Schema.Finite,
    resource: Schema.String
  },
  { httpApiStatus: 503 }
) {}

const user = { user_uuid: pathUuid }
const type = { auth_type: longText }
const Done = HttpApiSchema.NoContent

const mobilePath = "/users/:user_uuid/external/mobile"
const mobileAccess = "auth.users.{user_uuid}.external.mobile"

/** Types of external accounts, their configuration, and the credentials of mobile apps (contracts/auth.md 15). */
export class ExternalEndpoints extends HttpApiGroup.make("external")
  .add(
    HttpApiEndpoint.get("ofUser", "/users/:user_uuid/external", {
      params: user,
      query: ExternalAuthQuery,
      success: page(ExternalAuthView)
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.external.read"),
    HttpApiEndpoint.get("config", "/external/:auth_type/config", {
      params: type,
      success: Schema.Json,
      error: NotFound
    }).annotate(RequiredAcl, "auth.{auth_type}.external.config.read"),
    HttpApiEndpoint.post("createConfig", "/external/:auth_type/config", {
      params: type,
      payload: Schema.Json,
      success: HttpApiSchema.Created,
      error: Conflict
    }).annotate(RequiredAcl, "auth.{auth_type}.external.config.create"),
    HttpApiEndpoint.put("updateConfig", "/external/:auth_type/config", {
      params: type,
      payload: Schema.Json,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.{auth_type}.external.config.update"),
    HttpApiEndpoint.delete("removeConfig", "/external/:auth_type/config", {
      params: type,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.{auth_type}.external.config.delete"),
    HttpApiEndpoint.get("users", "/external/:auth_type/users", {
      params: type,
      query: ExternalUsersQuery,
      success: page(Schema.Struct({ uuid: Schema.String })),
      error: NotFound
    }).annotate(RequiredAcl, "auth.{auth_type}.external.users.read"),
    HttpApiEndpoint.get("mobile", mobilePath, {
      params: user,
      success: MobileBody,
      error: NotFound
    }).annotate(RequiredAcl, `${mobileAccess}.read`),
    HttpApiEndpoint.post("createMobile", mobilePath, {
      params: user,
      payload: MobileBody,
      success: MobileBody.pipe(HttpApiSchema.status(201)),
      error: [NotFound, Conflict]
    }).annotate(RequiredAcl, `${mobileAccess}.create`),
    HttpApiEndpoint.put("updateMobile", mobilePath, {
      params: user,
      payload: MobileBody,
      success: MobileBody,
      error: NotFound
    }).annotate(RequiredAcl, `${mobileAccess}.update`),
    HttpApiEndpoint.delete("removeMobile", mobilePath, {
      params: user,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, `${mobileAccess}.delete`),
    HttpApiEndpoint.get("senderId", `${mobilePath}/sender_id`, {
      params: user,
      success: Schema.Struct({ sender_id: Schema.NullOr(Schema.String) }),
      error: NotFound
    }).annotate(RequiredAcl, `${mobileAccess}.sender_id.read`)
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "external") {}

const oauthEndpoints = <const Type extends OauthType>(type: Type) => {
  const path = `/users/:user_uuid/external/${type}` as const
  const access = `auth.users.{user_uuid}.external.${type}`
  return [
    HttpApiEndpoint.get(`${type}Get`, path, {
      params: user,
      success: OauthTokenView,
      error: [NotFound, ProviderUnavailable]
    }).annotate(RequiredAcl, `${access}.read`),
    HttpApiEndpoint.post(`${type}Create`, path, {
      params: user,
      payload: OauthBody,
      success: AuthorizationView.pipe(HttpApiSchema.status(201)),
      error: NotFound
    }).annotate(RequiredAcl, `${access}.create`),
    HttpApiEndpoint.delete(`${type}Remove`, path, {
      params: user,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, `${access}.delete`)
  ] as const
}

/** Accounts at Google and Microsoft (contracts/auth.md 15). */
export class ExternalOauthEndpoints extends HttpApiGroup.make("external oauth")
  .add(...oauthEndpoints("google"), ...oauthEndpoints("microsoft"))
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "external") {}

const about = (resource: string, error_id: string, message: string, details: Record<string, unknown>) => ({
  resource,
  error_id,
  message,
  details,
  timestamp: Date.now() / 1000
})

export const unknownExternalAuth = (type: string) =>
  new NotFound(about(type, "unknown-external-auth", `No external auth "${type}"`, { type }))
export const unknownExternalConfig = (type: string) =>
  new NotFound(about("config", "unknown-config", `No config for "${type}"`, { type }))
export const unknownExternalType = (type: string) =>
  new NotFound(about("external", "unknown-external-auth-type", `No such type "${type}"`, { type }))
export const externalConflict = (type: string) =>
  new Conflict(about(type, "conflict", `"${type}" exists already`, { type }))
export const providerUnavailable = (type: string) =>
  new ProviderUnavailable(
    about(type, "provider-unavailable", `"${type}" did not renew the access token`, { type })
  )
