import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import { type Close, closes, type ProtocolVersion } from "../../schemas/websocketd/frames.ts"

/** What a client asked for in its handshake, or how its connection is closed. */
export type Opening =
  | { readonly accepted: true; readonly version: ProtocolVersion; readonly tokenId: string }
  | { readonly accepted: false; readonly close: Close }

/**
 * Version and token of a WebSocket request, in the contract's order of checks (contracts/events.md 4.1): of a
 * repeated parameter the first counts, an empty one counts as absent, the query's token wins over the header's.
 */
export const openingOf = (url: string, headers: IncomingHttpHeaders): Opening => {
  const query = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "")
  const parameter = (name: string) => query.getAll(name).find((value) => value !== "")
  const version = versions.get(parameter("version") ?? "1")
  if (version === undefined) return { accepted: false, close: closes.protocolError }
  const tokenId = parameter("token") ?? headers["x-auth-token"]?.toString()
  if (!tokenId) return { accepted: false, close: closes.noToken }
  return { accepted: true, version, tokenId }
}

const versions = new Map<string, ProtocolVersion>([
  ["1", 1],
  ["2", 2]
])

/** An HTTP answer to a request that is no WebSocket handshake. */
export interface HandshakeRefusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Why a request cannot become a WebSocket, undefined when it can (contracts/events.md 4.1, RFC 6455 4.2.1). */
export const refusalOf = (request: IncomingMessage): HandshakeRefusal | undefined => {
  if (request.method !== "GET") return refusal(400, "A WebSocket handshake is a GET request\n")
  if (request.headers.upgrade?.toLowerCase() !== "websocket") return upgradeRequired
  if (request.headers["sec-websocket-version"] !== "13") {
    return refusal(400, "The WebSocket version is not 13\n", { "Sec-WebSocket-Version": "13" })
  }
  return undefined
}

const refusal = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {}
): HandshakeRefusal => ({
  status,
  body,
  headers: {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
    ...headers
  }
})

/** The answer to a request that asks for no WebSocket. */
export const upgradeRequired = refusal(
  426,
  "This is a WebSocket endpoint: connect with a WebSocket client\n",
  {
    Upgrade: "websocket",
    Connection: "Upgrade, close"
  }
)

/** The answer while the server stops. */
export const stopping = refusal(503, "The server is stopping\n")
