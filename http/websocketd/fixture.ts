import { Context, Effect, Layer, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type Server } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"
import { WebSocket } from "ws"
import { compileAcl } from "../../actors/identity/acl.ts"
import { Tenants } from "../../actors/identity/tenants.ts"
import { type LiveToken, type TokenEnd, Tokens } from "../../actors/identity/tokens.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { layerMemory } from "../../runtime/bus/memory.ts"
import { AppConfig } from "../../runtime/config.ts"
import { Platform } from "../../runtime/platform.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { makeWebsocketd, type Websocketd, websocketdDoor } from "./websocketd.ts"

/** For tests and the benchmark: websocketd on an ephemeral port, with tokens that the test works by hand. */
export interface Fixture {
  readonly port: number
  readonly websocketd: Websocketd
  readonly tokens: ScriptedTokens
  readonly publish: (event: BusEvent) => void
}

export const originUuid = "5e3f0000-0000-4000-8000-000000000000"
export const masterTenant = "00000000-0000-4000-8000-000000000001"

export const startFixture = (
  knobs: Readonly<Record<string, string>> = {}
): Effect.Effect<Fixture, never, Scope.Scope> =>
  Effect.gen(function* () {
    const tokens = new ScriptedTokens()
    const services = Layer.mergeAll(
      AppConfig.layerFrom(knobs).pipe(Layer.orDie),
      Layer.succeed(Platform, { uuid: originUuid }),
      Layer.succeed(Tokens, tokens.service),
      layerMemory,
      Layer.succeed(Tenants, {
        master: masterTenant,
        isWithin: (tenant, ancestor) => tenant === ancestor || ancestor === masterTenant,
        visible: (tenant) => [tenant],
        exists: () => true,
        slug: () => undefined
      })
    )
    const context = yield* Layer.build(services)
    const { port, websocketd } = yield* serveWebsocketd.pipe(Effect.provideContext(context))
    return { port, websocketd, tokens, publish: Context.get(context, EventBus).publishTransient }
  })

/** Websocketd on the services of the context, behind a bare node:http server on an ephemeral port. */
export const serveWebsocketd = Effect.gen(function* () {
  const websocketd = yield* makeWebsocketd
  const door = websocketdDoor(websocketd)
  const pathOf = ({ url = "" }: IncomingMessage) => url.split("?", 1)[0] ?? ""
  const server = createServer((request, response) => {
    if (!door.request(request, response, pathOf(request))) response.writeHead(404).end()
  })
  server.on("upgrade", (request, socket, head) => {
    if (!door.upgrade(request, socket, head, pathOf(request))) socket.destroy()
  })
  return { websocketd, port: yield* listenOnLoopback(server) }
})

/** Listens until the scope closes; the port. */
export const listenOnLoopback = (server: Server): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", 1024, () =>
        // A listening TCP server's address is an AddressInfo.
        resume(Effect.succeed((server.address() as AddressInfo).port))
      )
    }),
    () => Effect.sync(() => server.close())
  )

/** Tokens that the test grants and ends. */
export class ScriptedTokens {
  readonly #live = new Map<string, LiveToken>()
  readonly #listeners = new Map<string, Set<(end: TokenEnd) => void>>()
  /** While set, no token is cached and a lookup waits for what it returns. */
  lookup: (() => Promise<void>) | undefined
  /** So many calls of `onEnd` die from now on. */
  failingWatches = 0

