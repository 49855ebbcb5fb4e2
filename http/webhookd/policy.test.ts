import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { createPublicKey, randomUUID, verify } from "node:crypto"
import { Webhook } from "standardwebhooks"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { aSubscription, type Client, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { type Call, type Receiver, startReceiver, status } from "./receiver.ts"

const told = defineEvent<Record<string, unknown>>({ name: "told", class: "tenant", routingKey: "told" })

const environment = { STROWGER_HOOK_RETRY_FACTOR: "1", STROWGER_HOOK_MAX_ATTEMPTS: "3" }

const subscribe = Effect.fnUntraced(function* (client: Client, receiver: Receiver, policy: object = {}) {
  const { json } = yield* client.post(
    "/subscriptions",
    aSubscription({ events: ["told"], config: { method: "post", url: `${receiver.url}/{{ event.n }}` } })
  )
  const path = `/subscriptions/${json["uuid"]}`
  const put = yield* client.put(`${path}/policy`, policy)
  assert.strictEqual(put.status, 200, JSON.stringify(put.json))
  return path
})

const ended = (client: Client, path: string, count: number) =>
  eventually(
    client.get(`${path}/deliveries?limit=500`),
    ({ items }) => items.filter(({ state }) => state === "succeeded" || state === "failed").length >= count
  )

const arrived = (receiver: Receiver, count: number) =>
  eventually(
    Effect.sync(() => receiver.calls),
    (calls) => calls.length >= count
  )

const defaults = {
  max_attempts: null,
  retry_schedule: null,
  jitter: 0.2,
  honor_retry_after: true,
  rate_limit_per_second: null,
  max_concurrency: 10,
  ordering: "none",
  signature: "v1",
  headers: {},
  enabled: true
}

layer(testWebhookdLayer({ environment }), live)("the policy of a subscription", (it) => {
  it.effect("is the server's until it is put; PUT replaces all of it, null and absent are the defaults", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      assert.deepEqual((yield* admin.get(`${path}/policy`)).json, defaults)
      const own = {
        max_attempts: 20,
        retry_schedule: [1, 2.5, 60],
        jitter: 0.5,
        honor_retry_after: false,
        rate_limit_per_second: 0.1,
        max_concurrency: 100,
        ordering: "fifo",
        signature: "both",
        headers: { "X-Team": "support" },
        enabled: true
      }
      assert.deepEqual((yield* admin.put(`${path}/policy`, own)).json, own)
      assert.deepEqual((yield* admin.get(`${path}/policy`)).json, own)
      assert.deepEqual((yield* admin.put(`${path}/policy`, { jitter: null })).json, defaults)
    })
  )

  it.effect("refuses every wrong value and every unknown key at once, and 404 for who may not see it", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      const { status: code, details } = yield* admin.put(`${path}/policy`, {
        max_attempts: 21,
        retry_schedule: ["soon"],
        jitter: 0.6,
        honor_retry_after: "yes",
        rate_limit_per_second: 0,
        max_concurrency: 0,
        ordering: "lifo",
        signature: "v2",
        headers: {
          Host: "x",
          Connection: "close",
          "webhook-id": "1",
          "Content-Length": "1",
          "a b": "c",
          ok: "é"
        },
        enabled: 1,
        colour: "red"
      })
      assert.strictEqual(code, 400)
      assert.hasAllKeys(details, [...Object.keys(defaults), "colour"])
      assert.hasAllKeys(details["headers"], [
        "Host",
        "Connection",
        "webhook-id",
        "Content-Length",
        "a b",
        "ok"
      ])
      for (const body of [
        { retry_schedule: [] },
        { retry_schedule: Array.from({ length: 20 }, () => 1) },
        { max_attempts: 1.5 },
        { headers: Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, "1"])) },
        { headers: { "x-a": "1", "X-A": "2" } },
        [1],
        "text"
      ]) {
        assert.strictEqual((yield* admin.put(`${path}/policy`, body)).status, 400, JSON.stringify(body))
      }
      const other = yield* client()
      assert.strictEqual((yield* other.get(`${path}/policy`)).status, 404)
      assert.strictEqual((yield* other.put(`${path}/policy`, {})).status, 404)
      assert.strictEqual((yield* admin.put(`/subscriptions/${randomUUID()}/policy`, { x: 1 })).status, 400)
    })
  )

  it.effect("sets the number of attempts, and a schedule both the number and the pauses", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer(status(500))
      const admin = yield* client()
      const one = yield* subscribe(admin, receiver, { max_attempts: 1 })
      const scheduled = yield* subscribe(admin, receiver, {
        max_attempts: 1,
        retry_schedule: [0, 0.3, 0],
        jitter: 0
      })
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: 1 })
      assert.deepInclude((yield* ended(admin, one, 1)).items[0], { attempts: 1, max_attempts: 1 })
      const { items } = yield* ended(admin, scheduled, 1)
      assert.deepInclude(items[0], { state: "failed", attempts: 4, max_attempts: 4 })
      const [, second, third] = receiver.calls.filter(
        ({ headers }) => headers["webhook-id"] === items[0]?.["uuid"]
      )
      assert.isAtLeast((third?.at ?? 0) - (second?.at ?? 0), 300)
    })
  )

  it.effect("leaves Retry-After out of account when it says so", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer(status(503, { "retry-after": "3600" }))
      const admin = yield* client()
      const deaf = yield* subscribe(admin, receiver, { honor_retry_after: false, retry_schedule: [0] })
      const polite = yield* subscribe(admin, receiver, { retry_schedule: [0] })
      const before = Date.now()
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: 1 })
      assert.deepInclude((yield* ended(admin, deaf, 1)).items[0], { attempts: 2 })
      const { items } = yield* eventually(
        admin.get(`${polite}/deliveries`),
        (answer) => answer.items[0]?.["state"] === "waiting"
      )
      assert.isAtLeast(Date.parse(String(items[0]?.["next_attempt_at"])), before + 3_600_000)
    })
  )

  it.effect("limits the rate: what is too much is delayed, never dropped", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver, { rate_limit_per_second: 8 })
      for (let n = 0; n < 12; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
      const calls = yield* arrived(receiver, 12)
      const times = calls.map(({ at }) => at)
      assert.isAtLeast(Math.max(...times) - Math.min(...times), 11 * 125 - 60)
      assert.strictEqual(new Set(calls.map(({ headers }) => headers["webhook-id"])).size, 12)
      yield* ended(admin, path, 12)
    })
  )

  it.effect("limits how many calls are under way", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      let open = 0
      let most = 0
      receiver.answer((_call, response) => {
        open += 1
        most = Math.max(most, open)
        setTimeout(() => {
          open -= 1
          response.end()
        }, 20)
      })
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver, { max_concurrency: 2 })
      for (let n = 0; n < 10; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
      yield* ended(admin, path, 10)
      assert.strictEqual(most, 2)
    })
  )

  it.effect("with fifo sends one after the other in the order of the events, retries included", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const failures = new Map([
        ["/1", 2],
        ["/3", 99]
      ])
      receiver.answer((call, response) => {
        const left = failures.get(call.path) ?? 0
        failures.set(call.path, left - 1)
        status(left > 0 ? 500 : 200)(call, response)
      })
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver, { ordering: "fifo", retry_schedule: [0.05, 0.05] })
      for (let n = 0; n < 6; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
      yield* ended(admin, path, 6)
      assert.deepEqual(
        receiver.calls.map((call) => call.path),
        ["/0", "/1", "/1", "/1", "/2", "/3", "/3", "/3", "/4", "/5"]
      )
    })
  )

  it.effect("sends headers of its own, which no log shows and no other host gets", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const other = yield* startReceiver
      receiver.answer(status(307, { location: `${other.url.replace("127.0.0.1", "localhost")}/there` }))
      const admin = yield* client()
      const headers = { "x-api-key": "s3cret", "user-agent": "mine", "Content-Type": "text/x-own" }
      const path = yield* subscribe(admin, receiver, { headers })
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: 1 })
      yield* ended(admin, path, 1)
      assert.deepInclude(
        { ...receiver.calls[0]?.headers },
        {
          "x-api-key": "s3cret",
          "user-agent": "mine",
          "content-type": "text/x-own"
        }
      )
      assert.notProperty(other.calls[0]?.headers ?? {}, "x-api-key")
      const logs = yield* admin.get(`${path}/logs`)
      assert.notInclude(JSON.stringify(logs.json), "s3cret")
    })
  )

  it.effect(
    "chooses the signature: a shared secret, an Ed25519 key that receivers only verify with, both, none",
    () =>
      Effect.gen(function* () {
        const { client, emit } = yield* TestWebhookd
        const receiver = yield* startReceiver
        const admin = yield* client()
        const path = yield* subscribe(admin, receiver, { signature: "both" })
        const secret = yield* admin.get(`${path}/secret`)
        const callWith = Effect.fnUntraced(function* (signature: string) {
          yield* admin.put(`${path}/policy`, { signature })
          const before = receiver.calls.length
          yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: 1, text: "é" })
          const call = (yield* arrived(receiver, before + 1))[before]
          return call ?? (yield* Effect.die("nobody was called"))
        })
        const both = yield* callWith("both")
        const [shared = "", own = ""] = String(both.headers["webhook-signature"]).split(" ")
        new Webhook(String(secret.json["key"])).verify(both.body, signedHeaders(both, shared))
        assert.isTrue(verifiesWith(secret.json["public_key"], both, own))
        const asymmetric = yield* callWith("v1a")
        assert.isTrue(
          verifiesWith(secret.json["public_key"], asymmetric, String(asymmetric.headers["webhook-signature"]))
        )
        assert.notProperty((yield* callWith("none")).headers, "webhook-signature")
        const plain = yield* callWith("v1")
        assert.match(String(plain.headers["webhook-signature"]), /^v1,[^ ]+$/)
        assert.notProperty((yield* admin.get(`${path}/secret`)).json, "public_key")
      })
  )

  it.effect("disables and enables its subscription", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver, { enabled: false })
      assert.strictEqual((yield* admin.get(`${path}/health`)).json["enabled"], false)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: 1 })
      assert.strictEqual((yield* admin.put(`${path}/policy`, {})).json["enabled"], true)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { n: 2 })
      yield* ended(admin, path, 1)
      assert.deepEqual(
        receiver.calls.map((call) => call.path),
        ["/2"]
      )
    })
  )
})

const signedHeaders = ({ headers }: Call, signature: string) => ({
  "webhook-id": String(headers["webhook-id"]),
  "webhook-timestamp": String(headers["webhook-timestamp"]),
  "webhook-signature": signature
})

/** What a receiver does with a public key (Standard Webhooks 1.0.0, asymmetric signatures). */
const verifiesWith = (publicKey: unknown, { headers, body }: Call, signature: string): boolean => {
  const raw = Buffer.from(String(publicKey).slice("whpk_".length), "base64")
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]),
    format: "der",
    type: "spki"
  })
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`
  assert.isTrue(signature.startsWith("v1a,"))
  return verify(null, Buffer.from(signed), key, Buffer.from(signature.slice("v1a,".length), "base64"))
}
