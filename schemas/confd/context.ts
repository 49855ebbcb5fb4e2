import { Schema } from "effect"
import { FreeText, formed, Links, nullable, text, type Unlinked, whole } from "./fields.ts"

/** Contexts: where extensions live (contracts/callcenter.md 10). */

const Digits = formed(/^[0-9]{1,16}$/, 16)

const inOrder = Schema.makeFilter((range: { readonly start: string; readonly end?: string }) =>
  range.end === undefined || (range.end.length === range.start.length && range.start <= range.end)
    ? undefined
    : { path: ["end"], issue: "Expected as many digits as start has, and not less than start" }
)

const rangeFields = { start: Digits, end: Schema.optionalKey(Digits) }
const RangeBody = Schema.Struct(rangeFields).check(inOrder)
const IncallRangeBody = Schema.Struct({ ...rangeFields, did_length: Schema.optionalKey(whole(0)) }).check(
  inOrder
)

const ranges = Schema.optionalKey(Schema.Array(RangeBody).check(Schema.isMaxLength(1000)))

const settings = {
  type: Schema.optionalKey(Schema.Literals(["internal", "incall", "outcall", "services", "others"])),
  user_ranges: ranges,
  group_ranges: ranges,
  queue_ranges: ranges,
  conference_room_ranges: ranges,
  incall_ranges: Schema.optionalKey(Schema.Array(IncallRangeBody).check(Schema.isMaxLength(1000))),
  description: nullable(FreeText),
  enabled: Schema.optionalKey(Schema.Boolean)
}

const Label = text(128, 1)

/** `name` alone is accepted and taken as the label. */
export const ContextCreation = Schema.Struct({
  ...settings,
  label: Schema.optionalKey(Label),
  name: Schema.optionalKey(Schema.Unknown)
}).check(
  Schema.makeFilter((body) =>
    body.label !== undefined || Schema.is(Label)(body.name)
      ? undefined
      : {
          path: ["label"],
          issue: body.name === undefined ? "Missing data for required field." : "Expected 1 to 128 characters"
        }
  )
)
export type ContextCreation = typeof ContextCreation.Type

export const ContextEdit = Schema.Struct({ ...settings, label: Schema.optionalKey(Label) })
export type ContextEdit = typeof ContextEdit.Type

const Range = Schema.Struct({ start: Schema.String, end: Schema.String })
const IncallRange = Schema.Struct({ ...Range.fields, did_length: Schema.Int })
export type Range = typeof Range.Type

export const Context = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  tenant_uuid: Schema.String,
  name: Schema.String,
  label: Schema.String,
  type: Schema.String,
  user_ranges: Schema.Array(Range),
  group_ranges: Schema.Array(Range),
  queue_ranges: Schema.Array(Range),
  conference_room_ranges: Schema.Array(Range),
  incall_ranges: Schema.Array(IncallRange),
  description: Schema.NullOr(Schema.String),
  enabled: Schema.Boolean,
  contexts: Schema.Array(Schema.Never),
  links: Links
})
export type Context = Unlinked<typeof Context.Type>

export const contextColumns = ["id", "uuid", "name", "label", "type", "description", "enabled"] as const
