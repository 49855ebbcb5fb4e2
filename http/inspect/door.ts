import { Cause, Effect, Fiber, Schedule, type Scope } from "effect"
import { type IncomingMessage, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import type { Tenants } from "../../actors/identity/tenants.ts"
import { Tokens } from "../../actors/identity/tokens.ts"
import type { ActorHost } from "../../runtime/actor/host.ts"
import type { Inspector } from "../../runtime/actor/inspection.ts"
import type { AppConfig } from "../../runtime/config.ts"
import { closes } from "../../schemas/websocketd/frames.ts"
import { CallerRefused, resolveCaller } from "../middleware/authentication.ts"
import type { PlainDoor } from "../server.ts"
import { openingOf, refusalOf, stopping, upgradeRequired } from "../websocketd/handshake.ts"
import { Clients, closeWith, refuseUpgrade } from "../websocketd/websocketd.ts"
import { loadPage } from "./page.ts"
import { makeWatchRoom } from "./watch-room.ts"

/** The live part of the inspection surface: the WebSocket for Stately's inspectors, and the page. */
export interface InspectDoor {
  readonly door: Required<PlainDoor>
  /** Connected inspectors. */
  readonly watchers: () => number
  /** Closes every inspector with 1001 and completes when their sockets are gone; new ones get 503. */
  readonly close: Effect.Effect<void>
}

/** `/inspect` is for receivers that take a bare URL, and for browsers the page. */
const streamPaths = new Set(["/api/inspect/ws", "/api/inspect/ws/", "/inspect", "/inspect/"])

const requiredAccess = "inspect.stream.read"

/** Watching is for operators: more of them at once is an attack or a mistake. */
const mostWatchers = 100

/** A token that cannot be looked up within this time is refused. */
const lookupTimeout = "10 seconds"

/** Watchers only listen; what they send is ignored, up to this many bytes a message. */
const maxPayload = 64 * 1024

/**
 * Builds the door. A server that shares the port runs `close` before it waits for its sockets.
 *
 * **Details** Closes as websocketd does: 4001 without a token; 4002 when the token is unknown, lacks
 * `inspect.stream.read` or is not of the master tenant; 4003 when it ends; 1011 for a reader too far behind.
 */
export const makeInspectDoor: Effect.Effect<
  InspectDoor,
  never,
  ActorHost | Inspector | Tokens | Tenants | AppConfig | Scope.Scope
> = Effect.gen(function* () {
  const room = yield* makeWatchRoom
  const page = yield* Effect.sync(loadPage)
  const tokens = yield* Tokens
  const scope = yield* Effect.scope
  const context = yield* Effect.context<Tokens | Tenants>()
  const clients = new Clients(() => {})

  /** Tries again while the tokens cannot be read: nobody may watch longer than his token lives. */
  const watchToken = (tokenId: string, ended: () => void) =>
    tokens.onEnd(tokenId, ended).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.fail("unreachable")
      ),
      Effect.retry(Schedule.spaced("1 second")),
      Effect.orDie
    )

  /** From the handshake to the end of the connection. */
  const attend = Effect.fnUntraced(function* (
    webSocket: WebSocket,
    tokenId: string,
    kind: string | undefined
  ) {
    const caller = yield* resolveCaller({ tokenId, requiredAccess, tenantHeader: undefined }).pipe(
      Effect.timeout(lookupTimeout)
    )
    if (!caller.isMaster) return yield* notMaster(tokenId)
    yield* watchToken(tokenId, () => closeWith(webSocket, closes.authenticationExpired))
    yield* room.admit(webSocket, kind)
    yield* closed(webSocket)
  })

  const run = (webSocket: WebSocket, request: IncomingMessage) => {
    const opening = openingOf(request.url ?? "", request.headers)
    if (!opening.accepted) return closeWith(webSocket, opening.close)
    const attended = attend(webSocket, opening.tokenId, kindOf(request.url)).pipe(
      Effect.scoped,
      Effect.catchTag(["CallerRefused", "TimeoutError"], () =>
        Effect.sync(() => closeWith(webSocket, closes.authenticationFailed))
      ),
      Effect.catchDefect((defect) =>
        Effect.andThen(
          Effect.logError("An inspector's session failed and was closed with 1011", defect),
          Effect.sync(() => closeWith(webSocket, closes.internalError))
        )
      )
    )
    Fiber.runIn(Effect.runForkWith(context)(attended), scope)
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = clients.stopping || clients.size >= mostWatchers ? stopping : refusalOf(request)
    if (refusal !== undefined) return refuseUpgrade(socket, refusal)
    // Offered subprotocols are ignored, malformed ones too.
    delete request.headers["sec-websocket-protocol"]
    protocol.handleUpgrade(request, socket, head, (webSocket) => {
      clients.add(webSocket)
      run(webSocket, request)
    })
  }

  yield* Effect.addFinalizer(() => clients.close)
  return {
    door: {
      upgrade: (request, socket, head, path) => {
        if (!streamPaths.has(path)) return false
        upgrade(request, socket, head)
        return true
      },
      request: (request, response, path) => {
        const asset = page.get(path)
        const answer =
          asset === undefined
            ? streamPaths.has(path)
              ? upgradeRequired
              : undefined
            : request.method === "GET" || request.method === "HEAD"
              ? asset
              : methodNotAllowed
        if (answer === undefined) return false
        response.writeHead(answer.status, answer.headers)
        response.end(request.method === "HEAD" ? undefined : answer.body)
        return true
      }
    },
    watchers: () => clients.size,
    close: clients.close
  }
})

const protocol = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload
})

const notMaster = (tokenId: string) =>
  new CallerRefused({ reason: "tenant-denied", tokenId, requiredAccess, tenantUuid: null })

const kindOf = (url = ""): string | undefined =>
  new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "").get("kind") || undefined

const closed = (webSocket: WebSocket): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (webSocket.readyState === webSocket.CLOSED) resume(Effect.void)
    else webSocket.once("close", () => resume(Effect.void))
  })

const methodNotAllowed = {
  status: 405,
  headers: { Allow: "GET, HEAD", "Content-Type": "text/plain; charset=utf-8" },
  body: `${STATUS_CODES[405]}\n`
}
