import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { eventually } from "../../test/eventually.ts"
import { authTenantDeleted } from "../../schemas/events/auth.ts"
import { userDeleted } from "../../schemas/events/confd.ts"
import { aSubscription, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"

layer(testWebhookdLayer(), live)("webhookd's subscriptions", (it) => {
  it.effect("answers a new subscription in full, and the same when it is read", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const created = yield* admin.post("/subscriptions", aSubscription({ metadata: { app: "crm" } }))
      assert.strictEqual(created.status, 201)
      assert.deepEqual(created.json, {
        uuid: created.json["uuid"],
        name: "crm",
        service: "http",
        events: ["user_created"],
        events_user_uuid: null,
        events_wazo_uuid: null,
        config: { method: "post", url: "https://crm.example/u/{{ event.uuid }}" },
        owner_user_uuid: null,
        owner_tenant_uuid: admin.tenantUuid,
        metadata: { app: "crm" }
      })
      const read = yield* admin.get(`/subscriptions/${created.json["uuid"]}`)
      assert.deepEqual(read.json, created.json)
      assert.deepEqual((yield* admin.get("/subscriptions")).json, { items: [created.json], total: 1 })
    })
  )

  it.effect("replaces everything on PUT, collapses duplicate events and stores metadata as text", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const owner = randomUUID()
      const { json } = yield* admin.post(
        "/subscriptions",
        aSubscription({ owner_user_uuid: owner, events_accent_uuid: owner, metadata: { old: "1" } })
      )
      assert.strictEqual(json["events_wazo_uuid"], owner)
      const path = `/subscriptions/${json["uuid"]}`
      const changed = yield* admin.put(
        path,
        aSubscription({ events: ["b", "a", "b"], metadata: { n: 1.5, yes: true, no: null } })
      )
      assert.strictEqual(changed.status, 200)
      assert.deepInclude(changed.json, {
        uuid: json["uuid"],
        events: ["b", "a"],
        owner_user_uuid: null,
        events_wazo_uuid: null,
        metadata: { n: "1.5", yes: "true", no: null }
      })
      assert.deepEqual((yield* admin.get(path)).json, changed.json)
    })
  )

  it.effect("is gone after DELETE", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const { json } = yield* admin.post("/subscriptions", aSubscription())
      const path = `/subscriptions/${json["uuid"]}`
      assert.strictEqual((yield* admin.delete(path)).status, 204)
      for (const answer of [
        yield* admin.get(path),
        yield* admin.delete(path),
        yield* admin.get(`${path}/logs`)
      ]) {
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(answer.json["error_id"], "no-such-subscription")
        assert.deepEqual(answer.details, { subscription_uuid: json["uuid"] })
      }
      assert.strictEqual((yield* admin.get("/subscriptions/no-uuid")).status, 404)
    })
  )

  it.effect("tells every wrong field at once, each in the contract's shape", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const refused = (body: unknown) =>
        Effect.map(admin.post("/subscriptions", body), (answer) => {
          assert.strictEqual(answer.status, 400, JSON.stringify(body))
          assert.strictEqual(answer.json["error_id"], "invalid-data")
          return answer.details
        })
      const required = {
        message: "Missing data for required field.",
        constraint_id: "required",
        constraint: "required"
      }
      assert.deepEqual(yield* refused({}), {
        name: required,
        service: required,
        events: required,
        config: required
      })
      assert.deepEqual(yield* refused("[1]"), { _schema: ["Invalid input type."] })
      assert.deepEqual(yield* refused('"text"'), { _schema: ["Invalid input type."] })
      assert.strictEqual((yield* admin.post("/subscriptions", "{")).status, 400)
      assert.strictEqual((yield* admin.post("/subscriptions")).status, 400)
      const shapes: ReadonlyArray<readonly [Record<string, unknown>, unknown]> = [
        [{ name: null }, { name: { constraint_id: "not_null", constraint: "not_null" } }],
        [{ name: 1 }, { name: { constraint_id: "type", constraint: "string" } }],
        [
          { name: "x".repeat(129) },
          { name: [{ constraint_id: "length", constraint: { min: null, max: 128 } }] }
        ],
        [{ name: "a\0b" }, { name: { constraint_id: "type", constraint: "string" } }],
        [{ events: "one" }, { events: { constraint_id: "type", constraint: "list" } }],
        [{ events: ["a", null] }, { events: { "1": { constraint_id: "not_null", constraint: "not_null" } } }],
        [
          { events: ["x".repeat(129)] },
          { events: { "0": [{ constraint_id: "length", constraint: { min: null, max: 128 } }] } }
        ],
        [
          { events_user_uuid: "x".repeat(35) },
          { events_user_uuid: [{ constraint_id: "length", constraint: { equal: 36 } }] }
        ],
        [{ metadata: null }, { metadata: { constraint_id: "not_null", constraint: "not_null" } }],
        [{ metadata: [] }, { metadata: { constraint_id: "type", constraint: "dict" } }],
        [{ metadata: { a: [] } }, { metadata: { a: { constraint_id: "type", constraint: "string" } } }],
        [{ config: [] }, { config: { constraint_id: "type", constraint: "dict" } }],
        [
          { config: { method: "patch", url: null } },
          {
            config: {
              method: {
                constraint_id: "enum",
                constraint: { choices: ["head", "get", "post", "put", "delete"] }
              },
              url: { constraint_id: "required", constraint: "required" }
            }
          }
        ],
        [
          { config: { method: "get", url: "u", verify_certificate: "wrong" } },
          {
            config: {
              verify_certificate: {
                constraint_id: "verify-certificate-invalid",
                constraint: ["true", "false", "/*"]
              }
            }
          }
        ],
        [
          { config: { method: "get", url: "u", verify_certificate: true } },
          { config: { verify_certificate: { constraint_id: "type", constraint: "string" } } }
        ],
        [{ config: { method: "get", url: "u", other: "x" } }, { config: { other: ["Unknown field."] } }],
        [
          { service: "other", config: { a: 1 } },
          { config: [{ constraint_id: "key-value-type", constraint: "string" }] }
        ],
        [
          { service: "other", config: { a: "x".repeat(2049) } },
          {
            config: [{ constraint_id: "key-value-length", constraint: { "key-max": 128, "value-max": 2048 } }]
          }
        ]
      ]
      for (const [wrong, shape] of shapes) {
        assert.deepEqual(withoutMessages(yield* refused(aSubscription(wrong))), shape)
      }
    })
  )

  it.effect("takes any other service with a plain config, and ignores what only the server sets", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const answer = yield* admin.post("/subscriptions", {
        ...aSubscription({ service: "fax", config: {}, events: [] }),
        uuid: randomUUID(),
        owner_tenant_uuid: randomUUID(),
        unknown: 1
      })
      assert.strictEqual(answer.status, 201)
      assert.strictEqual(answer.json["owner_tenant_uuid"], admin.tenantUuid)
      assert.notProperty(answer.json, "unknown")
    })
  )

  it.effect("is seen from the tenants above, and 404 from beside and below", () =>
    Effect.gen(function* () {
      const { client, tenant, masterUuid } = yield* TestWebhookd
      const parent = yield* client()
      const child = yield* client({ tenantUuid: yield* tenant(parent.tenantUuid) })
      const sibling = yield* client()
      const { json } = yield* parent.post("/subscriptions", aSubscription())
      const below = yield* child.post("/subscriptions", aSubscription({ name: "below" }))
      for (const stranger of [child, sibling]) {
        assert.strictEqual((yield* stranger.get(`/subscriptions/${json["uuid"]}`)).status, 404)
      }
      assert.strictEqual((yield* parent.get(`/subscriptions/${below.json["uuid"]}`)).status, 200)
      assert.deepEqual((yield* parent.get("/subscriptions")).json["total"], 1)
      assert.deepEqual((yield* parent.get("/subscriptions?recurse=Yes")).json["total"], 2)
      assert.strictEqual((yield* parent.get("/subscriptions?recurse=maybe")).status, 400)
      const header = { "accent-tenant": child.tenantUuid }
      const inChild = yield* parent.send("GET", "/subscriptions", undefined, header)
      assert.deepEqual(inChild.items, [below.json])
      const foreign = yield* child.send("GET", "/subscriptions", undefined, {
        "wazo-tenant": parent.tenantUuid
      })
      assert.strictEqual(foreign.status, 401)
      assert.deepInclude(foreign.details, {
        reason: "missing_permission_or_invalid_tenant",
        tenant_uuid: parent.tenantUuid
      })
      const master = yield* client({ tenantUuid: masterUuid })
      const moved = yield* master.put(`/subscriptions/${below.json["uuid"]}`, aSubscription())
      assert.strictEqual(moved.json["owner_tenant_uuid"], masterUuid)
    })
  )

  it.effect("finds by metadata: all pairs, exactly, the last of one key, colons in values", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      yield* admin.post(
        "/subscriptions",
        aSubscription({ name: "a", metadata: { app: "crm", url: "http://x:1" } })
      )
      yield* admin.post("/subscriptions", aSubscription({ name: "b", metadata: { app: "crm" } }))
      const names = (query: string) =>
        Effect.map(admin.get(`/subscriptions?${query}`), ({ items }) => items.map(({ name }) => name))
      assert.deepEqual(yield* names("search_metadata=app:crm"), ["a", "b"])
      assert.deepEqual(yield* names("search_metadata=app:crm&search_metadata=url:http://x:1"), ["a"])
      assert.deepEqual(yield* names("search_metadata=app:no&search_metadata=app:crm"), ["a", "b"])
      assert.deepEqual(yield* names("search_metadata=app"), ["a", "b"])
      assert.deepEqual(yield* names("search_metadata=app:cr"), [])
    })
  )

  it.effect("of a user is owned by the user, and only the user's own are there", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const alice = yield* client()
      const bob = yield* client({ tenantUuid: alice.tenantUuid })
      const created = yield* alice.post(
        "/users/me/subscriptions",
        aSubscription({ owner_user_uuid: bob.userUuid, events_user_uuid: "short" })
      )
      assert.strictEqual(created.status, 201)
      assert.deepInclude(created.json, {
        owner_user_uuid: alice.userUuid,
        events_user_uuid: alice.userUuid,
        owner_tenant_uuid: alice.tenantUuid
      })
      assert.match(String(created.json["events_wazo_uuid"]), /^[0-9a-f-]{36}$/)
      const path = `/users/me/subscriptions/${created.json["uuid"]}`
      const changed = yield* alice.put(path, aSubscription({ name: "new", events_user_uuid: bob.userUuid }))
      assert.deepEqual(changed.json, { ...created.json, name: "new" })
      assert.strictEqual((yield* bob.get(path)).status, 404)
      assert.strictEqual((yield* bob.delete(path)).status, 404)
      assert.strictEqual((yield* bob.get("/users/me/subscriptions")).json["total"], 0)
      assert.deepEqual((yield* alice.get("/users/me/subscriptions")).items, [changed.json])
      assert.strictEqual((yield* bob.get(`/subscriptions/${created.json["uuid"]}`)).status, 200)
      assert.strictEqual((yield* alice.delete(path)).status, 204)
      const service = yield* client({ userUuid: null })
      const refused = yield* service.get("/users/me/subscriptions")
      assert.strictEqual(refused.status, 400)
      assert.strictEqual(refused.json["error_id"], "token-with-user-uuid-required")
    })
  )

  it.effect("tells of its life: to the tenant, or to the user that owns it", () =>
    Effect.gen(function* () {
      const { client, eventsOf } = yield* TestWebhookd
      const admin = yield* client()
      const events = yield* eventsOf(
        Effect.gen(function* () {
          const { json } = yield* admin.post("/subscriptions", aSubscription())
          yield* admin.put(`/subscriptions/${json["uuid"]}`, aSubscription())
          yield* admin.delete(`/subscriptions/${json["uuid"]}`)
          const own = yield* admin.post("/users/me/subscriptions", aSubscription())
          yield* admin.delete(`/users/me/subscriptions/${own.json["uuid"]}`)
        })
      )
      const user = admin.userUuid
      assert.deepEqual(
        events.map(({ name, routingKey }) => [name, routingKey]),
        [
          ["webhookd_subscription_created", "webhookd.subscription.created"],
          ["webhookd_subscription_updated", "webhookd.subscription.updated"],
          ["webhookd_subscription_deleted", "webhookd.subscription.deleted"],
          ["webhookd_user_subscription_created", `webhookd.users.${user}.subscription.created`],
          ["webhookd_user_subscription_deleted", `webhookd.users.${user}.subscription.deleted`]
        ]
      )
      assert.deepInclude(events[0]?.headers, {
        tenant_uuid: admin.tenantUuid,
        "user_uuid:*": true,
        required_acl: "events.webhookd.subscription.created"
      })
      assert.hasAllKeys(events[3]?.data, ["uuid", "name", "service", "events", "config", "metadata"])
      assert.strictEqual(events[3]?.headers[`user_uuid:${user}`], true)
    })
  )

  it.effect("goes with its user and with its tenant", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const admin = yield* client()
      const gone = randomUUID()
      for (const more of [{}, { owner_user_uuid: gone }, { events_user_uuid: gone }]) {
        yield* admin.post("/subscriptions", aSubscription(more))
      }
      const total = Effect.map(admin.get("/subscriptions"), ({ json }) => json["total"])
      yield* emit(
        userDeleted,
        { tenantUuid: admin.tenantUuid },
        { id: 1, uuid: gone, subscription_type: 0, created_at: "", tenant_uuid: admin.tenantUuid }
      )
      yield* eventually(total, (left) => left === 1)
      yield* emit(authTenantDeleted, { tenantUuid: admin.tenantUuid }, { uuid: admin.tenantUuid })
      yield* eventually(total, (left) => left === 0)
    })
  )

  it.effect("needs the right of each operation; dots of a path value count as underscores", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const reader = yield* client({ acl: ["webhookd.subscriptions.a_b.read"] })
      assert.strictEqual((yield* reader.get("/subscriptions/a.b")).status, 404)
      const refused = yield* reader.get("/subscriptions")
      assert.strictEqual(refused.status, 401)
      assert.strictEqual(refused.json["error_id"], "unauthorized")
      assert.strictEqual((yield* reader.delete("/subscriptions/a.b")).status, 401)
      const unknown = yield* reader.send("GET", "/subscriptions", undefined, { "x-auth-token": "nobody" })
      assert.deepInclude(unknown.details, { invalid_token: "nobody", reason: "not_found_or_expired" })
    })
  )

  it.effect("checks the body before the existence, and for logs the existence before the query", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const nowhere = `/subscriptions/${randomUUID()}`
      assert.strictEqual((yield* admin.put(nowhere, {})).status, 400)
      assert.strictEqual((yield* admin.put(nowhere, aSubscription())).status, 404)
      assert.strictEqual((yield* admin.get(`${nowhere}/logs?limit=-1`)).status, 404)
      const { json } = yield* admin.post("/subscriptions", aSubscription())
      const logs = `/subscriptions/${json["uuid"]}/logs`
      assert.deepEqual((yield* admin.get(logs)).json, { items: [], total: 0 })
      const refused = yield* admin.get(`${logs}?limit=-1&offset=x&order=name&direction=up&from_date=soon`)
      assert.strictEqual(refused.status, 400)
      assert.deepEqual(withoutMessages(refused.details), {
        limit: [{ constraint_id: "range", constraint: { min: 0 } }],
        offset: { constraint_id: "type", constraint: "integer" },
        order: [
          {
            constraint_id: "enum",
            constraint: { choices: ["started_at", "ended_at", "status", "attempts", "max_attempts"] }
          }
        ],
        direction: [{ constraint_id: "enum", constraint: { choices: ["asc", "desc"] } }],
        from_date: { constraint_id: "type", constraint: "datetime" }
      })
    })
  )
})

