import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** Where the function keys of a phone are, in the order in which they are filled. */
export interface KeyLayout {
  /** Keys beside the display; a line has the key of its number. */
  readonly side?: { readonly count: number; readonly perPage: number }
  /** Soft keys that are function keys. */
  readonly soft?: number
  /** Keys of one page; there are as many pages as needed. */
  readonly perPage?: number
}

/** What tells the models of Fanvil apart. */
export interface Model {
  /** The firmware that the files are written for. */
  readonly version: string
  readonly firmware: string
  /** `underscored`: <VOIP_CONFIG_FILE>; `plain`: <sysConf>. */
  readonly dialect: "underscored" | "plain"
  readonly type: "deskphone" | "doorphone" | "wifidect"
  readonly lines: number
  readonly functionKeys: number
  readonly keys: KeyLayout
  /** `short`: languages are named; else by the numbers of the series. */
  readonly languages: "short" | "x" | "v"
  /** The file that every phone of the model asks for first. */
  readonly commonFile?: string
  /** Names under which later editions of the hardware say who they are. */
  readonly editions?: ReadonlyArray<string>
}

const old = (
  version: string,
  firmware: string,
  lines: number,
  functionKeys: number,
  commonFile: string
): Model => ({
  version,
  firmware,
  dialect: "underscored",
  type: "deskphone",
  lines,
  functionKeys,
  keys: {},
  languages: "x",
  commonFile
})

const x = (
  version: string,
  firmware: string,
  lines: number,
  functionKeys: number,
  keys: KeyLayout,
  editions: ReadonlyArray<string>,
  commonFile?: string
): Model => ({
  version,
  firmware,
  dialect: "plain",
  type: "deskphone",
  lines,
  functionKeys,
  keys,
  languages: "short",
  editions,
  ...(commonFile === undefined ? {} : { commonFile })
})

const v = (
  version: string,
  firmware: string,
  lines: number,
  functionKeys: number,
  keys: KeyLayout,
  commonFile: string,
  type: Model["type"] = "deskphone"
): Model => ({
  version,
  firmware,
  dialect: "plain",
  type,
  lines,
  functionKeys,
  keys,
  languages: "v",
  commonFile
})

