import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Sessions } from "../../actors/identity/sessions.ts"
import { TokenCache } from "../../actors/identity/token-cache.ts"
import { issueToken, testIdentityLayer } from "../../test/identity.ts"
import { serveWebsocketd, TestClient } from "./fixture.ts"

const expired = { code: 4003, reason: "authentication expired" }

describe("tokens of identity over WebSocket (events.md 4.1, 4.5, auth.md 6)", () => {
  layer(testIdentityLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("a token that is not in memory opens a session; DELETE of the token closes it with 4003", () =>
      Effect.gen(function* () {
        const { port } = yield* serveWebsocketd
        const token = yield* issueToken({ acl: ["websocketd"] })
        const cache = yield* TokenCache
        cache.clear()
        const client = new TestClient(port, `/?token=${token.id}&version=2`)
        const init = yield* Effect.promise(() => client.next())
        assert.deepStrictEqual(init, { op: "init", code: 0, data: { version: 2 } })
        const sessions = yield* Sessions
        yield* sessions.revokeToken(token.id)
        assert.deepStrictEqual(yield* Effect.promise(() => client.closed), expired)
        const again = new TestClient(port, `/?token=${token.id}`)
        assert.strictEqual((yield* Effect.promise(() => again.closed)).code, 4002)
      })
    )

    it.effect("a token that reaches its expiry closes the session with 4003", () =>
      Effect.gen(function* () {
        const { port } = yield* serveWebsocketd
        const token = yield* issueToken({ acl: ["websocketd"], lifetimeSeconds: 1 })
        const client = new TestClient(port, `/?token=${token.id}`)
        const init = yield* Effect.promise(() => client.next())
        assert.deepStrictEqual(init, { op: "init", code: 0, data: { version: 1 } })
        assert.deepStrictEqual(yield* Effect.promise(() => client.closed), expired)
      })
    )
  })
})
