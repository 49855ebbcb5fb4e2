import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase } from "../../test/database.ts"
import { defineEvent } from "../../schemas/events/envelope.ts"
import { migrate } from "../database/migrator.ts"
import { Platform, platformMigrations } from "../platform.ts"
import { Transactions } from "./changes.ts"
import { EventBus, type PublishedEvent } from "./event-bus.ts"
import { layerMemory } from "./memory.ts"
import { Outbox } from "./outbox.ts"
import { outboxMigrations } from "./outbox-migrations.ts"

const lineEdited = defineEvent<{ readonly attempt: number }>({
  name: "line_edited",
  class: "service",
  routingKey: "config.line.edited"
})

const transactionsOn = (database: Parameters<Parameters<typeof forEachDatabase>[0]>[1]) =>
  Transactions.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(Platform.layer, Outbox.layer.pipe(Layer.provideMerge(layerMemory)))),
    Layer.provideMerge(
      Layer.effectDiscard(migrate({ ...outboxMigrations, ...platformMigrations })).pipe(
        Layer.provideMerge(database)
      )
    )
  )

forEachDatabase((name, database) => {
  layer(transactionsOn(database), { excludeTestServices: true })(`changes on the ${name}`, (it) => {
    /** Runs changes whose first attempts PostgreSQL gives up; answers the events and actions that came of them. */
    const outcome = Effect.fnUntraced(function* (failures: number) {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const outbox = yield* Outbox
      const bus = yield* EventBus
      const events: Array<PublishedEvent> = []
      yield* bus.subscribe({ name: lineEdited.name }, (event) => void events.push(event))
      const actions: Array<number> = []
      let attempt = 0
      const exit = yield* Effect.exit(
        transactions.run(({ emit, afterCommit }) =>
          Effect.suspend(() => {
            const current = ++attempt
            emit(lineEdited, {}, { attempt: current })
            afterCommit(() => actions.push(current))
            return current <= failures
              ? sql.unsafe("DO $$ BEGIN RAISE EXCEPTION 'provoked' USING ERRCODE = '40P01'; END $$")
              : Effect.succeed([])
          })
        )
      )
      const actionsAtReply = [...actions]
      yield* outbox.drained
      return { done: exit._tag, events: events.map(({ data }) => data), actions: actionsAtReply }
    }, Effect.scoped)

    it.effect("tell and do once what the attempt that was committed gathered", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* outcome(2), { done: "Success", events: [{ attempt: 3 }], actions: [3] })
      })
    )

    it.effect("that are given up each time tell and do nothing", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* outcome(100), { done: "Failure", events: [], actions: [] })
      })
    )
  })
})
