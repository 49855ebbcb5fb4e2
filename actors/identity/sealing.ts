import { Context, Effect, Layer } from "effect"
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto"
import type { AppConfig } from "../../runtime/config.ts"
import { identityKey } from "./refresh-token-key.ts"

/**
 * Secrets of others that must be read again (passwords of service accounts, tokens of external accounts) are kept
 * sealed: AES-256-GCM with a key derived from that of the runtime, so a copy of the database shows none.
 *
 * **Gotchas**
 * `purpose` names the row that a secret belongs to; sealed for one it cannot be opened for another. With another
 * key, or after tampering, a secret cannot be opened any more: undefined.
 */
export class Sealing extends Context.Service<
  Sealing,
  {
    readonly seal: (purpose: string, secret: string) => string
    readonly open: (purpose: string, sealed: string) => string | undefined
  }
>()("strowger/actors/identity/Sealing") {
  static readonly layer: Layer.Layer<Sealing, never, AppConfig> = Layer.effect(
    Sealing,
    Effect.map(identityKey, (key) => makeSealing(key))
  )
}

export const makeSealing = (identityKey: Buffer): Sealing["Service"] => {
  const key = Buffer.from(hkdfSync("sha256", identityKey, "", "strowger sealed secrets", 32))
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
