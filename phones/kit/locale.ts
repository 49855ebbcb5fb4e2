import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"

/** The language and the country that a phone speaks. */
export interface Locale {
  /** `fr`. */
  readonly language: string
  /** `FR`. */
  readonly country: string
  /** `fr_FR`. */
  readonly name: string
}

/** What the config says of the locale, without what may follow it; undefined: nothing. */
export const localeOf = (config: RawConfig): Locale | undefined => {
  const [name, language, country] = /^([a-z]{2})_([A-Z]{2})/.exec(config.locale ?? "") ?? []
  if (name === undefined || language === undefined || country === undefined) return undefined
  return { name, language, country }
}

/** The entry of a table for `fr_CA`, else for `fr`; undefined: none, or there is no locale. */
export const byLocale = <Value>(
  config: RawConfig,
  table: Readonly<Record<string, Value>>
): Value | undefined => {
  const locale = localeOf(config)
  if (locale === undefined) return undefined
  return Object.hasOwn(table, locale.name) ? table[locale.name] : ownOf(table, locale.language)
}

/** The entry of a table that is its own, for keys that come from outside. */
export const ownOf = <Value>(
  table: Readonly<Record<string, Value>>,
  key: string | undefined
): Value | undefined => (key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined)
