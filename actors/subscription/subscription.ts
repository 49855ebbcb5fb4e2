import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { defineKind } from "../../runtime/actor/kind.ts"
import { type BusEvent, type EventOrigin, makeEvent } from "../../schemas/events/envelope.ts"
import { webhookdNotice } from "../../schemas/events/webhookd.ts"
import type { HookBell } from "./hook-bell.ts"
import {
  type BreakerRules,
  type SubscriptionEmitted,
  subscriptionMachine,
  subscriptionMachineWith
} from "./machine.ts"

/** How the actors of subscriptions are addressed; the id is the subscription's uuid. */
export const subscriptionActor = { name: "subscription", machine: subscriptionMachine, version: 1 } as const

/**
 * Webhook subscriptions. What the dispatcher goes by stands in the subscription's row, written with the state that it
 * follows from; the bell tells the dispatcher to look again.
 */
export const subscriptionKind = (bell: HookBell["Service"], rules: BreakerRules) =>
  defineKind<typeof subscriptionMachine, never>({
    ...subscriptionActor,
    machine: subscriptionMachineWith(rules),
    durable: true,
    input: () => undefined,
    perform: {},
    event: (emitted, origin) => noticeOf(emitted, origin),
    write: (emitted, id) => written(emitted, id),
    committed: () => bell.ring()
  })

const noticeOf = (emitted: SubscriptionEmitted, origin: EventOrigin): BusEvent | undefined => {
  if (emitted.type !== "notice") return undefined
  const { name, subscription, reason, deliveryUuid } = emitted
  const { uuid, tenantUuid, ownerUserUuid } = subscription
  return makeEvent(
    webhookdNotice(name, ownerUserUuid !== null),
    origin,
    { tenantUuid, userUuids: ownerUserUuid === null ? [] : [ownerUserUuid] },
    {
      subscription_uuid: uuid,
      name: subscription.name,
      reason,
      ...(deliveryUuid === undefined ? {} : { delivery_uuid: deliveryUuid })
    }
  )
}

const written = (emitted: SubscriptionEmitted, id: string) =>
  emitted.type === "notice"
    ? undefined
    : Effect.flatMap(
        SqlClient.SqlClient,
        (sql) =>
          sql`UPDATE webhook_subscription SET ${sql.update(columnOf(emitted))} WHERE uuid = ${id}::uuid`
      )

const columnOf = (emitted: Exclude<SubscriptionEmitted, { readonly type: "notice" }>) => {
  switch (emitted.type) {
    case "breaker":
      return { breaker: emitted.state }
    case "failing":
      return { failing: emitted.failing }
    case "enabled":
      return { enabled: emitted.enabled }
  }
}
