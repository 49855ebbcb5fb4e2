import type { DeviceDocument } from "../../schemas/provd/device.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { macOf, textOf } from "../kit/device.ts"
import { byLocale } from "../kit/locale.ts"

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

/** What the phone calls the language and the tones of a config's locale. */
export const snomLocale = (config: RawConfig): Locale | undefined => byLocale(config, locales)

const locales: Readonly<Record<string, Locale>> = {
  de: { language: "Deutsch", tones: "GER" },
  en: { language: "English", tones: "USA" },
  en_GB: { language: "English", tones: "GBR" },
  es: { language: "Espanol", tones: "ESP" },
  fr: { language: "Français", tones: "FRA" },
  fr_CA: { language: "Français", tones: "USA" },
  it: { language: "Italiano", tones: "ITA" },
  nl: { language: "Nederlands", tones: "NLD" }
}
