import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** The capabilities of a plugin by `Vendor, Model, Version` (contracts/provisioning.md 7.2). */
export const capabilitiesOf = <Model>(
  vendor: string,
  models: Readonly<Record<string, Model>>,
  version: string,
  of: (model: Model, name: string) => Capability
): Readonly<Record<string, Capability>> =>
  Object.fromEntries(
    Object.entries(models).map(([name, model]) => [`${vendor}, ${name}, ${version}`, of(model, name)])
  )
