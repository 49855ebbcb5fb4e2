import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Cause, Effect, Exit, LogLevel, type Scope } from "effect"
import { PhoneRequests, type Served } from "../../actors/device/phone-requests.ts"
import { AppConfig, millis } from "../../runtime/config.ts"
import { type ListenFailed, listen } from "../listen.ts"
import { phoneAddress } from "./phone-address.ts"
import { readPhoneUrl, splitKey } from "./phone-url.ts"
import { sendServed, sendStatus } from "./send-served.ts"

/**
 * The port that phones fetch their files from over HTTP (contracts/provisioning.md, section 2 and 8), at `/` and below
 * `/device/provisioning/`. Plain node:http: a known phone's file is answered without a fiber. Gives the port.
 */
export const phoneHttpListener = Effect.gen(function* (): Effect.fn.Return<
  number,
  ListenFailed,
  AppConfig | PhoneRequests | Scope.Scope
> {
  const config = yield* AppConfig
  const phones = yield* PhoneRequests
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const debugging = LogLevel.isGreaterThanOrEqualTo("Debug", config.logLevel)
  const keyed = config.phoneHttpAuth === "url_key"

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { method = "", url = "/" } = request
    if (method === "OPTIONS") return response.writeHead(200, { allow: allowed, "content-length": 0 }).end()
    if (method !== "GET" && method !== "HEAD") return sendStatus(response, 405, { allow: allowed })
    const read = readPhoneUrl(url)
    const split = read && keyed ? splitKey(read.path) : undefined
    if (read === undefined || (keyed && split === undefined)) return sendStatus(response, 404)
    const path = split?.path ?? read.path
    const served = phones.serve(
      {
        protocol: "http",
        path,
        query: read.query,
        userAgent: readableUserAgent(request),
        address: phoneAddress(request, config.phoneTrustedProxies),
        options: noOptions
      },
      split?.key
    )
    if (!Effect.isEffect(served)) return give(request, response, path, served)
    runFork(served).addObserver((exit) => finish(request, response, path, exit))
  }
  const give = (request: IncomingMessage, response: ServerResponse, path: string, served: Served) => {
    if (served.kind === "missing" && debugging) {
      runFork(Effect.logDebug(`404 ${JSON.stringify(path)}: ${served.reason}`))
    }
    sendServed(request, response, path, served)
  }
  const finish = (
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    exit: Exit.Exit<Served>
  ) => {
    if (Exit.isSuccess(exit)) return give(request, response, path, exit.value)
    sendStatus(response, 500)
    if (Cause.hasInterruptsOnly(exit.cause)) return
    runFork(Effect.logError(`The phone request ${JSON.stringify(path)} failed`, exit.cause))
  }

  const server = createServer({ keepAliveTimeout: 20_000, maxHeaderSize: 16 * 1024 })
  server.on("request", (request, response) => {
    // A body is of no use here; unread it would hold up the connection.
    request.resume()
    try {
      answer(request, response)
    } catch (error) {
      sendStatus(response, 500)
      runFork(Effect.logError("A phone request failed", error))
    }
  })
  server.on("clientError", (_, socket) => {
    if (socket.writable)
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    else socket.destroy()
  })
  return yield* listen(server, config.phoneHttpHost, config.phoneHttpPort, millis(config.drainTimeout))
})

const allowed = "GET, HEAD, OPTIONS"
const noOptions = {}

/** Anything but printable ASCII says nothing of a phone. */
const readableUserAgent = (request: IncomingMessage): string => {
  const text = request.headers["user-agent"] ?? ""
  return text.length <= 512 && /^[\x20-\x7e]*$/.test(text) ? text : ""
}
