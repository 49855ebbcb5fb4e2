import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { generateKeyPairSync, randomUUID } from "node:crypto"
import { createServer } from "node:http2"
import type { AddressInfo } from "node:net"
import { ExternalConfigs } from "../../actors/identity/external-configs.ts"
import { ExternalCredentials } from "../../actors/identity/external-credentials.ts"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { type Call, startReceiver, status } from "./receiver.ts"

interface AppleCall {
  readonly headers: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** Apple's service without TLS: HTTP/2 all the same. */
const apple = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly calls: Array<AppleCall>; readonly close: () => void }>(
    (resume) => {
      const calls: Array<AppleCall> = []
      const server = createServer()
      server.on("stream", (stream, headers) => {
        let text = ""
        stream.setEncoding("utf8")
        stream.on("data", (chunk: string) => (text += chunk))
        stream.on("end", () => {
          calls.push({ headers: { ...headers }, payload: JSON.parse(text) })
          stream.respond({ ":status": 200 })
          stream.end()
        })
      })
      server.listen(0, "127.0.0.1", () => {
        // A listening TCP server's address is an AddressInfo.
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ port, calls, close: () => void server.close() }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const stage = Effect.gen(function* () {
  const google = yield* startReceiver
  const { port, calls } = yield* apple
  google.answer((call, response) =>
    status(
      200,
      { "content-type": "application/json" },
      JSON.stringify(call.path === "/oauth" ? { access_token: "granted" } : { name: "sent" })
    )(call, response)
  )
  return { google, apple: { url: `http://127.0.0.1:${port}`, calls } }
})

const call = defineEvent<Record<string, unknown>>({
  name: "call_push_notification",
  class: "user",
  routingKey: "c"
})
const missed = defineEvent<Record<string, unknown>>({
  name: "user_missed_call",
  class: "user",
  routingKey: "m"
})
const chat = defineEvent<Record<string, unknown>>({
  name: "chatd_user_room_message_created",
  class: "user",
  routingKey: "r"
})

/** A user with a mobile, as auth has both, and a client that acts for the user. */
const mobileUser = Effect.fnUntraced(function* (tokens: Record<string, unknown>, config: object) {
  const { client } = yield* TestWebhookd
  const sql = yield* SqlClient.SqlClient
  const credentials = yield* ExternalCredentials
  const configs = yield* ExternalConfigs
  const userUuid = randomUUID()
  const user = yield* client({ userUuid })
  yield* sql`INSERT INTO auth_user ${sql.insert({
    uuid: userUuid,
    username: userUuid,
    purpose: "user",
    authentication_method: "default",
    enabled: true,
    tenant_uuid: user.tenantUuid
  })}`
  yield* configs.create(user.tenantUuid, "mobile", JSON.parse(JSON.stringify(config)))
  yield* credentials.put([user.tenantUuid], userUuid, "mobile", tokens)
  const { items } = yield* eventually(user.get("/users/me/subscriptions"), ({ json }) => json["total"] === 1)
  return {
    user,
    target: { tenantUuid: user.tenantUuid, userUuids: [userUuid] },
    uuid: String(items[0]?.["uuid"])
  }
})

const lastLog = (user: Effect.Success<ReturnType<typeof mobileUser>>["user"], uuid: string, count: number) =>
  Effect.map(
    eventually(user.get(`/subscriptions/${uuid}/logs`), ({ items }) => items.length === count),
    ({ items }) => items[0]
  )

/** The push services under test, reachable where the runtime looks for Apple and Google. */
class Peers extends Context.Service<Peers, Effect.Success<typeof stage>>()("test/Peers") {}

const everything = Layer.unwrap(
  Effect.map(Peers, ({ google, apple }) =>
    testWebhookdLayer({
      environment: { STROWGER_MOBILE_APNS_URL: apple.url, STROWGER_MOBILE_FCM_URL: google.url }
    })
  )
).pipe(Layer.provideMerge(Layer.effect(Peers, stage)))

layer(everything, live)("a push to a mobile", (it) => {
  it.effect("goes to Apple with the topic and the kind of each event", () =>
    Effect.gen(function* () {
      const { emit } = yield* TestWebhookd
      const { apple } = yield* Peers
      const tokens = { apns_voip_token: "voip", apns_notification_token: "note" }
      const { user, target, uuid } = yield* mobileUser(tokens, {})
      yield* emit(call, target, { peer_caller_id_number: "5551001", call_id: "c" })
      assert.deepInclude(yield* lastLog(user, uuid, 1), { status: "success", attempts: 1 })
      const [first] = apple.calls
      assert.deepInclude(first?.headers, {
        ":path": "/3/device/voip",
        "apns-topic": "org.accentvoice.voip",
        "apns-push-type": "voip",
        "apns-priority": "10",
        "apns-expiration": "0"
      })
      assert.deepInclude(first?.payload, { notification_type: "incomingCall" })
      yield* emit(missed, target, { caller_id_name: "Ann", caller_id_number: "5551001", other: 1 })
      const log = yield* lastLog(user, uuid, 2)
      assert.deepInclude(log?.["detail"] as object, { success: true, protocol_used: "apns" })
      assert.deepInclude(apple.calls[1]?.headers, {
        ":path": "/3/device/note",
        "apns-topic": "org.accentvoice"
      })
      const { aps, data } = Object(apple.calls[1]?.payload) as { aps: object; data: { items: object } }
      assert.deepEqual(aps, {
        badge: 1,
        sound: "default",
        "content-available": 1,
        alert: { title: "Missed Call", body: "From: Ann (5551001)" }
      })
      assert.hasAllKeys(data.items, [
        "caller_id_name",
        "caller_id_number",
        "notification_timestamp",
        "data_only"
      ])
      yield* emit(chat, target, { user_uuid: user.userUuid, content: "to myself" })
      assert.deepInclude(yield* lastLog(user, uuid, 3), { status: "success", detail: {} })
      assert.lengthOf(apple.calls, 2)
    })
  )

  it.effect("goes to Firebase with a fresh access token", () =>
    Effect.gen(function* () {
      const { emit } = yield* TestWebhookd
      const { google } = yield* Peers
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
      const account = {
        client_email: "a@b",
        private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
        token_uri: `${google.url}/oauth`,
        project_id: "project"
      }
      const { user, target, uuid } = yield* mobileUser(
        { token: "android" },
        { fcm_service_account_info: account }
      )
      yield* emit(missed, target, { caller_id_name: null, caller_id_number: null })
      const log = yield* lastLog(user, uuid, 1)
      assert.deepInclude(log, { status: "success" })
      const sent = google.calls.find(({ path }) => path === "/v1/projects/project/messages:send")
      assert.strictEqual(sent?.headers.authorization, "Bearer granted")
      const { message } = JSON.parse(sent?.body ?? "{}")
      assert.deepInclude(message, { token: "android", android: { priority: "high", ttl: "0s" } })
      assert.strictEqual(message.data.notification_type, "missedCall")
      assert.strictEqual(JSON.parse(message.data.items).data_only, true)

      const custom = {
        notification_type: "door_bell",
        user_uuid: user.userUuid,
        title: "Door",
        body: "Somebody rings"
      }
      const before = google.calls.length
      assert.strictEqual(
        (yield* user.post("/mobile/notifications", { ...custom, extra: { door: "1" } })).status,
        204
      )
      yield* eventually(
        Effect.sync(() => google.calls.length),
        (count) => count === before + 2
      )
      const last: Call | undefined = google.calls.at(-1)
      const own = JSON.parse(last?.body ?? "{}").message
      assert.deepEqual(own.android.notification, {
        body: "Somebody rings",
        channel_id: "io.accent.songbird",
        notification_count: 1,
        title: "Door"
      })
      assert.deepInclude(own.data, { notification_type: "door_bell", door: "1" })
      assert.strictEqual((yield* user.get(`/subscriptions/${uuid}/logs`)).items.length, 1)
    })
  )

  it.effect("of an application is refused when it is not one, or for a user of another tenant", () =>
    Effect.gen(function* () {
      const { client } = yield* TestWebhookd
      const admin = yield* client()
      const notification = { notification_type: "bell", user_uuid: randomUUID(), title: "t", body: "b" }
      const refused = (body: object) =>
        Effect.map(admin.post("/mobile/notifications", body), ({ status, json, details }) => {
          assert.strictEqual(status, 400)
          return { id: json["error_id"], details }
        })
      assert.strictEqual((yield* refused(notification)).id, "invalid-user-uuid")
      assert.deepEqual((yield* refused({ ...notification, user_uuid: "x" })).details, {
        user_uuid: ["Length must be 36."]
      })
      assert.property(
        (yield* refused({ ...notification, notification_type: "missedCall" })).details,
        "notification_type"
      )
      assert.property(
        (yield* refused({ ...notification, notification_type: "a-b" })).details,
        "notification_type"
      )
      assert.deepEqual((yield* refused({ ...notification, more: 1 })).details, { more: ["Unknown field."] })
      assert.hasAllKeys((yield* refused({})).details, ["notification_type", "user_uuid", "title", "body"])
    })
  )
})
