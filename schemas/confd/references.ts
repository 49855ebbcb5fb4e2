import { Schema } from "effect"
import { Links } from "./fields.ts"

/** Resources as they are named inside others. */

export const UserReference = Schema.Struct({
  uuid: Schema.String,
  firstname: Schema.String,
  lastname: Schema.NullOr(Schema.String),
  links: Links
})

export const ExtensionReference = Schema.Struct({
  id: Schema.Int,
  exten: Schema.String,
  context: Schema.String,
  links: Links
})

export const QueueReference = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  label: Schema.NullOr(Schema.String),
  links: Links
})

export const IdReference = Schema.Struct({ id: Schema.Int, links: Links })
export const NamedReference = Schema.Struct({
  id: Schema.Int,
  name: Schema.NullOr(Schema.String),
  links: Links
})
