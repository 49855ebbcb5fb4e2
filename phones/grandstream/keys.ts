import { sortedKeys, type NumberedKey } from "../kit/keys.ts"
import type { NumberedLine } from "../kit/lines.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import type { Model } from "./models.ts"

/** The settings of one function key of a phone with numbered settings, and their values. */
export interface ValueKey {
  readonly codes: Readonly<Record<"mode" | "account" | "label" | "value", string>>
  readonly mode: number
  /** From 0. */
  readonly account: number
  readonly label: string
  readonly value: string
}

/** One function key of a phone with named settings. */
export interface NamedKey {
  readonly section: "vpk" | "mpk"
  readonly key: number
  readonly mode: string
  readonly account: string | number
  readonly label: string
  readonly value: string
}

/**
 * The function keys as numbered settings (contracts/provisioning-vendors.md, section 9). The first seven keys have
 * theirs from P301 and P323 on; phones with keys beside the display have a second range from P23000 on.
 */
export const valueKeys = (model: Model, config: RawConfig): ReadonlyArray<ValueKey> =>
  sortedKeys(config).flatMap((key) => [
    ...(key.key <= model.displayKeys ? [valueKey(key, displayCodes(key.key))] : []),
    ...(key.key <= model.sideKeys ? [valueKey(key, sideCodes(key.key))] : [])
  ])

const displayCodes = (key: number): ValueKey["codes"] => ({
  mode: `P32${key + 2}`,
  account: code(3 * key - 2),
  label: code(3 * key - 1),
  value: code(3 * key)
})

const code = (offset: number) => `P3${String(offset).padStart(2, "0")}`

const sideCodes = (key: number): ValueKey["codes"] => {
  const first = 23_000 + 5 * (key - 1)
  return { mode: `P${first}`, account: `P${first + 1}`, label: `P${first + 2}`, value: `P${first + 3}` }
}

const valueKey = (key: NumberedKey, codes: ValueKey["codes"]): ValueKey => ({
  codes,
  mode: { speeddial: 0, blf: 1, park: 9 }[key.type],
  account: (key.line ?? 1) - 1,
  label: key.label,
  value: key.value
})

/**
 * Every key of a phone with named settings: a key whose number is that of a line is the line's, then come the function
 * keys, and what is left does nothing. Function keys beyond those of the display are the keys beside it.
 */
export const namedKeys = (
  model: Model,
  config: RawConfig,
  lines: ReadonlyArray<NumberedLine>
): ReadonlyArray<NamedKey> => {
  const byNumber = new Map(sortedKeys(config).map((key) => [key.key, key]))
  const accounts = new Map(lines.map((line) => [line.line, line]))
  const display = range(model.displayKeys).map((key) => {
    const line = accounts.get(key)
    return line === undefined ? namedKey("vpk", key, byNumber.get(key)) : lineKey(key, line)
  })
  const side = range(model.sideKeys).map((key) => namedKey("mpk", key, byNumber.get(model.displayKeys + key)))
  return [...display, ...side]
}

const lineKey = (key: number, line: NumberedLine): NamedKey => ({
  section: "vpk",
  key,
  mode: "Line",
  account: line.line - 1,
  label: line.number ?? "",
  value: ""
})

const namedKey = (section: NamedKey["section"], key: number, of: NumberedKey | undefined): NamedKey => {
  const line = of?.line ?? 1
  return {
    section,
    key,
    mode: of === undefined ? "None" : { speeddial: "SpeedDial", blf: "BLF", park: "CallPark" }[of.type],
    account: section === "vpk" ? line - 1 : `Account${line}`,
    label: of?.label ?? "",
    value: of?.value ?? ""
  }
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
