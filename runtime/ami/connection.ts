import { createHash, randomBytes } from "node:crypto"
import { Cause, Clock, Data, Deferred, Duration, Effect, Redacted, Result, Scope } from "effect"
import {
  type AmiAction,
  type AmiAnswer,
  type AmiError,
  type AmiMessage,
  AmiTimeout,
  AmiUnavailable,
  header
} from "./ami.ts"
import { encodeAction } from "./codec.ts"
import { Correlation } from "./correlation.ts"
import type { ReceivedMessage } from "./message.ts"
import { type AmiConnectionError, AmiConnectionLost, AmiSocket } from "./socket.ts"

export interface AmiConnectionOptions {
  readonly host: string
  readonly port: number
  /** Longest time until the banner has come. */
  readonly connectTimeout?: Duration.Input
  /** Longest time until the answer to an action is complete. */
  readonly actionTimeout?: Duration.Input
  /** Silence of the peer after which it is pinged, once logged in; absent: never. */
  readonly pingInterval?: Duration.Input
}

export interface AmiCredentials {
  readonly username: string
  readonly secret: Redacted.Redacted<string>
  readonly authType: "plain" | "md5"
}

/** The peer is there and does not let us in; `message` is Asterisk's own. */
export class AmiLoginRefused extends Data.TaggedError("AmiLoginRefused")<{ readonly message: string }> {}

/** One TCP connection to an AMI peer (contracts/callcenter.md 7). It lives until its scope ends or it is lost. */
export interface AmiConnection {
  /** The peer's banner, e.g. `Asterisk Call Manager/13.0.0`. */
  readonly banner: string
  /** Logs in, and from then on pings the silent peer. */
  readonly login: (credentials: AmiCredentials) => Effect.Effect<void, AmiLoginRefused | AmiError>
  /**
   * Sends an action and waits for its whole answer: the response, and the events of its list or of its WaitEvent.
   * Works before the login too; Asterisk then answers most actions with `Permission denied`. Interrupting it, or
   * its timeout, leaves the action with the PBX and throws its answer away.
   */
  readonly send: (
    action: AmiAction,
    options?: { readonly timeout?: Duration.Input }
  ) => Effect.Effect<AmiAnswer, AmiError>
  /**
   * Calls `handler` with each asynchronous event, in the order received, from within the reading of the socket:
   * it must return at once. Asterisk sends events with the login's answer, so ask for them before. Answers the
   * way to stop it.
   */
  readonly onEvent: (handler: (event: AmiMessage) => void) => () => void
  /** Waits for the end of the connection and tells its reason. */
  readonly closed: Effect.Effect<AmiConnectionError>
  readonly isOpen: () => boolean
}

/** Connects and reads the banner. Reading never waits for a consumer, so a slow one costs its own memory only. */
export const openConnection = Effect.fnUntraced(function* (
  options: AmiConnectionOptions
): Effect.fn.Return<AmiConnection, AmiConnectionError, Scope.Scope> {
  const scope = yield* Effect.scope
  const wire = yield* openWire(options)
  const timeout = options.actionTimeout ?? DEFAULT_ACTION_TIMEOUT
  const send: AmiConnection["send"] = (action, each) => sendAction(wire, action, each?.timeout ?? timeout)
  let watched = false
  const watch = Effect.suspend(() => {
    if (watched || options.pingInterval === undefined) return Effect.void
    watched = true
    return Effect.asVoid(Effect.forkIn(keepAlive(wire, send, options.pingInterval), scope))
  })
  return {
    banner: wire.banner,
    send,
    login: (credentials) => Effect.andThen(login(send, credentials), watch),
    onEvent: (handler) => {
      wire.handlers.add(handler)
      return () => wire.handlers.delete(handler)
    },
    closed: Deferred.await(wire.closed),
    isOpen: () => wire.socket.isOpen
  }
})

const DEFAULT_CONNECT_TIMEOUT: Duration.Input = "5 seconds"
const DEFAULT_ACTION_TIMEOUT: Duration.Input = "10 seconds"
const PING_TIMEOUT: Duration.Input = "10 seconds"
/** Bytes that a peer may leave unread before it gets no more actions. */
const MAX_BACKLOG = 1_048_576

/** The socket with what the connection knows about it. */
interface Wire {
  readonly socket: AmiSocket
  readonly correlation: Correlation
  readonly handlers: Set<(event: AmiMessage) => void>
  readonly banner: string
  readonly closed: Deferred.Deferred<AmiConnectionError>
  /** Nanoseconds, by a monotonic clock, since bytes came last. */
  readonly silence: () => bigint
}

