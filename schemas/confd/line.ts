import { Schema } from "effect"
import { CustomEndpointCreation, SipEndpointBody } from "./endpoint.ts"
import { ContextName, LineExtensionBody } from "./extension.ts"
import { formed, Links, nullable, text, type Unlinked, whole } from "./fields.ts"
import { ExtensionReference, UserReference } from "./references.ts"

/** Lines: a user's telephone as Asterisk knows it (contracts/callcenter.md 10). */

const settings = {
  position: Schema.optionalKey(whole(1)),
  provisioning_code: Schema.optionalKey(formed(/^[0-9]{6}$/, 6)),
  caller_id_name: nullable(text(80)),
  caller_id_num: nullable(formed(/^[0-9]{1,80}$/, 80))
}

export const LineCreation = Schema.Struct({
  ...settings,
  context: ContextName,
  endpoint_sip: nullable(SipEndpointBody),
  endpoint_custom: nullable(CustomEndpointCreation),
  extensions: Schema.optionalKey(Schema.Array(LineExtensionBody).check(Schema.isMaxLength(100)))
}).check(
  Schema.makeFilter((line) =>
    line.endpoint_sip && line.endpoint_custom
      ? { path: ["endpoint_custom"], issue: "Only one endpoint should be configured on a line" }
      : undefined
  )
)
export type LineCreation = typeof LineCreation.Type

export const LineEdit = Schema.Struct({ ...settings, context: Schema.optionalKey(ContextName) })
export type LineEdit = typeof LineEdit.Type

/** A line without its users. */
const lineFields = {
  id: Schema.Int,
  tenant_uuid: Schema.String,
  name: Schema.NullOr(Schema.String),
  protocol: Schema.NullOr(Schema.String),
  context: Schema.String,
  position: Schema.Int,
  provisioning_code: Schema.String,
  caller_id_name: Schema.NullOr(Schema.String),
  caller_id_num: Schema.NullOr(Schema.String),
  endpoint_sip: Schema.NullOr(
    Schema.Struct({
      uuid: Schema.String,
      name: Schema.String,
      label: Schema.NullOr(Schema.String),
      links: Links
    })
  ),
  endpoint_sccp: Schema.Null,
  endpoint_custom: Schema.NullOr(Schema.Struct({ id: Schema.Int, interface: Schema.String, links: Links })),
  extensions: Schema.Array(ExtensionReference),
  links: Links
}

export const LineOfUser = Schema.Struct(lineFields)
export const Line = Schema.Struct({ ...lineFields, users: Schema.Array(UserReference) })
export type Line = Unlinked<typeof Line.Type>
export type LineOfUser = Unlinked<typeof LineOfUser.Type>

export const lineColumns = [
  "id",
  "name",
  "context",
  "provisioning_code",
  "position",
  "protocol",
  "caller_id_name",
  "caller_id_num",
  "exten"
] as const
