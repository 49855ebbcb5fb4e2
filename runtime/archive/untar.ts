import { Effect } from "effect"
import { spawn } from "node:child_process"
import { createReadStream } from "node:fs"
import { Duplex, Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGunzip } from "node:zlib"
import { Parser, Unpack } from "tar"
import { ArchiveRefused, type ArchiveLimits, innerPath, refused, tally } from "./archive-refused.ts"

/** What to unfold, where to, and how much of it. */
export interface UntarOptions {
  readonly file: string
  /** An existing, empty folder. Nothing is written into it before the whole archive is found to be good. */
  readonly into: string
  readonly limits: ArchiveLimits
  /** `bzip2` needs the program of that name. */
  readonly compression: "gzip" | "bzip2" | "none"
  /** Every entry must lie in this folder. */
  readonly top?: string
}

/**
 * Unfolds a tar archive: files and folders only, readable by all. Refused are links, devices, paths that leave the
 * folder, archives that are damaged, truncated or larger than the limits.
 */
export const untar = (options: UntarOptions): Effect.Effect<void, ArchiveRefused> =>
  Effect.tryPromise({ try: (signal) => unfold(options, signal), catch: refused })

/** An archive is read to its end before anything of it is written. */
const unfold = async (options: UntarOptions, signal: AbortSignal): Promise<void> => {
  const { add } = tally(options.limits)
  let refusal: unknown
  const inspect = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      try {
        add(entry.size)
        checkEntry(entry.path, entry.type, options.top)
      } catch (error) {
        refusal ??= error
      }
      entry.resume()
    }
  })
  const failure = await flow(options, inspect, () => refusal, signal)
  // The refusal says more than what the library makes of it.
  if (refusal !== undefined || failure !== undefined) throw refusal ?? failure

  const unpack = new Unpack({
    cwd: options.into,
    strict: true,
    preserveOwner: false,
    filter: (path, entry) => {
      if ("type" in entry) entry.mode = entry.type === "Directory" ? 0o755 : 0o644
      return innerPath(path) !== ""
    }
  })
  const broken = await flow(options, unpack, () => undefined, signal)
  if (broken !== undefined) throw broken
}

/** Brings the archive, unfolded, to the library; gives what went wrong. Ends as soon as there is a refusal. */
const flow = (
  { file, limits, compression }: UntarOptions,
  sink: Parser,
  refusal: () => unknown,
  signal: AbortSignal
): Promise<unknown> => {
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const reason = refusal()
      done(reason instanceof Error ? reason : undefined, chunk)
    }
  })
  const source = createReadStream(file)
  const bytes = boundedBytes(limits)
  // Takes chunks and ends as a stream of Node does, and its types do not say so.
  const end = sink as unknown as NodeJS.WritableStream
  return pipeline([source, ...decompression(compression), bytes, guard, end], { signal }).then(
    () => undefined,
    (error: unknown) => error
  )
}

const decompression = (compression: UntarOptions["compression"]): ReadonlyArray<Duplex> => {
  switch (compression) {
    case "gzip":
      return [createGunzip()]
    case "bzip2":
      return [bunzip2()]
    case "none":
      return []
  }
}

/** Node.js does not know bzip2. */
const bunzip2 = (): Duplex => {
  const program = spawn("bzip2", ["--decompress", "--stdout"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { PATH: process.env["PATH"] ?? "" }
  })
  const stream = Duplex.from({ readable: program.stdout, writable: program.stdin })
  program.once("error", () => stream.destroy(new ArchiveRefused({ message: "bzip2 is not installed" })))
  program.once("exit", (code) => {
    if (code !== 0) stream.destroy(new ArchiveRefused({ message: "it is damaged" }))
  })
  stream.once("close", () => program.kill())
  return stream
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
