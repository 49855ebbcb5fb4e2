import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Console, Effect, Redacted } from "effect"
import { Command } from "effect/cli"
import { Bootstrap } from "./actors/identity/bootstrap.ts"
import { ListenAddress } from "./http/server.ts"
import { AppConfig, unknownKnobs } from "./runtime/config.ts"
import { strowgerLayer } from "./strowger.ts"

/** The command line: `strowger start`, `strowger simulate`, `strowger demo`. */

const start = Command.make(
  "start",
  {},
  Effect.fn(function* () {
    yield* runStrowger.pipe(Effect.provide(AppConfig.layer))
  })
).pipe(Command.withDescription("Start the runtime; its knobs are STROWGER_* environment variables"))

/** Starts everything, says where it listens, and stays until it is told to stop. */
const runStrowger = Effect.gen(function* () {
  for (const { name, nearest } of unknownKnobs(process.env)) {
    yield* Console.error(`${name} is no knob and has no effect. Did you mean ${nearest}?`)
  }
  yield* Effect.gen(function* () {
    const { url } = yield* ListenAddress
    const { generatedPassword } = yield* Bootstrap
    const { adminUsername } = yield* AppConfig
    if (generatedPassword) {
      yield* Console.log(
        `First start: the administrator is ${adminUsername} with the password ${Redacted.value(generatedPassword)}\n` +
          "It is shown this once."
      )
    }
    yield* Console.log(`Strowger listens on ${url}`)
    yield* Effect.never
  }).pipe(Effect.provide(strowgerLayer))
})

const strowger = Command.make("strowger").pipe(
  Command.withDescription("An actor-model telephony runtime"),
  Command.withSubcommands([start])
)

/** What went wrong before anything ran is one readable line for the operator, and exit code 1. */
const reportStartFailure = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.catchCause(program, (cause) => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
    const error = Cause.squash(cause)
    const message = error instanceof Error ? error.message : String(error)
    return Console.error(`Strowger cannot start: ${message}`).pipe(
      Effect.andThen(Effect.logDebug("The whole failure", cause)),
      Effect.andThen(Effect.sync(() => process.exit(1)))
    )
  })

Command.run(strowger, { version: "0.1.0" }).pipe(
  reportStartFailure,
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
