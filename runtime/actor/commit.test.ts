import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { assign, emit, setup } from "xstate"
import { forEachDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { committedEvents, startKit, storedActor } from "./fixture.ts"
import { registerKind } from "./host.ts"
import { defineKind } from "./kind.ts"

type LedgerEvent =
  | { type: "note"; text: string }
  | { type: "noteAndReject"; text: string }
  | { type: "break" }
  | { type: "claim"; thing: string }

/** Writes each note into a table of its own, with the change that holds it. `break` writes what no table takes. */
const ledgerMachine = setup({
  types: {
    context: {} as { notes: ReadonlyArray<string>; thing: string | null },
    events: {} as LedgerEvent,
    emitted: {} as { type: "noted"; text: string } | { type: "broken" }
  },
  actions: { reject: (_, _params: { reason: string }) => {} }
}).createMachine({
  id: "ledger",
  context: { notes: [], thing: null },
  on: {
    note: {
      actions: [
        assign({ notes: ({ context, event }) => [...context.notes, event.text] }),
        emit(({ event }) => ({ type: "noted" as const, text: event.text }))
      ]
    },
    noteAndReject: {
      actions: [
        assign({ notes: ({ context, event }) => [...context.notes, event.text] }),
        { type: "reject", params: { reason: "noted under protest" } }
      ]
    },
    break: {
      actions: [
        assign({ notes: () => ["broken"] }),
        emit({ type: "noted", text: "lost" }),
        emit({ type: "broken" })
      ]
    },
    claim: { actions: assign({ thing: ({ event }) => event.thing }) }
  }
})

const ledgerKind = defineKind<typeof ledgerMachine, never>({
  name: "ledger",
  machine: ledgerMachine,
  version: 1,
  durable: true,
  input: () => undefined,
  perform: {},
  claims: ({ context }) => (context.thing === null ? [] : [context.thing, `${context.thing}-lid`]),
  event: (emitted, _, id) => ({ name: emitted.type, routingKey: "", headers: {}, data: { id } }),
  write: (emitted, id) =>
    Effect.flatMap(SqlClient.SqlClient, (sql) => {
      if (emitted.type === "noted")
        return sql`insert into note (ledger, text) values (${id}, ${emitted.text})`
      return sql`insert into note (ledger, text) values (${id}, ${null})`
    })
})

const notesOf = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ text: string }>`select text from note where ledger = ${id} order by n`
    return rows.map(({ text }) => text)
  })

