import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { Users } from "../../actors/identity/users.ts"
import { HookLogs } from "../../actors/subscription/hook-logs.ts"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { aSubscription, type Client, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { type Receiver, startReceiver, status } from "./receiver.ts"

const told = defineEvent<Record<string, unknown>>({ name: "told", class: "tenant", routingKey: "told" })

const subscribe = (client: Client, receiver: Receiver, more: Record<string, unknown> = {}) =>
  Effect.map(
    client.post(
      "/subscriptions",
      aSubscription({ events: ["told"], config: { method: "post", url: `${receiver.url}/hook` }, ...more })
    ),
    ({ json }) => `/subscriptions/${json["uuid"]}`
  )

const deliveries = (client: Client, path: string, state: string) =>
  client.get(`${path}/deliveries?status=${state}&limit=500`)

const environment = {
  STROWGER_HOOK_MAX_PENDING_PER_SUBSCRIPTION: "5",
  STROWGER_HOOK_MAX_ATTEMPTS: "1",
  STROWGER_HOOK_GONE_DISABLES: "true",
  STROWGER_HOOK_LOG_DAYS: "7",
  STROWGER_HOOK_BREAKER_ATTEMPTS: "4",
  STROWGER_HOOK_BREAKER_COOL_DOWN: "300 millis"
}

layer(testWebhookdLayer({ environment }), live)("the limits of webhooks", (it) => {
  it.effect("a queue that is too long loses its oldest hooks, never silently", () =>
    Effect.gen(function* () {
      const { client, emit, eventsOf } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const answers: Array<() => void> = []
      receiver.answer((_call, response) => void answers.push(() => response.end()))
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      yield* admin.put(`${path}/policy`, { max_concurrency: 1 })
      const notices = yield* eventsOf(
        Effect.gen(function* () {
          for (let n = 0; n < 12; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
          yield* eventually(deliveries(admin, path, "failed"), ({ items }) => items.length === 6)
        })
      )
      assert.include(
        notices.map(({ name }) => name),
        "webhookd_delivery_exhausted"
      )
      assert.lengthOf((yield* deliveries(admin, path, "pending")).items, 5)
      const { items } = yield* admin.get(`${path}/logs`)
      assert.lengthOf(items, 6)
      for (const log of items) {
        assert.deepInclude(log, { status: "error" })
        assert.strictEqual((log["detail"] as { error_id?: string }).error_id, "queue-overflow")
      }
      // The oldest ones went: the second to the seventh event, the first was under way.
      const lost = items.map(({ event }) => (event as { data: { n: number } }).data.n)
      assert.sameMembers(lost, [1, 2, 3, 4, 5, 6])
      receiver.answer(status(200))
      for (const answer of answers) answer()
      yield* eventually(deliveries(admin, path, "succeeded"), (answer) => answer.items.length === 6)
    })
  )

  it.effect("410 disables the subscription where the knob says so", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer(status(410))
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      yield* eventually(admin.get(`${path}/health`), ({ json }) => json["enabled"] === false)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      assert.lengthOf((yield* admin.get(`${path}/deliveries`)).items, 1)
    })
  )

  it.effect(
    "the breaker goes by its knobs: it opens, cools down, probes with one hook, and lets the held ones go",
    () =>
      Effect.gen(function* () {
        const { client, emit, eventsOf } = yield* TestWebhookd
        const receiver = yield* startReceiver
        receiver.answer(status(500))
        const admin = yield* client()
        const path = yield* subscribe(admin, receiver)
        const notices = yield* eventsOf(
          Effect.gen(function* () {
            for (let n = 0; n < 4; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
            yield* eventually(admin.get(`${path}/health`), ({ json }) => json["breaker"] !== "closed")
            const before = receiver.calls.length
            receiver.answer(status(200))
            for (let n = 0; n < 3; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
            yield* eventually(deliveries(admin, path, "succeeded"), ({ items }) => items.length === 3)
            assert.strictEqual(receiver.calls.length, before + 3)
            yield* eventually(admin.get(`${path}/health`), ({ json }) => json["breaker"] === "closed")
          })
        )
        assert.includeMembers(
          notices.map(({ name }) => name),
          ["webhookd_breaker_opened", "webhookd_breaker_closed"]
        )
      })
  )

  it.effect("a subscription that goes takes everything with it, its actor too", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const sql = yield* SqlClient.SqlClient
      const receiver = yield* startReceiver
      receiver.answer(status(500))
      const admin = yield* client()
      const path = yield* subscribe(admin, receiver)
      const uuid = path.split("/").at(-1) ?? ""
      const rows = (table: string, column: string) =>
        Effect.map(
          sql`SELECT 1 FROM ${sql.literal(table)} WHERE ${sql.literal(column)}::text = ${uuid}`,
          (found) => found.length
        )
      const everywhere = Effect.all([
        rows("actor", "id"),
        rows("webhook_hook", "subscription_uuid"),
        rows("webhook_log", "subscription_uuid"),
        rows("webhook_secret", "subscription_uuid")
      ])
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      yield* eventually(everywhere, (counts) => counts.every((count) => count === 1))
      assert.strictEqual((yield* admin.delete(path)).status, 204)
      assert.deepEqual(yield* everywhere, [0, 0, 0, 0])
    })
  )

  it.effect("subscriptions of a user end with the user, and are told of", () =>
    Effect.gen(function* () {
      const { client, eventsOf, tenant } = yield* TestWebhookd
      const users = yield* Users
      const receiver = yield* startReceiver
      const tenantUuid = yield* tenant()
      const uuid = randomUUID()
      const { uuid: userUuid } = yield* users.create(tenantUuid, {
        uuid,
        username: uuid,
        password: null,
        firstname: null,
        lastname: null,
        email_address: null,
        enabled: true,
        purpose: "user",
        authentication_method: "default"
      })
      const admin = yield* client({ tenantUuid })
      yield* subscribe(admin, receiver)
      yield* subscribe(admin, receiver, { owner_user_uuid: userUuid })
      yield* subscribe(admin, receiver, { events_user_uuid: userUuid })
      const told = yield* eventsOf(
        Effect.gen(function* () {
          yield* users.remove([tenantUuid], userUuid)
          yield* eventually(admin.get("/subscriptions"), ({ json }) => json["total"] === 1)
        })
      )
      assert.sameMembers(
        told.map(({ name }) => name),
        ["webhookd_subscription_deleted", "webhookd_user_subscription_deleted"]
      )
    })
  )

  it.effect("an event makes its hooks whatever characters it has", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      yield* subscribe(admin, receiver)
      const odd = {
        nul: "\0",
        half: "\ud83d",
        slash: "\\u0000 \\",
        quote: '"',
        ["\0key"]: { "user_uuid:x": true }
      }
      yield* emit(told, { tenantUuid: admin.tenantUuid }, odd)
      yield* eventually(
        Effect.sync(() => receiver.calls.length),
        (count) => count === 1
      )
      assert.deepEqual(JSON.parse(receiver.calls[0]?.body ?? ""), odd)
    })
  )

  it.effect(
    "logs and finished deliveries older than the knob's days go, younger ones and open ones stay",
    () =>
      Effect.gen(function* () {
        const { client, emit } = yield* TestWebhookd
        const sql = yield* SqlClient.SqlClient
        const logs = yield* HookLogs
        const receiver = yield* startReceiver
        const admin = yield* client()
        const path = yield* subscribe(admin, receiver)
        for (let n = 0; n < 2; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
        const { items } = yield* eventually(
          deliveries(admin, path, "succeeded"),
          (answer) => answer.items.length === 2
        )
        const old = String(items[0]?.["uuid"])
        yield* sql`UPDATE webhook_hook SET created_at = now() - interval '8 days' WHERE uuid = ${old}::uuid`
        yield* sql`UPDATE webhook_log SET started_at = now() - interval '8 days' WHERE uuid = ${old}::uuid`
        yield* logs.purge(7)
        assert.lengthOf((yield* admin.get(`${path}/deliveries`)).items, 1)
        assert.lengthOf((yield* admin.get(`${path}/logs`)).items, 1)
      })
  )

  it.effect("GET /config shows what is in force under upstream's names, and no secret", () =>
    Effect.gen(function* () {
      const { client, masterUuid } = yield* TestWebhookd
      const { json } = yield* (yield* client({ tenantUuid: masterUuid })).get("/config")
      assert.deepInclude(json, {
        debug: false,
        hook_max_attempts: 1,
        hook_http_retry_countdown_factor: 2,
        celery: { worker_min: 3, worker_max: 5 },
        log_retention_days: 7,
        hook_gone_disables: true,
        hook_max_pending_per_subscription: 5
      })
      assert.deepInclude(json["rest_api"], { max_threads: 10 })
      assert.deepInclude(json["breaker"], { enabled: true, attempts: 4, cool_down_seconds: 0.3 })
      assert.deepInclude(json["ssrf"], { profile: "compatible", https_only: false })
      assert.notMatch(JSON.stringify(json), /password|token_key|database|secret/i)
    })
  )
})

