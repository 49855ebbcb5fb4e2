import { createHmac, randomBytes } from "node:crypto"

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

/** The `webhook-signature` of an attempt, one `v1` for each secret (Standard Webhooks 1.0.0). */
export const signature = ({ id, timestamp, body }: Signed, secrets: ReadonlyArray<string>): string =>
  secrets
    .flatMap((secret) => secretBytes(secret) ?? [])
    .map(
      (key) => `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`
    )
    .join(" ")
