import { Effect, Layer, Queue } from "effect"
import { SqlClient } from "effect/sql"
import { inTransaction } from "../../runtime/database/transaction.ts"
import { EventBus, type PublishedEvent } from "../../runtime/bus/event-bus.ts"
import {
  authUserExternalAuthAdded,
  authUserExternalAuthDeleted,
  authUserExternalAuthUpdated
} from "../../schemas/events/auth.ts"
import { Subscriptions } from "./subscriptions.ts"

/**
 * A user with a mobile has exactly one subscription for its pushes, and a user without one has none
 * (contracts/webhooks.md 10.1). Of the nodes that hear of a change each looks, one after the other, so that they do not
 * make two subscriptions.
 */
export const mobileSubscriptionsLayer: Layer.Layer<
  never,
  never,
  SqlClient.SqlClient | EventBus | Subscriptions
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const bus = yield* EventBus
    const subscriptions = yield* Subscriptions
    const changes = yield* Queue.unbounded<Change>()
    for (const { name } of [authUserExternalAuthAdded, authUserExternalAuthUpdated]) {
      yield* bus.subscribe({ name }, (event) => note(changes, event, true))
    }
    yield* bus.subscribe({ name: authUserExternalAuthDeleted.name }, (event) => note(changes, event, false))
    yield* Queue.take(changes).pipe(
      Effect.flatMap((change) =>
        inTransaction(
          sql,
          Effect.andThen(
            sql`SELECT pg_advisory_xact_lock(hashtextextended(${change.userUuid}, ${lockSeed}))`,
            adjust(subscriptions, change)
          )
        )
      ),
      Effect.catchCause((cause) => Effect.logError("A mobile subscription is not as it should be", cause)),
      Effect.forever,
      Effect.forkScoped
    )
  })
)

/** Any number, so that other locks by a user's uuid are other locks. */
const lockSeed = 7_384_086

interface Change {
  readonly userUuid: string
  readonly tenantUuid: string
  readonly hasMobile: boolean
}

const note = (changes: Queue.Queue<Change>, { data, headers }: PublishedEvent, hasMobile: boolean): void => {
  if (!("external_auth_name" in data) || data.external_auth_name !== "mobile") return
  const tenantUuid = headers["tenant_uuid"]
  if (!("user_uuid" in data) || typeof data.user_uuid !== "string" || typeof tenantUuid !== "string") return
  Queue.offerUnsafe(changes, { userUuid: data.user_uuid, tenantUuid, hasMobile })
}

const adjust = Effect.fnUntraced(function* (
  subscriptions: Subscriptions["Service"],
  { userUuid, tenantUuid, hasMobile }: Change
) {
  const scope = { tenants: [tenantUuid], ownerUserUuid: userUuid }
  const known = yield* subscriptions.list(scope, { mobile: "true" })
  for (const { uuid } of known.slice(hasMobile ? 1 : 0))
    yield* Effect.ignore(subscriptions.remove(scope, uuid))
  if (!hasMobile || known.length > 0) return
  yield* subscriptions.create(tenantUuid, {
    name: `Push notification mobile for user ${tenantUuid}/${userUuid}`,
    service: "mobile",
    events: [
      "chatd_user_room_message_created",
      "call_push_notification",
      "call_cancel_push_notification",
      "user_voicemail_message_created",
      "global_voicemail_message_created",
      "user_missed_call"
    ],
    events_user_uuid: userUuid,
    owner_user_uuid: userUuid,
    events_wazo_uuid: null,
    config: {},
    metadata: { mobile: "true" }
  })
})
