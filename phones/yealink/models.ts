import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** A model of Yealink, with the firmware that its files are written for. */
export interface YealinkModel {
  /** The second number is the generation of the settings: 66.86.0.15 is v86. */
  readonly version: string
  readonly firmware: string
  readonly accounts: number
  readonly lineKeys: number
  /** Keys beside the display of old models. */
  readonly memoryKeys?: number
  readonly modules?: { readonly count: number; readonly keys: number }
  readonly type?: Capability["type"]
  /** The base of cordless handsets, or a phone that registers some. */
  readonly handsets?: boolean
}

const exp40 = { count: 6, keys: 40 }
const exp43 = { count: 3, keys: 60 }
const exp50 = { count: 3, keys: 60 }

const t3 = {
  version: "124.86.0.75",
  firmware: "T31(T30,T30P,T31G,T31P,T33P,T33G)-124.86.0.75.rom"
}
const t4s = { version: "66.86.0.15", firmware: "T46S(T48S,T42S,T41S)-66.86.0.15.rom" }
const t4u = {
  version: "108.86.0.90",
  firmware: "T46U(T43U,T46U,T41U,T48U,T42U,T44U,T44W)-108.86.0.90.rom"
}
const t5 = {
  version: "96.86.0.45",
  firmware: "T54W(T57W,T53W,T53,T53C,T54,T57)-96.86.0.45(20211130).rom",
  handsets: true,
  modules: exp50
}

/** The phones and bases of the plugin by model. */
export const yealinkModels: Readonly<Record<string, YealinkModel>> = {
  T23G: { version: "44.84.0.140", firmware: "T23-44.84.0.140.rom", accounts: 3, lineKeys: 3 },
  T27G: {
    version: "69.86.0.15",
    firmware: "T27G-69.86.0.15.rom",
    accounts: 6,
    lineKeys: 21,
    modules: exp40
  },
  T31G: { ...t3, accounts: 2, lineKeys: 2 },
  T33G: { ...t3, accounts: 4, lineKeys: 12 },
  T41S: { ...t4s, accounts: 6, lineKeys: 15 },
  T42S: { ...t4s, accounts: 12, lineKeys: 15 },
  T43U: { ...t4u, accounts: 12, lineKeys: 15, modules: exp43 },
  T46S: { ...t4s, accounts: 16, lineKeys: 27, modules: exp40 },
  T46U: { ...t4u, accounts: 16, lineKeys: 27, modules: exp43 },
  T48S: { ...t4s, accounts: 16, lineKeys: 29, modules: exp40 },
  T53W: { ...t5, accounts: 12, lineKeys: 21 },
  T54W: { ...t5, accounts: 16, lineKeys: 27 },
  T57W: { ...t5, accounts: 16, lineKeys: 29 },
  T58W: {
    version: "150.86.0.11",
    firmware: "T58W-150.86.0.11.rom",
    accounts: 16,
    lineKeys: 27,
    handsets: true,
    modules: exp50
  },
  CP920: {
    version: "78.86.0.15",
    firmware: "CP920-78.86.0.15.rom",
    accounts: 1,
    lineKeys: 0,
    type: "conference"
  },
  W60B: {
    version: "77.85.0.25",
    firmware: "W60B-77.85.0.25.rom",
    accounts: 8,
    lineKeys: 0,
    type: "dect",
    handsets: true
  }
}

/** Firmware that a base hands on to its handsets, by handset. */
export const handsetFirmware: Readonly<Record<string, string>> = {
  w53h: "W53H-88.85.0.20.rom",
  w56h: "W56H-61.85.0.20.rom",
  w57r: "W57R-118.85.0.15.rom",
  w59r: "W59R-115.85.0.20.rom",
  w73h: "W73H-116.85.0.35.rom",
  w78h: "W78H-16.85.0.20.rom",
  cp930w: "CP930W-87.85.0.20.rom"
}

/** What a model can do. */
export const capabilityOf = (model: YealinkModel): Capability => ({
  lines: model.accounts,
  high_availability: true,
  function_keys: model.lineKeys + (model.memoryKeys ?? 0),
  expansion_modules: model.modules?.count ?? 0,
  switchboard: model.type === undefined,
  protocol: "sip",
  type: model.type ?? "deskphone",
  ...(model.type === "dect" ? { multicell: false } : {})
})
