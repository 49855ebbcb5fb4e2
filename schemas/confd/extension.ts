import { Schema } from "effect"
import { formed, Links, text, type Unlinked } from "./fields.ts"
import { NamedReference } from "./references.ts"

/** Extensions: what can be dialled in a context (contracts/callcenter.md 10). */

/** Digits, or a dial pattern with its leading underscore. */
export const Exten = formed(/^(?:_[*#0-9_XxZzNn[\].!+-]{1,39}|[*#0-9]{1,40})$/, 40)
export const ContextName = text(79, 1)

export const ExtensionCreation = Schema.Struct({
  exten: Exten,
  context: ContextName,
  enabled: Schema.optionalKey(Schema.Boolean)
})
export type ExtensionCreation = typeof ExtensionCreation.Type

export const ExtensionEdit = Schema.Struct({
  exten: Schema.optionalKey(Exten),
  context: Schema.optionalKey(ContextName),
  enabled: Schema.optionalKey(Schema.Boolean)
})
export type ExtensionEdit = typeof ExtensionEdit.Type

/** An extension given with a line: its context is the line's unless it names another. */
export const LineExtensionBody = Schema.Struct({
  exten: Exten,
  context: Schema.optionalKey(ContextName),
  enabled: Schema.optionalKey(Schema.Boolean)
})
export type LineExtensionBody = typeof LineExtensionBody.Type

export const Extension = Schema.Struct({
  id: Schema.Int,
  tenant_uuid: Schema.String,
  exten: Schema.String,
  context: Schema.String,
  enabled: Schema.Boolean,
  lines: Schema.Array(NamedReference),
  conference: Schema.NullOr(NamedReference),
  queue: Schema.Null,
  group: Schema.Null,
  incall: Schema.Null,
  outcall: Schema.Null,
  parking_lot: Schema.Null,
  links: Links
})
export type Extension = Unlinked<typeof Extension.Type>

export const extensionColumns = ["id", "exten", "context", "type", "enabled"] as const
