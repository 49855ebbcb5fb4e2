import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { type DeliveryPolicy, defaultPolicy } from "../../schemas/webhookd/policy.ts"
import type { Subscription } from "../../schemas/webhookd/subscription.ts"
import { HookBell } from "./hook-bell.ts"
import { Supervision } from "./supervision.ts"

/** How the hooks of each subscription are delivered (contracts/webhooks.md 15.5). */
export class DeliveryPolicies extends Context.Service<
  DeliveryPolicies,
  {
    readonly get: (subscription: Subscription) => Effect.Effect<DeliveryPolicy>
    /** Replaces all of it, for hooks that wait already too; enables or disables the subscription. */
    readonly put: (subscription: Subscription, policy: DeliveryPolicy) => Effect.Effect<DeliveryPolicy>
  }
>()("strowger/actors/subscription/DeliveryPolicies") {
  static readonly layer: Layer.Layer<DeliveryPolicies, never, SqlClient.SqlClient | Supervision | HookBell> =
    Layer.effect(
      DeliveryPolicies,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const supervision = yield* Supervision
        const bell = yield* HookBell
        const get = Effect.fnUntraced(function* ({ uuid }: Subscription) {
          const [row] = yield* dieOnSqlError(sql<{ policy: DeliveryPolicy | null; enabled: boolean }>`
          SELECT policy, enabled FROM webhook_subscription WHERE uuid = ${uuid}::uuid`)
          return { ...defaultPolicy, ...row?.policy, enabled: row?.enabled ?? true }
        })
        return {
          get,
          put: Effect.fnUntraced(function* (subscription, policy) {
            const before = yield* get(subscription)
            yield* dieOnSqlError(sql`
            UPDATE webhook_subscription SET ${sql.update(columnsOf(policy))}, rate_at = now()
            WHERE uuid = ${subscription.uuid}::uuid`)
            if (before.enabled && !policy.enabled)
              yield* supervision.disable(subscription, "disabled by its policy")
            if (!before.enabled && policy.enabled) yield* supervision.enable(subscription)
            bell.ring()
            return policy
          })
        }
      })
    )
}

/** What the dispatcher goes by when it takes hooks stands in columns of its own. */
const columnsOf = (policy: DeliveryPolicy) => ({
  policy: JSON.stringify(policy),
  max_concurrency: policy.max_concurrency,
  fifo: policy.ordering === "fifo",
  rate_per_second: policy.rate_limit_per_second
})
