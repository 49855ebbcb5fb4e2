import { Clock, Effect, Exit, Layer, Scope } from "effect"
import { AmiEvents } from "../../runtime/ami/ami-events.ts"
import { backoff } from "../../runtime/ami/backoff.ts"
import { openConnection } from "../../runtime/ami/connection.ts"
import { registerKind } from "../../runtime/actor/host.ts"
import { defineKind } from "../../runtime/actor/kind.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { singleton } from "../../runtime/cluster/cluster.ts"
import { AppConfig, millis } from "../../runtime/config.ts"
import { AmiEventSink, amiEventsLayer } from "./events.ts"
import { AmiLink, amiLayer } from "./link.ts"
import { amiSessionMachine } from "./machine.ts"
import { Synchronisers } from "./synchronisers.ts"

/** The one session of this PBX. */
const sessionId = "default"

/** How the session is addressed. */
const amiSession = { name: "ami-session", machine: amiSessionMachine, version: 1 } as const

/** Registers the AMI session, keeps it running on one node, and offers `Ami` and `AmiEvents`. */
export const amiSessionLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const system = yield* ActorSystem
    yield* registerKind(yield* makeKind)
    const events = yield* AmiEvents
    const services = yield* Effect.context<never>()
    const tellBooted = Effect.ignore(system.tell(amiSession, sessionId, { type: "fullyBooted" }))
    yield* events.on("FullyBooted", () => Effect.runForkWith(services)(tellBooted))
    const run = Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.ignore(system.tell(amiSession, sessionId, { type: "stop" })))
      yield* system.tell(amiSession, sessionId, { type: "start" })
      yield* Effect.never
    }).pipe(Effect.scoped)
    yield* Layer.build(singleton("ami-session", run))
  })
).pipe(Layer.provideMerge(amiEventsLayer), Layer.provideMerge(amiLayer), Layer.provideMerge(AmiLink.layer))

const makeKind = Effect.gen(function* () {
  const config = yield* AppConfig
  const link = yield* AmiLink
  const sink = yield* AmiEventSink
  const system = yield* ActorSystem
  const synchronisers = yield* Synchronisers
  const outer = yield* Effect.scope
  const reconnectDelay = millis(config.amiReconnectDelay)
  let held: { readonly scope: Scope.Closeable; readonly connection: Connection } | undefined

  const disconnect = Effect.gen(function* () {
    const closing = held
    held = undefined
    link.set(undefined, yield* Clock.currentTimeMillis)
    if (closing) yield* Scope.close(closing.scope, Exit.void)
  })

  const connect = Effect.gen(function* () {
    yield* disconnect
    const scope = yield* Scope.fork(outer)
    const connection = yield* openConnection({
      host: config.amiHost,
      port: config.amiPort,
      actionTimeout: config.amiActionTimeout,
      pingInterval: config.amiPingInterval
    }).pipe(
      Scope.provide(scope),
      Effect.tapError(() => Scope.close(scope, Exit.void))
    )
    held = { scope, connection }
    connection.onEvent(sink)
    yield* connection.closed.pipe(
      Effect.tap((reason) => Effect.logWarning(`AMI session lost: ${reason.message}`)),
      Effect.flatMap((reason) =>
        system.tell(amiSession, sessionId, { type: "lost", message: reason.message })
      ),
      Effect.ignore,
      Effect.forkIn(scope)
    )
    return { type: "connected" as const, banner: connection.banner }
  }).pipe(
    Effect.catchTag(["AmiConnectionLost", "AmiProtocolError"], ({ message }) =>
      Effect.succeed({ type: "connectFailed" as const, message })
    )
  )

  const authenticate = Effect.suspend(() => {
    const connection = held?.connection
    if (connection === undefined) return Effect.succeed({ type: "lost" as const, message: "no connection" })
    return connection
      .login({ username: config.amiUsername, secret: config.amiSecret, authType: config.amiAuthType })
      .pipe(
        Effect.andThen(Clock.currentTimeMillis),
        Effect.tap((now) => Effect.sync(() => link.set(connection, now))),
        Effect.as({ type: "authenticated" as const }),
        Effect.catchTag("AmiLoginRefused", ({ message }) =>
          Effect.logError(`Asterisk refused the AMI login of ${config.amiUsername}: ${message}`).pipe(
            Effect.as({ type: "loginRefused" as const, message })
          )
        ),
        Effect.catch((error) => Effect.as(disconnect, { type: "lost" as const, message: error.message }))
      )
  })

  const synchronise = Effect.gen(function* () {
    yield* Effect.logInfo(`AMI session up: ${config.amiHost}:${config.amiPort}`)
    yield* synchronisers.run
    return { type: "synchronised" as const }
  })

  return defineKind({
    ...amiSession,
    machine: amiSessionMachine.provide({
      delays: { backoff: ({ context }) => backoff(context.attempts, reconnectDelay) }
    }),
    durable: false,
    input: () => undefined,
    perform: {
      connect: () => connect,
      authenticate: () => authenticate,
      synchronise: () => synchronise,
      disconnect: () => disconnect
    }
  })
})

type Connection = Effect.Success<ReturnType<typeof openConnection>>
