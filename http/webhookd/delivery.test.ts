import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { gzipSync } from "node:zlib"
import { authTenantUpdated } from "../../schemas/events/auth.ts"
import { userEdited } from "../../schemas/events/confd.ts"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { aSubscription, type Client, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { type Receiver, startReceiver, status } from "./receiver.ts"

/** An event for some users, with any data. */
const told = defineEvent<Record<string, unknown>>({
  name: "told",
  class: "multi-user",
  routingKey: "told"
})

const subscribe = (client: Client, receiver: Receiver, more: Record<string, unknown> = {}, config = {}) =>
  Effect.map(
    client.post(
      "/subscriptions",
      aSubscription({
        events: ["told"],
        config: { method: "post", url: `${receiver.url}/hook`, ...config },
        ...more
      })
    ),
    ({ json }) => String(json["uuid"])
  )

const logsOf = (client: Client, uuid: string, count: number) =>
  Effect.map(
    eventually(client.get(`/subscriptions/${uuid}/logs`), ({ items }) => items.length >= count),
    ({ items }) => items
  )

const detailOf = (log: Readonly<Record<string, unknown>> | undefined) =>
  log?.["detail"] as Readonly<Record<string, unknown>>

/** Retries come a second apart. */
const environment = { STROWGER_HOOK_RETRY_FACTOR: "1", STROWGER_HOOK_MAX_ATTEMPTS: "3" }

layer(testWebhookdLayer({ environment }), live)("a webhook", (it) => {
  it.effect("is called once for each event, with the event's data as ASCII JSON, and logged", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer(status(200, { "content-type": "application/json" }, '{"ok": true}'))
      const admin = yield* client()
      const uuid = yield* subscribe(admin, receiver)
      const target = { tenantUuid: admin.tenantUuid, userUuids: ["a"] }
      const origin = randomUUID()
      yield* emit(told, target, { name: "Zoé", n: [1, null, true] }, origin)
      const [log, ...others] = yield* logsOf(admin, uuid, 1)
      assert.lengthOf(others, 0)
      assert.lengthOf(receiver.calls, 1)
      const [call] = receiver.calls
      assert.strictEqual(call?.method, "POST")
      assert.strictEqual(call?.path, "/hook")
      assert.strictEqual(call?.body, '{"name": "Zo\\u00e9", "n": [1, null, true]}')
      assert.deepInclude(
        { ...call?.headers },
        {
          "content-type": "application/json; charset=utf-8",
          "content-length": String(Buffer.byteLength(call?.body ?? "")),
          accept: "*/*",
          "accept-encoding": "gzip, deflate",
          "webhook-id": String(log?.["uuid"]),
          "x-strowger-attempt": "1",
          "x-strowger-event": "told"
        }
      )
      assert.deepInclude(log, { status: "success", attempts: 1, max_attempts: 3 })
      assert.match(String(log?.["started_at"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/)
      assert.deepInclude(log?.["event"] as object, { name: "told", origin_uuid: origin, "user_uuid:a": true })
      assert.deepInclude(detailOf(log), {
        request_method: "POST",
        request_url: `${receiver.url}/hook`,
        request_body: { name: "Zoé", n: [1, null, true] },
        response_status_code: 200,
        response_body: { ok: true }
      })
    })
  )

  it.effect("is built from its templates, and sends its body with every method", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      for (const method of ["get", "head", "put", "delete"]) {
        yield* subscribe(
          admin,
          receiver,
          {},
          {
            method,
            url: `${receiver.url}/{{ event_name }}/{{ event.name|urlencode }}?{{ event|urlencode }}`,
            body: "<{{ event.name }}> {{ wazo_uuid }}",
            content_type: "TEXT/html; CHarSeT=utf-8; empty"
          }
        )
      }
      yield* emit(told, { tenantUuid: admin.tenantUuid }, { name: "é/b" }, "origin")
      yield* eventually(
        Effect.sync(() => receiver.calls.length),
        (count) => count === 4
      )
      assert.sameMembers(
        receiver.calls.map(({ method }) => method),
        ["GET", "HEAD", "PUT", "DELETE"]
      )
      for (const call of receiver.calls) {
        assert.strictEqual(call.path, "/told/%C3%A9/b?name=%C3%A9%2Fb")
        assert.strictEqual(call.body, "<é/b> origin")
        assert.strictEqual(call.headers["content-type"], "text/html; charset=utf-8")
      }
    })
  )

  it.effect("matches by name, tenant, user and origin alone", () =>
    Effect.gen(function* () {
      const { client, emit, tenant, masterUuid } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const child = yield* client({ tenantUuid: yield* tenant(admin.tenantUuid) })
      const master = yield* client({ tenantUuid: masterUuid })
      const user = randomUUID()
      const origin = randomUUID()
      const to = (name: string) => ({ config: { method: "post", url: `${receiver.url}/${name}` } })
      yield* subscribe(admin, receiver, to("own"))
      yield* subscribe(child, receiver, to("child"))
      yield* subscribe(master, receiver, to("master"))
      yield* subscribe(admin, receiver, { ...to("user"), events_user_uuid: user })
      yield* subscribe(admin, receiver, { ...to("longer"), events_user_uuid: `${user.slice(0, 35)}x` })
      yield* subscribe(admin, receiver, { ...to("origin"), events_wazo_uuid: origin })
      yield* subscribe(admin, receiver, { ...to("prefix"), events: ["tol", "told_more"] })
      yield* subscribe(admin, receiver, { ...to("fax"), service: "fax", config: {} })
      const seen = Effect.fnUntraced(function* (work: Effect.Effect<void>, paths: ReadonlyArray<string>) {
        const before = receiver.calls.length
        yield* work
        yield* eventually(
          Effect.sync(() => receiver.calls.length),
          (count) => count >= before + paths.length
        )
        assert.sameMembers(
          receiver.calls.slice(before).map(({ path }) => path.slice(1)),
          [...paths]
        )
      })
      yield* seen(emit(told, { tenantUuid: admin.tenantUuid }, {}), ["own", "master"])
      yield* seen(emit(told, { tenantUuid: child.tenantUuid }, {}), ["child", "master"])
      yield* seen(emit(told, {}, {}), ["master"])
      yield* seen(emit(told, { tenantUuid: admin.tenantUuid, userUuids: [user] }, {}), [
        "own",
        "user",
        "master"
      ])
      yield* seen(emit(told, { tenantUuid: admin.tenantUuid, userUuids: [`${user}1`] }, {}), [
        "own",
        "master"
      ])
      yield* seen(emit(told, { tenantUuid: admin.tenantUuid }, {}, origin), ["own", "origin", "master"])
      // An event for everybody of the tenant is not addressed to a user, but for one kind of voice mail.
      const voicemail = defineEvent<object>({
        name: "global_voicemail_message_created",
        class: "tenant",
        routingKey: "v"
      })
      const both = {
        events: ["global_voicemail_message_created", "auth_tenant_updated"],
        events_user_uuid: user
      }
      yield* subscribe(admin, receiver, { ...to("voicemail"), ...both })
      yield* emit(authTenantUpdated, { tenantUuid: admin.tenantUuid }, { uuid: admin.tenantUuid, name: null })
      yield* seen(emit(voicemail, { tenantUuid: admin.tenantUuid }, {}), ["voicemail"])
    })
  )

  it.effect("takes effect with the answer to PUT and DELETE", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const uuid = yield* subscribe(admin, receiver)
      const target = { tenantUuid: admin.tenantUuid }
      const config = { method: "post", url: `${receiver.url}/new` }
      yield* admin.put(`/subscriptions/${uuid}`, aSubscription({ events: ["user_edited"], config }))
      yield* emit(told, target, {})
      const data = { id: 1, uuid, subscription_type: 0, created_at: "", tenant_uuid: admin.tenantUuid }
      yield* emit(userEdited, target, data)
      yield* logsOf(admin, uuid, 1)
      assert.deepEqual(
        receiver.calls.map(({ path }) => path),
        ["/new"]
      )
      yield* admin.delete(`/subscriptions/${uuid}`)
      const other = yield* subscribe(admin, receiver, { events: ["user_edited"] })
      yield* emit(userEdited, target, data)
      yield* logsOf(admin, other, 1)
      assert.lengthOf(receiver.calls, 2)
    })
  )

  it.effect("is tried again with the same id and a new signature time, a failure logged for each", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      const uuid = yield* subscribe(admin, receiver)
      receiver.answer((call, response) => {
        receiver.answer(status(200))
        status(503)(call, response)
      })
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      const logs = yield* logsOf(admin, uuid, 2)
      assert.deepEqual(
        logs.map((log) => [log["status"], log["attempts"]]),
        [
          ["success", 2],
          ["failure", 1]
        ]
      )
      assert.strictEqual(logs[0]?.["uuid"], logs[1]?.["uuid"])
      assert.match(String(detailOf(logs[1])["error"]), /503/)
      const [first, second] = receiver.calls
      assert.strictEqual(first?.headers["webhook-id"], second?.headers["webhook-id"])
      assert.strictEqual(second?.headers["x-strowger-attempt"], "2")
      assert.isAtLeast((second?.at ?? 0) - (first?.at ?? 0), 950)
    })
  )

  it.effect("is given up after the last attempt, and 410 at once", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      receiver.answer(status(500))
      const uuid = yield* subscribe(admin, receiver)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      const logs = yield* logsOf(admin, uuid, 3)
      assert.deepEqual(
        logs.map((log) => log["status"]),
        ["error", "failure", "failure"]
      )
      assert.lengthOf(receiver.calls, 3)
      const page = yield* admin.get(`/subscriptions/${uuid}/logs?order=status&direction=asc&limit=1&offset=1`)
      assert.deepInclude(page.json, { total: 1 })
      assert.strictEqual(page.items[0]?.["status"], "failure")
      const recent = encodeURIComponent(String(logs[0]?.["started_at"]))
      assert.lengthOf((yield* admin.get(`/subscriptions/${uuid}/logs?from_date=${recent}`)).items, 1)
      receiver.answer(status(410))
      const gone = yield* subscribe(admin, receiver)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      assert.deepInclude((yield* logsOf(admin, gone, 1))[0], { status: "error", attempts: 1 })
    })
  )

  it.effect("that cannot be built is an error at once and calls nobody", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const admin = yield* client()
      for (const config of [
        { body: "{{ event.zip.code }}" },
        { body: "{{ event.__class__.__mro__ }}" },
        { url: "no-scheme/x" },
        { url: "ftp://127.0.0.1/" },
        { body: "é", content_type: "text/plain; charset=ascii" },
        { body: "x", content_type: "text/plain; charset=nonsense" },
        { verify_certificate: "/no/such/bundle.pem" }
      ]) {
        const uuid = yield* subscribe(admin, receiver, {}, config)
        yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
        const [log] = yield* logsOf(admin, uuid, 1)
        assert.deepInclude(log, { status: "error", attempts: 1 }, JSON.stringify(config))
        assert.isString(detailOf(log)["error"])
        yield* admin.delete(`/subscriptions/${uuid}`)
      }
      assert.lengthOf(receiver.calls, 0)
    })
  )

  it.effect("follows redirects, each in its way", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const other = yield* startReceiver
      const admin = yield* client()
      receiver.answer((call, response) => {
        const code = Number(call.path.slice(1))
        if (code === 200) status(200)(call, response)
        else if (code === 300) status(302)(call, response)
        else
          status(code, { location: `${other.url.replace("127.0.0.1", "localhost")}/${code}` })(call, response)
      })
      for (const code of [300, 301, 302, 303, 307, 308]) {
        const config = {
          method: "put",
          url: `http://me:pass@127.0.0.1:${receiver.port}/${code}`,
          body: "text"
        }
        yield* subscribe(admin, receiver, { name: String(code) }, config)
      }
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      yield* eventually(
        Effect.sync(() => other.calls.length + receiver.calls.length),
        (count) => count === 11
      )
      assert.deepEqual(
        new Map(other.calls.map(({ path, method, body }) => [path, [method, body]])),
        new Map([
          ["/301", ["PUT", ""]],
          ["/302", ["GET", ""]],
          ["/303", ["GET", ""]],
          ["/307", ["PUT", "text"]],
          ["/308", ["PUT", "text"]]
        ])
      )
      assert.isTrue(receiver.calls.every(({ headers }) => headers.authorization === "Basic bWU6cGFzcw=="))
      assert.isTrue(other.calls.every(({ headers }) => headers.authorization === undefined))
    })
  )

  it.effect("logs what a compressed answer says", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      receiver.answer((_call, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"a": 1}'))
      })
      const admin = yield* client()
      const uuid = yield* subscribe(admin, receiver)
      yield* emit(told, { tenantUuid: admin.tenantUuid }, {})
      const [log] = yield* logsOf(admin, uuid, 1)
      assert.deepEqual(detailOf(log)["response_body"], { a: 1 })
    })
  )

  it.effect("of a user never reaches this machine, however it is spelled, also not by a redirect", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const receiver = yield* startReceiver
      const user = yield* client()
      for (const host of [
        "127.0.0.1",
        "127.0.0.2",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "localhost.",
        "169.254.169.254",
        "a@127.0.0.1"
      ]) {
        const config = { method: "post", url: `http://${host}:${receiver.port}/` }
        const { json } = yield* user.post(
          "/users/me/subscriptions",
          aSubscription({ events: ["told"], config })
        )
        yield* emit(
          told,
          { tenantUuid: user.tenantUuid, userUuids: [user.userUuid] },
          {},
          String(json["events_wazo_uuid"])
        )
        const [log] = yield* logsOf(user, String(json["uuid"]), 1)
        assert.deepInclude(log, { status: "error", attempts: 1 }, host)
        assert.strictEqual(detailOf(log)["error_id"], "destination-not-allowed", host)
        yield* user.delete(`/subscriptions/${json["uuid"]}`)
      }
      assert.lengthOf(receiver.calls, 0)
    })
  )

  it.effect("is not delayed by receivers that hang", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const hanging = yield* startReceiver
      const healthy = yield* startReceiver
      hanging.answer(() => {})
      const admin = yield* client()
      const other = yield* client()
      for (let count = 0; count < 20; count++) yield* subscribe(admin, hanging)
      const uuid = yield* subscribe(other, healthy)
      for (let count = 0; count < 15; count++) yield* emit(told, { tenantUuid: admin.tenantUuid }, { count })
      yield* eventually(
        Effect.sync(() => hanging.calls.length),
        (count) => count >= 100
      )
      yield* emit(told, { tenantUuid: other.tenantUuid }, {})
      yield* logsOf(other, uuid, 1)
      assert.lengthOf(healthy.calls, 1)
      hanging.answer(status(200))
    })
  )
})
