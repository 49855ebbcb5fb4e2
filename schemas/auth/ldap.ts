import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { RequiredAcl } from "../common/caller.ts"
import { integer, longText, objectOf, oneOf, optional, text } from "./fields.ts"
import { AuthAuthentication, AuthInput } from "./middleware.ts"

/** What a tenant's LDAP configuration shows; the password of the service account is never shown. */
export const LdapView = Schema.Struct({
  tenant_uuid: Schema.NullOr(Schema.String),
  host: Schema.NullOr(Schema.String),
  port: Schema.NullOr(Schema.Int),
  protocol_version: Schema.NullOr(Schema.Int),
  protocol_security: Schema.NullOr(Schema.String),
  bind_dn: Schema.NullOr(Schema.String),
  user_base_dn: Schema.NullOr(Schema.String),
  user_login_attribute: Schema.NullOr(Schema.String),
  user_email_attribute: Schema.NullOr(Schema.String),
  search_filters: Schema.NullOr(Schema.String)
})
export type LdapView = typeof LdapView.Type

/** An absent optional field keeps its value; `protocol_version` returns to 3 (contracts/auth.md 13). */
export const LdapBody = objectOf({
  host: text(1, 512),
  port: integer(1, 65_535),
  protocol_version: optional(integer(2, 3), 3),
  protocol_security: Schema.optionalKey(Schema.NullOr(oneOf(["ldaps", "tls"]))),
  bind_dn: Schema.optionalKey(Schema.NullOr(text(0, 256))),
  bind_password: Schema.optionalKey(Schema.NullOr(longText)),
  user_base_dn: text(1, 256),
  user_login_attribute: text(1, 64),
  user_email_attribute: text(1, 64),
  search_filters: Schema.optionalKey(Schema.NullOr(longText))
})
export type LdapBody = typeof LdapBody.Type

/** The acting tenant's LDAP configuration (contracts/auth.md 13). Bad input is family B: no `ErrorResource`. */
export class LdapEndpoints extends HttpApiGroup.make("ldap")
  .add(
    HttpApiEndpoint.get("get", "/backends/ldap", { success: LdapView }).annotate(
      RequiredAcl,
      "auth.backends.ldap.read"
    ),
    HttpApiEndpoint.put("update", "/backends/ldap", { payload: LdapBody, success: LdapView }).annotate(
      RequiredAcl,
      "auth.backends.ldap.update"
    ),
    HttpApiEndpoint.delete("remove", "/backends/ldap", { success: HttpApiSchema.NoContent }).annotate(
      RequiredAcl,
      "auth.backends.ldap.delete"
    )
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication) {}
