import { Effect, Schema } from "effect"
import { readFile } from "node:fs/promises"
import type { JsonObject } from "../../../schemas/provd/device.ts"
import { isInnerPath } from "./plugin-answers.ts"
import { CorruptIndex } from "./plugin-errors.ts"

/** Bytes of a repository's index. */
export const largestIndex = 16 * 1024 * 1024

const Digest = (digits: number) =>
  Schema.String.check(Schema.isPattern(new RegExp(`^[0-9a-fA-F]{${digits}}$`)))

/** An archive as the index of a repository offers it (contracts/provisioning.md 7.1). */
const IndexEntry = Schema.StructWithRest(
  Schema.Struct({
    filename: Schema.String.check(Schema.makeFilter(isInnerPath)),
    version: Schema.String,
    description: Schema.String,
    capabilities: Schema.Record(Schema.String, Schema.Unknown),
    dsize: Schema.Int,
    sha1sum: Digest(40),
    sha256sum: Schema.optionalKey(Digest(64))
  }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)

/** A plugin that a repository offers. */
export interface OfferedPlugin {
  readonly filename: string
  readonly dsize: number
  readonly sha1sum: string
  readonly sha256sum: string | undefined
  /** The entry as it came. */
  readonly document: JsonObject
}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Record(Schema.String, IndexEntry)))

/** The plugins that the stored index offers, by id; none before the first update. */
export const readIndex = (file: string): Effect.Effect<ReadonlyMap<string, OfferedPlugin>, CorruptIndex> =>
  Effect.gen(function* () {
    const text = yield* Effect.promise(() => readFile(file, "utf8").catch(() => "{}"))
    const entries = yield* Effect.mapError(
      decode(text),
      () =>
        new CorruptIndex({ message: "the index of the repository is damaged, or an entry of it lacks a key" })
    )
    return new Map(
      Object.entries(entries).map(([id, entry]) => [
        id,
        {
          filename: entry.filename,
          dsize: entry.dsize,
          sha1sum: entry.sha1sum.toLowerCase(),
          sha256sum: entry.sha256sum?.toLowerCase(),
          // It was read from JSON.
          document: entry as JsonObject
        }
      ])
    )
  })

/** Whether a text can be the index of a repository: a JSON object of objects. */
export const looksLikeIndex = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** `<server>/<name>`, with one slash between them. */
export const addressIn = (server: string, name: string): string =>
  `${server.replace(/\/*$/, "/")}${name.split("/").map(encodeURIComponent).join("/")}`
