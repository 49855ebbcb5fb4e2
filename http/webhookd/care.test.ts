import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { createHmac, randomBytes, randomUUID } from "node:crypto"
import { Webhook } from "standardwebhooks"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { aSubscription, type Client, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { type Call, type Receiver, startReceiver, status } from "./receiver.ts"

const told = defineEvent<Record<string, unknown>>({ name: "told", class: "tenant", routingKey: "told" })

const environment = { STROWGER_HOOK_RETRY_FACTOR: "1", STROWGER_HOOK_MAX_ATTEMPTS: "1" }

const subscribe = (client: Client, receiver: Receiver, path = "") =>
  Effect.map(
    client.post(
      `${path}/subscriptions`,
      aSubscription({ events: ["told"], config: { method: "post", url: `${receiver.url}/hook` } })
    ),
    ({ json }) => `/subscriptions/${json["uuid"]}`
  )

const settled = (client: Client, path: string, count: number) =>
  eventually(
    client.get(`${path}/deliveries`),
    ({ items }) => items.filter(({ state }) => state === "succeeded" || state === "failed").length >= count
  )

/** What a receiver does with a call: fails when none of its signatures is right. */
const verified = (secret: unknown, { headers, body }: Call): unknown =>
  new Webhook(String(secret)).verify(body, {
    "webhook-id": String(headers["webhook-id"]),
    "webhook-timestamp": String(headers["webhook-timestamp"]),
    "webhook-signature": String(headers["webhook-signature"])
  })

/** One signature of a call (Standard Webhooks 1.0.0). */
const signatureOf = (secret: unknown, { headers, body }: Call): string => {
  const key = Buffer.from(String(secret).slice("whsec_".length), "base64")
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`
  return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`
}

layer(testWebhookdLayer({ environment }), live)("the care for subscriptions", (it) => {
  it.effect("signs every call with the secret, and with the old one too after a rotation", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      const shown = yield* admin.get(`${path}/secret`)
      assert.match(String(shown.json["key"]), /^whsec_[A-Za-z0-9+/]{43}=$/)
      assert.deepEqual(shown.json["previous"], [])
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { a: 1 })
      yield* settled(admin, path, 1)
      const [first] = receiver.calls
      if (first === undefined) return assert.fail("nobody was called")
      assert.strictEqual(first.headers["webhook-signature"], signatureOf(shown.json["key"], first))
      assert.deepEqual(verified(shown.json["key"], first), { a: 1 })
      assert.throws(() => verified(`whsec_${randomBytes(32).toString("base64")}`, first))
      assert.throws(() => verified(shown.json["key"], { ...first, body: '{"a": 2}' }))
      assert.isBelow(Math.abs(Number(first.headers["webhook-timestamp"]) - Date.now() / 1000), 60)

      const key = `whsec_${randomBytes(24).toString("base64")}`
      const rotated = yield* admin.post(`${path}/secret/rotate`, { key, grace_period_seconds: 3600 })
      assert.strictEqual(rotated.status, 200)
      assert.strictEqual(rotated.json["key"], key)
      assert.lengthOf(rotated.json["previous"] as ReadonlyArray<unknown>, 1)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { a: 2 })
      yield* settled(admin, path, 2)
      const second = receiver.calls[1]
      if (second === undefined) return assert.fail("nobody was called")
      assert.strictEqual(
        second.headers["webhook-signature"],
        `${signatureOf(key, second)} ${signatureOf(shown.json["key"], second)}`
      )
      for (const one of [key, shown.json["key"]]) assert.deepEqual(verified(one, second), { a: 2 })
      assert.strictEqual((yield* admin.post(`${path}/secret/rotate`, { key: "whsec_short" })).status, 400)
      assert.strictEqual(
        (yield* admin.post(`${path}/secret/rotate`, { grace_period_seconds: -1 })).status,
        400
      )
      for (let count = 0; count < 4; count++) yield* admin.post(`${path}/secret/rotate`)
      assert.strictEqual((yield* admin.post(`${path}/secret/rotate`)).status, 409)
      const dropped = yield* admin.post(`${path}/secret/rotate`, { grace_period_seconds: 0 })
      assert.strictEqual(dropped.status, 200)
    })
  )

  it.effect("shows a user the secret and the logs of the user's own subscription alone", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const alice = yield* client()
      const bob = yield* client({ tenantUuid: alice.tenantUuid })
      const path = `/users/me${yield* subscribe(alice, receiver, "/users/me")}`
      assert.match(String((yield* alice.get(`${path}/secret`)).json["key"]), /^whsec_/)
      assert.strictEqual((yield* alice.get(`${path}/logs`)).status, 200)
      assert.strictEqual((yield* alice.post(`${path}/secret/rotate`)).status, 200)
      for (const answer of [yield* bob.get(`${path}/secret`), yield* bob.get(`${path}/logs`)]) {
        assert.strictEqual(answer.status, 404)
      }
    })
  )

  it.effect("lists deliveries, tells one with its attempts, and sends it again with the config of now", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer(status(500))
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      for (const n of [1, 2]) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
      const listed = yield* settled(admin, path, 2)
      assert.deepInclude(listed.json, { total: 2, filtered: 2 })
      const [newest] = listed.items
      assert.deepInclude(newest, {
        event_name: "told",
        state: "failed",
        attempts: 1,
        max_attempts: 1,
        next_attempt_at: null,
        last_status_code: 500
      })
      const none = yield* admin.get(`${path}/deliveries?status=succeeded`)
      assert.deepInclude(none.json, { total: 2, filtered: 0, items: [] })
      assert.strictEqual((yield* admin.get(`${path}/deliveries?status=lost`)).status, 400)
      const dead = yield* admin.get("/dead-letters?limit=1")
      assert.deepInclude(dead.json, { total: 2, filtered: 2 })
      assert.strictEqual(`/subscriptions/${dead.items[0]?.["subscription_uuid"]}`, path)

      receiver.answer(status(200))
      const config = { method: "put", url: `${receiver.url}/new` }
      yield* admin.put(path, aSubscription({ events: ["told"], config }))
      const one = `${path}/deliveries/${newest?.["uuid"]}`
      assert.strictEqual((yield* admin.post(`${one}/redeliver`)).status, 202)
      const done = yield* eventually(admin.get(one), ({ json }) => json["state"] === "succeeded")
      assert.deepInclude(done.json, { attempts: 2 })
      assert.deepEqual(
        (done.json["logs"] as ReadonlyArray<Record<string, unknown>>).map((log) => [
          log["attempts"],
          log["status"]
        ]),
        [
          [1, "error"],
          [2, "success"]
        ]
      )
      const last = receiver.calls.at(-1)
      assert.deepInclude(last, { method: "PUT", path: "/new" })
      assert.strictEqual(last?.headers["webhook-id"], newest?.["uuid"])

      const since = new Date(Date.now() - 60_000).toISOString()
      const recovered = yield* admin.post(`${path}/recover`, { since })
      assert.strictEqual(recovered.status, 202)
      assert.deepEqual(recovered.json, { count: 1 })
      yield* eventually(admin.get("/dead-letters"), ({ json }) => json["total"] === 0)
      assert.strictEqual((yield* admin.post(`${path}/recover`, {})).status, 400)
      const old = new Date(Date.now() - 15 * 86_400_000).toISOString()
      assert.strictEqual((yield* admin.post(`${path}/recover`, { since: old })).status, 400)
      const unknown = yield* admin.post(`${path}/deliveries/${randomUUID()}/redeliver`)
      assert.strictEqual(unknown.json["error_id"], "no-such-delivery")
    })
  )

  it.effect("refuses to send again what is under way", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const answers: Array<() => void> = []
      receiver.answer((_call, response) => void answers.push(() => response.end()))
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      yield* eventually(
        Effect.sync(() => answers.length),
        (count) => count === 1
      )
      const { items } = yield* admin.get(`${path}/deliveries`)
      assert.strictEqual(items[0]?.["state"], "running")
      const refused = yield* admin.post(`${path}/deliveries/${items[0]?.["uuid"]}/redeliver`)
      assert.strictEqual(refused.status, 409)
      assert.strictEqual(refused.json["error_id"], "delivery-in-progress")
      for (const answer of answers) answer()
      yield* settled(admin, path, 1)
    })
  )

  it.effect("sends a test whatever the filters are", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      const sent = yield* admin.post(`${path}/test`)
      assert.strictEqual(sent.status, 202)
      assert.strictEqual(sent.json["event_name"], "webhookd_test")
      yield* settled(admin, path, 1)
      assert.hasAllKeys(JSON.parse(receiver.calls[0]?.body ?? "{}"), ["subscription_uuid", "message"])
    })
  )

  it.effect("stops what is disabled, tells of it, and goes on when it is enabled", () =>
    Effect.gen(function* () {
      const { client, emit, eventsOf } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      const notices = yield* eventsOf(
        Effect.gen(function* () {
          assert.strictEqual((yield* admin.post(`${path}/disable`)).status, 204)
          yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
          yield* admin.post(`${path}/test`)
          const { json } = yield* admin.get(`${path}/health`)
          assert.deepInclude(json, { enabled: false, breaker: "closed", pending: 0, held: 1 })
          assert.lengthOf(receiver.calls, 0)
          assert.strictEqual((yield* admin.post(`${path}/enable`)).status, 204)
        })
      )
      yield* settled(admin, path, 1)
      assert.lengthOf(receiver.calls, 1)
      assert.deepEqual(
        notices.map(({ name }) => name).filter((name) => name !== "told"),
        ["webhookd_subscription_disabled", "webhookd_subscription_enabled"]
      )
      const { json } = yield* admin.get(`${path}/health`)
      assert.deepInclude(json, { enabled: true, held: 0, success_rate_24h: 1 })
      assert.isAbove((json["latency_ms"] as { p50: number }).p50, 0)
    })
  )

  it.effect("opens the breaker of a receiver that only fails, and holds what comes then", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer(status(500))
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      for (let n = 0; n < 20; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
      yield* eventually(admin.get(`${path}/health`), ({ json }) => json["breaker"] === "open")
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: "held" })
      const { items } = yield* admin.get(`${path}/deliveries?status=held`)
      assert.lengthOf(items, 1)
      assert.lengthOf(receiver.calls, 20)
      receiver.answer(status(200))
      yield* admin.post(`${path}/enable`)
      yield* eventually(admin.get(`${path}/deliveries?status=succeeded`), ({ items }) => items.length === 1)
      assert.strictEqual((yield* admin.get(`${path}/health`)).json["breaker"], "closed")
    })
  )

  it.effect("disables a subscription whose receiver asks for it", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer(status(500, { "webhook-delivery": "disable" }))
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      yield* eventually(admin.get(`${path}/health`), ({ json }) => json["enabled"] === false)
    })
  )

  it.effect("lists what can be subscribed to, and tries templates out", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const found = yield* admin.get("/events?search=tenant_deleted")
      assert.deepEqual(found.json, {
        items: [
          {
            name: "auth_tenant_deleted",
            service: "auth",
            scope: "tenant",
            routing_key: "auth.tenants.{uuid}.deleted",
            required_acl: "events.auth.tenants.{uuid}.deleted",
            schema: { type: "object" }
          }
        ],
        total: 1
      })
      assert.lengthOf((yield* admin.get("/events?limit=2")).items, 2)
      const preview = (template: unknown) =>
        admin.post("/templates/preview", { template, event_name: "told", event: { a: 1 } })
      assert.deepEqual((yield* preview("{{ event_name }} {{ event.a }}")).json, { rendered: "told 1" })
      const broken = yield* preview("{{ event.b.c }}")
      assert.strictEqual(broken.status, 400)
      assert.strictEqual(broken.json["error_id"], "template-error")
      assert.strictEqual((yield* preview(1)).status, 400)
    })
  )
})
