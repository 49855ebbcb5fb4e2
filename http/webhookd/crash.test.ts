import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { logIn } from "../../test/client.ts"
import { eventually } from "../../test/eventually.ts"
import { initialisedFolder } from "../../test/initialised-folder.ts"
import { startRuntime } from "../../test/runtime.ts"
import { aSubscription } from "./fixture.ts"
import { startReceiver, status } from "./receiver.ts"

describe("SIGKILL while webhooks are under way", () => {
  it.live(
    "loses none: whatever was answered before the kill is delivered after the restart",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const receiver = yield* startReceiver
        const start = Effect.gen(function* () {
          const runtime = yield* startRuntime({
            STROWGER_DATA_DIR: folder,
            STROWGER_HOOK_BREAKER: "false",
            STROWGER_HOOK_RETRY_FACTOR: "1",
            STROWGER_HOOK_MAX_ATTEMPTS: "1000"
          })
          return { runtime, client: yield* logIn(runtime.url) }
        })
        const first = yield* start
        const config = { method: "post", url: `${receiver.url}/{{ event.uuid }}` }
        const subscription = aSubscription({ events: ["auth_tenant_added"], config })
        assert.strictEqual(
          (yield* first.client.request("POST", "/api/webhookd/1.0/subscriptions", subscription)).status,
          201
        )
        receiver.answer(status(503))
        const answered: Array<string> = []
        const createTenants = (client: typeof first.client, round: number) =>
          Effect.forEach(
            Array.from({ length: 100 }, (_, index) => `tenant ${round} ${index}`),
            (name) =>
              Effect.map(client.request("POST", "/api/auth/0.1/tenants", { name }), ({ body }) => {
                answered.push(String((body as { uuid: string }).uuid))
              }),
            { concurrency: 10, discard: true }
          )
        let current = first
        for (const round of [1, 2, 3]) {
          yield* createTenants(current.client, round)
          yield* current.runtime.kill("SIGKILL")
          current = yield* start
        }
        yield* createTenants(current.client, 4)
        receiver.answer(status(200))
        const delivered = new Map<string, Set<string>>()
        yield* eventually(
          Effect.sync(() => {
            for (const { path, headers } of receiver.calls) {
              const ids = delivered.get(path.slice(1)) ?? new Set()
              delivered.set(path.slice(1), ids.add(String(headers["webhook-id"])))
            }
            return answered.filter((uuid) => !delivered.has(uuid)).length
          }),
          (missing) => missing === 0,
          "30 seconds"
        )
        assert.strictEqual(answered.length, 400)
        // Each event is one hook, however often it was tried and whoever was killed.
        assert.isTrue(answered.every((uuid) => delivered.get(uuid)?.size === 1))
      }).pipe(Effect.scoped),
    180_000
  )
})