const startLedgers = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table if not exists note (n serial, ledger text not null, text text not null)`
  return yield* startKit({ kinds: [registerKind(ledgerKind)] })
})

forEachDatabase((name, database) => {
  layer(database, { excludeTestServices: true, timeout: "60 seconds" })(`a commit on the ${name}`, (it) => {
    it.effect("has the state, the events and the rows written with it, or nothing of them", () =>
      Effect.gen(function* () {
        const { system } = yield* startLedgers
        yield* system.ask(ledgerKind, "1", { type: "note", text: "first" })
        const failure = yield* Effect.flip(system.ask(ledgerKind, "1", { type: "break" }))
        assert.deepInclude(failure, { _tag: "ActorUnavailable", reason: "crashed" })
        const view = yield* system.ask(ledgerKind, "1", { type: "note", text: "second" })
        assert.deepEqual(view.context.notes, ["first", "second"])
        assert.deepEqual((yield* storedActor("ledger", "1"))?.snapshot.context["notes"], ["first", "second"])
        assert.deepEqual(yield* notesOf("1"), ["first", "second"])
        assert.deepEqual(yield* committedEvents("1"), ["noted", "noted"])
      }).pipe(Effect.scoped)
    )

    it.effect(
      "that the database refuses for ever crashes its actor; a letter that brought it is not repeated",
      () =>
        Effect.gen(function* () {
          const { system, host } = yield* startLedgers
          yield* system.tell(ledgerKind, "2", { type: "note", text: "PostgreSQL has no \u0000" })
          yield* system.tell(ledgerKind, "2", { type: "note", text: "plain" })
          yield* eventually(notesOf("2"), (notes) => notes.length > 0)
          assert.deepEqual(yield* notesOf("2"), ["plain"])
          assert.deepInclude(host.resident("ledger", "2")?.status, { health: "running", restarts: 1 })
        }).pipe(Effect.scoped)
    )

    it.effect("that is refused harms none of the commits written together with it", () =>
      Effect.gen(function* () {
        const { system } = yield* startLedgers
        const outcomes = yield* Effect.forEach(
          Array.from({ length: 300 }, (_, index) => index),
          (index) =>
            Effect.result(
              system.ask(
                ledgerKind,
                `batch-${index}`,
                index % 50 === 7
                  ? { type: "break" }
                  : index % 50 === 8
                    ? { type: "claim", thing: "the only one" }
                    : { type: "note", text: "kept" }
              )
            ),
          { concurrency: "unbounded" }
        )
        const failures = outcomes.flatMap((outcome) =>
          outcome._tag === "Failure"
            ? [outcome.failure._tag === "ActorUnavailable" ? outcome.failure.reason : outcome.failure._tag]
            : []
        )
        assert.deepEqual(failures.toSorted(), [
          ...Array.from({ length: 5 }, () => "ClaimTaken"),
          ...Array.from({ length: 6 }, () => "crashed")
        ])
        for (let index = 0; index < 300; index++) {
          if (index % 50 === 7 || index % 50 === 8) continue
          assert.deepEqual((yield* storedActor("ledger", `batch-${index}`))?.snapshot.context["notes"], [
            "kept"
          ])
        }
      }).pipe(Effect.scoped)
    )

    it.effect("holds everything it claims, or nothing; the refusal names what is taken", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { system } = yield* startLedgers
        yield* sql`insert into actor_claim (kind, claim, id) values ('ledger', 'box-lid', 'somebody')`
        const taken = yield* Effect.flip(system.ask(ledgerKind, "3", { type: "claim", thing: "box" }))
        assert.deepInclude(taken, { _tag: "ClaimTaken", claims: ["box-lid"] })
        assert.isUndefined(yield* system.holder(ledgerKind, "box"))
        assert.isUndefined((yield* system.peek(ledgerKind, "3"))?.context.thing ?? undefined)
      }).pipe(Effect.scoped)
    )

    it.effect(
      "gives a claim that one actor lets go to another that asks for it at the same time, in their order",
      () =>
        Effect.gen(function* () {
          const { system } = yield* startLedgers
          yield* system.ask(ledgerKind, "4", { type: "claim", thing: "key" })
          const letting = yield* Effect.forkChild(
            system.ask(ledgerKind, "4", { type: "claim", thing: "other" })
          )
          const asking = yield* Effect.forkChild(system.ask(ledgerKind, "5", { type: "claim", thing: "key" }))
          yield* Fiber.join(letting)
          yield* Fiber.join(asking)
          assert.strictEqual(yield* system.holder(ledgerKind, "key"), "5")
        }).pipe(Effect.scoped)
    )

    it.effect("keeps the change of a command that the machine rejects", () =>
      Effect.gen(function* () {
        const { system } = yield* startLedgers
        const rejection = yield* Effect.flip(
          system.ask(ledgerKind, "6", { type: "noteAndReject", text: "kept" })
        )
        assert.deepInclude(rejection, { _tag: "Rejected", reason: "noted under protest" })
        assert.deepEqual((yield* storedActor("ledger", "6"))?.snapshot.context["notes"], ["kept"])
      }).pipe(Effect.scoped)
    )

    it.effect(
      "comes before the next command of the same actor: asks are handled one by one, in their order",
      () =>
        Effect.gen(function* () {
          const { system } = yield* startLedgers
          const texts = Array.from({ length: 200 }, (_, index) => String(index))
          const views = yield* Effect.forEach(
            texts,
            (text) => system.ask(ledgerKind, "7", { type: "note", text }),
            { concurrency: "unbounded" }
          )
          for (const [index, view] of views.entries()) {
            assert.deepEqual(view.context.notes, texts.slice(0, index + 1))
          }
          assert.deepEqual(yield* notesOf("7"), texts)
        }).pipe(Effect.scoped)
    )
  })
})
