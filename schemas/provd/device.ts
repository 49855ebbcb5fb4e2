/** What one request of a phone reveals of it (contracts/provisioning.md, section 1). Every key that is there is known. */
export interface DeviceInfo {
  readonly ip?: string
  /** `aa:bb:cc:dd:ee:ff`. */
  readonly mac?: string
  readonly sn?: string
  readonly uuid?: string
  readonly vendor?: string
  readonly model?: string
  readonly version?: string
}

/** What may be known of a phone. */
export const deviceInfoKeys = [
  "ip",
  "mac",
  "sn",
  "uuid",
  "vendor",
  "model",
  "version"
] as const satisfies ReadonlyArray<keyof DeviceInfo>

/** A value of a stored document. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
/** A stored document, or a part of one. */
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * A phone or gateway as it is stored and returned (contracts/provisioning.md 3.1). Unknown keys are kept. Where the
 * contract lets a number pass for a string the number is kept; who needs the text takes it with `String`.
 */
export interface DeviceDocument extends JsonObject {
  readonly id: string
  readonly tenant_uuid: string
  readonly is_new: boolean
  readonly configured: boolean
}

const macDigits = /^(?:[0-9a-f]{12}|[0-9a-f]{1,2}(?:([:-])[0-9a-f]{1,2})(?:\1[0-9a-f]{1,2}){4})$/i

/** Any usual notation of a MAC address as `aa:bb:cc:dd:ee:ff`; undefined: it is none. */
export const normalizeMac = (text: string): string | undefined => {
  if (!macDigits.test(text)) return undefined
  const pairs = /[:-]/.test(text)
    ? text.split(/[:-]/).map((pair) => pair.padStart(2, "0"))
    : (text.match(/../g) ?? [])
  return pairs.join(":").toLowerCase()
}

/** `80:5e:c0:aa:bb:cc` as `805ec0aabbcc`. */
export const macDigitsOf = (mac: string): string => mac.replaceAll(":", "")
