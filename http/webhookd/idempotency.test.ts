import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { aSubscription, type Client, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { startReceiver, status } from "./receiver.ts"

const told = defineEvent<Record<string, unknown>>({ name: "told", class: "tenant", routingKey: "told" })

const create = (client: Client, key: string, body: object, path = "/subscriptions") =>
  client.send("POST", path, body, { "idempotency-key": key })

layer(testWebhookdLayer({ environment: { STROWGER_HOOK_MAX_ATTEMPTS: "1" } }), live)(
  "a request with an Idempotency-Key",
  (it) => {
    it.effect("creates one subscription, however often and however fast it comes", () =>
      Effect.gen(function* () {
        const { client } = yield* TestWebhookd
        const admin = yield* client()
        const answers = yield* Effect.all(
          Array.from({ length: 8 }, () => create(admin, "k1", aSubscription())),
          { concurrency: 8 }
        )
        const again = yield* create(admin, "k1", aSubscription())
        for (const answer of [...answers, again]) {
          assert.strictEqual(answer.status, 201)
          assert.deepEqual(answer.json, answers[0]?.json)
        }
        assert.strictEqual((yield* admin.get("/subscriptions")).json["total"], 1)
        yield* create(admin, "k2", aSubscription())
        yield* admin.post("/subscriptions", aSubscription())
        assert.strictEqual((yield* admin.get("/subscriptions")).json["total"], 3)
      })
    )

    it.effect("is a conflict with another body, and of no account after a refusal", () =>
      Effect.gen(function* () {
        const { client } = yield* TestWebhookd
        const admin = yield* client()
        assert.strictEqual((yield* create(admin, "k", { name: "no more" })).status, 400)
        assert.strictEqual((yield* create(admin, "k", aSubscription())).status, 201)
        const other = yield* create(admin, "k", aSubscription({ name: "other" }))
        assert.strictEqual(other.status, 409)
        assert.strictEqual(other.json["error_id"], "idempotency-key-reused")
        assert.strictEqual((yield* create(admin, "k".repeat(129), aSubscription())).status, 400)
        assert.strictEqual((yield* create(admin, "k".repeat(128), aSubscription())).status, 201)
      })
    )

    it.effect("counts for its own user and its own path alone, and for a day", () =>
      Effect.gen(function* () {
        const { client } = yield* TestWebhookd
        const sql = yield* SqlClient.SqlClient
        const one = yield* client()
        const two = yield* client({ tenantUuid: one.tenantUuid })
        const first = yield* create(one, "k", aSubscription())
        assert.notStrictEqual((yield* create(two, "k", aSubscription())).json["uuid"], first.json["uuid"])
        const mine = yield* create(one, "k", aSubscription(), "/users/me/subscriptions")
        assert.strictEqual(mine.status, 201)
        assert.notStrictEqual(mine.json["uuid"], first.json["uuid"])
        yield* sql`UPDATE webhook_idempotency SET created_at = created_at - interval '25 hours'`
        const later = yield* create(one, "k", aSubscription({ name: "other" }))
        assert.strictEqual(later.status, 201)
        assert.notStrictEqual(later.json["uuid"], first.json["uuid"])
      })
    )

    it.effect("sends a delivery again once", () =>
      Effect.gen(function* () {
        const { client, emit } = yield* TestWebhookd
        const receiver = yield* startReceiver
        receiver.answer(status(500))
        const admin = yield* client()
        const config = { method: "post", url: receiver.url }
        const { json } = yield* admin.post("/subscriptions", aSubscription({ events: ["told"], config }))
        yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
        const path = `/subscriptions/${json["uuid"]}/deliveries`
        const attempts = (count: number) =>
          eventually(
            admin.get(path),
            ({ items }) => items[0]?.["state"] === "failed" && items[0]["attempts"] === count
          )
        const { items } = yield* attempts(1)
        const again = admin.send("POST", `${path}/${items[0]?.["uuid"]}/redeliver`, undefined, {
          "idempotency-key": "once"
        })
        const first = yield* again
        assert.strictEqual(first.status, 202)
        yield* attempts(2)
        assert.deepEqual((yield* again).json, first.json)
        yield* admin.post(`${path}/${items[0]?.["uuid"]}/redeliver`)
        yield* attempts(3)
        assert.lengthOf(receiver.calls, 3)
      })
    )

    it.effect("sends a notification once", () =>
      Effect.gen(function* () {
        const { client } = yield* TestWebhookd
        const sql = yield* SqlClient.SqlClient
        const admin = yield* client()
        yield* sql`INSERT INTO auth_user ${sql.insert({
          uuid: admin.userUuid,
          username: admin.userUuid,
          purpose: "user",
          authentication_method: "default",
          enabled: true,
          tenant_uuid: admin.tenantUuid
        })}`
        const body = { notification_type: "fire", user_uuid: admin.userUuid, title: "t", body: "b" }
        const notify = (text: string) =>
          create(admin, "alarm", { ...body, body: text }, "/mobile/notifications")
        assert.strictEqual((yield* notify("b")).status, 204)
        assert.strictEqual((yield* notify("b")).status, 204)
        assert.strictEqual((yield* notify("other")).status, 409)
      })
    )
  }
)