layer(testWebhookdLayer(), live)("webhookd", (it) => {
  it.effect("lists its services, tells its status, and words unknown paths and methods", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      assert.deepEqual((yield* admin.get("/subscriptions/services")).json, {
        services: { http: {}, mobile: {} }
      })
      assert.deepEqual((yield* admin.get("/status")).json, {
        bus_consumer: { status: "ok" },
        master_tenant: { status: "ok" }
      })
      const unknown = yield* admin.get("/nothing")
      assert.strictEqual(unknown.status, 404)
      assert.property(unknown.json, "message")
      assert.strictEqual((yield* admin.send("PATCH", "/subscriptions", {})).status, 405)
    })
  )

  it.effect(
    "shows its configuration to the master tenant alone, with no secret in it, and switches debug",
    () =>
      Effect.gen(function* () {
        const { client, masterUuid } = yield* TestWebhookd
        const tenant = yield* client()
        const master = yield* client({ tenantUuid: masterUuid })
        assert.strictEqual((yield* tenant.get("/config")).status, 401)
        const shown = yield* master.get("/config")
        assert.deepInclude(shown.json, {
          debug: false,
          hook_max_attempts: 10,
          hook_http_retry_countdown_factor: 2
        })
        assert.notMatch(JSON.stringify(shown.json), /password|secret|postgres/)
        const patch = (body: unknown) => master.send("PATCH", "/config", body)
        const on = yield* patch([{ op: "replace", path: "/debug", value: "true" }])
        assert.strictEqual(on.json["debug"], true)
        assert.strictEqual((yield* master.get("/config")).json["debug"], true)
        assert.strictEqual((yield* patch([])).status, 200)
        for (const [body, shape] of [
          [[{ op: "add", path: "/debug", value: true }], { "0": { op: ["Must be one of: replace."] } }],
          [[{ op: "replace", path: "/x", value: true }], { "0": { path: ["Must be one of: /debug."] } }],
          [
            [{ op: "replace", path: "/debug", value: "maybe" }],
            { "0": { value: { constraint_id: "type", constraint: "boolean" } } }
          ],
          [{}, { _schema: ["Invalid input type."] }]
        ]) {
          const refused = yield* patch(body)
          assert.strictEqual(refused.status, 400)
          assert.deepEqual(withoutMessages(refused.details), shape)
        }
        assert.strictEqual((yield* patch([{}])).status, 400)
        assert.strictEqual((yield* patch("")).status, 400)
        assert.strictEqual((yield* master.send("PATCH", "/config")).status, 400)
      })
  )
})

/** The details with the constraints alone: the wording is free. */
const withoutMessages = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutMessages)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "message")
      .map(([key, inner]) => [key, withoutMessages(inner)])
  )
}
