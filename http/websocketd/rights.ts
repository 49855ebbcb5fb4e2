import { Effect, Exit, Schedule, Scope } from "effect"
import { Tenants } from "../../actors/identity/tenants.ts"
import { type LiveToken, Tokens } from "../../actors/identity/tokens.ts"

/** What a token lets a session see (contracts/events.md 4.4); shared by all sessions of the token. */
export interface Rights {
  readonly tokenId: string
  readonly tenantUuid: string
  /** Only events addressed to this user or to every user of the tenant, as `user_uuid:` headers say. */
  readonly onlyUser: boolean
  /** The header that addresses an event to the token's user. */
  readonly userHeader: string
  /** Whether the token's ACL matches; remembered for the events that come often. */
  readonly allows: (requiredAcl: string) => boolean
}

/** Who holds a token and is told when it ends. */
export interface TokenHolder {
  readonly tokenEnded: () => void
}

/** The tokens of this node's sessions: each is watched once, however many sessions hold it. */
export interface HeldTokens {
  /** Calls back, at once if the token is cached; with undefined when it may not use websocketd or cannot be had. */
  readonly authenticate: (tokenId: string, done: (rights: Rights | undefined) => void) => void
  /** From now on the holder hears of the token's end, at once if it has ended already. */
  readonly hold: (rights: Rights, holder: TokenHolder) => void
  readonly release: (rights: Rights, holder: TokenHolder) => void
}

/** The right to use websocketd at all (contracts/events.md 4.1). */
const requiredAcl = "websocketd"

/** No token is this long; longer strings are refused without a lookup. In characters. */
const longestToken = 256

/** A token that cannot be looked up within this time counts as unreachable. */
const lookupTimeout = "10 seconds"

/** Decisions remembered per token. */
const rememberedDecisions = 256

interface HeldToken {
  readonly rights: Rights
  readonly holders: Set<TokenHolder>
  readonly watch: Scope.Closeable
}

/** Builds the registry; its watches end with the scope. */
export const makeHeldTokens: Effect.Effect<HeldTokens, never, Tokens | Tenants | Scope.Scope> = Effect.gen(
  function* () {
    const tokens = yield* Tokens
    const tenants = yield* Tenants
    const scope = yield* Effect.scope
    const context = yield* Effect.context<never>()
    const run = Effect.runCallbackWith(context)
    const held = new Map<string, HeldToken>()

    const rightsOf = (token: LiveToken | undefined): Rights | undefined => {
      if (token === undefined || !token.allows(requiredAcl)) return undefined
      return held.get(token.id)?.rights ?? makeRights(token, tenants.master)
    }

    const watch = (rights: Rights): HeldToken => {
      const entry: HeldToken = { rights, holders: new Set(), watch: Scope.forkUnsafe(scope) }
      held.set(rights.tokenId, entry)
      return entry
    }

    /** Tries again while the tokens cannot be read: no session may outlive its token unnoticed. */
    const awaitEnd = ({ rights, holders, watch }: HeldToken) =>
      tokens
        .onEnd(rights.tokenId, () => {
          for (const holder of holders) holder.tokenEnded()
        })
        .pipe(
          Effect.catchCause(() => Effect.fail("unreachable")),
          Effect.retry(Schedule.spaced("1 second")),
          Scope.provide(watch),
          Effect.forkIn(watch, { startImmediately: true })
        )

    return {
      authenticate: (tokenId, done) => {
        if (tokenId.length > longestToken) return done(undefined)
        const cached = tokens.findCached(tokenId)
        if (cached !== undefined) return done(rightsOf(cached))
        run(orRefused(Effect.map(tokens.find(tokenId), rightsOf)), {
          onExit: (exit) => done(Exit.isSuccess(exit) ? exit.value : undefined)
        })
      },
      hold: (rights, holder) => {
        const known = held.get(rights.tokenId)
        const entry = known ?? watch(rights)
        entry.holders.add(holder)
        if (known === undefined) run(awaitEnd(entry))
      },
      release: (rights, holder) => {
        const entry = held.get(rights.tokenId)
        if (entry === undefined || !entry.holders.delete(holder) || entry.holders.size > 0) return
        held.delete(rights.tokenId)
        run(Scope.close(entry.watch, Exit.void))
      }
    }
  }
)

const orRefused = (lookup: Effect.Effect<Rights | undefined>): Effect.Effect<Rights | undefined> =>
  lookup.pipe(
    Effect.timeout(lookupTimeout),
    Effect.catchCause(() =>
      Effect.as(
        Effect.logWarning("A WebSocket client is refused: its token could not be looked up"),
        undefined
      )
    )
  )

const makeRights = (token: LiveToken, masterTenant: string): Rights => {
  const decisions = new Map<string, boolean>()
  return {
    tokenId: token.id,
    tenantUuid: token.tenantUuid,
    onlyUser: token.tenantUuid !== masterTenant && !isTenantAdmin(token),
    userHeader: `user_uuid:${token.userUuid ?? token.authId}`,
    allows: (requiredAcl) => {
      const known = decisions.get(requiredAcl)
      if (known !== undefined) return known
      if (decisions.size >= rememberedDecisions) decisions.clear()
      const allowed = token.allows(requiredAcl)
      decisions.set(requiredAcl, allowed)
      return allowed
    }
  }
}

const isTenantAdmin = ({ metadata }: LiveToken): boolean =>
  metadata.admin === true || metadata.purpose === "external_api" || metadata.purpose === "internal"
