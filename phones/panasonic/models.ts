import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** What tells the models of Panasonic apart. */
export interface Model {
  readonly lines: number
  /** Flexible buttons. */
  readonly buttons: number
  /** The firmware's file. */
  readonly firmware: string
}

/** The firmware that the files are written for. */
export const version = "01.133"

/** The phones by the model of their User-Agent. */
export const models: Readonly<Record<string, Model>> = {
  "KX-UT113": { lines: 2, buttons: 0, firmware: "UT11x12x-01.133_HW1.fw" },
  "KX-UT123": { lines: 2, buttons: 0, firmware: "UT11x12x-01.133_HW1.fw" },
  "KX-UT133": { lines: 4, buttons: 24, firmware: "UT13x-01.133_HW1.fw" },
  "KX-UT136": { lines: 4, buttons: 24, firmware: "UT13x-01.133_HW1.fw" }
}

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.buttons,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: "deskphone"
})
