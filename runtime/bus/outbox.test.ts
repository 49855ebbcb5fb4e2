import { spawn } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { externalTestUrl, folderWithDatabase, forEachDatabase, freshDatabase } from "../../test/database.ts"
import { tcpProxy } from "../../test/tcp-proxy.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { AppConfig } from "../config.ts"
import { databaseLayer } from "../database/database.ts"
import { externalLayer } from "../database/external.ts"
import { migrate } from "../database/migrator.ts"
import { EventBus, type PublishedEvent } from "./event-bus.ts"
import { layerMemory } from "./memory.ts"
import { Outbox, outboxRows } from "./outbox.ts"
import { outboxMigrations } from "./outbox-migrations.ts"

const eventOf = (number: number, extra?: object): BusEvent => ({
  name: "agent_status_update",
  routingKey: "status.agent",
  headers: { name: "agent_status_update", required_acl: null, "user_uuid:*": true },
  data: { number, ...extra }
})

const numberOf = (event: BusEvent): unknown => "number" in event.data && event.data.number

const outboxLayer = Outbox.layer.pipe(Layer.provideMerge(layerMemory))

/** What subscribers of the bus saw. */
const witness = Effect.gen(function* () {
  const bus = yield* EventBus
  const seen: Array<PublishedEvent> = []
  yield* bus.subscribe({}, (event) => void seen.push(event))
  return seen
})

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

const rowsLeft = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return (yield* sql`SELECT id FROM outbox`).length
})

forEachDatabase((name, database) => {
  describe(`the outbox on the ${name}`, () => {
    const scenario = <A, E>(
      body: Effect.Effect<A, E, Outbox | EventBus | SqlClient.SqlClient | Scope.Scope>
    ) =>
      migrate(outboxMigrations).pipe(
        Effect.andThen(body.pipe(Effect.provide(outboxLayer))),
        Effect.scoped,
        Effect.provide(database)
      )

    it.live("publishes committed events in their order, each once, and keeps none", () =>
      scenario(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const outbox = yield* Outbox
          const seen = yield* witness
          for (let number = 0; number < 3_000; number += 3) {
            const events = [number, number + 1, number + 2].map((each) => eventOf(each))
            yield* sql.withTransaction(outbox.append(events))
            outbox.wake()
          }
          yield* outbox.drained
          assert.deepStrictEqual(seen.map(numberOf), upTo(3_000))
          assert.strictEqual(yield* rowsLeft, 0)
        })
      )
    )

    it.live("publishes nothing of a transaction that was undone", () =>
      scenario(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const outbox = yield* Outbox
          const seen = yield* witness
          yield* Effect.flip(
            sql.withTransaction(Effect.andThen(outbox.append([eventOf(1)]), Effect.fail("undo")))
          )
          yield* sql.withTransaction(outbox.append([eventOf(2)]))
          outbox.wake()
          yield* outbox.drained
          assert.deepStrictEqual(seen.map(numberOf), [2])
        })
      )
    )

    it.live("gives the bus the event as it was appended, whatever its characters", () =>
      scenario(
        Effect.gen(function* () {
          const outbox = yield* Outbox
          const seen = yield* witness
          const event = eventOf(1, { zulu: 1, alpha: "a\u0000\u{1F600}\\\"'", nested: { list: [1.5, null] } })
          yield* outbox.append([event])
          outbox.wake()
          yield* outbox.drained
          const [published] = seen
          assert.deepInclude(published, {
            name: event.name,
            routingKey: event.routingKey,
            headers: event.headers,
            data: event.data
          })
          assert.strictEqual(published?.json, JSON.stringify({ ...event.headers, data: event.data }))
        })
      )
    )

    it.live("publishes rows that another statement wrote with outboxRows", () =>
      scenario(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const outbox = yield* Outbox
          const seen = yield* witness
          const { names, routingKeys, bodies } = outboxRows([eventOf(1), eventOf(2)])
          yield* sql`INSERT INTO outbox (name, routing_key, body)
            SELECT * FROM unnest(${names}::text[], ${routingKeys}::text[], ${bodies}::text[])`
          const none = outboxRows([])
          yield* sql`INSERT INTO outbox (name, routing_key, body)
            SELECT * FROM unnest(${none.names}::text[], ${none.routingKeys}::text[], ${none.bodies}::text[])`
          outbox.wake()
          yield* outbox.drained
          assert.deepStrictEqual(seen.map(numberOf), [1, 2])
        })
      )
    )

    it.live("finds events whose commit no wake announced", () =>
      scenario(
        Effect.gen(function* () {
          const outbox = yield* Outbox
          const bus = yield* EventBus
          const arrived = yield* Deferred.make<unknown>()
          yield* bus.subscribe({}, (event) => Deferred.doneUnsafe(arrived, Effect.succeed(numberOf(event))))
          yield* outbox.append([eventOf(7)])
          assert.strictEqual(yield* Deferred.await(arrived), 7)
        })
      )
    )

    it.live("publishes again what the bus had not confirmed when the relay ended", () =>
      Effect.gen(function* () {
        yield* migrate(outboxMigrations)
        const offered = yield* Deferred.make<void>()
        const deafBus = Layer.succeed(EventBus, {
          publish: () => Effect.andThen(Deferred.succeed(offered, undefined), Effect.never),
          publishTransient: () => {},
          subscribe: () => Effect.void,
          connected: () => false
        })
        yield* Effect.gen(function* () {
          const outbox = yield* Outbox
          yield* outbox.append([eventOf(1), eventOf(2)])
          outbox.wake()
          yield* Deferred.await(offered)
        }).pipe(Effect.provide(Outbox.layer.pipe(Layer.provide(deafBus))))
        yield* Effect.gen(function* () {
          const seen = yield* witness
          yield* Effect.provide(
            Effect.flatMap(Outbox, ({ drained }) => drained),
            Outbox.layer
          )
          assert.deepStrictEqual(seen.map(numberOf), [1, 2])
        }).pipe(Effect.scoped, Effect.provide(layerMemory))
        assert.strictEqual(yield* rowsLeft, 0)
      }).pipe(Effect.provide(database))
    )
  })
})

