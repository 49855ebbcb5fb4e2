import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** What tells the models of Grandstream apart. */
export interface Model {
  /** The firmware that the files are written for; what follows it does not matter. */
  readonly version: string
  readonly type: "deskphone" | "ata"
  readonly lines: number
  readonly functionKeys: number
  readonly modules: number
  /** `values` are numbered settings (P271), `names` are named ones (account.1.enable). */
  readonly dialect: "values" | "names"
  /** Keys on the display, then keys beside it: which settings a function key has. */
  readonly displayKeys: number
  readonly sideKeys: number
}

/** The phones and adapters by the model of their User-Agent. */
export const models: Readonly<Record<string, Model>> = {
  GXP1405: byValues("1.0.8.9", 2, 3),
  GXP1610: byValues("1.0.7.81", 1, 0),
  GXP1620: byValues("1.0.7.81", 2, 0),
  GXP1625: byValues("1.0.7.81", 2, 0),
  GXP1628: byValues("1.0.7.81", 2, 8, 8),
  GXP1630: byValues("1.0.7.81", 3, 8, 8),
  GXP2000: byValues("1.2.5.3", 4, 7),
  GXP2100: byValues("1.0.8.6", 4, 7),
  GXP2130: byNames("1.0.11.85", 3, 12, 8),
  GXP2135: byNames("1.0.11.85", 4, 32, 0),
  GXP2140: byNames("1.0.11.85", 4, 16, 0, 4),
  GXP2160: byNames("1.0.11.85", 6, 24, 24),
  GXP2170: byNames("1.0.11.85", 6, 48, 0, 4),
  GRP2612: byNames("1.0.5.48", 1, 16, 0),
  GRP2613: byNames("1.0.5.48", 1, 24, 0),
  GRP2614: byNames("1.0.5.48", 2, 16, 24),
  GRP2615: byNames("1.0.5.48", 2, 40, 0),
  GRP2616: byNames("1.0.5.48", 2, 16, 24),
  HT801: adapter("1.0.27.2", 1),
  HT802: adapter("1.0.27.2", 2),
  GXV3350: byValues("1.0.3.2", 16, 160, 160, 4),
  GXV3370: byValues("1.0.3.2", 16, 160, 160),
  GXV3380: byValues("1.0.3.2", 16, 160, 160)
}

/** What a phone is taken for whose model is not listed: the older settings, which all but the newest know. */
export const unlisted: Model = byValues("", 4, 7)

function byValues(version: string, lines: number, functionKeys: number, sideKeys = 0, modules = 0): Model {
  const type = "deskphone"
  return { version, type, lines, functionKeys, modules, dialect: "values", displayKeys: 7, sideKeys }
}

function byNames(version: string, lines: number, displayKeys: number, sideKeys: number, modules = 0): Model {
  const functionKeys = displayKeys + sideKeys
  return { version, type: "deskphone", lines, functionKeys, modules, dialect: "names", displayKeys, sideKeys }
}

function adapter(version: string, lines: number): Model {
  return { ...byValues(version, lines, 0), type: "ata", displayKeys: 0 }
}

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.functionKeys,
  expansion_modules: model.modules,
  switchboard: false,
  protocol: "sip",
  type: model.type
})
