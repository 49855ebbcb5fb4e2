import { assert, describe, it } from "@effect/vitest"
import { Context } from "effect"
import { HttpApi } from "effect/http-api"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { AuthApi } from "../../schemas/auth/api.ts"
import { RequiredAcl } from "../../schemas/common/caller.ts"

/** The endpoint inventory of the contract: method, path, required access. */
const inventory = readFileSync(join(import.meta.dirname, "../../test/inventory/auth.tsv"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"))
  .map(([method = "", path = "", acl = ""]) => ({ method, path, acl: acl === "none" ? "" : acl }))

/** Parameters have other names here and there; their places are what counts. */
const places = (path: string) => path.replace(/\{[^}]+\}|:[a-z_]+/g, "{}")

const declared = new Map<string, string>()
HttpApi.reflect(AuthApi, {
  onGroup: () => {},
  onEndpoint: ({ endpoint }) => {
    const acl = Context.getOption(endpoint.annotations as Context.Context<RequiredAcl>, RequiredAcl)
    declared.set(`${endpoint.method} ${places(endpoint.path)}`, acl._tag === "Some" ? acl.value : "")
  }
})

describe("The inventory of auth", () => {
  for (const { method, path, acl } of inventory.filter((line) => !line.path.endsWith("/api.yml"))) {
    it(`${method} ${path} is declared and needs ${acl || "no token"}`, () => {
      const found =
        declared.get(`${method} ${places(path)}`) ??
        (method === "HEAD" ? declared.get(`GET ${places(path)}`) : undefined)
      assert.isDefined(found)
      // A plugin's own type stands in the path where the contract has it as a parameter.
      assert.strictEqual(places(found ?? ""), places(acl))
    })
  }
})
