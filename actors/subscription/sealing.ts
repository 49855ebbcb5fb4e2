import { Context, Effect, Layer, Redacted } from "effect"
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { AppConfig } from "../../runtime/config.ts"

/**
 * Keeps the secrets of subscriptions unreadable in the database (contracts/webhooks.md 15.2): AES-256-GCM with a key
 * that is not in it. The key comes from `STROWGER_TOKEN_KEY`, which the nodes of a cluster share; without it from a
 * file of the data folder that the first start writes.
 */
export class Sealing extends Context.Service<
  Sealing,
  {
    readonly seal: (text: string) => string
    /** Undefined: it was sealed with another key. */
    readonly open: (sealed: string) => string | undefined
  }
>()("strowger/actors/subscription/Sealing") {
  static readonly layer: Layer.Layer<Sealing, never, AppConfig> = Layer.effect(
    Sealing,
    Effect.gen(function* () {
      const { tokenKey, dataDir } = yield* AppConfig
      const configured = Redacted.value(tokenKey)
      const source =
        configured === "" ? yield* Effect.promise(() => keyFile(dataDir)) : Buffer.from(configured)
      const key = Buffer.from(hkdfSync("sha256", source, "", "strowger webhook secrets", 32))
      return { seal: (text) => seal(key, text), open: (sealed) => open(key, sealed) }
    })
  )
}

const seal = (key: Buffer, text: string): string => {
  const nonce = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64")
}

const open = (key: Buffer, sealed: string): string | undefined => {
  const bytes = Buffer.from(sealed, "base64")
  try {
    const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12))
    cipher.setAuthTag(bytes.subarray(12, 28))
    return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString("utf8")
  } catch {
    return undefined
  }
}

/** Two starters at once agree on the first. */
const keyFile = async (folder: string): Promise<Buffer> => {
  const file = join(folder, "webhook.key")
  await mkdir(folder, { recursive: true })
  try {
    await writeFile(file, randomBytes(32).toString("base64"), { flag: "wx", mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  }
  return Buffer.from(await readFile(file, "utf8"), "base64")
}
