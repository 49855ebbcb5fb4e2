import { Effect } from "effect"
import type { IdempotentRequest } from "../../actors/subscription/idempotency-keys.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { type Invalid, invalidData } from "../../schemas/webhookd/errors.ts"
import { tooLong } from "./problems.ts"

const longest = 128

/** The request with its `Idempotency-Key`, which counts for this operation of this user (contracts/webhooks.md 15.9). */
export const readIdempotency = Effect.fnUntraced(function* (
  operation: string,
  headers: { readonly "idempotency-key"?: string },
  body: unknown
): Effect.fn.Return<IdempotentRequest, Invalid, CurrentCaller> {
  const { tenantUuid, ownTenantUuid, userUuid } = yield* CurrentCaller
  const key = headers["idempotency-key"]
  if (key !== undefined && key.length > longest) {
    return yield* invalidData({ "Idempotency-Key": [tooLong(longest)] })
  }
  return { key, scope: [operation, tenantUuid, ownTenantUuid, userUuid ?? ""].join(" "), body }
})
