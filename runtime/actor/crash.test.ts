import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { folderWithDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { AppConfig } from "../config.ts"
import { databaseLayer } from "../database/database.ts"
import { door, doorKind, makeMotor, startKit } from "./fixture.ts"
import { registerKind } from "./host.ts"

/** Of each door, how often it was opened when it gave its last answer. */
type Acknowledged = ReadonlyMap<string, number>

/** Lets a storm of asks run in a process of its own and kills it. */
const killedStorm = (folder: string, linesBeforeTheKill: number) =>
  Effect.callback<Acknowledged>((resume) => {
    const child = spawn(process.execPath, [new URL("./crash.child.ts", import.meta.url).pathname, folder], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const acknowledged = new Map<string, number>()
    let lines = 0
    createInterface({ input: child.stdout })
      .on("line", (line) => {
        const [id = "", openings] = line.split(" ")
        if (openings !== undefined) acknowledged.set(id, Number(openings))
        if (++lines === linesBeforeTheKill) child.kill("SIGKILL")
      })
      .once("close", () => resume(Effect.succeed(acknowledged)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

interface DoorRow {
  readonly id: string
  readonly snapshot: {
    readonly value: string
    readonly context: { readonly openings: number; readonly number: string | null }
  }
  readonly outstanding: ReadonlyArray<unknown> | null
}

const readDoors = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql<DoorRow>`select id, snapshot, outstanding from actor where kind = 'door' order by id`
)

/** The numbers held, `door number`. */
const readClaims = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ id: string; claim: string }>`select id, claim from actor_claim order by id`
  return rows.map(({ id, claim }) => `${id} ${claim}`)
})

/** Of each door, the openings that were told and how often it was told to be closed. */
const readEvents = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ body: string }>`select body from outbox order by id`
  const told = new Map<string, { openings: Array<number>; closings: number }>()
  for (const { body } of rows) {
    const { data } = JSON.parse(body) as { data: { id: string; type: string; openings?: number } }
    const ofDoor = told.get(data.id) ?? { openings: [], closings: 0 }
    told.set(data.id, ofDoor)
    if (data.openings === undefined) ofDoor.closings++
    else ofDoor.openings.push(data.openings)
  }
  return told
})

/** What must be true of the store whatever moment the process died at. */
const assertAgreement = (acknowledged: Acknowledged) =>
  Effect.gen(function* () {
    const doors = yield* readDoors
    const events = yield* readEvents
    assert.deepEqual(
      yield* readClaims,
      doors.flatMap(({ id, snapshot: { context } }) =>
        context.number === null ? [] : [`${id} number:${context.number}`]
      )
    )
    for (const { id, snapshot, outstanding } of doors) {
      const { value, context } = snapshot
      const told = events.get(id) ?? { openings: [], closings: 0 }
      assert.deepEqual(
        told.openings,
        Array.from({ length: context.openings }, (_, index) => index + 1),
        `openings told of door ${id}`
      )
      assert.strictEqual(told.closings, value === "open" ? context.openings - 1 : context.openings)
      assert.strictEqual(outstanding === null, value !== "opening")
    }
    for (const [id, openings] of acknowledged) {
      const stored = doors.find((row) => row.id === id)
      assert.isAtLeast(stored?.snapshot.context.openings ?? 0, openings, `openings of door ${id}`)
    }
  })

describe("SIGKILL in a storm of commands", () => {
  it.live(
    "leaves states, events and claims that agree and have everything acknowledged; what was committed is driven on",
    () =>
      Effect.gen(function* () {
        const folder = yield* folderWithDatabase
        let openingsBefore = 0
        for (let round = 0; round < 3; round++) {
          const acknowledged = yield* killedStorm(folder, 100 + Math.floor(Math.random() * 2_000))
          yield* Effect.gen(function* () {
            yield* assertAgreement(acknowledged)
            const unfinished = (yield* readDoors).filter(({ outstanding }) => outstanding !== null)
            const motor = makeMotor()
            const { system, stop } = yield* startKit({ kinds: [registerKind(doorKind(motor))], clock: true })
            yield* eventually(readDoors, (rows) => rows.every(({ outstanding }) => outstanding === null))
            assert.sameMembers(
              motor.turned.map(({ id }) => id),
              unfinished.map(({ id }) => id)
            )
            assert.isTrue(motor.turned.every(({ resumed }) => resumed))
            // Nothing is left that would keep a command from its answer.
            yield* Effect.ignore(system.ask(door, "0", { type: "close" }))
            assert.strictEqual((yield* system.ask(door, "0", { type: "open", by: "0" })).value, "open")
            yield* stop
            yield* assertAgreement(acknowledged)
            const doors = yield* readDoors
            const openings = doors.reduce((sum, { snapshot }) => sum + snapshot.context.openings, 0)
            assert.isAbove(openings, openingsBefore)
            openingsBefore = openings
          }).pipe(
            Effect.scoped,
            Effect.provide(
              databaseLayer.pipe(Layer.provide(AppConfig.layerFrom({ STROWGER_DATA_DIR: folder })))
            )
          )
        }
      }).pipe(Effect.scoped),
    120_000
  )
})
