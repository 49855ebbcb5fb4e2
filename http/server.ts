import { ByteSize, Context, Effect, Layer } from "effect"
import { HttpIncomingMessage, HttpRouter, HttpServer, type HttpServerResponse } from "effect/http"
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { AppConfig, millis } from "../runtime/config.ts"
import { listen } from "./listen.ts"
import { tracePrivacy } from "./middleware/trace-privacy.ts"
import { type Surface, serveSurfaces } from "./middleware/surface.ts"

/** A door beside the router, in plain node:http, for paths where a microsecond counts or a socket is taken over. */
export interface PlainDoor {
  /** Answers the request and returns true, or returns false and leaves it to the router. */
  readonly request?: (request: IncomingMessage, response: ServerResponse, path: string) => boolean
  /** Takes over the socket and returns true, or returns false. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer, path: string) => boolean
}

/** The address the one port listens on. */
export class ListenAddress extends Context.Service<
  ListenAddress,
  { readonly host: string; readonly port: number; readonly url: string }
>()("strowger/http/ListenAddress") {}

/** Every request body is bounded; the largest of any contract is an SSL certificate or a CSV page. */
const maxBody = ByteSize.mebibytes(1)

/** Longest value in a path: a client id of auth has 1024 characters, each escaped as up to twelve. */
const maxParamLength = 12_288

/**
 * Starts the one port: the plain doors first, then the router with all surfaces. When the scope closes it stops
 * accepting, lets open requests finish for at most the drain timeout, then closes what is left.
 */
export const serve = Effect.fnUntraced(function* <E, R>(options: {
  readonly routes: Layer.Layer<never, E, R>
  readonly surfaces: ReadonlyArray<Surface>
  readonly doors: ReadonlyArray<PlainDoor>
}) {
  const config = yield* AppConfig
  const scope = yield* Effect.scope
  const platform = yield* Layer.build(Layer.mergeAll(HttpServer.layerServices, NodeServices.layer))
  const app = yield* HttpRouter.toHttpEffect(options.routes).pipe(
    Effect.provideContext(platform),
    Effect.provideService(HttpRouter.RouterConfig, {
      maxParamLength,
      caseSensitive: true,
      ignoreTrailingSlash: false
    })
  )
  const handled = serveSurfaces(app, options.surfaces) as Effect.Effect<HttpServerResponse.HttpServerResponse>
  const handler = yield* NodeHttpServer.makeHandler(handled, { scope }).pipe(
    Effect.provideContext(platform),
    Effect.provideContext(tracePrivacy),
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody)
  )
  const aliases = options.surfaces.flatMap(({ alias, prefix }) =>
    alias === undefined ? [] : [{ alias, prefix }]
  )
  const server = createServer({ keepAliveTimeout: 65_000, maxHeaderSize: 32 * 1024 })
  server.on("request", (request, response) => {
    const path = canonicalPath(request, aliases)
    for (const door of options.doors) if (door.request?.(request, response, path)) return
    handler(request, response)
  })
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy())
    const path = pathOf(request)
    for (const door of options.doors) if (door.upgrade?.(request, socket, head, path)) return
    socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
  })
  server.on("clientError", (_, socket) => {
    if (socket.writable)
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    else socket.destroy()
  })
  const port = yield* listen(server, config.httpHost, config.httpPort, millis(config.drainTimeout))
  const host = config.httpHost.includes(":") ? `[${config.httpHost}]` : config.httpHost
  return ListenAddress.of({ host: config.httpHost, port, url: `http://${host}:${port}` })
})

const pathOf = (request: IncomingMessage): string => (request.url ?? "/").split("?", 1)[0] ?? "/"

/**
 * The path of a request. One below an alias becomes the path that the surface is mounted at; the root of such a surface
 * may have a slash behind it.
 */
const canonicalPath = (
  request: IncomingMessage,
  aliases: ReadonlyArray<{ readonly alias: string; readonly prefix: string }>
): string => {
  const path = pathOf(request)
  for (const { alias, prefix } of aliases) {
    const isAlias = path === alias || path.startsWith(`${alias}/`)
    if (!isAlias && path !== `${prefix}/`) continue
    const below = (request.url ?? "").slice(isAlias ? alias.length : prefix.length)
    request.url = prefix + below.replace(/^\/(?=\?|$)/, "")
    return pathOf(request)
  }
  return path
}
