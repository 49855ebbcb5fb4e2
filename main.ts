import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Console, Effect, Exit, Redacted } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { asteriskConfigOf } from "./cli/asterisk.ts"
import { Bootstrap } from "./actors/identity/bootstrap.ts"
import { ListenAddress } from "./http/server.ts"
import { authCommand } from "./cli/auth.ts"
import { PhoneListeners } from "./http/phones/phone-listeners.ts"
import { AppConfig, unknownKnobs } from "./runtime/config.ts"
import { provdCommand } from "./cli/provd.ts"
import { runDemo } from "./cli/demo.ts"
import { phoneModels } from "./simulator/phones/models.ts"
import { runFleet } from "./simulator/phones/run.ts"
import { runSimulator } from "./simulator/run.ts"
import { runWatch } from "./cli/watch.ts"
import { strowgerLayer } from "./strowger.ts"

/** The command line: `strowger start`, `simulate`, `demo`, `watch`, `asterisk`, `provd`, `auth`. */

const start = Command.make(
  "start",
  {},
  Effect.fn(function* () {
    yield* runStrowger.pipe(Effect.provide(AppConfig.layer))
  })
).pipe(Command.withDescription("Start the runtime; its knobs are STROWGER_* environment variables"))

const seed = Flag.String("seed").pipe(
  Flag.withDescription("Equal seeds give equal days"),
  Flag.withDefault("strowger")
)
const speed = Flag.Finite("speed").pipe(
  Flag.withDescription("Seconds of the PBX for one second of ours"),
  Flag.withDefault(1)
)
const callsPerMinute = Flag.Finite("calls-per-minute").pipe(
  Flag.withDescription("Callers of each queue"),
  Flag.withDefault(12)
)

const simulatePhones = Command.make(
  "phones",
  {
    count: Flag.Int("count").pipe(Flag.withDescription("Phones to switch on"), Flag.withDefault(14)),
    vendor: Flag.String("vendor").pipe(
      Flag.withDescription(
        `Whose phones, separated by commas: ${phoneModels.map(({ name }) => name).join(", ")}; all by default`
      ),
      Flag.withDefault("")
    ),
    url: Flag.String("url").pipe(
      Flag.withDescription("Where phones fetch files over HTTP"),
      Flag.withDefault("http://127.0.0.1:8667")
    ),
    tftpPort: Flag.Int("tftp-port").pipe(
      Flag.withDescription("Where they fetch files over TFTP, on the same host"),
      Flag.withDefault(6969)
    ),
    perSecond: Flag.Finite("per-second").pipe(
      Flag.withDescription("Phones switched on within a second; 0: all at once"),
      Flag.withDefault(0)
    ),
    first: Flag.Int("first").pipe(
      Flag.withDescription("Number of the first phone: another one gives other phones"),
      Flag.withDefault(1)
    )
  },
  ({ vendor, url, tftpPort, perSecond, ...options }) =>
    runFleet({
      ...options,
      url,
      tftp: { host: new URL(url).hostname, port: tftpPort },
      ...(perSecond > 0 ? { perSecond } : {}),
      vendors: vendor.split(",").filter((name) => name !== "")
    }).pipe(
      Effect.tap((allWork) =>
        Effect.sync(() => {
          if (!allWork) process.exitCode = 1
        })
      )
    )
).pipe(
  Command.withDescription(
    "Boot phones as their vendors' do, over HTTP and TFTP. On a loopback address each has an address of its own; elsewhere all share one, so that the parameter NAT should be 1"
  ),
  Command.withExamples([
    {
      command: "strowger simulate phones --count 1000 --vendor yealink,snom --per-second 20",
      description: "A thousand new phones within a minute"
    }
  ])
)

