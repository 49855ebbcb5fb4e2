import { Effect } from "effect"
import { createWriteStream } from "node:fs"
import { mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"
import { type Entry, openPromise, type ZipFile } from "yauzl"
import { ArchiveRefused, type ArchiveLimits, innerPath, refused, tally } from "./archive-refused.ts"

/** What to unfold, where to, and how much of it. */
export interface UnzipOptions {
  readonly file: string
  /** An existing folder. After a refusal it holds what had been unfolded before; the caller removes it. */
  readonly into: string
  readonly limits: ArchiveLimits
}

/**
 * Unfolds a zip archive: files and folders only. Refused are links, encrypted files, paths that leave the folder, and
 * archives that are damaged or larger than the limits.
 */
export const unzip = (options: UnzipOptions): Effect.Effect<void, ArchiveRefused> =>
  Effect.tryPromise({ try: (signal) => unfold(options, signal), catch: refused })

const unfold = async ({ file, into, limits }: UnzipOptions, signal: AbortSignal): Promise<void> => {
  const { add } = tally(limits)
  const zip = await openPromise(file, { autoClose: false, lazyEntries: true })
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted()
      add(entry.uncompressedSize)
      await unfoldEntry(zip, entry, into, signal)
    }
  } finally {
    zip.close()
  }
}

const unfoldEntry = async (zip: ZipFile, entry: Entry, into: string, signal: AbortSignal): Promise<void> => {
  const inner = innerPath(entry.fileName)
  const target = join(into, inner)
  if (entry.fileName.endsWith("/")) {
    await mkdir(target, { recursive: true })
    return
  }
  if (inner === "" || !isPlainFile(entry))
    throw new ArchiveRefused({ message: "an entry is neither a file nor a folder" })
  await mkdir(dirname(target), { recursive: true })
  const content = await zip.openReadStreamPromise(entry)
  await pipeline(content, createWriteStream(target, { flags: "wx" }), { signal })
}

/** The upper half of the attributes is a mode where the archive was made on Unix, and zero elsewhere. */
const isPlainFile = (entry: Entry): boolean => {
  const type = (entry.externalFileAttributes >>> 16) & 0o170_000
  return type === 0 || type === 0o100_000
}
