import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { documents } from "../documents.ts"
import { catalogue } from "../schemas/events/catalogue.ts"

const root = join(import.meta.dirname, "..")
const read = (path: string) => readFileSync(join(root, path), "utf8")

describe("the documentation", () => {
  for (const { path, make } of documents) {
    it(`${path} is what \`npm run docs\` makes of the code`, () => {
      const present = read(path)
      assert.strictEqual(present, make(present))
    })
  }

  it("the README's dependency table names every dependency", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
      string,
      Record<string, string>
    >
    const readme = read("README.md")
    for (const name of Object.keys({ ...dependencies, ...devDependencies }))
      assert.include(readme, `| ${name} |`)
  })

  it("every dependency is pinned to one version", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
      string,
      Record<string, string>
    >
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
    }
  })

  it("no two events have one name", () => {
    const names = Object.values(catalogue).flatMap((events) => events.map(({ name }) => name))
    assert.strictEqual(new Set(names).size, names.length)
  })
})
