import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** A desk phone of Snom, with the firmware that its files are written for. */
export interface SnomModel {
  readonly version: string
  readonly lines: number
  readonly keys: number
  readonly modules?: number
  /** The keys below the display that can open the directory. */
  readonly contextKeys?: "context_key" | "gui_fkey"
  /** A park key is an orbit, with its light. */
  readonly orbit?: boolean
  /** The file name ends otherwise than `-SIP-r.bin`. */
  readonly firmwareSuffix?: string
  /** The keys have a short and a long label. */
  readonly shortLabels?: boolean
}

const v8 = { version: "8.7.5.35", lines: 12, firmwareSuffix: "SIP-f.bin" }
const v89 = { version: "8.9.3.80", firmwareSuffix: "SIP-r.bin" }
const v10 = { version: "10.1.198.19", shortLabels: true }
const context = { contextKeys: "context_key" } as const
const gui = { contextKeys: "gui_fkey" } as const

/** The desk phones of the plugin, as they call themselves. */
export const snomModels: Readonly<Record<string, SnomModel>> = {
  300: { ...v8, keys: 6 },
  320: { ...v8, keys: 12, modules: 3 },
  370: { ...v8, keys: 12, modules: 3 },
  710: { ...v8, keys: 5, orbit: true, firmwareSuffix: "SIP-r.bin" },
  715: { version: "10.1.198.19", lines: 4, keys: 5, modules: 3, orbit: true },
  720: { ...v89, lines: 12, keys: 18, orbit: true, ...gui },
  725: { ...v89, lines: 12, keys: 18, modules: 3, orbit: true, ...gui },
  760: { ...v89, lines: 12, keys: 16, orbit: true, ...gui },
  820: { ...v8, keys: 16, firmwareSuffix: "SIP-r.bin" },
  821: { ...v8, keys: 12, firmwareSuffix: "SIP-r.bin" },
  870: { ...v8, keys: 15, firmwareSuffix: "SIP-r.bin" },
  D315: { ...v10, lines: 4, keys: 5, modules: 3 },
  D335: { ...v10, lines: 12, keys: 32, modules: 3, ...context },
  D345: { ...v89, lines: 12, keys: 48, shortLabels: true, ...gui },
  D375: { ...v89, lines: 12, keys: 12, modules: 3, shortLabels: true },
  D385: { ...v10, lines: 12, keys: 48, modules: 3, ...context },
  D712: { ...v10, lines: 4, keys: 5 },
  D713: { ...v10, lines: 6, keys: 4, ...context },
  D717: { ...v10, lines: 6, keys: 3, modules: 3, ...context },
  D735: { ...v10, lines: 12, keys: 32, modules: 3, ...context },
  D745: { ...v89, lines: 12, keys: 32, modules: 3, shortLabels: true, ...gui },
  D765: { ...v89, lines: 12, keys: 16, modules: 3, orbit: true, shortLabels: true, ...gui },
  D785: { ...v10, lines: 12, keys: 24, modules: 3, ...context },
  D862: { ...v10, lines: 8, keys: 28, modules: 3, firmwareSuffix: "SIP-r.swu", ...context },
  D865: { ...v10, lines: 12, keys: 43, modules: 3, firmwareSuffix: "SIP-r.swu", ...context }
}

/** The file of a model's firmware. */
export const snomFirmware = (name: string, model: SnomModel): string =>
  `snom${name}-${model.version}-${model.firmwareSuffix ?? "SIP-r.bin"}`

/** What a model can do. */
export const snomCapability = (model: SnomModel): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.keys,
  expansion_modules: model.modules ?? 0,
  switchboard: true,
  protocol: "sip",
  type: "deskphone"
})
