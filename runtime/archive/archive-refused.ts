import { Data } from "effect"

/** An archive is damaged, too large, or would write outside of its folder. The message says what is wrong with it. */
export class ArchiveRefused extends Data.TaggedError("ArchiveRefused")<{ readonly message: string }> {}

/** What an archive may unfold to. */
export interface ArchiveLimits {
  /** Bytes of all its files. */
  readonly bytes: number
  /** Files and folders. */
  readonly entries: number
}

/** Keeps count of what an archive unfolds to; `add` throws `ArchiveRefused` where a limit is passed. */
export const tally = (limits: ArchiveLimits) => {
  let bytes = 0
  let entries = 0
  return {
    add: (size: number) => {
      bytes += size
      entries += 1
      if (entries > limits.entries)
        throw new ArchiveRefused({ message: `it has more than ${limits.entries} entries` })
      if (bytes > limits.bytes)
        throw new ArchiveRefused({ message: `it unfolds to more than ${limits.bytes} bytes` })
    }
  }
}

/** The path of an entry without `./` in front and `/` behind. Throws `ArchiveRefused` when it leaves its folder. */
export const innerPath = (path: string): string => {
  const bare = path.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "")
  const parts = bare.split("/")
  if (path.startsWith("/") || /[\0\\]/.test(path) || parts.some((part) => part === ".."))
    throw new ArchiveRefused({ message: "an entry lies outside of its folder" })
  return parts.filter((part) => part !== "" && part !== ".").join("/")
}

/** The words of what a library threw, as a refusal. */
export const refused = (error: unknown): ArchiveRefused =>
  error instanceof ArchiveRefused
    ? error
    : new ArchiveRefused({ message: error instanceof Error ? error.message : String(error) })
