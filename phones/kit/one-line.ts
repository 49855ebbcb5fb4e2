import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"

/**
 * The config with every text on one line and of printable characters, certificates and keys excepted: nothing that a
 * person types can add a line, and so a setting, to a phone's file.
 */
export const inOneLine = (config: RawConfig): RawConfig =>
  // The value keeps its shape: only texts change, and they stay texts.
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, pem.test(key) ? value : clean(value)])
  ) as unknown as RawConfig

const pem = /_(?:certificates?|key)$/
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\ufffe\uffff]+/gu

const clean = (value: unknown): unknown => {
  if (typeof value === "string") return value.replace(unprintable, " ")
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner)]))
  }
  return value
}
