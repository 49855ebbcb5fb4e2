import { Effect } from "effect"
import { type Unauthorized, unauthorized } from "../../schemas/auth/errors.ts"
import type { Caller } from "../../schemas/common/caller.ts"

/**
 * Nobody grants what the own token does not carry (contracts/auth.md 4 and 10). An access that denies may always be
 * given; any other must be the caller's own.
 */
export const mayAddAll = (
  caller: Caller,
  accesses: ReadonlyArray<string>
): Effect.Effect<void, Unauthorized> =>
  requireAll(
    caller,
    accesses.filter((access) => !access.startsWith("!")),
    (access) => access
  )

/** Taking a denial away needs the right that it denies. */
export const mayRemoveAll = (
  caller: Caller,
  accesses: ReadonlyArray<string>
): Effect.Effect<void, Unauthorized> =>
  requireAll(caller, accesses, (access) => (access.startsWith("!") ? access.slice(1) : access))

/** Taking somebody out of a group frees from its denials alone: the rights it gave are no loss to others. */
export const mayFreeFrom = (
  caller: Caller,
  accesses: ReadonlyArray<string>
): Effect.Effect<void, Unauthorized> =>
  mayRemoveAll(
    caller,
    accesses.filter((access) => access.startsWith("!"))
  )

const requireAll = (
  caller: Caller,
  accesses: ReadonlyArray<string>,
  right: (access: string) => string
): Effect.Effect<void, Unauthorized> => {
  const missing = accesses.find((access) => !caller.allows(right(access)))
  return missing === undefined
    ? Effect.void
    : Effect.fail(unauthorized({ invalid_token: caller.tokenId, required_access: missing }))
}
