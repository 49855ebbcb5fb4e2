import type { Subscription } from "../webhookd/subscription.ts"
import { defineEvent, type EventDefinition, escapeWord } from "./envelope.ts"

/** Events of webhookd (contracts/webhooks.md 9): of a user's subscription to the user, of any other to the tenant. */

export type SubscriptionVerb = "created" | "updated" | "deleted"

/** What a user's own subscription tells of itself. */
export type UserSubscriptionData = Pick<
  Subscription,
  "uuid" | "name" | "service" | "events" | "config" | "metadata"
>

export const webhookdSubscriptionCreated = defineEvent<Subscription>({
  name: "webhookd_subscription_created",
  class: "tenant",
  routingKey: "webhookd.subscription.created"
})
export const webhookdSubscriptionUpdated = defineEvent<Subscription>({
  name: "webhookd_subscription_updated",
  class: "tenant",
  routingKey: "webhookd.subscription.updated"
})
export const webhookdSubscriptionDeleted = defineEvent<Subscription>({
  name: "webhookd_subscription_deleted",
  class: "tenant",
  routingKey: "webhookd.subscription.deleted"
})

/** The routing key names the owner, who is not in the data. */
export const webhookdUserSubscription = (
  verb: SubscriptionVerb,
  userUuid: string
): EventDefinition<UserSubscriptionData> =>
  defineEvent<UserSubscriptionData>({
    name: `webhookd_user_subscription_${verb}`,
    class: "user",
    routingKey: `webhookd.users.${escapeWord(userUuid)}.subscription.${verb}`
  })

/** What became of a subscription or of one of its deliveries (contracts/webhooks.md 15.7). */
export interface SubscriptionNotice {
  readonly subscription_uuid: string
  readonly name: string
  readonly reason: string
  readonly delivery_uuid?: string
}

export const noticeNames = [
  "webhookd_subscription_disabled",
  "webhookd_subscription_enabled",
  "webhookd_delivery_exhausted",
  "webhookd_breaker_opened",
  "webhookd_breaker_closed"
] as const
export type NoticeName = (typeof noticeNames)[number]

/** A notice to the owner of the subscription, or to its tenant when no user owns it. */
export const webhookdNotice = (name: NoticeName, owned: boolean): EventDefinition<SubscriptionNotice> =>
  defineEvent<SubscriptionNotice>({
    name,
    class: owned ? "user" : "tenant",
    routingKey: `webhookd.${name.slice("webhookd_".length).replaceAll("_", ".")}`
  })
