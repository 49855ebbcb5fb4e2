import { Schema } from "effect"
import { formed, Links, nullable, Options, text, type Unlinked } from "./fields.ts"
import { IdReference } from "./references.ts"

/** Endpoints: what a line is reached by (contracts/callcenter.md 10). */

const customSettings = {
  interface_suffix: nullable(text(32)),
  enabled: Schema.optionalKey(Schema.Boolean)
}
/** What Asterisk dials, as is. */
const Interface = formed(/^[a-zA-Z0-9#*./_@:-]{1,128}$/, 128)

export const CustomEndpointCreation = Schema.Struct({ ...customSettings, interface: Interface })
export type CustomEndpointCreation = typeof CustomEndpointCreation.Type

export const CustomEndpointEdit = Schema.Struct({
  ...customSettings,
  interface: Schema.optionalKey(Interface)
})
export type CustomEndpointEdit = typeof CustomEndpointEdit.Type

export const CustomEndpoint = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  interface: Schema.String,
  interface_suffix: Schema.NullOr(Schema.String),
  enabled: Schema.Boolean,
  line: Schema.NullOr(IdReference),
  trunk: Schema.Null,
  links: Links
})
export type CustomEndpoint = Unlinked<typeof CustomEndpoint.Type>

export const customEndpointColumns = ["id", "interface", "interface_suffix", "enabled"] as const

/** The sections of a PJSIP endpoint that hold options. */
export const sipSections = [
  "aor_section_options",
  "auth_section_options",
  "endpoint_section_options",
  "identify_section_options",
  "registration_section_options",
  "registration_outbound_auth_section_options",
  "outbound_auth_section_options"
] as const

const sections = <S extends Schema.Constraint>(schema: S) => ({
  aor_section_options: schema,
  auth_section_options: schema,
  endpoint_section_options: schema,
  identify_section_options: schema,
  registration_section_options: schema,
  registration_outbound_auth_section_options: schema,
  outbound_auth_section_options: schema
})

/** Creation and edit alike: a name is generated when a new endpoint has none. */
export const SipEndpointBody = Schema.Struct({
  name: Schema.optionalKey(
    formed(/^[-_.a-zA-Z0-9]+$/, 79).check(
      Schema.makeFilter((name: string) =>
        name === "global" || name === "system" ? "Reserved Asterisk section name" : undefined
      )
    )
  ),
  label: nullable(text(128)),
  ...sections(Schema.optionalKey(Options))
})
export type SipEndpointBody = typeof SipEndpointBody.Type

export const SipEndpoint = Schema.Struct({
  uuid: Schema.String,
  tenant_uuid: Schema.String,
  name: Schema.String,
  label: Schema.NullOr(Schema.String),
  ...sections(Schema.Array(Schema.Tuple([Schema.String, Schema.String]))),
  line: Schema.NullOr(IdReference),
  trunk: Schema.Null,
  links: Links
})
export type SipEndpoint = Unlinked<typeof SipEndpoint.Type>

export const sipEndpointColumns = ["uuid", "name", "label"] as const
