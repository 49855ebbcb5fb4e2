import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** A multiplatform phone or gateway, with the firmware that its files are written for. */
export interface MppModel {
  readonly version: string
  readonly lines: number
  readonly keys: number
  readonly modules?: number
  /** The file that it asks for first. */
  readonly first: string
  /** The name of its firmware below the server. */
  readonly firmware: string
  /** Whose dictionaries it takes. */
  readonly dictionary?: string
  readonly type?: Capability["type"]
}

const phone = (model: string, keys: number, family: string, dictionary: string): MppModel => ({
  version: "11.3.1",
  lines: keys,
  keys,
  first: `${model}-3PCC.xml`,
  firmware: `sip${family}.11-3-1MSR3-3.loads`,
  dictionary
})

const ata = (number: string): MppModel => ({
  version: "11-1-0MPP0401-002",
  lines: 2,
  keys: 0,
  first: `ata${number}.cfg`,
  firmware: "ATA19x.11-1-0MPP0401-002.img",
  type: "ata"
})

/** The phones and gateways of the plugin by model. */
export const mppModels: Readonly<Record<string, MppModel>> = {
  6821: phone("6821", 2, "6821", "6821"),
  6841: phone("6841", 4, "68xx", "78xx_68xx"),
  6851: { ...phone("6851", 4, "68xx", "78xx_68xx"), modules: 1 },
  6861: phone("6861", 4, "68xx", "78xx_68xx"),
  6871: phone("6871", 6, "6871", "6871"),
  7811: phone("7811", 1, "78xx", "78xx_68xx"),
  7821: phone("7821", 2, "78xx", "78xx_68xx"),
  7832: { ...phone("7832", 1, "7832", "7832"), type: "conference" },
  7841: phone("7841", 4, "78xx", "78xx_68xx"),
  7861: phone("7861", 16, "78xx", "78xx_68xx"),
  8811: phone("8811", 10, "88xx", "88xx"),
  8841: phone("8841", 10, "88xx", "88xx"),
  8851: phone("8851", 10, "88xx", "88xx"),
  8861: phone("8861", 10, "88xx", "88xx"),
  ATA191: ata("191"),
  ATA192: ata("192")
}

/** What a model can do. */
export const mppCapability = (model: MppModel): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.keys,
  expansion_modules: model.modules ?? 0,
  switchboard: false,
  protocol: "sip",
  type: model.type ?? "deskphone"
})
