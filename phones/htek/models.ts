import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** What tells the models of Htek apart. */
export interface Model {
  readonly lines: number
  /** Keys that are a line, a speed dial or watch somebody. */
  readonly lineKeys: number
  /** The model's file that a phone asks for before its own. */
  readonly commonFile: string
}

/** The firmware that the files are written for. */
export const version = "2.0.4.6.41"

/** The phones by the model of their User-Agent. */
export const models: Readonly<Record<string, Model>> = {
  UC902: { lines: 4, lineKeys: 0, commonFile: "cfg0017.xml" },
  UC903: { lines: 6, lineKeys: 20, commonFile: "cfg0016.xml" },
  UC912: { lines: 4, lineKeys: 12, commonFile: "cfg0019.xml" },
  UC912E: { lines: 4, lineKeys: 12, commonFile: "cfg0019.xml" },
  UC912G: { lines: 4, lineKeys: 12, commonFile: "cfg0019.xml" },
  UC923: { lines: 8, lineKeys: 20, commonFile: "cfg0013.xml" },
  UC924: { lines: 12, lineKeys: 28, commonFile: "cfg0012.xml" },
  UC924E: { lines: 12, lineKeys: 28, commonFile: "cfg0012.xml" },
  UC926: { lines: 16, lineKeys: 36, commonFile: "cfg0010.xml" },
  UC926E: { lines: 16, lineKeys: 36, commonFile: "cfg0010.xml" }
}

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.lineKeys,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: "deskphone"
})
