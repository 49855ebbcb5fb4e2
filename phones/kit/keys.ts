import type { FunctionKey, RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { numbered } from "./lines.ts"

/** A function key with what every phone needs of it filled in. */
export interface NumberedKey {
  /** From 1. */
  readonly key: number
  readonly type: FunctionKey["type"]
  readonly value: string
  /** The value where no label was given (contracts/provisioning-vendors.md, "Common to all vendors"). */
  readonly label: string
  /** The line that the key works on; undefined: the vendor's default. */
  readonly line: number | undefined
}

/**
 * The function keys by number, smallest first. A park key without a value takes the parking extension; a key that has
 * none at all is left out.
 */
export const sortedKeys = (config: RawConfig): ReadonlyArray<NumberedKey> =>
  numbered(config.funckeys).flatMap(([key, { type, value, label, line }]) => {
    const target = value || (type === "park" ? config.exten_park : undefined)
    if (!target) return []
    return [{ key, type, value: target, label: label || target, line: lineOf(line) }]
  })

const lineOf = (line: string | null | undefined) => {
  const number = Number(line)
  return line && Number.isInteger(number) && number > 0 ? number : undefined
}
