import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** A phone that asks for a file named SEP and its address. */
export interface SepModel {
  readonly lines: number
  /** The software it runs, by protocol. */
  readonly loads: { readonly sip: string; readonly sccp?: string }
  readonly version: string
}

const java = (number: number, lines: number, release = "9-4-2SR1-1S"): SepModel => ({
  lines,
  loads: { sip: `SIP${number}.${release}`, sccp: `SCCP${number}.${release}` },
  version: "9.4.2"
})

const first = (lines: number): SepModel => ({
  lines,
  loads: { sip: "P0S3-8-12-00", sccp: "P0030801SR02" },
  version: "8.1.2"
})

const sipOnly: SepModel = { lines: 4, loads: { sip: "SIP8941_8945.9-3-1-18" }, version: "9.3.1" }

/** The phones of the plugin by model. */
export const sepModels: Readonly<Record<string, SepModel>> = {
  "7906G": java(11, 1),
  "7911G": java(11, 1),
  "7931G": java(31, 24),
  "7940G": first(2),
  "7941G": java(41, 2),
  "7942G": java(42, 2),
  "7945G": java(45, 2, "9-4-2SR3-1S"),
  "7960G": first(6),
  "7961G": java(41, 6),
  "7962G": java(42, 6),
  "7965G": java(45, 6, "9-4-2SR3-1S"),
  "7970G": java(70, 8),
  "7971G": java(70, 8),
  "7975G": java(75, 8),
  8941: sipOnly,
  8945: sipOnly
}

/** What a model can do. */
export const sepCapability = (model: SepModel): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.loads.sccp === undefined ? model.lines : 0,
  expansion_modules: 0,
  switchboard: false,
  protocol: model.loads.sccp === undefined ? "sip" : "sccp",
  type: "deskphone"
})
