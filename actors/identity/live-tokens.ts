import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { liveToken, type TokenRow, tokenHash } from "./token-record.ts"
import { TokenCache } from "./token-cache.ts"
import { type LiveToken, type TokenEnd, Tokens } from "./tokens.ts"

/**
 * Tokens from memory, else from the database. What is not found is not remembered, so a token made on another
 * node is seen at once. After the bus was away the memory is dropped and the awaited tokens are read again: an end
 * may have been missed.
 */
export const tokensLayer: Layer.Layer<Tokens, never, SqlClient.SqlClient | EventBus | TokenCache> =
  Layer.effect(
    Tokens,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const bus = yield* EventBus
      const cache = yield* TokenCache

      const read = Effect.fnUntraced(function* (id: string) {
        const [row] = yield* dieOnSqlError(sql<TokenRow>`
          select t.session_uuid, t.auth_id, t.issued_at, t.expires_at, t.acl, t.metadata, t.user_agent,
                 t.remote_address, s.tenant_uuid
          from auth_token t join auth_session s on s.uuid = t.session_uuid
          where t.token_hash = ${tokenHash(id)} and t.expires_at > ${new Date()}`)
        return row && liveToken(id, row)
      })
      const find = (id: string): Effect.Effect<LiveToken | undefined> =>
        Effect.suspend(() => {
          const token = id.toLowerCase()
          if (!tokenForm.test(token)) return Effect.undefined
          const cached = cache.get(token)
          return cached ? Effect.succeed(cached) : cache.reading(read(token))
        })

      const onEnd = Effect.fnUntraced(function* (id: string, listener: (end: TokenEnd) => void) {
        const token = yield* find(id)
        if (token === undefined) return listener("revoked")
        yield* Effect.acquireRelease(
          Effect.sync(() => cache.wait(token, listener)),
          (stop) => Effect.sync(stop)
        )
        // It may have ended between being found and being waited for.
        if (cache.get(token.id) === undefined && (yield* find(token.id)) === undefined) cache.end(token)
      })

      const recheck = Effect.suspend(() => {
        cache.clear()
        return Effect.forEach(
          cache.awaited(),
          (token) => Effect.map(find(token.id), (live) => live === undefined && cache.end(token)),
          { discard: true }
        )
      })
      let connected = true
      yield* Effect.suspend(() => {
        const back = bus.connected() && !connected
        connected = bus.connected()
        return back ? recheck : Effect.void
      }).pipe(
        Effect.catchCause((cause) => Effect.logError("Tokens could not be checked again", cause)),
        Effect.repeat(Schedule.spaced("1 second")),
        Effect.forkScoped
      )
      return { find, findCached: cache.get, onEnd }
    })
  )

const tokenForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
