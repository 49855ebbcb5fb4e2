import type { DeviceDocument } from "../../schemas/provd/device.ts"
import { macOf, textOf } from "../kit/device.ts"

/** The names of a phone's two files: the first only leads to the second. */
export const snomFileNames = (
  model: string,
  mac: string
): { readonly htm: string; readonly xml: string } => ({
  htm: `snom${model}-${mac.toUpperCase()}.htm`,
  xml: `${mac.toUpperCase()}.xml`
})

/** The file by whose request a phone shows that it takes its configuration. */
export const snomTrigger = (device: DeviceDocument): string | undefined => {
  const mac = macOf(device)
  const model = textOf(device, "model")
  return mac === undefined || model === undefined ? undefined : snomFileNames(model, mac).xml
}

/** Whether a file holds secrets. */
export const isSnomSecret = (name: string): boolean => /^[0-9A-F]{12}\.xml/.test(name)

/** Below 0 when the first of two versions is the older one: `05.20.0001`, `10.1.198.19`. */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [a, b].map((version) =>
    version.split(".").map((part) => Number.parseInt(part, 10) || 0)
  )
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

interface Locale {
  readonly language: string
  /** The country of its tones and of its time zones. */
  readonly tones: string
}

/** By IETF-like locale of the config. */
export const snomLocale = (locale: string | null | undefined): Locale | undefined =>
  locales[(locale ?? "").slice(0, 5)]

const locales: Readonly<Record<string, Locale>> = {
  de_DE: { language: "Deutsch", tones: "GER" },
  en_US: { language: "English", tones: "USA" },
  es_ES: { language: "Espanol", tones: "ESP" },
  fr_FR: { language: "Français", tones: "FRA" },
  fr_CA: { language: "Français", tones: "USA" },
  it_IT: { language: "Italiano", tones: "ITA" },
  nl_NL: { language: "Nederlands", tones: "NLD" }
}
