import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { initialisedFolder } from "../../test/initialised-folder.ts"
import { admin, startRuntime } from "../../test/runtime.ts"
import { issueToken, testIdentityLayer } from "../../test/identity.ts"
import { sweepSessions } from "./session-sweeper.ts"

describe("The sweep of sessions", () => {
  it.live(
    "is done by the runtime every STROWGER_SESSION_SWEEP_INTERVAL, and counted",
    () =>
      Effect.gen(function* () {
        const runtime = yield* startRuntime({
          STROWGER_DATA_DIR: yield* initialisedFolder,
          STROWGER_SESSION_SWEEP_INTERVAL: "1 second"
        })
        const { status } = yield* Effect.promise(() =>
          fetch(`${runtime.url}/api/auth/0.1/token`, {
            method: "POST",
            body: '{"expiration": 1}',
            headers: {
              Authorization: `Basic ${Buffer.from(`${admin.username}:${admin.password}`).toString("base64")}`
            }
          })
        )
        assert.strictEqual(status, 200)
        const removed = Effect.promise(async () => {
          const metrics = await (await fetch(`${runtime.url}/metrics`)).text()
          return Number(/^strowger_auth_sessions_expired_total(?:\{.*\})? (\d+)/m.exec(metrics)?.[1] ?? 0)
        })
        yield* eventually(removed, (count) => count > 0, "30 seconds")
      }).pipe(Effect.scoped),
    120_000
  )

  layer(testIdentityLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("removes what has expired, announces once what soon will, and leaves the rest", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const bus = yield* EventBus
        const outbox = yield* Outbox
        const expired = yield* issueToken({ acl: [] })
        const silent = yield* issueToken({ acl: [], userUuid: null, metadata: { tenant_uuid: null } })
        const soon = yield* issueToken({ acl: [], lifetimeSeconds: 50 })
        const later = yield* issueToken({ acl: [] })
        yield* sql`
          update auth_token set expires_at = now() - interval '1 second'
          where session_uuid in (${expired.sessionUuid}, ${silent.sessionUuid})`
        yield* outbox.drained
        const events: Array<BusEvent> = []
        yield* bus.subscribe({}, (event) => events.push(event))
        yield* sweepSessions
        yield* sweepSessions
        yield* outbox.drained
        const session = ({ sessionUuid, userUuid, tenantUuid }: typeof expired) => ({
          uuid: sessionUuid,
          user_uuid: userUuid,
          tenant_uuid: tenantUuid
        })
        assert.deepStrictEqual(
          events.map(({ name, data }) => [name, data]),
          [
            ["auth_session_deleted", session(expired)],
            ["auth_session_expire_soon", session(soon)]
          ]
        )
        assert.strictEqual(
          events[1]?.routingKey,
          `auth.users.${soon.userUuid}.sessions.${soon.sessionUuid}.expire_soon`
        )
        const left = yield* sql<{ uuid: string }>`select uuid from auth_session`
        assert.sameMembers(
          left.map(({ uuid }) => uuid),
          [soon.sessionUuid, later.sessionUuid]
        )
      })
    )
  })
})
