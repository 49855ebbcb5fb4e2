import { Effect } from "effect"
import { randomInt } from "node:crypto"

/**
 * A slug for something without one (contracts/auth.md 5): its name without the characters that slugs do not have,
 * or, when nothing is left or that is taken, three random characters.
 */
export const generateSlug = Effect.fnUntraced(function* <E, R>(
  name: string | null,
  rule: { readonly dropped: RegExp; readonly maxLength: number },
  isFree: (slug: string) => Effect.Effect<boolean, E, R>
) {
  const fromName = (name ?? "").replace(rule.dropped, "").slice(0, rule.maxLength)
  if (fromName !== "" && (yield* isFree(fromName))) return fromName
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const slug = randomText(attempt < maxAttempts / 2 ? 3 : Math.min(8, rule.maxLength))
    if (yield* isFree(slug)) return slug
  }
  return yield* Effect.die(`no free slug was found in ${maxAttempts} attempts`)
})

/** The 46,656 slugs of three characters can run out; then longer ones are drawn. */
const maxAttempts = 100

const randomText = (length: number): string =>
  Array.from({ length }, () => characters[randomInt(characters.length)]).join("")

const characters = "abcdefghijklmnopqrstuvwxyz0123456789"

export const tenantSlug = { dropped: /[^a-zA-Z0-9_]/g, maxLength: 10 }
export const policySlug = { dropped: /[^a-zA-Z0-9_-]/g, maxLength: 80 }
