import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"

/** What a vendor's phones ask the phone directory for. */
export interface DirectoryPage {
  readonly entry: "input" | "lookup" | "menu"
  readonly vendor: string
  /** Put before the user's parameter: `term=&`. */
  readonly prefix?: string
  /** Put after it: `&term=#SEARCH`. */
  readonly suffix?: string
}

/** The address of the phone directory of a phone's user (contracts/provisioning.md, section 5); undefined: none. */
export const directoryUrl = (config: RawConfig, page: DirectoryPage): string | undefined => {
  const base = phonebookUrl(config)
  const user = userOf(config)
  if (base === undefined || user === undefined) return undefined
  const parameter = `${user.parameter}=${encodeURIComponent(user.uuid)}`
  return `${base}/directories/${page.entry}/default/${page.vendor}?${page.prefix ?? ""}${parameter}${page.suffix ?? ""}`
}

/** The address that turns a service (`dnd`) of the phone's user on or off; undefined: none. */
export const serviceUrl = (
  config: RawConfig,
  vendor: string,
  service: string,
  state: "enable" | "disable"
): string | undefined => {
  const base = phonebookUrl(config)
  const user = userOf(config)
  if (base === undefined || user === undefined) return undefined
  return `${base}/${vendor}/users/${encodeURIComponent(user.uuid)}/services/${service}/${state}`
}

/** Where the phone directory is, without a slash at the end: `http://192.0.2.10:9498/0.1`; undefined: unknown. */
export const phonebookUrl = (config: RawConfig): string | undefined => {
  const host = config.X_xivo_phonebook_ip || config.X_accent_phonebook_ip
  if (!host) return undefined
  const scheme = config.X_xivo_phonebook_scheme || "http"
  return `${scheme}://${bracketed(host)}:${config.X_xivo_phonebook_port || 9498}/0.1`
}

/** The user whose phone it is, with the name that the parameter has in the user's world; undefined: unknown. */
export const userOf = (
  config: RawConfig
): { readonly uuid: string; readonly parameter: string } | undefined => {
  if (config.X_xivo_user_uuid) return { uuid: config.X_xivo_user_uuid, parameter: "xivo_user_uuid" }
  if (config.X_accent_user_uuid) return { uuid: config.X_accent_user_uuid, parameter: "accent_user_uuid" }
  return undefined
}

/** An IPv6 address in brackets, anything else as it is. */
export const bracketed = (host: string): string =>
  host.includes(":") && !host.startsWith("[") ? `[${host}]` : host
