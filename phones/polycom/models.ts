import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** A model of Polycom, with the firmware that its files are written for. */
export interface PolycomModel {
  readonly version: string
  readonly lines: number
  /** Keys of the phone, those of its modules not counted. */
  readonly keys: number
  readonly modules?: number
  readonly type?: Capability["type"]
  readonly switchboard?: boolean
}

/** Keys of an expansion module. */
export const moduleKeys = 40

const v4 = "4.0.11"
const v5 = "5.9.2"
const v6 = "6.4.6"

/** The phones of the plugin, as they call themselves without underscores. */
export const polycomModels: Readonly<Record<string, PolycomModel>> = {
  SPIP331: { version: v4, lines: 2, keys: 0 },
  SPIP335: { version: v4, lines: 2, keys: 0 },
  SPIP450: { version: v4, lines: 3, keys: 2 },
  SPIP550: { version: v4, lines: 4, keys: 3 },
  SPIP650: { version: v4, lines: 6, keys: 47 },
  SSIP6000: { version: v4, lines: 1, keys: 0, type: "conference" },
  VVX101: { version: v6, lines: 1, keys: 2 },
  VVX201: { version: v6, lines: 2, keys: 2 },
  VVX250: { version: v6, lines: 4, keys: 4 },
  VVX301: { version: v6, lines: 6, keys: 6, modules: 3 },
  VVX311: { version: v6, lines: 6, keys: 6, modules: 3 },
  VVX350: { version: v6, lines: 6, keys: 6 },
  VVX401: { version: v6, lines: 12, keys: 12, modules: 3, switchboard: true },
  VVX411: { version: v6, lines: 12, keys: 12, modules: 3, switchboard: true },
  VVX450: { version: v6, lines: 12, keys: 12, modules: 3, switchboard: true },
  VVX501: { version: v6, lines: 12, keys: 12, modules: 3 },
  VVX601: { version: v6, lines: 16, keys: 16, modules: 3 },
  VVX1500: { version: v5, lines: 6, keys: 6 }
}

/** What a model can do. */
export const polycomCapability = (model: PolycomModel): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.keys,
  expansion_modules: model.modules ?? 0,
  switchboard: model.switchboard === true,
  protocol: "sip",
  type: model.type ?? "deskphone"
})
