import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign
} from "node:crypto"

/** A fresh secret: `whsec_` and the base64 of 32 random bytes (contracts/webhooks.md 15.2). */
export const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`

/** The bytes of a secret; undefined when it is none of 24 to 64 bytes. */
export const secretBytes = (secret: string): Buffer | undefined => {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, "base64")
  return bytes.length >= 24 && bytes.length <= 64 ? bytes : undefined
}

/** What is signed of one attempt. */
export interface Signed {
  readonly id: string
  /** Unix seconds of the attempt. */
  readonly timestamp: number
  readonly body: Buffer
}

/** How calls are signed: with a shared secret (`v1`), with a private key (`v1a`), with both, or not at all. */
export type SignatureKind = "v1" | "v1a" | "both" | "none"

/** The `webhook-signature` of an attempt, for each secret the newest first (Standard Webhooks 1.0.0). */
export const signature = (
  { id, timestamp, body }: Signed,
  secrets: ReadonlyArray<string>,
  kind: SignatureKind
): string => {
  if (kind === "none") return ""
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
  return secrets
    .flatMap((secret) => keysOf(secret) ?? [])
    .flatMap((keys) => [
      ...(kind === "v1a" ? [] : [`v1,${createHmac("sha256", keys.shared).update(content).digest("base64")}`]),
      ...(kind === "v1" ? [] : [`v1a,${sign(null, content, keys.own()).toString("base64")}`])
    ])
    .join(" ")
}

interface Keys {
  readonly shared: KeyObject
  readonly own: () => KeyObject
}

/** Keys of secrets that were used of late: making one costs more than a signature. */
const recentKeys = new Map<string, Keys>()
const mostKeys = 5_000

const keysOf = (secret: string): Keys | undefined => {
  const known = recentKeys.get(secret)
  if (known !== undefined) return known
  const bytes = secretBytes(secret)
  if (bytes === undefined) return undefined
  let own: KeyObject | undefined
  const keys = { shared: createSecretKey(bytes), own: () => (own ??= privateKeyOf(bytes)) }
  if (recentKeys.size >= mostKeys) recentKeys.clear()
  recentKeys.set(secret, keys)
  return keys
}

/**
 * What a receiver verifies `v1a` with: `whpk_` and the base64 of the Ed25519 key that belongs to a secret. Who has it
 * cannot sign.
 */
export const publicKeyOf = (secret: string): string | undefined => {
  const key = secretBytes(secret)
  if (key === undefined) return undefined
  const encoded = createPublicKey(privateKeyOf(key)).export({ type: "spki", format: "der" })
  return `whpk_${encoded.subarray(-32).toString("base64")}`
}

/** The Ed25519 key of a secret: its seed is derived from it, so that it is rotated with it. */
const privateKeyOf = (secret: Buffer): KeyObject => {
  const seed = Buffer.from(hkdfSync("sha256", secret, "", "strowger webhook ed25519", 32))
  return createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: "der", type: "pkcs8" })
}

/** What stands before the seed in PKCS 8 (RFC 8410, 7). */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex")
