import { assert, describe, it } from "@effect/vitest"
import { macOf, phoneModels } from "../simulator/phones/models.ts"
import { bundledPlugins } from "./bundled.ts"
import { loaded, request } from "./kit/fixture.ts"

describe("the bundled extractors", () => {
  it("agree on the mac of a phone that says who it is, whatever file of another phone it asks for", () => {
    const plugins = bundledPlugins.map(({ factory, templates }) => loaded(factory, templates))
    for (const asking of phoneModels) {
      const own = macOf(asking.oui, 1)
      const userAgent = asking.userAgent(own)
      if (
        asking.protocol !== "http" ||
        !userAgent
          .toLowerCase()
          .replaceAll(/[^0-9a-f]/g, "")
          .includes(own.lower)
      ) {
        continue
      }
      for (const other of phoneModels) {
        for (const { path } of other.boot(macOf(other.oui, 2))) {
          const [file = "", query = ""] = path.split("?")
          const asked = request({
            path: file,
            query: Object.fromEntries(new URLSearchParams(query)),
            userAgent
          })
          const found = new Set(plugins.map(({ extract }) => extract?.(asked)?.mac).filter(Boolean))
          assert.deepStrictEqual([...found], [own.colons], `${userAgent} asks for ${path}`)
        }
      }
    }
  })
})
