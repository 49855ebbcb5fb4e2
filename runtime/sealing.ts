import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from "node:crypto"

/** Keeps secrets that must be read again, so that a copy of the database shows none of them. */
export interface Sealed {
  /** `purpose` names what the secret belongs to; sealed for one it cannot be opened for another. */
  readonly seal: (purpose: string, secret: string) => string
  /** Undefined: sealed with another key or for another purpose, or tampered with. */
  readonly open: (purpose: string, sealed: string) => string | undefined
}

/** AES-256-GCM with a key that HKDF derives from a source for one use (RFC 5869): uses of one source share no key. */
export const makeSealing = (source: Buffer, use: string): Sealed => {
  const key = createSecretKey(Buffer.from(hkdfSync("sha256", source, "", use, 32)))
  return {
    seal: (purpose, secret) => {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(purpose))
      const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64")
    },
    open: (purpose, sealed) => {
      const bytes = Buffer.from(sealed, "base64")
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceLength), {
          authTagLength: tagLength
        })
          .setAAD(Buffer.from(purpose))
          .setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength))
        const text = decipher.update(bytes.subarray(nonceLength + tagLength))
        return Buffer.concat([text, decipher.final()]).toString("utf8")
      } catch {
        return undefined
      }
    }
  }
}

const nonceLength = 12
const tagLength = 16
