import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { makeClient } from "../client.ts"
import { ListenAddress } from "../http/server.ts"
import { createCallCentre } from "./call-centre.ts"
import { clientOf } from "./client.ts"
import { issueToken } from "./identity.ts"
import { strowgerTestLayer } from "./strowger.ts"

const knobs = { STROWGER_AMI_PORT: "1" }

layer(strowgerTestLayer({ knobs }), { excludeTestServices: true, timeout: "60 seconds" })(
  "every surface",
  (it) => {
    it.effect(
      "is documented: an index, a page and an OpenAPI 3.1 document each, and the YAML its own clients ask for",
      () =>
        Effect.gen(function* () {
          const { url } = yield* ListenAddress
          const { request } = clientOf(url, "")
          assert.include(String((yield* request("GET", "/docs")).body), "/docs/agentd")
          for (const [name, prefix] of [
            ["auth", "/api/auth/0.1"],
            ["agentd", "/api/agentd/1.0"],
            ["amid", "/api/amid/1.0"],
            ["confd", "/api/confd/1.1"]
          ]) {
            assert.strictEqual((yield* request("GET", `/docs/${name}`)).status, 200)
            const document = yield* request("GET", `${prefix}/api/api.json`)
            assert.match((document.body as { openapi: string }).openapi, /^3\.1/)
            const yaml = yield* request("GET", `${prefix}/api/api.yml`)
            assert.include(yaml.headers.get("content-type") ?? "", "application/x-yaml")
            assert.hasAllKeys(yaml.body, [
              "swagger",
              "info",
              "basePath",
              "consumes",
              "produces",
              "securityDefinitions",
              "paths"
            ])
          }
        })
    )

    it.effect("answers browsers of any origin, preflights included", () =>
      Effect.gen(function* () {
        const { url } = yield* ListenAddress
        const { request } = clientOf(url, "")
        const preflight = yield* request("OPTIONS", "/api/agentd/1.0/agents", undefined, {
          Origin: "https://cti.example",
          "Access-Control-Request-Method": "GET"
        })
        assert.strictEqual(preflight.status, 200)
        assert.strictEqual(preflight.headers.get("access-control-allow-origin"), "*")
        assert.match(
          preflight.headers.get("access-control-allow-headers") ?? "",
          /X-Auth-Token.*Accent-Tenant.*Wazo-Tenant/
        )
        const refused = yield* request("GET", "/api/agentd/1.0/agents", undefined, {
          Origin: "https://cti.example"
        })
        assert.strictEqual(refused.status, 401)
        assert.strictEqual(refused.headers.get("access-control-allow-origin"), "*")
      })
    )

    it.effect("is there for the typed client, with typed answers and refusals", () =>
      Effect.gen(function* () {
        const { url } = yield* ListenAddress
        const token = yield* issueToken({ acl: ["#"] })
        const fixture = yield* createCallCentre(clientOf(url, token.id), { agents: 1, queues: ["typed"] })
        const { agentd, amid } = yield* makeClient({ url, token: token.id })
        const status = yield* agentd.agents.getByNumber({ params: { agent_number: "1001" } })
        assert.strictEqual(status.id, fixture.agents[0]?.id)
        const refusal = yield* Effect.flip(agentd.agents.getById({ params: { agent_id: 999 } }))
        assert.deepInclude(refusal, { error: "no such agent" })
        const health = yield* amid.amid.status({})
        assert.strictEqual(health.ami_socket.status, "fail")
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )

    it.effect("refuses hostile bodies without falling over", () =>
      Effect.gen(function* () {
        const { url } = yield* ListenAddress
        const token = yield* issueToken({ acl: ["#"] })
        const { request } = clientOf(url, token.id)
        const posts = [
          "/api/agentd/1.0/agents/by-id/1/login",
          "/api/confd/1.1/queues",
          "/api/auth/0.1/tenants",
          "/api/amid/1.0/action/Command"
        ]
        const bodies = [
          "{",
          "\u0000",
          "[".repeat(100_000),
          `{"a":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
          '"text"',
          "[1]",
          "1",
          '{"name":"\\ud800"}',
          '{"__proto__":{"x":1},"constructor":1}'
        ]
        for (const path of posts) {
          for (const body of bodies) {
            const { status } = yield* request("POST", path, body)
            assert.isBelow(status, 500, `${path} ${body.slice(0, 20)}: ${status}`)
          }
          const huge = yield* request("POST", path, `"${"x".repeat(2_000_000)}"`)
          assert.strictEqual(huge.status, 413, path)
        }
        assert.strictEqual((yield* request("GET", "/health/ready")).status, 200)
      })
    )
  }
)
