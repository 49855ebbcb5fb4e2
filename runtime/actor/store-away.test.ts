import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { externalTestUrl, freshDatabase, testDatabaseLayer } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { tcpProxy } from "../../test/tcp-proxy.ts"
import { externalLayer } from "../database/external.ts"
import { committedEvents, door, doorKind, lampKind, makeMotor, startKit, storedActor } from "./fixture.ts"
import { registerKind } from "./host.ts"
import { ActorStore, StoreUnavailable } from "./store.ts"

/** A store that can be taken away. With `losesAnswers` a commit is written, and its acknowledgement is lost. */
const makeSwitch = () => ({ isAway: false, losesAnswers: false })

const switchedStore = (store: ReturnType<typeof makeSwitch>) =>
  Layer.effect(
    ActorStore,
    Effect.map(ActorStore, (real) => {
      const away = Effect.suspend(() => Effect.fail(new StoreUnavailable({ cause: "switched off" })))
      return ActorStore.of({
        ...real,
        load: (kind, id) => (store.isAway ? away : real.load(kind, id)),
        due: (until, limit) => (store.isAway ? away : real.due(until, limit)),
        commit: (change) => {
          if (store.isAway) return away
          return store.losesAnswers ? Effect.andThen(real.commit(change), away) : real.commit(change)
        }
      })
    })
  ).pipe(Layer.provide(ActorStore.layer))

describe("a store that is away", () => {
  const scenario = <A, E>(
    body: (stage: {
      readonly store: ReturnType<typeof makeSwitch>
      readonly motor: ReturnType<typeof makeMotor>
      readonly kit: Effect.Success<ReturnType<typeof startKit>>
    }) => Effect.Effect<A, E, SqlClient.SqlClient>
  ) =>
    Effect.gen(function* () {
      const store = makeSwitch()
      const motor = makeMotor()
      const kit = yield* startKit({
        kinds: [registerKind(doorKind(motor)), registerKind(lampKind)],
        store: switchedStore(store),
        clock: true
      })
      return yield* body({ store, motor, kit })
    }).pipe(Effect.scoped, Effect.provide(testDatabaseLayer))

  it.live("is told to askers, and fails no actor", () =>
    scenario(({ store, kit: { system, host } }) =>
      Effect.gen(function* () {
        yield* system.ask(door, "1", { type: "number", value: "one" })
        store.isAway = true
        for (let attempt = 0; attempt < 10; attempt++) {
          const failure = yield* Effect.flip(system.ask(door, "1", { type: "open", by: "alice" }))
          assert.deepInclude(failure, { _tag: "ActorUnavailable", reason: "store-unavailable" })
        }
        assert.deepInclude(host.resident("door", "1")?.status, { health: "running", restarts: 0 })
        store.isAway = false
        const view = yield* system.ask(door, "1", { type: "open", by: "alice" })
        assert.deepInclude(view.context, { number: "one", openings: 1 })
      })
    )
  )

  it.live("keeps letters that nobody waits for, in their order, and applies them when it is back", () =>
    scenario(({ store, kit: { system } }) =>
      Effect.gen(function* () {
        yield* system.ask(door, "2", { type: "number", value: "two" })
        store.isAway = true
        yield* system.tell(door, "2", { type: "number", value: "two b" })
        const asked = yield* Effect.flip(system.ask(door, "2", { type: "close" }))
        assert.deepInclude(asked, { reason: "store-unavailable" })
        yield* system.tell(door, "2", { type: "number", value: "two c" })
        store.isAway = false
        yield* eventually(storedActor("door", "2"), (row) => row?.snapshot.context["number"] === "two c")
        assert.isUndefined(yield* system.holder(door, "number:two b"))
      })
    )
  )

  it.live("after an action was committed drives it on when it is back, once", () =>
    scenario(({ store, motor, kit: { system } }) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        motor.gate = Deferred.await(gate)
        yield* system.tell(door, "3", { type: "open", by: "bob" })
        yield* eventually(
          Effect.sync(() => motor.turned.length),
          (turned) => turned === 1
        )
        store.isAway = true
        yield* Deferred.succeed(gate, undefined)
        const failure = yield* Effect.flip(system.ask(door, "3", { type: "close" }))
        assert.deepInclude(failure, { reason: "store-unavailable" })
        store.isAway = false
        const view = yield* system.ask(door, "3", { type: "number", value: "three" })
        assert.strictEqual(view.value, "open")
        assert.deepEqual(
          motor.turned.map(({ resumed }) => resumed),
          [false, true]
        )
        assert.deepEqual(yield* committedEvents("3"), ["doorOpened"])
      })
    )
  )

  it.live("that wrote a change without saying so shows it when it is back", () =>
    scenario(({ store, kit: { system } }) =>
      Effect.gen(function* () {
        store.losesAnswers = true
        const failure = yield* Effect.flip(system.ask(lampKind, "4", { type: "light", glow: 60_000 }))
        assert.deepInclude(failure, { reason: "store-unavailable" })
        store.losesAnswers = false
        const view = yield* system.ask(lampKind, "4", { type: "jam" })
        assert.strictEqual(view.value, "lit")
        assert.deepEqual(yield* committedEvents("4"), ["lit"])
      })
    )
  )

  it.live("that wrote a change without saying so does not apply a letter that nobody waited for twice", () =>
    scenario(({ store, motor, kit: { system } }) =>
      Effect.gen(function* () {
        store.losesAnswers = true
        yield* system.tell(lampKind, "7", { type: "light", glow: 60_000 })
        yield* system.tell(door, "7", { type: "open", by: "carol" })
        const lit = yield* eventually(storedActor("lamp", "7"), (row) => row?.snapshot.value === "lit")
        yield* eventually(storedActor("door", "7"), (row) => row !== undefined)
        store.losesAnswers = false
        // Letters are handled in their order: these come after what was kept.
        const handled = <A, E>(ask: Effect.Effect<A, E>) =>
          eventually(Effect.result(ask), ({ _tag }) => _tag === "Success")
        yield* handled(system.ask(lampKind, "7", { type: "jam" }))
        yield* handled(system.ask(door, "7", { type: "close" }))
        assert.deepEqual((yield* storedActor("lamp", "7"))?.deadlines, lit?.deadlines)
        assert.deepEqual(yield* committedEvents("7"), ["lit", "doorOpened", "doorClosed"])
        assert.deepEqual(
          motor.turned.map(({ resumed }) => resumed),
          [true]
        )
      })
    )
  )

  it.live("costs no deadline: those that end meanwhile take effect when it is back", () =>
    scenario(({ store, kit: { system } }) =>
      Effect.gen(function* () {
        yield* system.ask(lampKind, "5", { type: "light", glow: 100 })
        store.isAway = true
        const end = (yield* storedActor("lamp", "5"))?.next_deadline ?? 0n
        yield* eventually(Effect.sync(Date.now), (now) => BigInt(now) > end + 50n)
        store.isAway = false
        yield* eventually(storedActor("lamp", "5"), (row) => row?.snapshot.value === "dark")
        assert.deepEqual(yield* committedEvents("5"), ["lit", "dark"])
      })
    )
  )

  it.live("while the runtime stops does not keep it from ending", () =>
    scenario(({ store, kit: { system, stop } }) =>
      Effect.gen(function* () {
        yield* system.ask(door, "6", { type: "number", value: "six" })
        store.isAway = true
        yield* system.tell(door, "6", { type: "number", value: "six b" })
        yield* stop.pipe(Effect.timeout("5 seconds"))
        assert.strictEqual((yield* storedActor("door", "6"))?.snapshot.context["number"], "six")
      })
    )
  )
})

