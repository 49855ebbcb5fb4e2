import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { aSubscription, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"

const told = defineEvent<Record<string, unknown>>({ name: "told", class: "tenant", routingKey: "told" })

/** A folder elsewhere: the sample of the documentation, services that misbehave, a module that is none. */
const folder = mkdtempSync(join(tmpdir(), "strowger-hook-plugins-"))
copyFileSync(join(import.meta.dirname, "../../docs/webhook-plugin.ts"), join(folder, "journal.ts"))
writeFileSync(
  join(folder, "malformed.mjs"),
  "export const plugin = { name: 'x', hookServices: [{ name: 3 }] }"
)
writeFileSync(
  join(folder, "odd.mjs"),
  `export const plugin = { name: "odd", hookServices: [
    { name: "http", run: async () => ({ class: "success", detail: { taken: "over" } }) },
    { name: "throws", run: async () => { throw new Error("s3cret") } },
    { name: "later", run: async ({ number, sign, headers, subscription }) =>
        globalThis.laterCalls++ < 2
          ? { class: "postponed", detail: {}, retryAfter: 0.05 }
          : { class: "success", detail: { number, headers, subscription, signed: sign(Buffer.from("x")) } } }] }
  globalThis.laterCalls = 0`
)

const environment = {
  STROWGER_PLUGIN_DIR: folder,
  STROWGER_HOOK_RETRY_FACTOR: "1",
  STROWGER_HOOK_MAX_ATTEMPTS: "3"
}

layer(testWebhookdLayer({ environment }), live)("services of plugins", (it) => {
  it.effect("are listed beside http and mobile, and may tell how they are", () =>
    Effect.gen(function* () {
      const { client, masterUuid } = yield* TestWebhookd
      const admin = yield* client({ tenantUuid: masterUuid })
      const { json } = yield* admin.get("/subscriptions/services")
      assert.deepEqual(json, { services: { http: {}, mobile: {}, journal: {}, throws: {}, later: {} } })
      assert.deepInclude((yield* admin.get("/status")).json, { journal: { status: "ok" } })
      assert.deepInclude((yield* admin.get("/config")).json["enabled_services"], {
        journal: true,
        http: true
      })
    })
  )

  it.effect("run the hooks of their subscriptions, with the same queue, retries and logs as http", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const admin = yield* client()
      const file = join(folder, "absent", "calls.jsonl")
      const { json } = yield* admin.post(
        "/subscriptions",
        aSubscription({ service: "journal", events: ["told"], config: { file } })
      )
      const logs = (count: number) =>
        eventually(admin.get(`/subscriptions/${json["uuid"]}/logs`), ({ items }) => items.length >= count)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: 1 })
      const { items } = yield* logs(1)
      assert.deepInclude(items[0], { status: "failure", attempts: 1, detail: { file, attempt: 1 } })
      mkdirSync(join(folder, "absent"))
      const later = yield* logs(2)
      assert.deepInclude(later.items[0], { status: "success", attempts: 2 })
      assert.isTrue(existsSync(file))
      const line = JSON.parse(readFileSync(file, "utf8"))
      assert.deepEqual(line, { id: items[0]?.["uuid"], event: "told", data: { n: 1 } })
    })
  )

  it.effect("that throw are failed attempts, whose errors nobody is shown; one cannot be http", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const admin = yield* client()
      const { json } = yield* admin.post(
        "/subscriptions",
        aSubscription({ service: "throws", events: ["told"], config: {} })
      )
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      const { items } = yield* eventually(
        admin.get(`/subscriptions/${json["uuid"]}/logs`),
        (answer) => answer.items.length === 3
      )
      assert.deepInclude(items[0], { status: "error", detail: { error: "the service failed" } })
      const config = { method: "post", url: "no-scheme/" }
      const http = yield* admin.post("/subscriptions", aSubscription({ events: ["told"], config }))
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      const answer = yield* eventually(
        admin.get(`/subscriptions/${http.json["uuid"]}/logs`),
        (page) => page.items.length === 1
      )
      assert.deepInclude(answer.items[0], { status: "error" })
    })
  )

  it.effect("may put a hook off without an attempt, and sign what they send", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const admin = yield* client()
      const { json } = yield* admin.post(
        "/subscriptions",
        aSubscription({ service: "later", events: ["told"], config: {} })
      )
      yield* admin.put(`/subscriptions/${json["uuid"]}/policy`, { headers: { "x-own": "1" } })
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      const { items } = yield* eventually(
        admin.get(`/subscriptions/${json["uuid"]}/logs`),
        (page) => page.items.length > 0
      )
      assert.deepInclude(items[0], { status: "success", attempts: 1 })
      const detail = items[0]?.["detail"] as {
        readonly subscription?: Record<string, unknown>
        readonly signed?: Record<string, unknown>
      }
      assert.deepInclude(items[0]?.["detail"], { number: 1, headers: { "x-own": "1" } })
      assert.strictEqual(detail.subscription?.["tenantUuid"], admin.tenantUuid)
      assert.match(String(detail.signed?.["webhook-signature"]), /^v1,/)
    })
  )
})