const simulate = Command.make(
  "simulate",
  {
    host: Flag.String("host").pipe(
      Flag.withDescription("Address to listen on"),
      Flag.withDefault("127.0.0.1")
    ),
    port: Flag.Int("port").pipe(Flag.withDescription("AMI port; 0 picks a free one"), Flag.withDefault(5038)),
    username: Flag.String("username").pipe(
      Flag.withDescription("Manager user"),
      Flag.withDefault("accent_amid")
    ),
    secret: Flag.String("secret").pipe(Flag.withDescription("Its secret"), Flag.withDefault("simulated")),
    queues: Flag.String("queues").pipe(
      Flag.withDescription("Names of the queues, separated by commas"),
      Flag.withDefault("sales,support")
    ),
    agents: Flag.Int("agents").pipe(
      Flag.withDescription("Members each queue starts with; 0 leaves them to whoever adds them over AMI"),
      Flag.withDefault(0)
    ),
    callsPerMinute,
    seed,
    speed
  },
  ({ queues, ...options }) =>
    runSimulator({ ...options, queues: queues.split(",").filter((name) => name !== "") })
).pipe(
  Command.withDescription("Run a small simulated PBX that speaks AMI"),
  Command.withSubcommands([simulatePhones]),
  Command.withExamples([
    {
      command: "strowger simulate --queues sales --agents 5 --calls-per-minute 20",
      description: "A queue with five agents of its own and a caller every three seconds"
    }
  ])
)

const demo = Command.make(
  "demo",
  {
    agents: Flag.Int("agents").pipe(Flag.withDescription("Agents of the call centre"), Flag.withDefault(6)),
    callsPerMinute,
    seed,
    speed
  },
  (options) => runDemo(options)
).pipe(Command.withDescription("A runtime and a simulated PBX with agents at work; nothing is kept"))

const runtimeFlags = {
  url: Flag.String("url").pipe(
    Flag.withDescription("A running runtime"),
    Flag.withDefault("http://127.0.0.1:9080")
  ),
  username: Flag.String("username").pipe(Flag.withAlias("u"), Flag.withDefault("admin")),
  password: Flag.String("password").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("Its password; by default STROWGER_ADMIN_PASSWORD"),
    Flag.withDefault(process.env["STROWGER_ADMIN_PASSWORD"] ?? "")
  )
}

const watch = Command.make(
  "watch",
  {
    events: Argument.String("event").pipe(
      Argument.withDescription("Names of events; all without any"),
      Argument.variadic()
    ),
    ...runtimeFlags
  },
  (options) => runWatch(options)
).pipe(
  Command.withDescription("Print the events of a running runtime as its WebSocket clients get them"),
  Command.withExamples([
    {
      command: "strowger watch -p demo agent_status_update agent_paused",
      description: "Agents that come, go and pause"
    }
  ])
)

const asterisk = Command.make("asterisk").pipe(
  Command.withDescription("What a plain Asterisk needs to work with this runtime"),
  Command.withSubcommands([
    Command.make("config", runtimeFlags, (address) =>
      Effect.flatMap(asteriskConfigOf(address), (text) => Console.log(text)).pipe(
        Effect.provide(AppConfig.layer)
      )
    ).pipe(
      Command.withDescription(
        "Print the manager user, the dialplan and the queues for Asterisk to include; queues as a running runtime has them"
      )
    )
  ])
)

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
    yield* Console.log(phonesLine(yield* PhoneListeners))
    yield* Console.log(`Strowger listens on ${url}`)
    yield* Effect.never
  }).pipe(Effect.provide(strowgerLayer))
})

const phonesLine = (listeners: PhoneListeners["Service"]): string => {
  const over = (name: string, port: number | undefined) =>
    port === undefined ? `not over ${name}` : `over ${name} on port ${port}`
  return `Phones are served ${over("HTTP", listeners.port("http"))} and ${over("TFTP", listeners.port("tftp"))}`
}

const strowger = Command.make("strowger").pipe(
  Command.withDescription("An actor-model telephony runtime"),
  Command.withSubcommands([start, simulate, demo, watch, asterisk, provdCommand(runtimeFlags), authCommand])
)

/** What went wrong before anything ran is one readable line for the operator, and exit code 1. */
const reportStartFailure = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.catchCause(program, (cause) => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
    const error = Cause.squash(cause)
    const message = error instanceof Error ? error.message : String(error)
    return Console.error(`strowger: ${message}`).pipe(
      Effect.andThen(Effect.logDebug("The whole failure", cause)),
      Effect.andThen(Effect.sync(() => process.exit(1)))
    )
  })

/** Being told to stop is a good end. */
const endedWell = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)

Command.run(strowger, { version: "0.1.0" }).pipe(
  reportStartFailure,
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({
    teardown: (exit, onExit) => onExit(endedWell(exit) ? Number(process.exitCode ?? 0) : 1)
  })
)