if (externalTestUrl !== undefined) {
  const server = externalTestUrl

  describe("a PostgreSQL that goes away and comes back", () => {
    it.live("loses nothing that was acknowledged, and no letter that nobody waited for", () =>
      Effect.gen(function* () {
        const direct = yield* freshDatabase(server)
        const address = new URL(Redacted.value(direct))
        const proxy = yield* tcpProxy(address.hostname, Number(address.port))
        address.host = `127.0.0.1:${proxy.port}`
        yield* Effect.gen(function* () {
          const { system, host } = yield* startKit({ kinds: [registerKind(doorKind(makeMotor()))] })
          const acknowledged = new Set<string>()
          const storm = yield* Effect.forEach(
            Array.from({ length: 20 }, (_, index) => `storm-${index}`),
            (id) =>
              Effect.gen(function* () {
                for (let count = 0; count < 40; count++) {
                  const value = `${id}/${count}`
                  const asked = yield* Effect.result(system.ask(door, id, { type: "number", value }))
                  if (asked._tag === "Success") acknowledged.add(value)
                  yield* Effect.sleep("2 millis")
                }
              }),
            { concurrency: "unbounded", discard: true }
          ).pipe(Effect.forkChild)
          yield* eventually(
            Effect.sync(() => acknowledged.size),
            (size) => size > 100
          )
          yield* proxy.cut
          yield* eventually(
            Effect.sync(() => acknowledged.size),
            (size) => size > 200
          )
          yield* proxy.down
          yield* system.tell(door, "told", { type: "number", value: "told while away" })
          const failure = yield* Effect.flip(system.ask(door, "asked", { type: "number", value: "x" }))
          assert.deepInclude(failure, { _tag: "ActorUnavailable", reason: "store-unavailable" })
          yield* proxy.up
          yield* Fiber.join(storm)
          yield* eventually(system.holder(door, "number:told while away"), (id) => id === "told")
          for (let index = 0; index < 20; index++) {
            const id = `storm-${index}`
            const last = [...acknowledged].findLast((value) => value.startsWith(`${id}/`))
            const stored = (yield* storedActor("door", id))?.snapshot.context["number"]
            assert.isAtLeast(countOf(stored), countOf(last))
            assert.strictEqual(yield* system.holder(door, `number:${stored}`), id)
          }
          assert.isTrue(host.statuses().every(({ health }) => health === "running"))
        }).pipe(Effect.scoped, Effect.provide(externalLayer(Redacted.make(address.href))))
      }).pipe(Effect.scoped)
    )
  })
}

const countOf = (number: unknown): number => Number(String(number).split("/")[1])
