import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { amiEvent } from "../../schemas/events/amid.ts"
import {
  authUserExternalAuthAdded,
  authUserExternalAuthDeleted,
  authUserExternalAuthUpdated
} from "../../schemas/events/auth.ts"
import { eventually } from "../../test/eventually.ts"
import { aSubscription, live, TestWebhookd, testWebhookdLayer } from "./fixture.ts"
import { startReceiver } from "./receiver.ts"

layer(testWebhookdLayer(), live)("events beside the REST surface", (it) => {
  it.effect("of Asterisk reach webhooks of the master tenant, which name them as Asterisk does", () =>
    Effect.gen(function* () {
      const { client, masterUuid } = yield* TestWebhookd
      const bus = yield* EventBus
      const receiver = yield* startReceiver
      const config = { method: "post", url: `${receiver.url}/` }
      const admin = yield* client({ tenantUuid: masterUuid })
      const tenant = yield* client()
      for (const one of [admin, tenant]) {
        yield* one.post("/subscriptions", aSubscription({ events: ["QueueCallerJoin"], config }))
      }
      const join = amiEvent("QueueCallerJoin", { originUuid: masterUuid, at: 0 }, () => ({ Queue: "sales" }))
      yield* eventually(
        Effect.sync(() => {
          if (receiver.calls.length === 0) bus.publishTransient(join)
          return receiver.calls
        }),
        (calls) => calls.length > 0
      )
      assert.strictEqual(receiver.calls[0]?.body, '{"Queue": "sales"}')
    })
  )

  it.effect("of a user's mobile make exactly one subscription, keep it, and remove it", () =>
    Effect.gen(function* () {
      const { client, emit } = yield* TestWebhookd
      const user = yield* client()
      const tell = (definition: typeof authUserExternalAuthAdded, name = "mobile") =>
        emit(
          definition,
          { tenantUuid: user.tenantUuid, userUuids: [user.userUuid] },
          { user_uuid: user.userUuid, external_auth_name: name }
        )
      const listed = user.get("/users/me/subscriptions?search_metadata=mobile:true")
      yield* tell(authUserExternalAuthAdded, "google")
      yield* tell(authUserExternalAuthAdded)
      const { items } = yield* eventually(listed, ({ json }) => json["total"] === 1)
      const uuid = items[0]?.["uuid"]
      assert.deepEqual(items[0], {
        uuid,
        name: `Push notification mobile for user ${user.tenantUuid}/${user.userUuid}`,
        service: "mobile",
        events: [
          "chatd_user_room_message_created",
          "call_push_notification",
          "call_cancel_push_notification",
          "user_voicemail_message_created",
          "global_voicemail_message_created",
          "user_missed_call"
        ],
        events_user_uuid: user.userUuid,
        events_wazo_uuid: null,
        config: {},
        owner_user_uuid: user.userUuid,
        owner_tenant_uuid: user.tenantUuid,
        metadata: { mobile: "true" }
      })
      yield* user.post("/subscriptions", { ...items[0], name: randomUUID() })
      yield* tell(authUserExternalAuthUpdated)
      const kept = yield* eventually(listed, ({ json }) => json["total"] === 1)
      assert.strictEqual(kept.items[0]?.["uuid"], uuid)
      yield* tell(authUserExternalAuthDeleted)
      yield* eventually(listed, ({ json }) => json["total"] === 0)
    })
  )
})
