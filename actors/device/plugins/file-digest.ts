import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { pipeline } from "node:stream/promises"

/** The digest of a file in hex; undefined when there is no such file. */
export const fileDigest = async (file: string, algorithm: "sha1" | "sha256"): Promise<string | undefined> => {
  const hash = createHash(algorithm)
  try {
    await pipeline(createReadStream(file), hash)
    return hash.digest("hex")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
}
