import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect } from "effect"
import { HttpApi, type HttpApiGroup } from "effect/http-api"
import { ListenAddress } from "../http/server.ts"
import { AgentdApi } from "../schemas/agentd/api.ts"
import { AmidApi } from "../schemas/amid/api.ts"
import { RequiredAcl } from "../schemas/common/caller.ts"
import { ConfdApi } from "../schemas/confd/api.ts"
import { clientOf } from "./client.ts"
import { strowgerTestLayer } from "./strowger.ts"

interface Line {
  readonly method: string
  readonly path: string
  /** Undefined: no token is needed. */
  readonly acl: string | undefined
}

/** The endpoint inventory of a contract: method, path, required access. */
const inventory = (name: string): ReadonlyArray<Line> =>
  readFileSync(join(import.meta.dirname, "inventory", `${name}.tsv`), "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const [method = "", path = "", acl = ""] = line.split("\t")
      return { method, path, acl: acl === "none" ? undefined : acl }
    })

const declared = <Id extends string, Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<Id, Groups>
) => {
  const lines: Array<Line> = []
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      const acl = Context.getOption(endpoint.annotations as Context.Context<RequiredAcl>, RequiredAcl)
      lines.push({
        method: endpoint.method,
        path: endpoint.path,
        acl: acl._tag === "Some" ? acl.value : undefined
      })
    }
  })
  return lines
}

/** Parameters have other names here and there; their places are what counts. */
const places = (path: string) => path.replace(/\{[^}]+\}|:[a-z_]+/g, "{}")
const find = (lines: ReadonlyArray<Line>, { method, path }: Line) =>
  lines.find(
    (line) =>
      places(line.path) === places(path) &&
      (line.method === method || (method === "HEAD" && line.method === "GET"))
  )

const lines = inventory("callcenter")
const all = [...declared(AgentdApi), ...declared(AmidApi), ...declared(ConfdApi)]

describe("the inventory of the call centre", () => {
  for (const line of lines.filter(({ path }) => !path.endsWith("/api.yml"))) {
    it(`${line.method} ${line.path} is declared and needs ${line.acl}`, () => {
      const found = find(all, line)
      assert.isDefined(found)
      assert.strictEqual(places(found?.acl ?? ""), places(line.acl ?? ""))
    })
  }
})

/** Those of other surfaces that are walked on the whole runtime too; their tests stand beside their handlers. */
const others = inventory("webhooks")

layer(strowgerTestLayer({ knobs: { STROWGER_AMI_PORT: "1" } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("the running call centre", (it) => {
  it.effect("asks for a token on every line that needs one, and knows every line", () =>
    Effect.gen(function* () {
      const { url } = yield* ListenAddress
      const { request } = clientOf(url, "00000000-0000-4000-8000-000000000000")
      for (const { method, path, acl } of [...lines, ...others]) {
        const { status } = yield* request(method, path.replace(/\{[^}]+\}/g, "1"))
        assert.strictEqual(status, acl === undefined ? 200 : 401, `${method} ${path}`)
      }
    })
  )

  it.effect("speaks WebSocket where the inventory says so, and to nobody else", () =>
    Effect.gen(function* () {
      const { url } = yield* ListenAddress
      const { request } = clientOf(url, "")
      for (const { method, path } of inventory("events")) {
        assert.strictEqual((yield* request(method, path)).status, 426)
      }
    })
  )
})
