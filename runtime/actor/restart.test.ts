import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { committedEvents, door, doorKind, lampKind, makeMotor, startKit, storedActor } from "./fixture.ts"
import { registerKind } from "./host.ts"
import type { LampContext } from "./toy-machines.ts"

/** A runtime that ended while the motor of a door was turning: the door is committed as opening. */
const endedWhileOpening = Effect.fnUntraced(function* (id: string) {
  const motor = makeMotor()
  motor.gate = Effect.never
  const kit = yield* startKit({
    kinds: [registerKind(doorKind(motor))],
    knobs: { STROWGER_DRAIN_TIMEOUT: "50 millis", STROWGER_ACTOR_PERFORM_TIMEOUT: "1 minute" }
  })
  const asking = yield* Effect.forkChild(Effect.flip(kit.system.ask(door, id, { type: "open", by: "alice" })))
  yield* eventually(
    Effect.sync(() => motor.turned.length),
    (turned) => turned === 1
  )
  yield* kit.stop
  yield* Fiber.interrupt(asking)
  assert.strictEqual((yield* storedActor("door", id))?.snapshot.value, "opening")
})

forEachDatabase((name, database) => {
  layer(database, { excludeTestServices: true, timeout: "60 seconds" })(`a restart on the ${name}`, (it) => {
    it.effect("drives a committed action on, although nobody talks to the actor", () =>
      Effect.gen(function* () {
        yield* endedWhileOpening("1")
        const motor = makeMotor()
        yield* startKit({ kinds: [registerKind(doorKind(motor))], clock: true })
        const row = yield* eventually(storedActor("door", "1"), (stored) => stored?.snapshot.value === "open")
        assert.isNull(row?.outstanding)
        assert.deepEqual(motor.turned, [{ id: "1", by: "alice", resumed: true }])
        assert.deepEqual(yield* committedEvents("1"), ["doorOpened"])
      }).pipe(Effect.scoped)
    )

    it.effect("finishes a committed action before it answers the next command", () =>
      Effect.gen(function* () {
        yield* endedWhileOpening("2")
        const motor = makeMotor()
        const { system } = yield* startKit({ kinds: [registerKind(doorKind(motor))] })
        const view = yield* system.ask(door, "2", { type: "close" })
        assert.deepInclude(view, { value: "closed" })
        assert.deepEqual(yield* committedEvents("2"), ["doorOpened", "doorClosed"])
      }).pipe(Effect.scoped)
    )

    it.effect("keeps claims: what an actor holds is still refused to others", () =>
      Effect.gen(function* () {
        const kinds = [registerKind(doorKind(makeMotor()))]
        const first = yield* startKit({ kinds })
        yield* first.system.ask(door, "3", { type: "number", value: "3a" })
        yield* first.stop
        const { system } = yield* startKit({ kinds })
        const taken = yield* Effect.flip(system.ask(door, "4", { type: "number", value: "3a" }))
        assert.deepInclude(taken, { _tag: "ClaimTaken", claims: ["number:3a"] })
        yield* system.ask(door, "3", { type: "number", value: "3b" })
        yield* system.ask(door, "4", { type: "number", value: "3a" })
      }).pipe(Effect.scoped)
    )

    it.effect(
      "upgrades a stored snapshot of an older version, and stores the new one with the next change",
      () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const upgraded = {
            ...lampKind,
            version: 2,
            migrate: (version: number, snapshot: unknown) =>
              version === 1
                ? { ...(snapshot as object), context: { glow: 1, isStuck: false } satisfies LampContext }
                : undefined
          }
          const { system } = yield* startKit({ kinds: [registerKind(upgraded)] })
          yield* sql`insert into actor (kind, id, version, snapshot)
          values ('lamp', 'old', 1, '{"status":"active","value":"lit","context":{"burning":true}}')`
          const view = yield* system.ask(upgraded, "old", { type: "darken" })
          assert.deepEqual(view, { value: "dark", context: { glow: 1, isStuck: false } })
          assert.strictEqual((yield* storedActor("lamp", "old"))?.version, 2)
        }).pipe(Effect.scoped)
    )

    it.effect("lets what is under way end, and answers those who wait that the actor leaves", () =>
      Effect.gen(function* () {
        const motor = makeMotor()
        const gate = yield* Deferred.make<void>()
        motor.gate = Deferred.await(gate)
        const { host, stop } = yield* startKit({
          kinds: [registerKind(doorKind(motor))],
          knobs: { STROWGER_ACTOR_PERFORM_TIMEOUT: "1 minute" }
        })
        const shell = yield* host.shell("door", "5")
        const opening = yield* Effect.forkChild(shell.ask({ type: "open" }))
        const closing = yield* Effect.forkChild(Effect.flip(shell.ask({ type: "close" })))
        yield* eventually(
          Effect.sync(() => motor.turned.length),
          (turned) => turned === 1
        )
        const stopping = yield* Effect.forkChild(stop)
        assert.deepInclude(yield* Fiber.join(closing), { _tag: "ActorUnavailable", reason: "stopped" })
        yield* Deferred.succeed(gate, undefined)
        assert.deepInclude(yield* Fiber.join(opening), { value: "open" })
        yield* Fiber.join(stopping)
        assert.strictEqual((yield* storedActor("door", "5"))?.snapshot.value, "open")
        const late = yield* Effect.flip(shell.ask({ type: "close" }))
        assert.deepInclude(late, { _tag: "ActorUnavailable", reason: "stopped" })
      }).pipe(Effect.scoped)
    )

    it.effect("answers askers whose work did not end within the drain timeout", () =>
      Effect.gen(function* () {
        const motor = makeMotor()
        motor.gate = Effect.never
        const { host, stop } = yield* startKit({
          kinds: [registerKind(doorKind(motor))],
          knobs: { STROWGER_DRAIN_TIMEOUT: "50 millis", STROWGER_ACTOR_PERFORM_TIMEOUT: "1 minute" }
        })
        const shell = yield* host.shell("door", "6")
        const opening = yield* Effect.forkChild(Effect.flip(shell.ask({ type: "open" })))
        yield* eventually(
          Effect.sync(() => motor.turned.length),
          (turned) => turned === 1
        )
        yield* stop
        assert.deepInclude(yield* Fiber.join(opening), { _tag: "ActorUnavailable", reason: "stopped" })
      }).pipe(Effect.scoped)
    )
  })
})