/** The phones by the model of their User-Agent, blanks as dashes. */
export const models: Readonly<Record<string, Model>> = {
  X2: old("2.14.0.7386", "x22.14.0.7386T20210730165954.z", 2, 0, "f0X2hw1.100.cfg"),
  X3: old("1.4.0.2090", "x31.4.0.2090T20180403152509.z", 2, 0, "F0V00X300000.cfg"),
  X3S: old("2.10.2.6887", "x3s2.10.2.6887T20191115101938.z", 2, 0, "f0X3shw1.100.cfg"),
  X4: old("2.14.0.7386", "x42.14.0.7386T20210730173312.z", 4, 30, "f0X4hw1.100.cfg"),
  X5: old("1.4.0.2016", "x51.4.0.2016T20170303151233.z", 16, 40, "f0X5hw1.100.cfg"),
  X5S: old("1.12.2", "x5s-6900-P0.16.5-1.12.2-3144T2019-07-23-14.20.37.z", 16, 40, "F0V00X5S0000.cfg"),
  X6: old("1.12.2", "x6-6904-P0.16.5-1.12.2-3144T2019-07-29-15.09.59.z", 20, 60, "F0V00X600000.cfg"),
  X4U: x(
    "2.12.16.17",
    "x4upro-fanvil-release-ff01-6903-2.12.16.17-krnvUT2023-05-05-18.33.33.z",
    12,
    30,
    { side: { count: 3, perPage: 3 }, perPage: 6 },
    ["X4U-Pro", "X4U-V2"]
  ),
  X5U: x(
    "2.12.22.2",
    "x5upro-fanvil-release-ff01-6907-2.12.22.2-krnlvUT2025-04-16-20.32.45.z",
    16,
    34,
    { side: { count: 4, perPage: 4 }, perPage: 6 },
    ["X5U-Pro", "X5U-V2"],
    "F0V5UV200000.cfg"
  ),
  X6U: x(
    "2.12.16.17",
    "x6upro-fanvil-release-ff01-6916-2.12.16.17-krnvUT2023-05-05-18.49.37.z",
    20,
    72,
    { side: { count: 5, perPage: 5 }, perPage: 12 },
    ["X6U-Pro"]
  ),
  X7: x(
    "2.12.16.17",
    "x7cpro-fanvil-release-6958-2.12.16.17-krnvlT2023-05-05-17.48.40.z",
    20,
    127,
    { side: { count: 11, perPage: 11 }, perPage: 29 },
    ["X7-Pro"]
  ),
  X7C: x(
    "2.12.16.17",
    "x7cpro-fanvil-release-6958-2.12.16.17-krnvlT2023-05-05-17.48.40.z",
    20,
    12,
    { side: { count: 12, perPage: 12 }, perPage: 12 },
    ["X7C-Pro"]
  ),
  X210: x(
    "2.4.5.2",
    "x210-6924-P0.18.23.89-2.4.5.2-3594T2022-07-29-09.44.03.z",
    20,
    116,
    { side: { count: 10, perPage: 10 }, perPage: 32 },
    ["X210-Pro", "X210-V2", "X210i", "X210i-Pro"],
    "F0V00X200000.cfg"
  ),
  V62: v(
    "2.12.20",
    "v62-fanvil-release-ff01-5944-2.12.20-krnlvUT2024-07-16-04.36.28.z",
    6,
    15,
    { side: { count: 15, perPage: 5 } },
    "F0VV6200000.cfg"
  ),
  V65: v(
    "2.12.21.1",
    "v65-fanvil-release-5924-2.12.21.1-krnvlT2024-08-28-09.41.46.z",
    20,
    45,
    { side: { count: 45, perPage: 9 } },
    "F0V0V6500000.cfg"
  ),
  V67: v(
    "2.6.10.1992",
    "v67_fanvil_2.6.10.1992_20241023_full.zip",
    20,
    116,
    { perPage: 29 },
    "F0V0V6700000.cfg"
  ),
  i10S: v(
    "2.12.44.6",
    "I10S-fanvil-3921-full-V0.2.2-2.12.44.6-1864-D0.29.0-T2023-09-08-12.12.40.z",
    2,
    1,
    { soft: 1 },
    "F0V10S00000.cfg",
    "doorphone"
  ),
  i16SV: v(
    "2.12.44.6",
    "I16SV-fanvil-3919-full-V0.2.2-2.12.44.6-1864-D0.29.0-T2023-09-08-12.39.00.z",
    2,
    1,
    { soft: 1 },
    "F0V16SV00000.cfg",
    "doorphone"
  ),
  "H2U-V2": v(
    "2.12.20.2",
    "h2u-v2-fanvil-release-ff01-5946-2.12.20.2-krnlvUT2025-02-14-14.27.56.z",
    2,
    11,
    { soft: 10, perPage: 10 },
    "F0V2UV200000.cfg"
  ),
  W611W: v(
    "2.14.2.28.1",
    "w611-linkvil-release-ff01-9001-2.14.2.28.1-UkrnlvUT2025-02-13-23.15.10.z",
    4,
    16,
    { perPage: 8 },
    "F0V611W00000.cfg",
    "wifidect"
  )
}

const editions = new Map(
  Object.values(models).flatMap((model) => (model.editions ?? []).map((edition) => [edition, model] as const))
)

/** The model, or the one that it is a later edition of. */
export const modelOf = (name: string | undefined): Model | undefined => {
  if (name === undefined) return undefined
  return Object.hasOwn(models, name) ? models[name] : editions.get(name)
}

/**
 * The files in which phones of the plain dialect look whether there is other firmware, with the model that asks for
 * each. Later editions of the hardware have a file of their own.
 */
export const firmwareCheckFiles = (
  name: string,
  model: Model
): ReadonlyArray<readonly [file: string, model: string]> =>
  model.dialect !== "plain"
    ? []
    : [
        [`fanvil_${fileForm(name)}_hwv1_0.txt`, name],
        ...(name === "V67" ? [["fanvil_v67_hw1_1.txt", name] as const] : []),
        ...(model.editions ?? []).map(
          (edition) => [`fanvil_${fileForm(edition)}_hwv2_0.txt`, edition] as const
        )
      ]

const fileForm = (name: string) => name.toLowerCase().replaceAll("-", "_")

/** By the name of the file that only phones of one model ask for, that model. */
export const modelByCommonFile: ReadonlyMap<string, string> = new Map(
  Object.entries(models).flatMap(([name, model]) => [
    ...(model.commonFile === undefined ? [] : [[model.commonFile, name] as const]),
    ...firmwareCheckFiles(name, model)
  ])
)

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: model.functionKeys,
  expansion_modules: 0,
  switchboard: false,
  protocol: "sip",
  type: model.type
})
