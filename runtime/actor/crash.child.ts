import { Effect } from "effect"
import { AppConfig } from "../config.ts"
import { databaseLayer } from "../database/database.ts"
import { door, doorKind, makeMotor, startKit } from "./fixture.ts"
import { registerKind } from "./host.ts"

/**
 * Asks doors to open, to close and to take numbers until it is killed, and says what was acknowledged, a line each:
 * the door and how often it was opened. Run and killed by crash.test.ts.
 */
const doors = 40

const storm = Effect.gen(function* () {
  const motor = makeMotor()
  motor.gate = Effect.sleep("1 millis")
  const { system } = yield* startKit({ kinds: [registerKind(doorKind(motor))], clock: true })
  process.stdout.write("ready\n")
  yield* Effect.forEach(
    Array.from({ length: doors }, (_, index) => index),
    (index) =>
      Effect.gen(function* () {
        const id = String(index)
        for (let round = 0; ; round++) {
          // Neighbours want the same numbers: many claims are refused.
          const value = String((index >> 1) * 10 + (round % 3))
          for (const command of [
            { type: "open", by: id },
            { type: "number", value },
            { type: "close" }
          ] as const) {
            const answer = yield* Effect.result(system.ask(door, id, command))
            if (answer._tag === "Failure") continue
            process.stdout.write(`${id} ${answer.success.context.openings}\n`)
          }
        }
      }),
    { concurrency: "unbounded" }
  )
}).pipe(Effect.scoped)

await Effect.runPromise(
  storm.pipe(
    Effect.provide(databaseLayer),
    Effect.provide(AppConfig.layerFrom({ STROWGER_DATA_DIR: process.argv[2] ?? "" }))
  )
)