describe("the outbox", () => {
  it.live("publishes after a restart what a killed process had committed and not published", () =>
    Effect.gen(function* () {
      const directory = yield* folderWithDatabase
      yield* Effect.callback<void>((resume) => {
        const child = spawn(
          process.execPath,
          [new URL("./outbox.child.ts", import.meta.url).pathname, directory],
          { stdio: ["ignore", "pipe", "inherit"] }
        )
        child.stdout.once("data", () => child.kill("SIGKILL"))
        child.once("exit", () => resume(Effect.void))
        return Effect.sync(() => child.kill("SIGKILL"))
      })
      const database = databaseLayer.pipe(
        Layer.provide(AppConfig.layerFrom({ STROWGER_DATA_DIR: directory }))
      )
      yield* Effect.gen(function* () {
        const seen = yield* witness
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`SELECT mac FROM phones`, [{ mac: "00:04:13:aa:bb:cc" }])
        yield* Effect.provide(
          Effect.flatMap(Outbox, ({ drained }) => drained),
          Outbox.layer
        )
        assert.deepStrictEqual(
          seen.map(({ name }) => name),
          ["phone_added"]
        )
      }).pipe(Effect.scoped, Effect.provide(Layer.merge(layerMemory, database)))
    }).pipe(Effect.scoped)
  )

  if (externalTestUrl !== undefined) {
    const server = externalTestUrl

    it.live("publishes an event with a lower number that is committed after one with a higher number", () =>
      Effect.gen(function* () {
        const url = yield* freshDatabase(server)
        yield* Effect.gen(function* () {
          yield* migrate(outboxMigrations)
          yield* Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            const outbox = yield* Outbox
            const seen = yield* witness
            const appended = yield* Deferred.make<void>()
            const commit = yield* Deferred.make<void>()
            const slow = yield* Effect.forkChild(
              sql.withTransaction(
                Effect.gen(function* () {
                  yield* outbox.append([eventOf(1)])
                  yield* Deferred.succeed(appended, undefined)
                  yield* Deferred.await(commit)
                })
              )
            )
            yield* Deferred.await(appended)
            yield* outbox.append([eventOf(2)])
            yield* outbox.drained
            assert.deepStrictEqual(seen.map(numberOf), [2])
            yield* Deferred.succeed(commit, undefined)
            yield* Fiber.join(slow)
            yield* outbox.drained
            assert.deepStrictEqual(seen.map(numberOf), [2, 1])
          }).pipe(Effect.scoped, Effect.provide(outboxLayer))
        }).pipe(Effect.provide(externalLayer(url)))
      }).pipe(Effect.scoped)
    )

    it.live("is relayed by one of several nodes, and by another one when that one ends", () =>
      Effect.gen(function* () {
        const url = yield* freshDatabase(server)
        const database = Layer.fresh(externalLayer(url))
        yield* Effect.provide(migrate(outboxMigrations), database)
        const seen: Array<unknown> = []
        const recordingBus = (node: string) =>
          Layer.succeed(EventBus, {
            publish: (event) => Effect.sync(() => void seen.push(`${node} ${numberOf(event)}`)),
            publishTransient: () => {},
            subscribe: () => Effect.void,
            connected: () => true
          })
        const start = (node: string, scope: Scope.Scope) =>
          Outbox.layer.pipe(
            Layer.fresh,
            Layer.provide(recordingBus(node)),
            Layer.provide(database),
            Layer.buildWithScope(scope),
            Effect.map((context) => Context.get(context, Outbox))
          )
        const appendTo = ({ append, drained }: Outbox["Service"], number: number) =>
          Effect.andThen(append([eventOf(number)]), drained)
        const life = yield* Scope.make()
        const first = yield* start("first", life)
        yield* appendTo(first, 1)
        const second = yield* start("second", yield* Effect.scope)
        yield* appendTo(second, 2)
        yield* appendTo(first, 3)
        assert.deepStrictEqual(seen, ["first 1", "first 2", "first 3"])
        yield* Scope.close(life, Exit.void)
        yield* appendTo(second, 4)
        assert.deepStrictEqual(seen.slice(3), ["second 4"])
      }).pipe(Effect.scoped)
    )

    it.live("goes on where it was after an outage of the database", () =>
      Effect.gen(function* () {
        const url = new URL(Redacted.value(yield* freshDatabase(server)))
        const proxy = yield* tcpProxy(url.hostname, Number(url.port === "" ? 5432 : url.port))
        url.hostname = "127.0.0.1"
        url.port = String(proxy.port)
        yield* Effect.gen(function* () {
          yield* migrate(outboxMigrations)
          yield* Effect.gen(function* () {
            const outbox = yield* Outbox
            const seen = yield* witness
            yield* outbox.append([eventOf(1)])
            yield* outbox.drained
            yield* proxy.down
            const drained = yield* Effect.forkChild(outbox.drained)
            yield* Effect.flip(outbox.append([eventOf(2)]))
            yield* proxy.up
            yield* Fiber.join(drained)
            yield* Effect.eventually(outbox.append([eventOf(3)]))
            yield* outbox.drained
            assert.deepStrictEqual(seen.map(numberOf), [1, 3])
          }).pipe(Effect.scoped, Effect.provide(outboxLayer))
        }).pipe(Effect.provide(externalLayer(Redacted.make(url.href))))
      }).pipe(Effect.scoped)
    )
  }
})
