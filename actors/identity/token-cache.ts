import { Context, Effect, Layer, Schedule } from "effect"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { authSessionDeleted, authTenantDeleted } from "../../schemas/events/auth.ts"
import type { LiveToken, TokenEnd } from "./tokens.ts"

/** How many tokens stay in memory; the least recently used go first. */
const capacity = 20_000

/**
 * The tokens that this node knows to be live, and those whose end somebody waits for. Bounded, except by the
 * number of waiters.
 */
export class TokenCache extends Context.Service<TokenCache, ReturnType<typeof makeTokenCache>>()(
  "strowger/actors/identity/TokenCache"
) {
  /** Ends tokens when the bus says that their session or tenant is gone, and waiters' tokens as they expire. */
  static readonly layer: Layer.Layer<TokenCache, never, EventBus> = Layer.effect(
    TokenCache,
    Effect.gen(function* () {
      const bus = yield* EventBus
      const cache = makeTokenCache(capacity)
      yield* bus.subscribe({ name: authSessionDeleted.name }, ({ data }) =>
        cache.endSession("uuid" in data ? String(data.uuid) : "")
      )
      yield* bus.subscribe({ name: authTenantDeleted.name }, ({ data }) =>
        cache.endTenant("uuid" in data ? String(data.uuid) : "")
      )
      yield* Effect.sync(() => cache.expire()).pipe(
        Effect.repeat(Schedule.spaced("1 second")),
        Effect.forkScoped
      )
      return cache
    })
  )
}

interface Waiters {
  readonly token: LiveToken
  readonly listeners: Set<(end: TokenEnd) => void>
}

export const makeTokenCache = (capacity: number) => {
  /** By token, least recently used first. */
  const live = new Map<string, LiveToken>()
  const waiting = new Map<string, Waiters>()
  /** The tokens of both, by session. */
  const bySession = new Map<string, LiveToken>()
  /** Sessions that ended while a token was being read from the database: what is read may be of the past. */
  const endedWhileReading = new Set<string>()
  let readers = 0

  const forget = (token: LiveToken) => {
    live.delete(token.id)
    if (!waiting.has(token.id)) bySession.delete(token.sessionUuid)
  }
  const end = (token: LiveToken) => {
    const waiters = waiting.get(token.id)
    waiting.delete(token.id)
    forget(token)
    const why = token.expiresAt <= Date.now() ? "expired" : "revoked"
    for (const listener of waiters?.listeners ?? []) listener(why)
  }
  const put = (token: LiveToken) => {
    live.set(token.id, token)
    bySession.set(token.sessionUuid, token)
    if (live.size <= capacity) return
    for (const oldest of live.values()) return forget(oldest)
  }
  return {
    put,
    end,
    /** A live token; an expired one is forgotten. */
    get: (id: string): LiveToken | undefined => {
      const token = live.get(id)
      if (token === undefined) return undefined
      live.delete(id)
      if (token.expiresAt <= Date.now()) {
        forget(token)
        return undefined
      }
      live.set(id, token)
      return token
    },
    /** Runs a read of the database and keeps what it finds, unless the session ended meanwhile. */
    reading: (read: Effect.Effect<LiveToken | undefined>): Effect.Effect<LiveToken | undefined> =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          readers++
        }),
        () =>
          Effect.map(read, (token) => {
            if (token === undefined || endedWhileReading.has(token.sessionUuid)) return undefined
            put(token)
            return token
          }),
        () =>
          Effect.sync(() => {
            readers--
            if (readers === 0) endedWhileReading.clear()
          })
      ),
    endSession: (sessionUuid: string): void => {
      if (readers > 0) endedWhileReading.add(sessionUuid)
      const token = bySession.get(sessionUuid)
      if (token) end(token)
    },
    endTenant: (tenantUuid: string): void => {
      for (const token of bySession.values()) if (token.tenantUuid === tenantUuid) end(token)
    },
    /** Ends the tokens that somebody waits for and that have expired. */
    expire: (): void => {
      const now = Date.now()
      for (const { token } of waiting.values()) if (token.expiresAt <= now) end(token)
    },
    /** Calls the listener at the token's end; answers how to stop waiting. */
    wait: (token: LiveToken, listener: (end: TokenEnd) => void): (() => void) => {
      const waiters = waiting.get(token.id) ?? { token, listeners: new Set() }
      waiting.set(token.id, waiters)
      bySession.set(token.sessionUuid, token)
      waiters.listeners.add(listener)
      return () => {
        waiters.listeners.delete(listener)
        if (waiters.listeners.size > 0 || waiting.get(token.id) !== waiters) return
        waiting.delete(token.id)
        if (!live.has(token.id)) bySession.delete(token.sessionUuid)
      }
    },
    /** The tokens that somebody waits for. */
    awaited: (): ReadonlyArray<LiveToken> => [...waiting.values()].map(({ token }) => token),
    /** Forgets what nobody waits for. */
    clear: (): void => {
      for (const token of live.values()) forget(token)
    }
  }
}
