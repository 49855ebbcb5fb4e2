import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase } from "../../test/database.ts"
import {
  committedEvents,
  door,
  doorKind,
  kitLayer,
  makeMotor,
  storedActor,
  trollDeaths,
  trollKind
} from "./fixture.ts"
import { ActorHost, registerKind } from "./host.ts"
import { Inspector, type InspectionMessage } from "./inspection.ts"
import { ActorSystem } from "./system.ts"

forEachDatabase((name, database) => {
  const motor = makeMotor()
  const kit = kitLayer({
    kinds: [registerKind(doorKind(motor)), registerKind(trollKind)],
    knobs: { STROWGER_ACTOR_RESTARTS: "3" }
  }).pipe(Layer.provideMerge(database))

  layer(kit, { excludeTestServices: true, timeout: "60 seconds" })(`the actor kit on the ${name}`, (it) => {
    it.effect("an ask answers with the state that the command led to", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const view = yield* system.ask(door, "1", { type: "open", by: "alice" })
        assert.strictEqual(view.value, "open")
        assert.strictEqual(view.context.openings, 1)
      })
    )

    it.effect("a command that the state does not take is refused and names state and command", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const refusal = yield* Effect.flip(system.ask(door, "2", { type: "close" }))
        assert.strictEqual(refusal._tag, "Refused")
        assert.deepInclude(refusal, { kind: "door", id: "2", state: '"closed"', command: "close" })
      })
    )

    it.effect("a pending state is committed with its actions before they are performed", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const gate = yield* Deferred.make<void>()
        motor.gate = Deferred.await(gate)
        const asking = yield* Effect.forkChild(system.ask(door, "3", { type: "open", by: "bob" }))
        yield* Effect.repeat(storedActor("door", "3"), { until: (row) => row !== undefined })
        const row = yield* storedActor("door", "3")
        assert.strictEqual(row?.snapshot.value, "opening")
        assert.deepEqual(row?.outstanding, [{ type: "turnMotor", params: { by: "bob" } }])
        motor.gate = Effect.void
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(asking)
        const after = yield* storedActor("door", "3")
        assert.strictEqual(after?.snapshot.value, "open")
        assert.isNull(after?.outstanding)
      })
    )

    it.effect("a machine's reject ends the command with its reason", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        motor.next = "jammed"
        const rejection = yield* Effect.flip(system.ask(door, "4", { type: "open", by: "carol" }))
        motor.next = "opened"
        assert.deepInclude(rejection, { _tag: "Rejected", reason: "the motor is jammed" })
        assert.strictEqual((yield* storedActor("door", "4"))?.snapshot.value, "closed")
      })
    )

    it.effect("what is emitted is in the outbox of the commit", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        yield* system.ask(door, "5", { type: "open", by: "dave" })
        yield* system.ask(door, "5", { type: "close" })
        assert.deepEqual(yield* committedEvents("5"), ["doorOpened", "doorClosed"])
      })
    )

    it.effect("of two actors that claim one thing the second is told so and changes nothing", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        yield* system.ask(door, "6", { type: "number", value: "12b" })
        const taken = yield* Effect.flip(system.ask(door, "7", { type: "number", value: "12b" }))
        assert.deepInclude(taken, { _tag: "ClaimTaken", id: "7", claims: ["number:12b"] })
        assert.isUndefined(yield* storedActor("door", "7"))
        yield* system.ask(door, "6", { type: "number", value: "12c" })
        yield* system.ask(door, "7", { type: "number", value: "12b" })
        assert.strictEqual(yield* system.holder(door, "number:12b"), "7")
      })
    )

    it.effect("a hundred doors that race for one number: one gets it", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const results = yield* Effect.forEach(
          Array.from({ length: 100 }, (_, index) => `race-${index}`),
          (id) => Effect.result(system.ask(door, id, { type: "number", value: "race" })),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(results.filter(({ _tag }) => _tag === "Success").length, 1)
        assert.isTrue(
          results.every((result) => result._tag === "Success" || result.failure._tag === "ClaimTaken")
        )
      })
    )

    for (const hostile of [
      "throwInGuard",
      "throwInAssign",
      "dieInAction",
      "neverEnd",
      "stayPending",
      "noImplementation"
    ] as const) {
      it.effect(
        `a crash (${hostile}) answers the asker, loses that command alone and restarts from the last commit`,
        () =>
          Effect.gen(function* () {
            const system = yield* ActorSystem
            const id = hostile
            yield* system.ask(trollKind, id, { type: "count" })
            const failure = yield* Effect.flip(system.ask(trollKind, id, { type: hostile }))
            assert.deepInclude(failure, { _tag: "ActorUnavailable", reason: "crashed" })
            const view = yield* system.ask(trollKind, id, { type: "count" })
            assert.strictEqual(view.context.counted, 2)
          })
      )
    }

    it.effect("an action that was committed is driven on after a crash", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        trollDeaths.remaining = 2
        yield* Effect.flip(system.ask(trollKind, "driven", { type: "dieAfterCommit" }))
        const view = yield* system.ask(trollKind, "driven", { type: "count" })
        assert.deepEqual(view, { value: "idle", context: { counted: 1 } })
      })
    )

    it.effect(
      "too many crashes leave the actor failed until an operator restarts it; siblings never notice",
      () =>
        Effect.gen(function* () {
          const system = yield* ActorSystem
          const host = yield* ActorHost
          for (let crash = 0; crash < 4; crash++)
            yield* Effect.flip(system.ask(trollKind, "doomed", { type: "dieInAction" }))
          const refused = yield* Effect.flip(system.ask(trollKind, "doomed", { type: "count" }))
          assert.deepInclude(refused, { _tag: "ActorUnavailable", reason: "failed" })
          assert.deepInclude(host.resident("troll", "doomed")?.status, {
            health: "failed",
            lastError: "the action died"
          })
          assert.strictEqual((yield* system.ask(trollKind, "sibling", { type: "count" })).context.counted, 1)
          host.resident("troll", "doomed")?.restart()
          assert.strictEqual((yield* system.ask(trollKind, "doomed", { type: "count" })).context.counted, 1)
        })
    )

    it.effect("a flood fills the mailbox of one actor and nothing else", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const flood = yield* Effect.forEach(
          Array.from({ length: 3_000 }, () => "flooded"),
          (id) => Effect.result(system.ask(trollKind, id, { type: "count" })),
          { concurrency: "unbounded" }
        )
        const counted = flood.filter(({ _tag }) => _tag === "Success").length
        const refused = flood.filter(
          (result) =>
            result._tag === "Failure" &&
            result.failure._tag === "ActorUnavailable" &&
            result.failure.reason === "mailbox-full"
        )
        assert.strictEqual(counted + refused.length, 3_000)
        assert.isAbove(refused.length, 0)
        const view = yield* system.ask(trollKind, "flooded", { type: "count" })
        assert.strictEqual(view.context.counted, counted + 1)
      })
    )

    it.effect("an idle actor leaves memory and comes back as it was", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const host = yield* ActorHost
        yield* system.ask(door, "8", { type: "open", by: "erin" })
        yield* Effect.repeat(
          Effect.sync(() => host.passivate("door", "8")),
          { until: (done) => done }
        )
        assert.isUndefined(host.resident("door", "8"))
        assert.strictEqual((yield* system.peek(door, "8"))?.value, "open")
        assert.isUndefined(host.resident("door", "8"))
        assert.strictEqual((yield* system.ask(door, "8", { type: "close" })).value, "closed")
      })
    )

    it.effect("a snapshot of an unknown version is refused with a clear error and left as it is", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const host = yield* ActorHost
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into actor (kind, id, version, snapshot) values ('door', 'old', 99, '{"status":"active","value":"ajar","context":{}}')`
        const failure = yield* Effect.flip(system.ask(door, "old", { type: "close" }))
        assert.strictEqual(failure._tag, "ActorUnavailable")
        assert.match(host.resident("door", "old")?.status.lastError ?? "", /version 99/)
        assert.strictEqual((yield* storedActor("door", "old"))?.snapshot.value, "ajar")
      })
    )

    it.effect("who watches sees actor, event and snapshot messages without secrets", () =>
      Effect.gen(function* () {
        const system = yield* ActorSystem
        const inspector = yield* Inspector
        const messages: Array<InspectionMessage> = []
        yield* inspector.watch((message) => messages.push(message))
        yield* system.ask(door, "watched", { type: "open", by: "x", password: "hunter2" } as never)
        assert.deepEqual(
          messages.map(({ type }) => type),
          ["@xstate.actor", "@xstate.event", "@xstate.snapshot"]
        )
        assert.notInclude(JSON.stringify(messages), "hunter2")
      }).pipe(Effect.scoped)
    )
  })
})
