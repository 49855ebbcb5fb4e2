import type { JsonObject } from "../../../schemas/provd/device.ts"

/** A file of a package (contracts/provisioning.md 7.4). */
export interface PackageFile {
  /** Its name in the cache. */
  readonly filename: string
  /** Empty: the administrator puts the file into the cache. */
  readonly url: string
  /** Bytes, as announced. */
  readonly size: number
  readonly sha1sum: string
}

/** A directed step from one folder to the next. */
export interface PackageStep {
  readonly from: string
  readonly to: string
  readonly words: ReadonlyArray<string>
}

/** A download that a plugin offers: firmware, languages. */
export interface PackageDefinition {
  readonly id: string
  readonly version: string
  /** version, description and its translations. */
  readonly document: JsonObject
  readonly files: ReadonlyArray<PackageFile>
  readonly steps: ReadonlyArray<PackageStep>
}

/**
 * Reads `pkgs.db`: sections `pkg_<id>`, `install_<name>` and `file_<id>` with keys and values divided by `:` or `=`,
 * as Python's ConfigParser reads them. Variables of steps (`$FILE1`, `$ARG1`) are filled in. Throws an Error that
 * says what is wrong.
 */
export const readPackageDefinitions = (text: string): ReadonlyMap<string, PackageDefinition> => {
  const sections = sectionsOf(text)
  const packages = [...sections].filter(([name]) => name.startsWith("pkg_"))
  return new Map(
    packages.map(([name, section]) => {
      const id = name.slice("pkg_".length)
      return [id, definition(id, section, sections)]
    })
  )
}

type Section = ReadonlyMap<string, string>

const definition = (
  id: string,
  section: Section,
  sections: ReadonlyMap<string, Section>
): PackageDefinition => {
  const files = words(section.get("files")).map((file) => fileOf(file, sections.get(`file_${file}`)))
  const [install, ...args] = words(section.get("install"))
  const variables = new Map([
    ...files.map(({ filename }, index) => [`FILE${index + 1}`, filename] as const),
    ...args.map((value, index) => [`ARG${index + 1}`, value] as const)
  ])
  const described = [...section].filter(([key]) => key === "version" || key.startsWith("description"))
  return {
    id,
    version: needed(section, "version", `pkg_${id}`),
    document: { description: "", ...Object.fromEntries(described) },
    files,
    steps: install === undefined ? [] : stepsOf(install, sections.get(`install_${install}`), variables)
  }
}

const fileOf = (id: string, section: Section | undefined): PackageFile => {
  if (section === undefined) throw new Error(`there is no section file_${id}`)
  const url = section.get("url") ?? ""
  const filename = section.get("filename") ?? url.split(/[?#]/, 1).join("").split("/").at(-1) ?? ""
  if (!/^[^/\\\0]{1,255}$/.test(filename) || filename === "." || filename === "..")
    throw new Error(`file_${id} has no usable filename`)
  const sha1sum = needed(section, "sha1sum", `file_${id}`).toLowerCase()
  if (!/^[0-9a-f]{40}$/.test(sha1sum)) throw new Error(`the sha1sum of file_${id} is none`)
  return { filename, url, size: Number(section.get("size") ?? 0) || 0, sha1sum }
}

const stepsOf = (
  name: string,
  section: Section | undefined,
  variables: ReadonlyMap<string, string>
): ReadonlyArray<PackageStep> => {
  if (section === undefined) throw new Error(`there is no section install_${name}`)
  const steps = [...section].map(([key, value]) => {
    const [from, to, ...more] = key.split("-")
    const [command, ...args] = words(value)
    if (!from || !to || more.length > 0 || command === undefined)
      throw new Error(`the step ${key} of install_${name} is wrong`)
    return { from, to, words: [command, ...args.map((word) => filledIn(word, variables, name))] }
  })
  if (new Set(steps.map(({ to }) => to)).size !== steps.length || steps.some(({ to }) => to === "a"))
    throw new Error(`two steps of install_${name} lead to one node`)
  return steps
}

const filledIn = (word: string, variables: ReadonlyMap<string, string>, install: string): string =>
  word.replace(/\$\{?(\w+)\}?/g, (_, variable: string) => {
    const value = variables.get(variable)
    if (value === undefined) throw new Error(`install_${install} names the unknown variable ${variable}`)
    return value
  })

const words = (text: string | undefined): ReadonlyArray<string> => text?.split(/\s+/).filter(Boolean) ?? []

const needed = (section: Section, key: string, name: string): string => {
  const value = section.get(key)
  if (value === undefined) throw new Error(`${name} has no ${key}`)
  return value
}

/** Comments stand on lines of their own; a line that begins with a blank goes on with the value before it. */
const sectionsOf = (text: string): ReadonlyMap<string, Section> => {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let key: string | undefined
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "" || /^\s*[#;]/.test(line)) continue
    const heading = /^\[([^\]]+)\]\s*$/.exec(line)?.[1]
    const entry = /^([^\s:=][^:=]*?)\s*[:=]\s*(.*?)\s*$/.exec(line)
    if (heading !== undefined) {
      section = new Map()
      key = undefined
      sections.set(heading, section)
    } else if (section !== undefined && key !== undefined && /^\s/.test(line)) {
      section.set(key, `${section.get(key)}\n${line.trim()}`)
    } else if (section !== undefined && entry !== null) {
      key = entry[1] ?? ""
      section.set(key, entry[2] ?? "")
    } else throw new Error("a line is neither a section nor a key with a value")
  }
  return sections
}
