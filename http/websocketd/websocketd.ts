import { Effect, Schedule, type Scope } from "effect"
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import { Tenants } from "../../actors/identity/tenants.ts"
import type { Tokens } from "../../actors/identity/tokens.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { AppConfig, millis } from "../../runtime/config.ts"
import { Platform } from "../../runtime/platform.ts"
import { type Close, closes, maxMessageBytes } from "../../schemas/websocketd/frames.ts"
import type { PlainDoor } from "../server.ts"
import { Connection, type Switchroom } from "./connection.ts"
import { FanOut } from "./fan-out.ts"
import { type HandshakeRefusal, openingOf, refusalOf, stopping, upgradeRequired } from "./handshake.ts"
import { Keepalive } from "./keepalive.ts"
import { framesSent, sessionsGauge, slowCloses } from "./metrics.ts"
import { makeHeldTokens } from "./rights.ts"

/** The WebSocket door at `/api/websocketd` (contracts/events.md 4), to be mounted on a node:http server. */
export interface Websocketd {
  /** Takes over the socket of an upgrade request for this path. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Answers a request for this path that asks for no upgrade: 426, or 400 for another method than GET. */
  readonly request: (request: IncomingMessage, response: ServerResponse) => void
  /** Connected clients. */
  readonly sessions: () => number
  /** Closes every client with 1001 and completes when all sockets are gone; new clients get 503. */
  readonly close: Effect.Effect<void>
}

/** How long a client may take for its half of the closing handshake; then its socket is cut. In milliseconds. */
const closingHandshakeMillis = 10_000

/** The same when the server stops. */
const stopGrace = "3 seconds"

/**
 * Builds websocketd on this node's bus and tokens. When the scope closes, clients are closed with 1001; a server
 * that shares the port runs `close` before it waits for its sockets.
 *
 * **Details** The bus delivers the events of this node also while its broker is away and hands over those of other
 * nodes afterwards, so a broker outage closes no session.
 */
export const makeWebsocketd: Effect.Effect<
  Websocketd,
  never,
  EventBus | Tokens | Tenants | Platform | AppConfig | Scope.Scope
> = Effect.gen(function* () {
  const bus = yield* EventBus
  const context = yield* Effect.context<never>()
  const fanOut = new FanOut((yield* Platform).uuid, (yield* Tenants).master)
  const keepalive = new Keepalive(millis((yield* AppConfig).websocketPingInterval))
  const clients = new Clients((count) => sessionsGauge.updateUnsafe(count, context))
  const log = Effect.runForkWith(context)
  const room: Switchroom = {
    fanOut,
    keepalive,
    heldTokens: yield* makeHeldTokens,
    onSlowReader: () => slowCloses.updateUnsafe(1, context),
    onDefect: (defect) => {
      log(Effect.logError("A WebSocket session failed and was closed with 1011", defect))
    }
  }
  yield* bus.subscribe({}, (event) => {
    const count = fanOut.publish(event)
    if (count > 0) framesSent.updateUnsafe(count, context)
  })
  yield* Effect.sync(() => keepalive.tick()).pipe(
    Effect.schedule(Schedule.spaced(keepalive.tickMillis)),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() => clients.close)
  return {
    upgrade: (request, socket, head) => {
      const refusal = clients.stopping ? stopping : refusalOf(request)
      if (refusal !== undefined) return refuseUpgrade(socket, refusal)
      // Offered subprotocols are ignored, malformed ones too.
      delete request.headers["sec-websocket-protocol"]
      protocol.handleUpgrade(request, socket, head, (webSocket) => {
        clients.add(webSocket)
        try {
          welcome(room, request, webSocket, socket)
        } catch (defect) {
          room.onDefect(defect)
          closeWith(webSocket, closes.internalError)
        }
      })
    },
    request: (request, response) => {
      const { status, headers, body } = refusalOf(request) ?? upgradeRequired
      response.writeHead(status, headers).end(body)
    },
    sessions: () => clients.size,
    close: clients.close
  }
})

/** The door for `serve`: takes `/api/websocketd`, with or without the trailing slash, and leaves the rest. */
export const websocketdDoor = (websocketd: Websocketd): Required<PlainDoor> => ({
  request: (request, response, path) => {
    if (!paths.has(path)) return false
    websocketd.request(request, response)
    return true
  },
  upgrade: (request, socket, head, path) => {
    if (!paths.has(path)) return false
    websocketd.upgrade(request, socket, head)
    return true
  }
})

const paths = new Set(["/api/websocketd", "/api/websocketd/"])

/** RFC 6455 itself: handshake, frames in, closing handshake. Pings are answered by the connection. */
const protocolOptions = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  autoPong: false,
  maxPayload: maxMessageBytes,
  closeTimeout: closingHandshakeMillis
}
const protocol = new WebSocketServer(protocolOptions)

/** Answers an upgrade request that is not taken, and ends its socket. */
export const refuseUpgrade = (socket: Duplex, { status, headers, body }: HandshakeRefusal): void => {
  socket.on("error", () => socket.destroy())
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`)
}

/** The checks before init (contracts/events.md 4.1); what the client sends meanwhile waits in its socket. */
const welcome = (room: Switchroom, request: IncomingMessage, webSocket: WebSocket, socket: Duplex): void => {
  const opening = openingOf(request.url ?? "", request.headers)
  if (!opening.accepted) return closeWith(webSocket, opening.close)
  webSocket.pause()
  room.heldTokens.authenticate(opening.tokenId, (rights) => {
    if (webSocket.readyState !== webSocket.OPEN) return
    if (rights === undefined) closeWith(webSocket, closes.authenticationFailed)
    else new Connection(room, webSocket, socket, opening.version, rights).begin()
  })
}

/** Reads on, since the client's half of the closing handshake must be seen. */
export const closeWith = (webSocket: WebSocket, { code, reason }: Close): void => {
  webSocket.resume()
  webSocket.close(code, reason)
}

/** Every client of a door, from its handshake until its socket is gone. */
export class Clients {
  readonly #all = new Set<WebSocket>()
  readonly #onCount: (count: number) => void
  #onEmpty: Array<() => void> = []
  stopping = false

  constructor(onCount: (count: number) => void) {
    this.#onCount = onCount
  }

  get size(): number {
    return this.#all.size
  }

  add(webSocket: WebSocket): void {
    this.#all.add(webSocket)
    this.#onCount(this.#all.size)
    // `ws` has sent the close frame that RFC 6455 wants for it.
    webSocket.on("error", () => {})
    webSocket.on("close", () => {
      this.#all.delete(webSocket)
      this.#onCount(this.#all.size)
      if (this.#all.size === 0) for (const resume of this.#onEmpty.splice(0)) resume()
    })
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.stopping = true
    for (const webSocket of this.#all) closeWith(webSocket, closes.serverStopping)
    return this.#gone.pipe(
      Effect.timeoutOption(stopGrace),
      Effect.andThen(Effect.sync(() => this.#all.forEach((webSocket) => webSocket.terminate()))),
      Effect.andThen(this.#gone)
    )
  })

  readonly #gone: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#all.size === 0) resume(Effect.void)
    else this.#onEmpty.push(() => resume(Effect.void))
  })
}
