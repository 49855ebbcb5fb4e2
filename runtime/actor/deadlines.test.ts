import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { forEachDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { committedEvents, lampKind, startKit, storedActor } from "./fixture.ts"
import { registerKind } from "./host.ts"

const kinds = [registerKind(lampKind)]
const deadlineName = "xstate.after.glow.lamp.lit"

/** The lamp's deadline in the store, in milliseconds since the epoch. */
const storedEnd = (id: string) =>
  Effect.map(storedActor("lamp", id), (row) => row?.deadlines?.[deadlineName]?.at)

const untilDark = (id: string) => eventually(storedActor("lamp", id), (row) => row?.snapshot.value === "dark")

forEachDatabase((name, database) => {
  layer(database, { excludeTestServices: true, timeout: "60 seconds" })(`deadlines on the ${name}`, (it) => {
    it.effect("a deadline is stored with the state that began it and ends it", () =>
      Effect.gen(function* () {
        const { system } = yield* startKit({ kinds })
        const before = Date.now()
        yield* system.ask(lampKind, "1", { type: "light", glow: 200 })
        const end = yield* storedEnd("1")
        assert.isAtLeast(end ?? 0, before + 200)
        assert.strictEqual((yield* storedActor("lamp", "1"))?.next_deadline, BigInt(end ?? 0))
        const row = yield* untilDark("1")
        assert.isAtLeast(Date.now(), end ?? 0)
        assert.isNull(row?.deadlines)
        assert.isNull(row?.next_deadline)
        assert.deepEqual(yield* committedEvents("1"), ["lit", "dark"])
      }).pipe(Effect.scoped)
    )

    it.effect("a deadline that passed while the runtime was down ends at the restart, once", () =>
      Effect.gen(function* () {
        const first = yield* startKit({ kinds })
        yield* first.system.ask(lampKind, "2", { type: "light", glow: 150 })
        yield* first.stop
        const end = yield* storedEnd("2")
        assert.isDefined(end)
        yield* eventually(Effect.sync(Date.now), (now) => now > (end ?? 0))
        const second = yield* startKit({ kinds })
        yield* second.system.wakeAll("lamp")
        yield* untilDark("2")
        assert.deepEqual(yield* committedEvents("2"), ["lit", "dark"])
      }).pipe(Effect.scoped)
    )

    it.effect("a deadline that is still to come keeps its time over a restart", () =>
      Effect.gen(function* () {
        const first = yield* startKit({ kinds })
        yield* first.system.ask(lampKind, "3", { type: "light", glow: 3_000 })
        const end = yield* storedEnd("3")
        yield* first.stop
        const second = yield* startKit({ kinds })
        yield* second.system.wakeAll("lamp")
        yield* eventually(
          Effect.sync(() => second.host.resident("lamp", "3")?.status.deadlines[deadlineName]),
          (at) => at === end
        )
        yield* untilDark("3")
        assert.isAtLeast(Date.now(), end ?? 0)
      }).pipe(Effect.scoped)
    )

    it.effect("a deadline ends although its actor is not in memory and nobody talks to it", () =>
      Effect.gen(function* () {
        const first = yield* startKit({ kinds })
        yield* first.system.ask(lampKind, "4", { type: "light", glow: 300 })
        yield* first.stop
        yield* startKit({ kinds, clock: true })
        yield* untilDark("4")
        assert.deepEqual(yield* committedEvents("4"), ["lit", "dark"])
      }).pipe(Effect.scoped)
    )

    it.effect("an actor leaves memory with its deadlines running, and they end on time", () =>
      Effect.gen(function* () {
        const { system, host } = yield* startKit({ kinds, clock: true })
        yield* system.ask(lampKind, "5", { type: "light", glow: 300 })
        yield* eventually(
          Effect.sync(() => host.passivate("lamp", "5")),
          (done) => done
        )
        assert.isUndefined(host.resident("lamp", "5"))
        yield* untilDark("5")
        assert.deepEqual(yield* committedEvents("5"), ["lit", "dark"])
      }).pipe(Effect.scoped)
    )

    it.effect("a cancelled deadline never ends, not even after a restart", () =>
      Effect.gen(function* () {
        const first = yield* startKit({ kinds })
        yield* first.system.ask(lampKind, "6", { type: "light", glow: 150 })
        yield* first.system.ask(lampKind, "6", { type: "darken" })
        assert.isNull((yield* storedActor("lamp", "6"))?.next_deadline)
        yield* first.stop
        const second = yield* startKit({ kinds, clock: true })
        yield* second.system.ask(lampKind, "witness", { type: "light", glow: 300 })
        yield* untilDark("witness")
        assert.deepEqual(yield* committedEvents("6"), ["lit", "dark"])
      }).pipe(Effect.scoped)
    )

    it.effect("a deadline begun anew ends at its new time alone", () =>
      Effect.gen(function* () {
        const { system } = yield* startKit({ kinds })
        yield* system.ask(lampKind, "7", { type: "light", glow: 150 })
        const first = yield* storedEnd("7")
        yield* system.ask(lampKind, "7", { type: "light", glow: 600 })
        const renewed = yield* storedEnd("7")
        assert.isAbove(renewed ?? 0, first ?? 0)
        yield* untilDark("7")
        assert.isAtLeast(Date.now(), renewed ?? 0)
        assert.deepEqual(yield* committedEvents("7"), ["lit", "dark"])
      }).pipe(Effect.scoped)
    )

    it.effect("a deadline that the state does not take when it ends is over", () =>
      Effect.gen(function* () {
        const { system } = yield* startKit({ kinds })
        yield* system.ask(lampKind, "8", { type: "light", glow: 50 })
        yield* system.ask(lampKind, "8", { type: "jam" })
        const row = yield* eventually(storedActor("lamp", "8"), (stored) => stored?.next_deadline === null)
        assert.strictEqual(row?.snapshot.value, "lit")
      }).pipe(Effect.scoped)
    )

    it.effect("deadlines of more actors at rest than one look at the clock takes all end", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const first = yield* startKit({ kinds })
        yield* first.system.ask(lampKind, "many-0", { type: "light", glow: 60_000 })
        yield* first.stop
        yield* sql`insert into actor (kind, id, version, snapshot, deadlines, next_deadline)
          select kind, 'many-' || n, version, snapshot,
            jsonb_set(deadlines, ${`{${deadlineName},at}`}::text[], '1'), 1
          from actor, generate_series(1, 1100) as n where id = 'many-0'`
        yield* startKit({ kinds, clock: true })
        yield* eventually(
          sql<{ lit: number }>`select count(*)::int as lit from actor
            where id like 'many-%' and id <> 'many-0'
              and (snapshot->>'value' <> 'dark' or next_deadline is not null)`,
          ([row]) => row?.lit === 0,
          "30 seconds"
        )
      }).pipe(Effect.scoped)
    )
  })
})