const oneAtATime = { STROWGER_HOOK_CONCURRENCY_PER_HOST: "1", STROWGER_SSRF_HTTPS_ONLY: "false" }

layer(testWebhookdLayer({ environment: oneAtATime }), live)("a limit for each host", (it) => {
  it.effect("delays what is too much for it, without an attempt, and leaves other hosts alone", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const slow = yield* startReceiver
      const other = yield* startReceiver
      let open = 0
      let most = 0
      slow.answer((_call, response) => {
        open += 1
        most = Math.max(most, open)
        setTimeout(() => {
          open -= 1
          response.end()
        }, 50)
      })
      const admin = yield* client()
      const path = yield* subscribe(admin, slow)
      const url = `${other.url.replace("127.0.0.1", "localhost")}/`
      yield* subscribe(admin, other, { config: { method: "post", url } })
      for (let n = 0; n < 4; n++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { n })
      const { items } = yield* eventually(
        deliveries(admin, path, "succeeded"),
        (answer) => answer.items.length === 4
      )
      assert.strictEqual(most, 1)
      assert.isTrue(items.every(({ attempts }) => attempts === 1))
      yield* eventually(
        Effect.sync(() => other.calls.length),
        (count) => count === 4
      )
    })
  )
})

layer(testWebhookdLayer({ environment: { STROWGER_SSRF_HTTPS_ONLY: "true" } }), live)(
  "ssrf.https_only",
  (it) => {
    it.effect("refuses plain http to everybody, with one log row and no call", () =>
      Effect.gen(function* () {
        const { client, emit } = yield* TestWebhookd
        const receiver = yield* startReceiver
        const admin = yield* client()
        const path = yield* subscribe(admin, receiver)
        yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
        const { items } = yield* eventually(admin.get(`${path}/logs`), (answer) => answer.items.length > 0)
        assert.lengthOf(items, 1)
        assert.deepInclude(items[0], { status: "error", attempts: 1 })
        assert.deepInclude(items[0]?.["detail"], { error_id: "destination-not-allowed" })
        assert.lengthOf(receiver.calls, 0)
      })
    )
  }
)
