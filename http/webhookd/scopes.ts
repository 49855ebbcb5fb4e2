import { Effect } from "effect"
import type { SubscriptionScope } from "../../actors/subscription/subscriptions.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { userTokenRequired } from "../../schemas/webhookd/errors.ts"

/** Single subscriptions are seen in the acting tenant and everything below it (contracts/webhooks.md 4). */
export const visible = Effect.map(
  CurrentCaller,
  (caller): SubscriptionScope => ({ tenants: caller.visibleTenants })
)

/** A user's own subscriptions are those of the token's user in the token's tenant. */
export const mine = Effect.flatMap(CurrentCaller, ({ userUuid, ownTenantUuid }) =>
  userUuid === null
    ? Effect.fail(userTokenRequired())
    : Effect.succeed({ tenants: [ownTenantUuid], ownerUserUuid: userUuid })
)
