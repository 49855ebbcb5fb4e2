import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/**
 * The capabilities of a plugin by `Vendor, Model, Version` (contracts/provisioning.md 7.2). `version` is the firmware
 * of all models, or says which one a model has.
 */
export const capabilitiesOf = <Model>(
  vendor: string,
  models: Readonly<Record<string, Model>>,
  version: string | ((model: Model) => string),
  of: (model: Model, name: string) => Capability
): Readonly<Record<string, Capability>> =>
  Object.fromEntries(
    Object.entries(models).map(([name, model]) => [
      `${vendor}, ${name}, ${typeof version === "string" ? version : version(model)}`,
      of(model, name)
    ])
  )
