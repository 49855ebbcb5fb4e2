import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase } from "../../test/database.ts"
import { door, doorKind, kitLayer, makeMotor } from "../actor/fixture.ts"
import { registerKind } from "../actor/host.ts"
import { ActorSystem } from "../actor/system.ts"
import { singleton } from "./cluster.ts"

forEachDatabase((name, database) => {
  const kit = kitLayer({ kinds: [registerKind(doorKind(makeMotor()))] }).pipe(Layer.provideMerge(database))

  layer(kit, { excludeTestServices: true, timeout: "60 seconds" })(`placement on the ${name}`, (it) => {
    it.effect("leaves nothing of letters and answers behind in the database", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const system = yield* ActorSystem
        yield* Effect.forEach(
          Array.from({ length: 300 }, (_, index) => String(index)),
          (id) =>
            Effect.gen(function* () {
              yield* system.ask(door, id, { type: "open", by: "alice" })
              yield* system.tell(door, id, { type: "close" })
              yield* Effect.flip(system.ask(door, `${id}-closed`, { type: "close" }))
            }),
          { concurrency: 30, discard: true }
        )
        const [rows] = yield* sql<{ messages: number; replies: number }>`
          select (select count(*) from cluster_messages)::int as messages,
            (select count(*) from cluster_replies)::int as replies`
        assert.deepEqual(rows, { messages: 0, replies: 0 })
      })
    )

    it.effect("interrupts a singleton when its layer ends, and runs it again with the next one", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        for (const life of ["first", "second"]) {
          const scope = yield* Scope.make()
          const began = yield* Deferred.make<void>()
          const run = Effect.gen(function* () {
            yield* Effect.addFinalizer(() => Effect.sync(() => log.push(`${life} ends`)))
            log.push(`${life} begins`)
            yield* Deferred.succeed(began, undefined)
            yield* Effect.never
          }).pipe(Effect.scoped)
          yield* Layer.buildWithScope(Layer.fresh(singleton("test", run)), scope)
          yield* Deferred.await(began)
          yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        }
        assert.deepEqual(log, ["first begins", "first ends", "second begins", "second ends"])
      })
    )
  })
})
