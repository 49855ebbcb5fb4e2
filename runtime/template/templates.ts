import nunjucks from "nunjucks"
import { readdirSync, readFileSync } from "node:fs"
import { join, sep } from "node:path"
import type { TemplateChoice } from "../../schemas/provd/phone-plugin.ts"

/**
 * There is no such template, or it is wrong, or it failed. The message names the template and never its values. A
 * plain error: it is thrown in the threads of plugins, which load nothing of Effect.
 */
export class TemplateFailure extends Error {
  override readonly name = "TemplateFailure"
  readonly template: string

  constructor(template: string, reason: string) {
    super(`template ${template}: ${reason}`)
    this.template = template
  }
}

/** Where the templates of a plugin lie. */
export interface TemplateFolders {
  /** Looked at first; need not exist. */
  readonly custom?: string
  readonly own: string
}

/** The templates of a plugin. */
export interface Templates {
  /** Renders the first template that exists. Throws `TemplateFailure`. */
  readonly render: (names: TemplateChoice, context: object, escape: "xml" | "none") => string
}

/**
 * Nunjucks templates (`*.tpl`) of one plugin: `<file>`, `<model>`, `<base>`, each first in the custom folder
 * (contracts/provisioning.md 7.2). What exists is read once, each template is compiled once: later changes are seen
 * by the next `makeTemplates`. `include` and `extends` look in the same folders.
 *
 * Null and undefined print nothing, also below a value that is undefined. The line break behind a block tag and the
 * blanks in front of it are left out. Beside the filters of nunjucks there are `pad` (zeros in front, up to a width)
 * and `yesno` (one of two words).
 */
export const makeTemplates = (folders: TemplateFolders): Templates => {
  const paths = new Map([...templatesIn(folders.own), ...templatesIn(folders.custom)])
  // One loader each: nunjucks keeps compiled templates in the loader, and they remember how they escape.
  const environments = {
    xml: environment(new FolderLoader(paths), true),
    none: environment(new FolderLoader(paths), false)
  }
  return {
    render: (names, context, escape) => {
      const name = choose(paths, names)
      if (name === undefined) throw new TemplateFailure(first(names), "there is none")
      try {
        return environments[escape].getTemplate(name, true).render(context)
      } catch (error) {
        throw new TemplateFailure(name, reasonOf(error))
      }
    }
  }
}

const extension = ".tpl"

const choose = (paths: ReadonlyMap<string, string>, names: TemplateChoice): string | undefined =>
  [names.file, names.model, names.base ?? "base"]
    .map((name) => `${name}${extension}`)
    .find((name) => paths.has(name))

const first = (names: TemplateChoice): string =>
  `${names.file ?? names.model ?? names.base ?? "base"}${extension}`

/** The templates of a folder and of those below it, by their name relative to it. */
const templatesIn = (folder: string | undefined): ReadonlyArray<readonly [name: string, path: string]> => {
  if (folder === undefined) return []
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(extension))
      .map((name) => [name.replaceAll(sep, "/"), join(folder, name)])
  } catch {
    return []
  }
}

class FolderLoader extends nunjucks.Loader implements nunjucks.ILoader {
  readonly #paths: ReadonlyMap<string, string>

  constructor(paths: ReadonlyMap<string, string>) {
    super()
    this.#paths = paths
  }

  getSource(name: string): nunjucks.LoaderSource {
    const path = this.#paths.get(name)
    if (path === undefined) throw new Error(`template not found: ${name}`)
    return { src: readFileSync(path, "utf8"), path: name, noCache: false }
  }
}

const environment = (loader: nunjucks.ILoader, autoescape: boolean): nunjucks.Environment => {
  const made = new nunjucks.Environment(loader, { autoescape, trimBlocks: true, lstripBlocks: true })
  made.addFilter("pad", (value: unknown, width: number) => String(value ?? "").padStart(width, "0"))
  made.addFilter("yesno", (value: unknown, yes = "yes", no = "no") => (value ? yes : no))
  return made
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
