import { Effect } from "effect"
import { createReadStream } from "node:fs"
import { Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGunzip } from "node:zlib"
import { Unpack } from "tar"
import { ArchiveRefused, type ArchiveLimits, innerPath, refused, tally } from "./archive-refused.ts"

export interface UntarOptions {
  readonly file: string
  /** An existing, empty folder. After a refusal it holds what had been unfolded before; the caller removes it. */
  readonly into: string
  readonly limits: ArchiveLimits
  readonly compression: "gzip" | "none"
  /** Every entry must lie in this folder. */
  readonly top?: string
}

/**
 * Unfolds a tar archive: files and folders only, readable by all. Refused are links, devices, paths that leave the
 * folder, archives that are damaged, truncated or larger than the limits.
 */
export const untar = (options: UntarOptions): Effect.Effect<void, ArchiveRefused> =>
  Effect.tryPromise({ try: (signal) => unfold(options, signal), catch: refused })

const unfold = async (options: UntarOptions, signal: AbortSignal): Promise<void> => {
  const { add } = tally(options.limits)
  let refusal: unknown
  const unpack = new Unpack({
    cwd: options.into,
    strict: true,
    preserveOwner: false,
    filter: (path, entry) => {
      if (refusal !== undefined || !("type" in entry)) return false
      try {
        add(entry.size)
        checkEntry(path, entry.type, options.top)
        entry.mode = entry.type === "Directory" ? 0o755 : 0o644
        return innerPath(path) !== ""
      } catch (error) {
        refusal = error
        return false
      }
    }
  })
  // The library knows compressed archives by their first bytes; what comes to it is not compressed any more.
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(refusal instanceof Error ? refusal : undefined, chunk)
    }
  })
  const source = createReadStream(options.file)
  const bytes = boundedBytes(options.limits)
  const stages =
    options.compression === "gzip"
      ? [source, createGunzip(), bytes, guard, unpack]
      : [source, bytes, guard, unpack]
  const outcome = await pipeline(stages, { signal }).then(
    () => undefined,
    (error: unknown) => error
  )
  // The refusal says more than what the library makes of it.
  const failure = refusal ?? outcome
  if (failure !== undefined) throw failure
}

const fileTypes: ReadonlySet<string> = new Set(["File", "OldFile", "ContiguousFile", "Directory"])

const checkEntry = (path: string, type: string, top: string | undefined): void => {
  const inner = innerPath(path)
  if (!fileTypes.has(type))
    throw new ArchiveRefused({ message: `an entry is a ${type}, not a file or folder` })
  if (top !== undefined && inner !== "" && inner !== top && !inner.startsWith(`${top}/`))
    throw new ArchiveRefused({ message: `an entry lies outside of the folder ${top}` })
}

/** Ends an archive that unfolds without end, and one within another. */
const boundedBytes = (limits: ArchiveLimits): Transform => {
  // Headers and padding come to less than this for each entry.
  let left = limits.bytes + (limits.entries + 2) * 4_096
  let first = true
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length
      if (first && isCompressed(chunk)) return done(new ArchiveRefused({ message: "it is compressed twice" }))
      first = false
      if (left < 0)
        return done(new ArchiveRefused({ message: `it unfolds to more than ${limits.bytes} bytes` }))
      done(undefined, chunk)
    }
  })
}

const magic = [Buffer.from([0x1f, 0x8b]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])]
const isCompressed = (chunk: Buffer): boolean =>
  magic.some((bytes) => chunk.subarray(0, bytes.length).equals(bytes))
