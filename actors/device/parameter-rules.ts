/** What a parameter is set to: a text, or null for nothing. */
export type ParameterRead = { readonly value: string | null } | { readonly problem: string }

/** Reads the value of a parameter as clients write it (contracts/provisioning.md 6.5); undefined: there is no such one. */
export const readParameter = (id: string, value: unknown): ParameterRead | undefined =>
  Object.hasOwn(rules, id) ? rules[id]?.(value) : undefined

const nothing: ParameterRead = { value: null }
const refused = (problem: string): ParameterRead => ({ problem })

/** A text that passes, or null. */
const textThat =
  (fits: (text: string) => boolean, expected: string) =>
  (value: unknown): ParameterRead => {
    if (value === null) return nothing
    return typeof value === "string" && value.length <= longest && fits(value)
      ? { value }
      : refused(`${expected} is expected`)
  }

const longest = 2_048

const isUrl = (text: string): boolean =>
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+\S*$/i.test(text) && URL.canParse(text) && new URL(text).host !== ""

const isProxyUrl = (text: string): boolean => /^[^/]+:\/\/[^/?#]+$/.test(text) && isUrl(text)

const emptyIsNothing =
  (read: (value: unknown) => ParameterRead) =>
  (value: unknown): ParameterRead =>
    value === "" ? nothing : read(value)

const readNat = (value: unknown): ParameterRead => {
  if (value === null) return nothing
  return value === "0" || value === "1" || value === 0 || value === 1
    ? { value: String(value) }
    : refused("0 or 1 is expected")
}

const rules: Readonly<Record<string, (value: unknown) => ParameterRead>> = {
  plugin_server: textThat(isUrl, "a URL"),
  http_proxy: textThat(isProxyUrl, "a URL without a path"),
  ftp_proxy: textThat(isProxyUrl, "a URL without a path"),
  https_proxy: textThat((text) => /^([A-Za-z0-9_.-]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(text), "host:port"),
  locale: emptyIsNothing(textThat((text) => /^[a-z]{2,3}(_[A-Z]{2,3})?$/.test(text), "a locale like fr_FR")),
  NAT: readNat,
  provisioning_key: emptyIsNothing(
    textThat(
      (text) => /^[A-Za-z0-9$~.-]{8,256}$/.test(text),
      "a text of 8 to 256 letters, digits and $ ~ . -"
    )
  )
}
