import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { Outbox, outboxRows, outboxWithoutRelay } from "../../runtime/bus/outbox.ts"
import { outboxMigrations } from "../../runtime/bus/outbox-migrations.ts"
import { migrate } from "../../runtime/database/migrator.ts"
import { platformMigrations } from "../../runtime/platform.ts"
import { defineEvent, type EventTarget, makeEvent } from "../../schemas/events/envelope.ts"
import { forEachDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { identityMigrations } from "../identity/migrations.ts"
import { subscriptionMigrations } from "./migrations.ts"

/** Everything but a bus: nothing takes events out of the outbox. */
const ground = Layer.effectDiscard(
  migrate({ ...outboxMigrations, ...platformMigrations, ...identityMigrations, ...subscriptionMigrations })
)

const told = defineEvent<Record<string, unknown>>({ name: "told", class: "tenant", routingKey: "told" })
const eventTo = (target: EventTarget, n: number) =>
  makeEvent(told, { originUuid: randomUUID(), at: 0 }, target, { n })

const subscribe = Effect.fnUntraced(function* (tenantUuid: string, more: Record<string, unknown> = {}) {
  const sql = yield* SqlClient.SqlClient
  const uuid = randomUUID()
  const row = {
    uuid,
    name: "crm",
    service: "http",
    owner_tenant_uuid: tenantUuid,
    config: "{}",
    metadata: "{}"
  }
  yield* sql`INSERT INTO webhook_subscription ${sql.insert({ ...row, events: ["told"], ...more })}`
  return uuid
})

const hooksOf = Effect.fnUntraced(function* (uuid: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ event: string }>`
    SELECT event FROM webhook_hook WHERE subscription_uuid = ${uuid}::uuid ORDER BY number`
  return rows.map(({ event }) => (JSON.parse(event) as { data: { n: number } }).data.n)
})

forEachDatabase((name, database) => {
  const layers = outboxWithoutRelay.pipe(Layer.provideMerge(ground), Layer.provideMerge(database))
  layer(layers, { timeout: "60 seconds", excludeTestServices: true })(`hooks on the ${name}`, (it) => {
    it.effect("are committed with their event, though no bus ever takes it, and undone with it", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const outbox = yield* Outbox
        const tenantUuid = randomUUID()
        const uuid = yield* subscribe(tenantUuid)
        const append = (...numbers: ReadonlyArray<number>) =>
          outbox.append(numbers.map((n) => eventTo({ tenantUuid }, n)))
        yield* sql.withTransaction(
          Effect.andThen(
            append(1, 2),
            Effect.map(hooksOf(uuid), (found) => assert.deepEqual(found, [1, 2]))
          )
        )
        assert.deepEqual(yield* hooksOf(uuid), [1, 2])
        yield* Effect.ignore(sql.withTransaction(Effect.andThen(append(3), Effect.fail("undone"))))
        assert.deepEqual(yield* hooksOf(uuid), [1, 2])
        // As an actor's commit writes its events: in one statement with something else.
        const { names, routingKeys, bodies } = outboxRows([eventTo({ tenantUuid }, 4)])
        yield* sql`
          WITH other AS (UPDATE webhook_subscription SET failing = true WHERE uuid = ${uuid}::uuid)
          INSERT INTO outbox (name, routing_key, body)
          SELECT * FROM unnest(${names}::text[], ${routingKeys}::text[], ${bodies}::text[])`
        assert.deepEqual(yield* hooksOf(uuid), [1, 2, 4])
      })
    )

    // The embedded database has one connection: there is nobody else.
    if (name === "external PostgreSQL") {
      it.effect("are none of a subscription that is being deleted, and its deletion harms no event", () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const outbox = yield* Outbox
          const tenantUuid = randomUUID()
          const going = yield* subscribe(tenantUuid)
          const staying = yield* subscribe(tenantUuid)
          const deleted = yield* Deferred.make<void>()
          const awaited = yield* Deferred.make<void>()
          const deletion = yield* Effect.forkChild(
            sql.withTransaction(
              Effect.gen(function* () {
                yield* sql`DELETE FROM webhook_subscription WHERE uuid = ${going}::uuid`
                yield* Deferred.succeed(deleted, undefined)
                yield* Deferred.await(awaited)
              })
            )
          )
          yield* Deferred.await(deleted)
          const event = yield* Effect.forkChild(outbox.append([eventTo({ tenantUuid }, 1)]))
          yield* eventually(
            sql`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
            (rows) => rows.length > 0
          )
          yield* Deferred.succeed(awaited, undefined)
          yield* Fiber.join(deletion)
          yield* Fiber.join(event)
          assert.deepEqual(yield* hooksOf(staying), [1])
        })
      )
    }

    it.effect("take the config of the subscription as it is with the event", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const outbox = yield* Outbox
        const tenantUuid = randomUUID()
        const uuid = yield* subscribe(tenantUuid, { config: '{"url":"before"}' })
        yield* outbox.append([eventTo({ tenantUuid }, 1)])
        yield* sql`UPDATE webhook_subscription SET config = '{"url":"after"}' WHERE uuid = ${uuid}::uuid`
        yield* outbox.append([eventTo({ tenantUuid }, 2)])
        yield* sql`UPDATE webhook_subscription SET enabled = false WHERE uuid = ${uuid}::uuid`
        yield* outbox.append([eventTo({ tenantUuid }, 3)])
        const rows = yield* sql<{ url: string }>`
          SELECT config ->> 'url' AS url FROM webhook_hook WHERE subscription_uuid = ${uuid}::uuid ORDER BY number`
        assert.deepEqual(
          rows.map(({ url }) => url),
          ["before", "after"]
        )
      })
    )
  })
})
