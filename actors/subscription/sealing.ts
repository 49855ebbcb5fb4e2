import { Context, Effect, Layer, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { AppConfig } from "../../runtime/config.ts"
import { makeSealing } from "../../runtime/sealing.ts"

/**
 * Keeps the secrets of subscriptions unreadable in the database (contracts/webhooks.md 15.2). The key comes from
 * `STROWGER_TOKEN_KEY`, which the nodes of a cluster share; without it from a file of the data folder that the first
 * start writes.
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
      const { seal, open } = makeSealing(source, "strowger webhook secrets")
      return { seal: (text) => seal("", text), open: (sealed) => open("", sealed) }
    })
  )
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
