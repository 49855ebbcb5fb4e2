import { Schema } from "effect"
import { FreeText, formed, Links, nullable, text, type Unlinked } from "./fields.ts"

/** Devices: phones as the administrators of a tenant see them (contracts/provisioning.md 10.2). */

const Name = nullable(text(255))

/** Creation and edit alike; fields that are absent keep their values. */
export const DeviceBody = Schema.Struct({
  mac: nullable(formed(/^(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, 17)),
  ip: nullable(formed(/^[0-9a-fA-F:.]{2,45}$/, 45)),
  sn: Name,
  plugin: Name,
  vendor: Name,
  model: Name,
  version: Name,
  description: nullable(FreeText),
  template_id: Name,
  options: nullable(Schema.Struct({ switchboard: Schema.optionalKey(Schema.Boolean) }))
})
export type DeviceBody = typeof DeviceBody.Type

export const Device = Schema.Struct({
  id: Schema.String,
  ip: Schema.NullOr(Schema.String),
  mac: Schema.NullOr(Schema.String),
  sn: Schema.NullOr(Schema.String),
  plugin: Schema.NullOr(Schema.String),
  vendor: Schema.NullOr(Schema.String),
  model: Schema.NullOr(Schema.String),
  version: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  status: Schema.Literals(["not_configured", "autoprov", "configured"]),
  template_id: Schema.NullOr(Schema.String),
  options: Schema.NullOr(Schema.Struct({ switchboard: Schema.optionalKey(Schema.Boolean) })),
  tenant_uuid: Schema.String,
  is_new: Schema.Boolean,
  links: Links
})
export type Device = Unlinked<typeof Device.Type>

export const deviceColumns = [
  "id",
  "ip",
  "mac",
  "sn",
  "plugin",
  "vendor",
  "model",
  "version",
  "description"
] as const

/** A line and the device that it is on. */
export const LineDevice = Schema.Struct({ line_id: Schema.Int, device_id: Schema.String, links: Links })
