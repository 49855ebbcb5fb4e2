import type { Capability } from "../../schemas/provd/phone-plugin.ts"
import type { KeyBoard } from "./profile.ts"

/** A phone or gateway with a flat profile, with the firmware that its files are written for. */
export interface SpaModel {
  readonly version: string
  readonly lines: number
  readonly board: KeyBoard
  readonly kind: "phone" | "gateway" | "ata190"
  /** The file that it asks for first. */
  readonly first: string
  /** What `Upgrade_Rule` says behind the server. */
  readonly firmware?: string
  /** Where its dictionaries' names differ: `spa50x_30x`, `spa525`. */
  readonly dictionary?: string
  /** A phone with a router in it has settings of its own. */
  readonly router?: boolean
}

const phone = (name: string, lines: number, keys: number, modules: number): SpaModel => ({
  version: "7.5.5",
  lines,
  board: { keys, modules },
  kind: "phone",
  first: `spa${name}.cfg`,
  firmware: "spa50x-30x-7-5-5.bin",
  dictionary: "spa50x_30x"
})

const spa525 = (name: string): SpaModel => ({
  ...phone(name, 5, 5, 2),
  firmware: "spa525g-7-5-5.bin",
  dictionary: "spa525"
})

const gateway = (first: string, version: string, firmware: string): SpaModel => ({
  version,
  lines: 2,
  board: { keys: 0 },
  kind: "gateway",
  first,
  firmware
})

/** The phones and gateways of the plugin by model. */
export const spaModels: Readonly<Record<string, SpaModel>> = {
  SPA112: { ...gateway("spa112.cfg", "1.3.5p", "SPA112-SPA122_1.3.5_004p.bin"), router: true },
  SPA122: { ...gateway("spa122.cfg", "1.3.5p", "SPA112-SPA122_1.3.5_004p.bin"), router: true },
  SPA301: phone("301", 1, 0, 0),
  SPA303: phone("303", 3, 3, 2),
  SPA501G: phone("501G", 8, 8, 2),
  SPA502G: phone("502G", 1, 0, 2),
  SPA504G: phone("504G", 4, 4, 2),
  SPA508G: phone("508G", 8, 8, 2),
  SPA509G: phone("509G", 12, 12, 2),
  SPA512G: phone("512G", 1, 0, 2),
  SPA514G: phone("514G", 4, 4, 2),
  SPA525G: spa525("525G"),
  SPA525G2: spa525("525G2"),
  PAP2T: gateway("init.cfg", "5.1.6", "pap2t-5-1-6.bin"),
  ATA190: { version: "1.2.2", lines: 2, board: { keys: 0 }, kind: "ata190", first: "dialplan.xml" }
}

/** What a model can do. */
export const spaCapability = (model: SpaModel): Capability => ({
  lines: model.lines,
  high_availability: model.kind === "phone",
  function_keys: model.board.keys,
  expansion_modules: model.board.modules ?? 0,
  switchboard: false,
  protocol: "sip",
  type: model.kind === "phone" ? "deskphone" : "ata"
})
