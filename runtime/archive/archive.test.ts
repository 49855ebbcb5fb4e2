import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll } from "vitest"
import { type MadeEntry, tarOf, tgzOf, zipOf } from "./fixture.ts"
import { untar } from "./untar.ts"
import { unzip } from "./unzip.ts"

const root = mkdtempSync(join(tmpdir(), "strowger-archive-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let count = 0
const place = (bytes: Uint8Array) => {
  const folder = join(root, String(++count))
  const made = { file: join(folder, "archive"), into: join(folder, "outer", "into"), folder }
  mkdirSync(made.into, { recursive: true })
  writeFileSync(made.file, bytes)
  return made
}

const limits = { bytes: 100_000, entries: 20 }
const plugin: ReadonlyArray<MadeEntry> = [
  { path: "acme/", type: "Directory" },
  { path: "acme/plugin-info", content: "{}" },
  { path: "acme/templates/base.tpl", content: "x".repeat(2_000) }
]

/** The archive of `plugin`, compressed with bzip2. */
const bzip2Archive = Buffer.from(
  "QlpoOTFBWSZTWUcsleoAAH1fktMCQAP/hAAgQAh7p95KBAAIAAAIIACSEepU8JNG1BoPU0GhoPT1TQbUVM0jTI0aekNGgGIZKZTnbzRukUCBl/fUAKRXjCTsyEoJDFhQRi5VGZyz54WDKU1pkiZx0kMWnEc6dbtEBlU9yjlSvpCD+W19Wy2Lxc1ThxARFyniYX9sCdCKXNT0xQvZGr0SkRXSSHux1sWhu/IiC5THKgofxdyRThQkEcsleoA=",
  "base64"
)

const untarred = (
  bytes: Uint8Array,
  own: { readonly compression?: "none" | "bzip2"; readonly top?: string } = {}
) => {
  const { file, into, folder } = place(bytes)
  return Effect.as(untar({ file, into, limits, compression: "gzip", ...own }), { into, folder })
}
const unzipped = (bytes: Uint8Array) => {
  const { file, into, folder } = place(bytes)
  return Effect.as(unzip({ file, into, limits }), { into, folder })
}

/** The archive is refused with these words, and nothing lies outside of the folder it was to be unfolded in. */
const refuses = (run: typeof unzipped | typeof untarred, bytes: Uint8Array, words: RegExp) =>
  Effect.gen(function* () {
    const folder = join(root, String(count + 1))
    const { message } = yield* Effect.flip(run(bytes))
    assert.match(message, words)
    assert.deepStrictEqual(readdirSync(join(folder, "outer")), ["into"])
    assert.deepStrictEqual(readdirSync(folder).sort(), ["archive", "outer"])
  })

describe("tar archives", () => {
  it.live("are unfolded, files readable and not executable", () =>
    Effect.gen(function* () {
      for (const { into } of [
        yield* untarred(tgzOf(plugin), { top: "acme" }),
        yield* untarred(tarOf(plugin), { compression: "none" }),
        yield* untarred(tgzOf(plugin.map((entry) => ({ ...entry, path: `./${entry.path}` }))), {
          top: "acme"
        })
      ]) {
        assert.strictEqual(readFileSync(join(into, "acme/plugin-info"), "utf8"), "{}")
        assert.strictEqual(readFileSync(join(into, "acme/templates/base.tpl"), "utf8").length, 2_000)
        assert.strictEqual(statSync(join(into, "acme/plugin-info")).mode & 0o7777, 0o644)
      }
    })
  )

  it.live("compressed with bzip2 are unfolded where that program is installed, and refused elsewhere", () =>
    Effect.gen(function* () {
      const bzip2 = (bytes: Uint8Array) => untarred(bytes, { compression: "bzip2" })
      if (spawnSync("bzip2", ["--help"]).error !== undefined)
        return yield* refuses(bzip2, bzip2Archive, /bzip2 is not installed/)
      const { into } = yield* bzip2(bzip2Archive)
      assert.strictEqual(readFileSync(join(into, "acme/plugin-info"), "utf8"), "{}")
      yield* refuses(bzip2, bzip2Archive.subarray(0, bzip2Archive.length - 20), /./)
      yield* refuses(bzip2, tgzOf(plugin), /./)
    })
  )

  it.live("are refused when an entry leaves its folder", () =>
    Effect.gen(function* () {
      const evil = (entry: MadeEntry) => tgzOf([...plugin, entry])
      yield* refuses(untarred, evil({ path: "../evil", content: "x" }), /outside/)
      yield* refuses(untarred, evil({ path: "acme/../../evil", content: "x" }), /outside/)
      yield* refuses(untarred, evil({ path: "/tmp/strowger-evil", content: "x" }), /outside/)
      yield* refuses(untarred, evil({ path: "acme\\..\\evil", content: "x" }), /outside/)
      const top = (bytes: Uint8Array) => untarred(bytes, { top: "acme" })
      yield* refuses(top, evil({ path: "other/file", content: "x" }), /outside of the folder acme/)
      yield* refuses(top, evil({ path: "acme2/file", content: "x" }), /outside of the folder acme/)
    })
  )

  it.live("are refused when they hold links or devices", () =>
    Effect.gen(function* () {
      for (const type of ["SymbolicLink", "Link", "CharacterDevice"] as const) {
        const target = type === "CharacterDevice" ? {} : { linkpath: "/etc/passwd" }
        const link: MadeEntry = { path: "acme/link", type, ...target }
        yield* refuses(untarred, tgzOf([...plugin, link]), new RegExp(type))
      }
    })
  )

  it.live("are refused when they unfold to too much", () =>
    Effect.gen(function* () {
      yield* refuses(
        untarred,
        tgzOf([{ path: "acme/big", content: new Uint8Array(100_001) }]),
        /100000 bytes/
      )
      yield* refuses(untarred, tgzOf([{ path: "acme/big", size: 2 ** 40 }]), /100000 bytes/)
      yield* refuses(untarred, gzipSync(new Uint8Array(10_000_000)), /100000 bytes|Unrecognized/)
      yield* refuses(
        untarred,
        gzipSync(Buffer.concat([tarOf(plugin), Buffer.alloc(10_000_000)])),
        /100000 bytes/
      )
      yield* refuses(untarred, gzipSync(tgzOf(plugin)), /compressed twice/)
      const many = Array.from({ length: 21 }, (_, index) => ({ path: `acme/${index}` }))
      yield* refuses(untarred, tgzOf(many), /20 entries/)
    })
  )

  it.live("are refused when they are truncated or no archives", () =>
    Effect.gen(function* () {
      const good = tgzOf(plugin)
      yield* refuses(untarred, good.subarray(0, good.length - 20), /./)
      yield* refuses(untarred, gzipSync(tarOf(plugin).subarray(0, 2_500)), /./)
      yield* refuses(untarred, Buffer.from("<html>not found</html>"), /./)
      yield* refuses(untarred, gzipSync("<html>not found</html>"), /./)
      yield* refuses(untarred, new Uint8Array(0), /./)
    })
  )
})

describe("zip archives", () => {
  const files: ReadonlyArray<MadeEntry> = [
    { path: "fw/" },
    { path: "fw/a.rom", content: "rom" },
    { path: "b.txt", content: "text" }
  ]

  it.live("are unfolded", () =>
    Effect.gen(function* () {
      const { into } = yield* unzipped(zipOf(files))
      assert.strictEqual(readFileSync(join(into, "fw/a.rom"), "utf8"), "rom")
      assert.strictEqual(readFileSync(join(into, "b.txt"), "utf8"), "text")
    })
  )

  it.live("are refused when an entry leaves its folder, is a link, or is there twice", () =>
    Effect.gen(function* () {
      const evil = (entry: MadeEntry) => zipOf([...files, entry])
      yield* refuses(unzipped, evil({ path: "../evil", content: "x" }), /./)
      yield* refuses(unzipped, evil({ path: "fw/../../evil", content: "x" }), /./)
      yield* refuses(unzipped, evil({ path: "/tmp/strowger-evil", content: "x" }), /./)
      yield* refuses(unzipped, evil({ path: "..\\evil", content: "x" }), /./)
      yield* refuses(
        unzipped,
        evil({ path: "link", type: "SymbolicLink", content: "/etc" }),
        /neither a file/
      )
      yield* refuses(unzipped, evil({ path: "b.txt", content: "x" }), /EEXIST/)
    })
  )

  it.live("are refused when they unfold to too much, are truncated or no archives", () =>
    Effect.gen(function* () {
      yield* refuses(unzipped, zipOf([{ path: "big", content: new Uint8Array(100_001) }]), /100000 bytes/)
      yield* refuses(unzipped, zipOf(Array.from({ length: 21 }, (_, n) => ({ path: `${n}` }))), /20 entries/)
      yield* refuses(unzipped, zipOf([{ path: "lies", content: "abc", size: 2 }]), /./)
      const good = zipOf(files)
      yield* refuses(unzipped, good.subarray(0, good.length - 30), /./)
      yield* refuses(unzipped, good.subarray(60), /./)
      yield* refuses(unzipped, Buffer.from("<html>not found</html>"), /./)
    })
  )
})
