import type { Capability } from "../../schemas/provd/phone-plugin.ts"

/** A kind of programmable keys, as the phones name it, and how many there are. */
export type KeyGroup = readonly [name: "prgkey" | "topsoftkey" | "softkey", count: number]

/** What tells the models of Aastra and Mitel apart. */
export interface Model {
  /** The firmware that the files are written for. */
  readonly version: string
  readonly lines: number
  /** In the order in which function keys fill them. */
  readonly keys: ReadonlyArray<KeyGroup>
  /** Keys of each of the three expansion modules; absent: the phone takes none. */
  readonly moduleKeys?: number
  /** The keys that lie ready where no function key is configured. */
  readonly defaults: "classic" | "screen" | "none"
  readonly switchboard?: true
}

/** Modules that can be chained. */
export const modules = 3

/** M670i has 36 keys, M675i 60; M680i has 16, M685i 84. The greater fits both. */
const module67 = 60
const module68 = 84

const classic = "3.3.1.4365"
const classicHot = "3.3.1.8215"
const modern = "6.4.0.140"

/** The 67xxi, 9xxxi, 68xxi and 69xx phones, by the model of their User-Agent. */
export const models: Readonly<Record<string, Model>> = {
  "6730i": { version: classic, lines: 6, keys: [["prgkey", 8]], defaults: "classic" },
  "6731i": { version: classic, lines: 6, keys: [["prgkey", 8]], defaults: "classic", switchboard: true },
  "6735i": {
    version: classicHot,
    lines: 9,
    keys: [
      ["prgkey", 6],
      ["softkey", 20]
    ],
    moduleKeys: module67,
    defaults: "classic",
    switchboard: true
  },
  "6737i": {
    version: classicHot,
    lines: 9,
    keys: [
      ["topsoftkey", 10],
      ["softkey", 20]
    ],
    moduleKeys: module67,
    defaults: "classic",
    switchboard: true
  },
  "6739i": {
    version: classic,
    lines: 9,
    keys: [["softkey", 55]],
    moduleKeys: module67,
    defaults: "classic"
  },
  "6753i": {
    version: classic,
    lines: 9,
    keys: [["prgkey", 6]],
    moduleKeys: module67,
    defaults: "classic",
    switchboard: true
  },
  "6755i": {
    version: classic,
    lines: 9,
    keys: [
      ["prgkey", 6],
      ["softkey", 20]
    ],
    moduleKeys: module67,
    defaults: "classic",
    switchboard: true
  },
  "6757i": {
    version: classic,
    lines: 9,
    keys: [
      ["topsoftkey", 10],
      ["softkey", 20]
    ],
    moduleKeys: module67,
    defaults: "classic",
    switchboard: true
  },
  "6863i": { version: modern, lines: 2, keys: [["prgkey", 3]], defaults: "none" },
  "6865i": {
    version: modern,
    lines: 24,
    keys: [["prgkey", 8]],
    moduleKeys: module68,
    defaults: "screen"
  },
  "6867i": screenPhone(20, 18),
  "6869i": screenPhone(44, 24),
  "6873i": screenPhone(48, 24),
  "6905": { version: modern, lines: 2, keys: [["prgkey", 3]], defaults: "screen" },
  "6910": { version: modern, lines: 2, keys: [["prgkey", 8]], defaults: "screen" },
  "6915": screenPhone(10),
  "6920": screenPhone(10),
  "6920w": screenPhone(10),
  "6930": screenPhone(22),
  "6930w": screenPhone(22),
  "6940": screenPhone(24),
  "6940w": screenPhone(24),
  "9143i": { version: classic, lines: 9, keys: [["prgkey", 7]], defaults: "classic", switchboard: true },
  "9480i": { version: classic, lines: 9, keys: [["softkey", 6]], defaults: "classic", switchboard: true }
}

function screenPhone(top: number, bottom?: number): Model {
  const keys: ReadonlyArray<KeyGroup> =
    bottom === undefined
      ? [["topsoftkey", top]]
      : [
          ["topsoftkey", top],
          ["softkey", bottom]
        ]
  return { version: modern, lines: 24, keys, moduleKeys: module68, defaults: "screen" }
}

/** The phone's own keys, without those of modules. */
const keyCount = (model: Model): number => model.keys.reduce((sum, [, count]) => sum + count, 0)

/** What the phone calls a function key; undefined: it has no such key. */
export const keyName = (model: Model, key: number): string | undefined => {
  let left = key
  for (const [name, count] of model.keys) {
    if (left <= count) return `${name}${left}`
    left -= count
  }
  const perModule = model.moduleKeys
  if (perModule === undefined || left > modules * perModule) return undefined
  return `expmod${Math.ceil(left / perModule)} key${((left - 1) % perModule) + 1}`
}

/** What a model can do, as plugins declare it (contracts/provisioning.md 7.2). */
export const capabilityOf = (model: Model): Capability => ({
  lines: model.lines,
  high_availability: true,
  function_keys: keyCount(model),
  expansion_modules: model.moduleKeys === undefined ? 0 : modules,
  switchboard: model.switchboard === true,
  protocol: "sip",
  type: "deskphone"
})
