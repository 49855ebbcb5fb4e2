import { Effect } from "effect"
import { millis, type Settings } from "../../runtime/config.ts"
import type { AttemptRecord, ClaimedHook, Overflow } from "./hook-store.ts"
import type { SubscriptionIdentity } from "./machine.ts"
import type { Supervision } from "./supervision.ts"

/** An attempt that was written down. */
export interface Settled {
  readonly hook: ClaimedHook
  readonly record: AttemptRecord
}

/**
 * Tells subscriptions' actors how attempts ended, those of a batch together. They hear of every failure, and of
 * successes only while they count failures: the others change nothing and are many.
 */
export const makeReport = (supervision: Supervision["Service"], settings: Settings) => {
  const isCounting = settings.hookBreaker || settings.hookDisableAfterHours > 0
  const failedAt = new Map<string, number>()

  const reportOne = Effect.fnUntraced(function* (
    subscription: SubscriptionIdentity,
    all: ReadonlyArray<Settled>
  ) {
    const at = Math.max(...all.map(({ record }) => record.endedAt.getTime()))
    const failures = all.filter(({ record }) => record.status !== "success")
    if (failures.length < all.length) {
      const recent = at - (failedAt.get(subscription.uuid) ?? 0) < millis(settings.hookBreakerWindow)
      if (!recent) failedAt.delete(subscription.uuid)
      if (recent || all.some(({ hook }) => hook.failing)) {
        yield* supervision.tell({ type: "attemptSucceeded", subscription, at })
      }
    }
    if (failures.length > 0 && isCounting) {
      failedAt.set(subscription.uuid, at)
      const hooks = failures.filter(({ record }) => record.attempt === 1).length
      yield* supervision.tell({ type: "attemptsFailed", subscription, at, attempts: failures.length, hooks })
    }
    for (const { hook, record } of failures) {
      if (record.status !== "error") continue
      const reason = record.error ?? "failed"
      yield* supervision.tell({ type: "exhausted", subscription, deliveryUuid: hook.uuid, reason })
    }
    const reason = all.find(({ record }) => record.disable !== undefined)?.record.disable
    if (reason !== undefined) yield* supervision.tell({ type: "disable", subscription, reason })
  })

  const report = (batch: ReadonlyArray<Settled>): Effect.Effect<void> =>
    Effect.forEach(
      Map.groupBy(batch, ({ hook }) => hook.subscription_uuid).values(),
      (all) => (all[0] === undefined ? Effect.void : reportOne(identityOf(all[0].hook), all)),
      { discard: true }
    )

  /** Queues that were too long. */
  const overflows = (lost: ReadonlyArray<Overflow>): Effect.Effect<void> =>
    Effect.forEach(
      lost,
      ({ hooks, last, ...subscription }) => {
        const reason = `queue-overflow: ${hooks} deliveries were given up`
        return Effect.andThen(
          Effect.logWarning(
            `The queue of the subscription ${subscription.subscription_uuid} is full: ${reason}`
          ),
          supervision.tell({
            type: "exhausted",
            subscription: identityOf({ ...subscription, subscription_name: subscription.name }),
            deliveryUuid: last,
            reason
          })
        )
      },
      { discard: true }
    )

  return Object.assign(report, { overflows })
}

const identityOf = (hook: {
  readonly subscription_uuid: string
  readonly subscription_name: string
  readonly owner_tenant_uuid: string
  readonly owner_user_uuid: string | null
}): SubscriptionIdentity => ({
  uuid: hook.subscription_uuid,
  name: hook.subscription_name,
  tenantUuid: hook.owner_tenant_uuid,
  ownerUserUuid: hook.owner_user_uuid
})
