import { assert, describe, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { issueToken, testIdentityLayer } from "../../test/identity.ts"
import { Sessions } from "./sessions.ts"
import { makeTokenCache, TokenCache } from "./token-cache.ts"
import { type TokenEnd, Tokens } from "./tokens.ts"

/** Collects the events of a name until the scope closes. */
const heard = Effect.fnUntraced(function* (name: string) {
  const bus = yield* EventBus
  yield* (yield* Outbox).drained
  const events: Array<BusEvent> = []
  yield* bus.subscribe({ name }, (event) => events.push(event))
  return events
})

/** The end of a token, once it comes. */
const endOf = Effect.fnUntraced(function* (id: string) {
  const tokens = yield* Tokens
  const ended = yield* Deferred.make<TokenEnd>()
  yield* tokens.onEnd(id, (end) => Deferred.doneUnsafe(ended, Effect.succeed(end)))
  return ended
})

describe("Tokens", () => {
  layer(testIdentityLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("a new token is found at once, with its ACL, also where it is not in memory", () =>
      Effect.gen(function* () {
        const tokens = yield* Tokens
        const cache = yield* TokenCache
        const userUuid = randomUUID()
        const token = yield* issueToken({ acl: ["auth.users.me.read"], userUuid })
        assert.strictEqual(tokens.findCached(token.id)?.id, token.id)
        cache.clear()
        assert.isUndefined(tokens.findCached(token.id))
        const found = yield* tokens.find(token.id.toUpperCase())
        assert.strictEqual(found?.userUuid, userUuid)
        assert.deepStrictEqual(found?.acl, ["auth.users.me.read"])
        assert.isTrue(found?.allows(`auth.users.${userUuid}.read`))
        assert.isFalse(found?.allows("auth.users.read"))
        assert.strictEqual(found?.expiresAt, token.expiresAt)
      })
    )

    it.effect("what was not found once is found when it exists", () =>
      Effect.gen(function* () {
        const tokens = yield* Tokens
        const sql = yield* SqlClient.SqlClient
        const cache = yield* TokenCache
        const token = yield* issueToken({ acl: [] })
        yield* sql`update auth_token set expires_at = now() - interval '1 second' where session_uuid = ${token.sessionUuid}`
        cache.clear()
        assert.isUndefined(yield* tokens.find(token.id))
        yield* sql`update auth_token set expires_at = now() + interval '1 hour' where session_uuid = ${token.sessionUuid}`
        assert.isDefined(yield* tokens.find(token.id))
      })
    )

    it.effect("the database holds no token that could be used", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const token = yield* issueToken({ acl: [] })
        const rows = yield* sql`
          select t::text as row from auth_token t union all select s::text from auth_session s`
        assert.isNotEmpty(rows)
        assert.notInclude(JSON.stringify(rows), token.id)
      })
    )

    it.effect("what is no token form is never found", () =>
      Effect.gen(function* () {
        const tokens = yield* Tokens
        for (const id of ["", "x", "' or 1=1 --", "a".repeat(100_000), randomUUID().slice(1), "\u0000"]) {
          assert.isUndefined(yield* tokens.find(id))
          assert.isUndefined(tokens.findCached(id))
        }
      })
    )

    it.effect(
      "a revoked token is refused at once, its waiters are told once, and its session's end is announced",
      () =>
        Effect.gen(function* () {
          const tokens = yield* Tokens
          const sessions = yield* Sessions
          const created = yield* heard("auth_session_created")
          const deleted = yield* heard("auth_session_deleted")
          const userUuid = randomUUID()
          const token = yield* issueToken({ acl: ["#"], userUuid, mobile: true })
          const ends: Array<TokenEnd> = []
          yield* tokens.onEnd(token.id, (end) => ends.push(end))
          const ended = yield* endOf(token.id)
          assert.isTrue(yield* sessions.revokeToken(token.id))
          assert.isUndefined(tokens.findCached(token.id))
          assert.isUndefined(yield* tokens.find(token.id))
          assert.strictEqual(yield* Deferred.await(ended), "revoked")
          assert.deepStrictEqual(ends, ["revoked"])
          assert.isFalse(yield* sessions.revokeToken(token.id))
          yield* (yield* Outbox).drained
          const session = { uuid: token.sessionUuid, user_uuid: userUuid, tenant_uuid: token.tenantUuid }
          assert.deepStrictEqual(
            created.map(({ data }) => data),
            [{ ...session, mobile: true }]
          )
          assert.deepStrictEqual(
            deleted.map(({ data }) => data),
            [session]
          )
          const headers = deleted[0]?.headers
          assert.strictEqual(headers?.["session_uuid"], token.sessionUuid)
          assert.strictEqual(headers?.[`user_uuid:${userUuid}`], true)
          assert.strictEqual(headers?.["required_acl"], `events.auth.sessions.${token.sessionUuid}.deleted`)
        })
    )

    it.effect("an event from another node ends a token here", () =>
      Effect.gen(function* () {
        const tokens = yield* Tokens
        const bus = yield* EventBus
        const sql = yield* SqlClient.SqlClient
        const token = yield* issueToken({ acl: [] })
        const ended = yield* endOf(token.id)
        yield* sql`delete from auth_session where uuid = ${token.sessionUuid}`
        yield* bus.publish({
          name: "auth_session_deleted",
          headers: {},
          data: { uuid: token.sessionUuid },
          routingKey: ""
        })
        assert.strictEqual(yield* Deferred.await(ended), "revoked")
        assert.isUndefined(tokens.findCached(token.id))
      })
    )

    it.effect("an expired token is refused at once and its waiters are told", () =>
      Effect.gen(function* () {
        const tokens = yield* Tokens
        const token = yield* issueToken({ acl: [], lifetimeSeconds: 1 })
        const ended = yield* endOf(token.id)
        assert.strictEqual(yield* Deferred.await(ended), "expired")
        assert.isUndefined(tokens.findCached(token.id))
        assert.isUndefined(yield* tokens.find(token.id))
      })
    )

    it.effect("who waits for a token that is not live is told at once; who stopped waiting is not told", () =>
      Effect.gen(function* () {
        const tokens = yield* Tokens
        const sessions = yield* Sessions
        const ended = yield* endOf(randomUUID())
        assert.strictEqual(yield* Deferred.await(ended), "revoked")
        const token = yield* issueToken({ acl: [] })
        const scope = yield* Scope.make()
        const ends: Array<TokenEnd> = []
        yield* tokens.onEnd(token.id, (end) => ends.push(end)).pipe(Scope.provide(scope))
        yield* Scope.close(scope, Exit.void)
        yield* sessions.revokeToken(token.id)
        assert.deepStrictEqual(ends, [])
      })
    )

    it.effect("a token read from the database while its session ends is not kept", () =>
      Effect.gen(function* () {
        const cache = yield* TokenCache
        const token = yield* issueToken({ acl: [] })
        cache.clear()
        const found = yield* cache.reading(
          Effect.sync(() => {
            cache.endSession(token.sessionUuid)
            return token
          })
        )
        assert.isUndefined(found)
        assert.isUndefined(cache.get(token.id))
      })
    )

    it.effect("more tokens than fit in memory push out those that were used least recently", () =>
      Effect.gen(function* () {
        const cache = yield* Effect.sync(() => makeTokenCache(2))
        const [first, second, third] = yield* Effect.all([
          issueToken({ acl: [] }),
          issueToken({ acl: [] }),
          issueToken({ acl: [] })
        ])
        cache.put(first)
        cache.put(second)
        cache.get(first.id)
        cache.put(third)
        assert.isDefined(cache.get(first.id))
        assert.isUndefined(cache.get(second.id))
        assert.isDefined(cache.get(third.id))
      })
    )
  })
})
