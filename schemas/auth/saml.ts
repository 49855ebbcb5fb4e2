import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { RequiredAcl } from "../common/caller.ts"
import { Conflict, Invalid, NotFound, ReasonNotFound } from "./errors.ts"
import { objectOf } from "./fields.ts"
import { AuthAuthentication, AuthInput, ErrorResource } from "./middleware.ts"

/** A tenant's SAML configuration; the metadata of its identity provider is read at a path of its own. */
export const SamlConfigView = Schema.Struct({
  tenant_uuid: Schema.String,
  domain_uuid: Schema.String,
  entity_id: Schema.String,
  acs_url: Schema.String
})
export type SamlConfigView = typeof SamlConfigView.Type

/** SAML itself failed: no usable configuration, or an answer that cannot be trusted. */
export class SamlFailed extends Schema.Error<SamlFailed>("auth/SamlFailed")(
  {
    message: Schema.String,
    error_id: Schema.String,
    details: Schema.Record(Schema.String, Schema.Unknown),
    timestamp: Schema.Finite,
    resource: Schema.String
  },
  { httpApiStatus: 500 }
) {}

const asked = Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))
const Redirect = HttpApiSchema.Empty(302)

/** Login and logout by way of a browser (contracts/auth.md 14): nobody has a token yet. */
export class SamlEndpoints extends HttpApiGroup.make("saml")
  .add(
    HttpApiEndpoint.post("sso", "/saml/sso", {
      // Both are checked by the handler, whose words for them are its own.
      payload: objectOf({
        redirect_url: Schema.optionalKey(Schema.Unknown),
        domain: Schema.optionalKey(Schema.Unknown)
      }),
      success: Schema.Struct({ location: Schema.String, saml_session_id: Schema.String }),
      error: [Invalid, SamlFailed]
    }),
    HttpApiEndpoint.post("acs", "/saml/acs", { success: Redirect, error: [Invalid, NotFound] }),
    HttpApiEndpoint.get("logout", "/saml/logout", {
      query: { token: asked },
      success: Schema.Struct({ location: Schema.String }),
      error: [NotFound, ReasonNotFound]
    }),
    HttpApiEndpoint.get("sls", "/saml/sls", { success: Redirect, error: SamlFailed })
  )
  .middleware(AuthInput)
  .annotate(ErrorResource, "saml") {}

/** The acting tenant's SAML configuration (contracts/auth.md 14); bodies are multipart forms. */
export class SamlConfigEndpoints extends HttpApiGroup.make("saml config")
  .add(
    HttpApiEndpoint.get("get", "/backends/saml", { success: SamlConfigView, error: NotFound }).annotate(
      RequiredAcl,
      "auth.backends.saml.read"
    ),
    HttpApiEndpoint.post("create", "/backends/saml", {
      success: SamlConfigView,
      error: [Invalid, Conflict]
    }).annotate(RequiredAcl, "auth.backends.saml.create"),
    HttpApiEndpoint.put("update", "/backends/saml", {
      success: SamlConfigView,
      error: [Invalid, NotFound]
    }).annotate(RequiredAcl, "auth.backends.saml.update"),
    HttpApiEndpoint.delete("remove", "/backends/saml", { success: HttpApiSchema.NoContent }).annotate(
      RequiredAcl,
      "auth.backends.saml.delete"
    ),
    HttpApiEndpoint.get("metadata", "/backends/saml/metadata", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "application/xml" })),
      error: NotFound
    }).annotate(RequiredAcl, "auth.backends.saml.read"),
    HttpApiEndpoint.get("acsUrlTemplate", "/backends/saml/acs_url_template", {
      success: Schema.Struct({ acs_url: Schema.String })
    }).annotate(RequiredAcl, "auth.backends.saml.read")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "saml_config") {}

const about = (resource: string, error_id: string, message: string, details: Record<string, unknown>) => ({
  resource,
  error_id,
  message,
  details,
  timestamp: Date.now() / 1000
})

export const samlInvalid = (field: string) => new Invalid(about("saml", "invalid-data", field, {}))
export const samlConfigInvalid = (field: string, message: string) =>
  new Invalid(
    about("saml_config", "invalid-data", message, {
      [field]: { message, constraint_id: field, constraint: field }
    })
  )
export const samlConfigurationError = (domain: string) =>
  new SamlFailed(about("saml", "configuration-error", `No SAML client for "${domain}"`, { domain }))
export const samlProcessingError = (error: string) =>
  new SamlFailed(about("saml", "processing-error", "The SAML message was not accepted", { error }))
export const samlContextNotFound = () =>
  new NotFound(
    about("saml", "processing-error", "The SAML message was not accepted", { error: "Context not found" })
  )
export const unknownSamlConfig = (tenantUuid: string) =>
  new NotFound(
    about("saml_config", "unknown-saml-config", "The tenant has no SAML configuration", {
      tenant_uuid: tenantUuid
    })
  )
export const samlConfigConflict = (tenantUuid: string) =>
  new Conflict(
    about("saml_config", "conflict", "The tenant has a SAML configuration", { tenant_uuid: tenantUuid })
  )
