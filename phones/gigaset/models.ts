import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** What tells the models of Gigaset apart. */
export interface Model {
  /** The firmware that the files are written for, in whole. */
  readonly version: string
  /** Which settings the base has. */
  readonly family: "n510" | "n720" | "nx70"
  readonly lines: number
  readonly multicell: boolean
}

const nx70 = (lines: number): Model => ({ version: "83.V2.65.0", family: "nx70", lines, multicell: true })
const n720: Model = { version: "70.117.00.000.000", family: "n720", lines: 100, multicell: true }

/** The DECT bases that fetch files, by the model of their User-Agent, dashes as blanks. */
export const models: Readonly<Record<string, Model>> = {
  "N510 IP PRO": { version: "42.262.00.000.000", family: "n510", lines: 6, multicell: false },
  "N720 DM PRO": n720,
  "N720 IP PRO": n720,
  "N610 IP PRO": nx70(8),
  "N670 IP PRO": nx70(20),
  "N770 IP PRO": nx70(100),
  "N870 IP PRO": nx70(250),
  "N870E IP PRO": nx70(250)
}

/** The family of a base, by its first letters where the model is not listed. */
export const familyOf = (model: string | undefined): Model["family"] => {
  const known = model !== undefined && Object.hasOwn(models, model) ? models[model] : undefined
  if (known !== undefined) return known.family
  if (model?.startsWith("N510")) return "n510"
  return model?.startsWith("N720") ? "n720" : "nx70"
}

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: model.family === "nx70",
  function_keys: 0,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: "dect",
  multicell: model.multicell
})