  /** A new token; its id. Without options: all rights of a user of a tenant of his own. */
  grant(options: Partial<LiveToken> = {}): string {
    const id = randomUUID()
    const userUuid = options.userUuid === undefined ? randomUUID() : options.userUuid
    const subject = { authId: userUuid ?? "wazo-auth", sessionUuid: randomUUID() }
    const acl = compileAcl(options.acl ?? ["#"])
    this.#live.set(id, {
      id,
      sessionUuid: subject.sessionUuid,
      authId: subject.authId,
      userUuid,
      tenantUuid: randomUUID(),
      acl: acl.accesses,
      metadata: { purpose: "user" },
      issuedAt: 0,
      expiresAt: Number.MAX_SAFE_INTEGER,
      userAgent: "",
      remoteAddress: "127.0.0.1",
      allows: (required) => acl.matches(required, subject),
      ...options
    })
    return id
  }

  end(id: string, how: TokenEnd): void {
    this.#live.delete(id)
    for (const listener of this.#listeners.get(id) ?? []) listener(how)
    this.#listeners.delete(id)
  }

  /** Listeners that wait for the end of a token. */
  get watched(): number {
    let count = 0
    for (const listeners of this.#listeners.values()) count += listeners.size
    return count
  }

  readonly service: Tokens["Service"] = {
    find: (id) => Effect.promise(async () => this.lookup?.()).pipe(Effect.map(() => this.#live.get(id))),
    findCached: (id) => (this.lookup === undefined ? this.#live.get(id) : undefined),
    onEnd: (id, listener) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          if (this.failingWatches-- > 0) throw new Error("the database is away")
          if (!this.#live.has(id)) return listener("revoked")
          const listeners = this.#listeners.get(id) ?? new Set()
          this.#listeners.set(id, listeners.add(listener))
        }),
        () => Effect.sync(() => this.#listeners.get(id)?.delete(listener))
      )
  }
}

/** How a client saw its connection end. */
export interface SeenClose {
  readonly code: number
  readonly reason: string
}

/** A WebSocket client that keeps what it was sent until the test asks for it. */
export class TestClient {
  readonly webSocket: WebSocket
  readonly closed: Promise<SeenClose>
  readonly #received: Array<string> = []
  #waiting: ((text: string) => void) | undefined

  constructor(port: number, pathAndQuery: string, headers: Record<string, string> = {}) {
    this.webSocket = new WebSocket(`ws://127.0.0.1:${port}/api/websocketd${pathAndQuery}`, { headers })
    this.webSocket.on("error", () => {})
    this.webSocket.on("message", (data) => {
      // `ws` gives every message as one Buffer unless its binaryType is changed.
      const text = (data as Buffer).toString()
      if (this.#waiting === undefined) this.#received.push(text)
      else this.#waiting(text)
      this.#waiting = undefined
    })
    this.closed = new Promise((resolve) =>
      this.webSocket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }))
    )
  }

  /** The next frame as text; fails when the connection ends first. */
  nextText(): Promise<string> {
    const text = this.#received.shift()
    if (text !== undefined) return Promise.resolve(text)
    const next = new Promise<string>((resolve) => {
      this.#waiting = resolve
    })
    const ended = this.closed.then(({ code }) => {
      throw new Error(`closed with ${code} while a frame was awaited`)
    })
    return Promise.race([next, ended])
  }

  /** The next frame. */
  async next(): Promise<unknown> {
    return JSON.parse(await this.nextText())
  }

  send(frame: unknown): void {
    this.webSocket.send(JSON.stringify(frame))
  }

  /** Sends a frame and waits for the next one. */
  ask(frame: unknown): Promise<unknown> {
    this.send(frame)
    return this.next()
  }
}

/** The bytes of a handshake for clients that write their own frames. */
export const handshake = (tokenId: string, version: number): string =>
  `GET /api/websocketd/?token=${tokenId}&version=${version} HTTP/1.1\r\nHost: strowger\r\n` +
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/** A raw socket to the port, for clients that break the rules. */
export const rawClient = (port: number): { socket: Socket; received: () => Buffer; ended: Promise<void> } => {
  const socket = connect(port, "127.0.0.1")
  const chunks: Array<Buffer> = []
  socket.on("error", () => {})
  socket.on("data", (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>((resolve) => socket.on("close", () => resolve()))
  return { socket, received: () => Buffer.concat(chunks), ended }
}
