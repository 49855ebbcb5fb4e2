/**
 * Login and password of a Basic `Authorization` header (RFC 7617), as UTF-8 or else Latin-1; undefined for anything
 * that is not exactly that, or when one of the two is empty.
 */
export const basicCredentials = (
  header: string | undefined
): { readonly login: string; readonly password: string } | undefined => {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})\s*$/i.exec(header ?? "") ?? []
  if (encoded === undefined) return undefined
  const text = decode(Buffer.from(encoded, "base64"))
  const colon = text.indexOf(":")
  if (colon < 1 || colon === text.length - 1) return undefined
  return { login: text.slice(0, colon), password: text.slice(colon + 1) }
}

const decode = (bytes: Buffer): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return bytes.toString("latin1")
  }
}
