import { Effect } from "effect"
import { constants } from "node:fs"
import { copyFile, cp, mkdir, open, readdir } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { untar } from "../../../runtime/archive/untar.ts"
import { unzip } from "../../../runtime/archive/unzip.ts"
import type { PackageStep } from "./package-definitions.ts"
import { faultText } from "./fault-text.ts"
import { isInnerPath } from "./plugin-answers.ts"
import { InstallationFailed } from "./plugin-errors.ts"

/** What the archives of a package may unfold to: firmware of a family of phones comes to about one gigabyte. */
export const packageLimits = { bytes: 4 * 1024 ** 3, entries: 20_000 } as const

/**
 * Carries the steps of a package out (contracts/provisioning.md 7.4), each from the folder of one node to that of the
 * next. Node `a` is `source`; gives the folder of the last node. Nothing is written outside of `workspace`. Commands
 * that are not supported, and names that match nothing, fail.
 */
export const runSteps = Effect.fn("runSteps")(function* (
  steps: ReadonlyArray<PackageStep>,
  source: string,
  workspace: string
): Effect.fn.Return<string, InstallationFailed> {
  const folders = new Map([["a", source]])
  let left = steps
  let last = source
  while (left.length > 0) {
    const step = left.find(({ from }) => folders.has(from))
    const from = step && folders.get(step.from)
    if (step === undefined || from === undefined) return yield* failed("its steps are not connected")
    last = join(workspace, `node-${folders.size}`)
    yield* attempt(() => mkdir(last))
    yield* run(step.words, from, last)
    folders.set(step.to, last)
    left = left.filter((other) => other !== step)
  }
  return last
})

const failed = (message: string) => new InstallationFailed({ message })
const attempt = <A>(work: () => Promise<A>) =>
  Effect.tryPromise({ try: work, catch: (error) => failed(faultText(error)) })

const run = ([command, ...args]: ReadonlyArray<string>, from: string, to: string) => {
  switch (command) {
    case "cp":
      return attempt(() => copy(args.slice(0, -1), args.at(-1) ?? "", from, to))
    case "include":
      return attempt(() => keep(from, to, namedBy(args)))
    case "exclude":
      return attempt(() => leaveOut(from, to, "", namedBy(args)))
    case "unzip":
      return unfold(args, from, (file) => unzip({ file, into: to, limits: packageLimits }))
    case "untar":
      return unfold(args, from, (file) =>
        Effect.flatMap(
          attempt(() => compressionOf(file)),
          (compression) => untar({ file, into: to, limits: packageLimits, compression })
        )
      )
    default:
      return Effect.fail(failed(`the command ${command} is not supported`))
  }
}

const unfold = <E extends { readonly message: string }>(
  patterns: ReadonlyArray<string>,
  from: string,
  each: (file: string) => Effect.Effect<void, E>
) =>
  Effect.gen(function* () {
    for (const path of yield* attempt(() => matching(patterns, from)))
      yield* Effect.mapError(each(join(from, path)), ({ message }) => failed(`${basename(path)}: ${message}`))
  })

/** Copies what the patterns match into a folder (a slash at the end) or as one file. */
const copy = async (
  patterns: ReadonlyArray<string>,
  target: string,
  from: string,
  to: string
): Promise<void> => {
  const inner = target.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "")
  if (inner !== "" && inner !== "." && !isInnerPath(inner)) throw new Error("cp leaves its folder")
  const found = await matching(patterns, from)
  const into = inner === "" || inner === "." || target.endsWith("/")
  if (!into && found.length > 1) throw new Error("cp would copy several files to one")
  for (const path of found) {
    const place = into ? join(to, inner, basename(path)) : join(to, inner)
    await mkdir(dirname(place), { recursive: true })
    await cp(join(from, path), place, { recursive: true })
  }
}

/** What the filter names of the topmost level, and all below a folder that it names. */
const keep = async (from: string, to: string, names: (path: string) => boolean): Promise<void> => {
  for (const name of await readdir(from)) {
    if (names(name)) await cp(join(from, name), join(to, name), { recursive: true })
  }
}

/** Everything but what the filter names, and what is below that. */
const leaveOut = async (
  from: string,
  to: string,
  folder: string,
  names: (path: string) => boolean
): Promise<void> => {
  for (const entry of await readdir(join(from, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`
    if (names(path)) continue
    if (!entry.isDirectory()) {
      await copyFile(join(from, path), join(to, path), constants.COPYFILE_EXCL)
      continue
    }
    await mkdir(join(to, path))
    await leaveOut(from, to, path, names)
  }
}

/** Paths that the patterns match; a `*` does not go over a slash. Throws when there are none. */
const matching = async (patterns: ReadonlyArray<string>, from: string): Promise<ReadonlyArray<string>> => {
  const expressions = patterns.map((pattern) =>
    glob(pattern.replace(/^(?:\.\/)+/, "").replace(/\/+$/, ""), "[^/]")
  )
  const all = await readdir(from, { recursive: true })
  const found = all.filter((path) => expressions.some((expression) => expression.test(path))).sort()
  if (found.length === 0) throw new Error(`nothing matches ${patterns.join(" ")}`)
  return found
}

/** The filter of include and exclude; the `*` of their patterns goes over slashes. */
const namedBy = (patterns: ReadonlyArray<string>): ((path: string) => boolean) => {
  const expressions = patterns.map((pattern) => glob(pattern, "."))
  return (path) => expressions.some((expression) => expression.test(path))
}

const glob = (pattern: string, any: string): RegExp => {
  const source = pattern.replace(/\*|\?|\[[^\]]+\]|[^*?[\]]+|[[\]]/g, (part) => {
    if (part === "*") return `${any}*`
    if (part === "?") return any
    if (part.length > 2 && part.startsWith("[") && part.endsWith("]"))
      return `[${part
        .slice(1, -1)
        .replace(/^!/, "^")
        .replace(/[\\[\]]/g, "\\$&")}]`
    return part.replace(/[.+^${}()|\\/[\]]/g, "\\$&")
  })
  return new RegExp(`^(?:${source})$`, "s")
}

const compressionOf = async (file: string): Promise<"gzip" | "bzip2" | "none"> => {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(3), 0, 3, 0)
    if (buffer.toString("latin1") === "BZh") return "bzip2"
    return buffer.readUInt16BE(0) === 0x1f8b ? "gzip" : "none"
  } finally {
    await handle.close()
  }
}
