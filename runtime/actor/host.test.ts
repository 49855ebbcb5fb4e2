import { assert, describe, it, layer } from "@effect/vitest"
import { Cause, Effect, Layer, Logger } from "effect"
import { testDatabaseLayer } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { door, doorKind, kitLayer, lampKind, makeMotor, startKit, trollKind } from "./fixture.ts"
import { ActorHost, registerKind } from "./host.ts"
import { Inspector } from "./inspection.ts"
import { ActorSystem } from "./system.ts"

const motor = makeMotor()
const kit = kitLayer({
  kinds: [registerKind(doorKind(motor)), registerKind(lampKind), registerKind(trollKind)]
}).pipe(Layer.provideMerge(testDatabaseLayer))

layer(kit, { excludeTestServices: true, timeout: "60 seconds" })("the host of actors", (it) => {
  it.effect("answers for a kind that nobody registered that it is not here, and names it", () =>
    Effect.gen(function* () {
      const system = yield* ActorSystem
      const failure = yield* Effect.flip(system.ask({ ...door, name: "gate" }, "1", { type: "close" }))
      assert.deepInclude(failure, { _tag: "ActorUnavailable", kind: "gate", id: "1", reason: "stopped" })
      assert.include(failure.message, "gate")
    })
  )

  it.effect("tells whoever sends a letter why it is not taken", () =>
    Effect.gen(function* () {
      const system = yield* ActorSystem
      const unknown = yield* Effect.flip(system.tell({ ...door, name: "gate" }, "1", { type: "close" }))
      assert.deepInclude(unknown, { reason: "stopped" })
      for (let crash = 0; crash < 6; crash++) {
        yield* Effect.flip(system.ask(trollKind, "failed", { type: "dieInAction" }))
      }
      const failed = yield* Effect.flip(system.tell(trollKind, "failed", { type: "count" }))
      assert.deepInclude(failed, { reason: "failed" })
    })
  )

  it.effect("keeps an actor that has failed in sight, however long nobody talks to it", () =>
    Effect.gen(function* () {
      const { system, host } = yield* startKit({
        kinds: [registerKind(trollKind), registerKind(lampKind)],
        knobs: { STROWGER_ACTOR_RESTARTS: "1", STROWGER_ACTOR_IDLE: "1 second" }
      })
      yield* system.ask(lampKind, "idle", { type: "light", glow: 60_000 })
      yield* Effect.flip(system.ask(trollKind, "seen", { type: "dieInAction" }))
      yield* Effect.flip(system.ask(trollKind, "seen", { type: "dieInAction" }))
      yield* eventually(
        Effect.sync(() => host.resident("lamp", "idle")),
        (shell) => shell === undefined
      )
      assert.strictEqual(host.resident("troll", "seen")?.status.health, "failed")
    }).pipe(Effect.scoped)
  )

  it.effect("handles each letter although others arrive at the very moment the mailbox runs empty", () =>
    Effect.gen(function* () {
      const system = yield* ActorSystem
      const askers = Array.from({ length: 50 }, (_, index) => index)
      yield* Effect.forEach(
        askers,
        () =>
          Effect.repeat(system.ask(trollKind, "busy", { type: "count" }), { times: 39 }).pipe(
            Effect.timeout("20 seconds")
          ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual((yield* system.peek(trollKind, "busy"))?.context.counted, 2_000)
    })
  )

  it.effect("restarts an actor whose action is interrupted from inside", () =>
    Effect.gen(function* () {
      const system = yield* ActorSystem
      motor.gate = Effect.interrupt
      const failure = yield* Effect.flip(system.ask(door, "inside", { type: "open", by: "alice" }))
      motor.gate = Effect.void
      assert.deepInclude(failure, { reason: "crashed" })
      assert.strictEqual((yield* system.ask(door, "inside", { type: "close" })).value, "closed")
    })
  )

  it.effect("does not let those who watch actors harm them", () =>
    Effect.gen(function* () {
      const system = yield* ActorSystem
      const inspector = yield* Inspector
      yield* inspector.watch(() => {
        throw new Error("the watcher fell over")
      })
      assert.strictEqual((yield* system.ask(door, "watched", { type: "open", by: "x" })).value, "open")
    }).pipe(Effect.scoped)
  )

  it.effect("keeps no timer of an actor that left memory", () =>
    Effect.gen(function* () {
      const host = yield* ActorHost
      const system = yield* ActorSystem
      const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length
      const before = timers()
      const ids = Array.from({ length: 100 }, (_, index) => `timed-${index}`)
      for (let round = 0; round < 5; round++) {
        yield* Effect.forEach(ids, (id) => system.ask(lampKind, id, { type: "light", glow: 600_000 }), {
          concurrency: 50,
          discard: true
        })
      }
      assert.isAtLeast(timers(), before + 90)
      for (const id of ids) host.passivate("lamp", id)
      yield* eventually(Effect.sync(timers), (count) => count < before + 10)
    })
  )
})

describe("registering", () => {
  it.live("two kinds under one name is refused at the start, with the name", () =>
    Effect.gen(function* () {
      const twice = kitLayer({
        kinds: [registerKind(lampKind), registerKind({ ...doorKind(motor), name: "lamp" })]
      })
      const cause = yield* Layer.build(twice).pipe(Effect.sandbox, Effect.flip)
      assert.match(String(Cause.squash(cause)), /kind lamp is registered twice/)
    }).pipe(Effect.scoped, Effect.provide(testDatabaseLayer), Effect.provide(Logger.layer([])))
  )
})
