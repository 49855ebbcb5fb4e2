import { Context, Effect, Layer, Redacted } from "effect"
import { createHmac, randomBytes } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { AppConfig } from "../../runtime/config.ts"

/**
 * Refresh tokens are told to a client again and again (contracts/auth.md 6), yet the database holds only their
 * hashes: each is derived from its row's uuid with a key that is not in the database.
 *
 * **Details**
 * The key is `STROWGER_TOKEN_KEY`, which the nodes of a cluster share; without it a file of the data folder that
 * the first start writes. With another key the known refresh tokens go on working; a client that asks again for
 * one gets a new one in its place.
 */
export class RefreshTokenKey extends Context.Service<
  RefreshTokenKey,
  { readonly derive: (uuid: string) => string }
>()("strowger/actors/identity/RefreshTokenKey") {
  static readonly layer: Layer.Layer<RefreshTokenKey, never, AppConfig> = Layer.effect(
    RefreshTokenKey,
    Effect.gen(function* () {
      const key = yield* identityKey
      return { derive: (uuid) => uuidOf(createHmac("sha256", key).update(uuid).digest()) }
    })
  )
}

/** What every secret of identity is derived from: `STROWGER_TOKEN_KEY`, else the key of the data folder. */
export const identityKey: Effect.Effect<Buffer, never, AppConfig> = Effect.gen(function* () {
  const { tokenKey, dataDir } = yield* AppConfig
  const configured = Redacted.value(tokenKey)
  return configured === "" ? yield* Effect.promise(() => keyFile(dataDir)) : Buffer.from(configured)
})

/** The key of the data folder; two starters at once agree on the first. */
const keyFile = async (folder: string): Promise<Buffer> => {
  const file = join(folder, "token.key")
  await mkdir(folder, { recursive: true })
  try {
    await writeFile(file, randomBytes(32).toString("base64"), { flag: "wx", mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  }
  return Buffer.from(await readFile(file, "utf8"), "base64")
}

const uuidOf = (bytes: Buffer): string => {
  const version = ((bytes[6] ?? 0) & 0x0f) | 0x40
  const variant = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Buffer.from([
    ...bytes.subarray(0, 6),
    version,
    bytes[7] ?? 0,
    variant,
    ...bytes.subarray(9, 16)
  ]).toString("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
