import { Context, type Effect, type Scope } from "effect"

/** A live token with its compiled ACL (contracts/auth.md 4 to 6). Immutable; a new login makes a new one. */
export interface LiveToken {
  readonly id: string
  readonly sessionUuid: string
  /** The user's uuid, or `wazo-auth` for internal tokens. */
  readonly authId: string
  readonly userUuid: string | null
  readonly tenantUuid: string
  readonly acl: ReadonlyArray<string>
  readonly metadata: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly userAgent: string
  readonly remoteAddress: string
  /** Whether the ACL matches; null (nothing required) is always allowed. */
  readonly allows: (required: string | null) => boolean
}

/** Why a token ended. */
export type TokenEnd = "expired" | "revoked"

/**
 * Live tokens, cached in memory with their compiled ACLs and invalidated by bus events, so that the answer is
 * right on every node. An expired token is never returned.
 */
export class Tokens extends Context.Service<
  Tokens,
  {
    readonly find: (id: string) => Effect.Effect<LiveToken | undefined>
    /** From memory alone: undefined means "not cached or not live", ask `find`. For event-rate and hot paths. */
    readonly findCached: (id: string) => LiveToken | undefined
    /**
     * Calls the listener within 2 seconds of the end of the token (expiry, revocation, session or user deleted),
     * once, or at once when it is not live. The registration ends with the scope.
     */
    readonly onEnd: (id: string, listener: (end: TokenEnd) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("strowger/actors/identity/Tokens") {}
