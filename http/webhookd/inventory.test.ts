import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect } from "effect"
import { HttpApi } from "effect/http-api"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { RequiredAcl } from "../../schemas/common/caller.ts"
import { WebhookdApi } from "../../schemas/webhookd/api.ts"
import { aSubscription, type Client, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { webhookdSurface } from "./surface.ts"

/** The endpoint inventory of the contract: method, path, required access. */
const inventory = readFileSync(join(import.meta.dirname, "../../test/inventory/webhooks.tsv"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"))
  .map(([method = "", path = "", acl = ""]) => ({ method, path, acl: acl === "none" ? undefined : acl }))

const declared = new Map<string, string>()
HttpApi.reflect(WebhookdApi, {
  onGroup: () => {},
  onEndpoint: ({ endpoint }) => {
    const acl = Context.getOption(endpoint.annotations as Context.Context<RequiredAcl>, RequiredAcl)
    const path = endpoint.path.replace(/:([a-z_]+)/g, "{$1}")
    declared.set(`${endpoint.method} ${path}`, acl._tag === "Some" ? acl.value : "")
  }
})

describe("The inventory of webhookd", () => {
  for (const { method, path, acl } of inventory) {
    if (acl === undefined) continue
    it(`${method} ${path} is declared and needs ${acl}`, () => {
      assert.strictEqual(declared.get(`${method} ${path}`), acl)
    })
  }

  it("is all there is, and has 35 lines", () => {
    assert.lengthOf(inventory, 35)
    assert.strictEqual(declared.size, 34)
  })
})

layer(testWebhookdLayer(), live)("The running webhookd", (it) => {
  /** What each line answers to a client that may do it all. */
  const walk = Effect.fnUntraced(function* (
    client: Client,
    subscription: string,
    own: string,
    delivery: string
  ) {
    const answers = new Map<string, number>()
    for (const { method, path } of inventory.toSorted(
      (one, other) => order(one.method) - order(other.method)
    )) {
      if (path.endsWith("/api.yml")) continue
      const filled = path
        .replace("/api/webhookd/1.0", "")
        .replace("{subscription_uuid}", path.includes("/users/me/") ? own : subscription)
        .replace("{delivery_uuid}", delivery)
      const { status } = yield* client.send(method, filled, bodyOf(method, path))
      answers.set(`${method} ${path.replace("/api/webhookd/1.0", "")}`, status)
    }
    return answers
  })
  const order = (method: string) => (method === "DELETE" ? 1 : 0)

  const bodyOf = (method: string, path: string): unknown => {
    if (path.endsWith("/subscriptions") && method === "POST") return aSubscription()
    if (path.endsWith("{subscription_uuid}") && method === "PUT") return aSubscription()
    if (path.endsWith("/recover")) return { since: new Date().toISOString() }
    if (path.endsWith("/preview")) return { template: "{{ event_name }}", event_name: "x", event: {} }
    if (path.endsWith("/config") && method === "PATCH") return []
    return method === "GET" || method === "DELETE" ? undefined : {}
  }

  it.effect("asks for a token on every line but the document's, and refuses one without the right", () =>
    Effect.gen(function* () {
      const { url, client } = yield* TestWebhookd
      const powerless = yield* client({ acl: ["webhookd.nothing"] })
      for (const { method, path, acl } of inventory) {
        if (acl === undefined) continue
        const filled = path.replaceAll(/\{[^}]+\}/g, "00000000-0000-4000-8000-000000000000")
        const bare = yield* Effect.promise(() => fetch(url + filled, { method }))
        assert.strictEqual(bare.status, 401, `${method} ${path}`)
        const short = filled.replace("/api/webhookd/1.0", "")
        assert.strictEqual((yield* powerless.send(method, short)).status, 401, `${method} ${path}`)
      }
    })
  )

  it.effect("answers every line with the contract's status", () =>
    Effect.gen(function* () {
      const { client, masterUuid } = yield* TestWebhookd
      const admin = yield* client({ tenantUuid: masterUuid })
      const create = (path: string) =>
        Effect.map(admin.post(path, aSubscription()), ({ json }) => String(json["uuid"]))
      const uuid = yield* create("/subscriptions")
      const own = yield* create("/users/me/subscriptions")
      const sent = yield* admin.post(`/subscriptions/${uuid}/test`)
      const answers = yield* walk(admin, uuid, own, String(sent.json["uuid"]))
      const expected: Record<string, number> = {
        "POST /subscriptions": 201,
        "POST /users/me/subscriptions": 201,
        "POST /subscriptions/{subscription_uuid}/test": 202,
        "POST /subscriptions/{subscription_uuid}/recover": 202,
        "POST /subscriptions/{subscription_uuid}/enable": 204,
        "POST /subscriptions/{subscription_uuid}/disable": 204,
        "POST /mobile/notifications": 400,
        "DELETE /subscriptions/{subscription_uuid}": 204,
        "DELETE /users/me/subscriptions/{subscription_uuid}": 204
      }
      for (const [line, status] of answers) {
        if (line.endsWith("/redeliver")) assert.include([202, 409], status, line)
        else assert.strictEqual(status, expected[line] ?? 200, line)
      }
      assert.strictEqual(answers.size, 34)
    })
  )

  it.effect("knows its own paths for 405 and 404", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      assert.strictEqual((yield* admin.send("PATCH", "/subscriptions")).status, 405)
      assert.strictEqual((yield* admin.get("/nothing")).status, 404)
      assert.isTrue(webhookdSurface.operations.some(({ path }) => path === "/api/api.yml"))
    })
  )
})
