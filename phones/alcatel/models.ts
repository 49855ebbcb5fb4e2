import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** What tells the models of Alcatel apart. */
export interface Model {
  /** The firmware that the files are written for; a build number may follow. */
  readonly version: string
  readonly lines: number
  /** The last key that can be programmed. */
  readonly keys: number
  readonly functionKeys: number
}

const myriad = (keys: number, functionKeys: number): Model => ({
  version: "2.13.02",
  lines: 8,
  keys,
  functionKeys
})

/** Alcatel-Lucent Myriad and 8028s, by the model of their User-Agent. */
export const myriadModels: Readonly<Record<string, Model>> = {
  M3: myriad(20, 6),
  M5: myriad(28, 8),
  M7: myriad(28, 8),
  "8028s-GE": { version: "1.51.52", lines: 2, keys: 6, functionKeys: 6 }
}

const touch = (keys: number): Model => ({ version: "2.01.20", lines: 1, keys, functionKeys: keys })

/** Alcatel IP Touch, by the model of their User-Agent. */
export const touchModels: Readonly<Record<string, Model>> = {
  "4028": touch(4),
  "4038": touch(6),
  "4068": touch(8)
}

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.functionKeys,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: "deskphone"
})