const openWire = Effect.fnUntraced(function* (
  options: AmiConnectionOptions
): Effect.fn.Return<Wire, AmiConnectionError, Scope.Scope> {
  const clock = yield* Clock.Clock
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const banner = yield* Deferred.make<string, AmiConnectionError>()
  const closed = yield* Deferred.make<AmiConnectionError>()
  const correlation = new Correlation(`${randomBytes(6).toString("hex")}-`)
  const handlers = new Set<(event: AmiMessage) => void>()
  let heardAt = clock.monotonicTimeNanosUnsafe()

  const publish = (event: AmiMessage): void => {
    for (const handler of handlers) {
      try {
        handler(event)
      } catch (error) {
        fork(Effect.logError("A handler of AMI events failed", Cause.die(error)))
      }
    }
  }
  const open = () =>
    new AmiSocket(options.host, options.port, {
      onBanner: (line) => Deferred.doneUnsafe(banner, Effect.succeed(line)),
      onBytes: () => {
        heardAt = clock.monotonicTimeNanosUnsafe()
      },
      onMessage: (message: ReceivedMessage) => {
        const event = correlation.receive(message)
        if (event !== undefined) publish(event)
      },
      onClosed: (reason) => {
        Deferred.doneUnsafe(banner, Effect.fail(reason))
        Deferred.doneUnsafe(closed, Effect.succeed(reason))
        correlation.lose()
      }
    })
  const socket = yield* Effect.acquireRelease(Effect.sync(open), (opened) =>
    Effect.sync(() => opened.close(new AmiConnectionLost({ message: "closed by us" })))
  )
  const silentPeer = Effect.sync(() =>
    socket.close(
      new AmiConnectionLost({
        message: `${options.host}:${options.port}: no AMI banner within the time limit`
      })
    )
  )
  const line = yield* Deferred.await(banner).pipe(
    Effect.timeoutOrElse({
      duration: options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT,
      orElse: () => Effect.andThen(silentPeer, Deferred.await(banner))
    })
  )
  return {
    socket,
    correlation,
    handlers,
    banner: line,
    closed,
    silence: () => clock.monotonicTimeNanosUnsafe() - heardAt
  }
})

const sendAction = (
  wire: Wire,
  action: AmiAction,
  timeout: Duration.Input
): Effect.Effect<AmiAnswer, AmiError> =>
  Effect.suspend((): Effect.Effect<AmiAnswer, AmiError> => {
    const actionId = wire.correlation.nextActionId()
    const bytes = encodeAction(action, actionId)
    if (Result.isFailure(bytes)) return Effect.fail(bytes.failure)
    if (!wire.socket.isOpen) return unavailable("the AMI connection is closed", false)
    if (wire.socket.backlog > MAX_BACKLOG) return unavailable("the AMI peer does not read", false)
    return Effect.callback<AmiAnswer, AmiUnavailable>((resume) => {
      wire.correlation.expect(actionId, action, (answer) =>
        resume(
          answer === undefined
            ? unavailable("the AMI connection was lost before the answer", true)
            : Effect.succeed(answer)
        )
      )
      wire.socket.write(bytes.success)
      return Effect.sync(() => wire.correlation.abandon(actionId))
    }).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => Effect.fail(new AmiTimeout({ action: action.action }))
      })
    )
  })

const unavailable = (message: string, sent: boolean): Effect.Effect<never, AmiUnavailable> =>
  Effect.fail(new AmiUnavailable({ message, sent }))

const login = Effect.fnUntraced(function* (
  send: AmiConnection["send"],
  credentials: AmiCredentials
): Effect.fn.Return<void, AmiLoginRefused | AmiError> {
  const secret = Redacted.value(credentials.secret)
  const proof: ReadonlyArray<readonly [string, string]> =
    credentials.authType === "plain"
      ? [["Secret", secret]]
      : [
          ["AuthType", "MD5"],
          ["Key", md5(`${yield* challenge(send)}${secret}`)]
        ]
  const { response } = yield* send({
    action: "Login",
    headers: [["Username", credentials.username], ...proof]
  })
  if (header(response, "Response") !== "Success") return yield* refused(response)
})

const challenge = Effect.fnUntraced(function* (
  send: AmiConnection["send"]
): Effect.fn.Return<string, AmiLoginRefused | AmiError> {
  const { response } = yield* send({ action: "Challenge", headers: [["AuthType", "MD5"]] })
  return header(response, "Challenge") ?? (yield* refused(response))
})

const refused = (response: AmiMessage): Effect.Effect<never, AmiLoginRefused> =>
  Effect.fail(new AmiLoginRefused({ message: header(response, "Message") ?? "the login was refused" }))

const md5 = (text: string): string => createHash("md5").update(text, "utf8").digest("hex")

/** Pings after `interval` of silence and ends the connection when that is not answered. */
const keepAlive = (
  wire: Wire,
  send: AmiConnection["send"],
  interval: Duration.Input
): Effect.Effect<void> => {
  const limit = Duration.toNanosUnsafe(interval)
  const ping = send({ action: "Ping" }, { timeout: PING_TIMEOUT })
  const watch = Effect.suspend(() => {
    const rest = limit - wire.silence()
    return rest > 0n ? Effect.sleep(Duration.nanos(rest)) : Effect.asVoid(ping)
  })
  const giveUp = Effect.sync(() =>
    wire.socket.close(new AmiConnectionLost({ message: "the peer answers no ping" }))
  )
  return Effect.forever(watch).pipe(Effect.catch(() => giveUp))
}
