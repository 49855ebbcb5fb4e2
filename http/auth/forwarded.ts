import { Effect, Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import { type BlockList, isIP } from "node:net"
import type { LinkBase } from "../../actors/identity/mail-queue.ts"
import { AppConfig } from "../../runtime/config.ts"

type Request = HttpServerRequest.HttpServerRequest

/**
 * What is known of a request's way here (contracts/auth.md 2): a reverse proxy of `STROWGER_TRUSTED_PROXIES` tells
 * whom it speaks for and which host was asked. From anybody else these headers count for nothing.
 */
export const forwarded: Effect.Effect<
  {
    /** The client's address, as the one trusted proxy saw it, else that of the connection. */
    readonly address: (request: Request) => string
    /** Where links in mails lead: to the configured host, else to the one that was asked. */
    readonly linkBase: (request: Request) => LinkBase
  },
  never,
  AppConfig
> = Effect.map(AppConfig, ({ publicUrl, trustedProxies }) => {
  const configured = publicUrl.replace(/^https?:\/\//, "").split("/")[0] ?? ""
  return {
    address: (request) =>
      (speaksForOthers(request, trustedProxies) && lastClient(request)) || peerOf(request),
    linkBase: (request) => {
      const asked =
        (speaksForOthers(request, trustedProxies) &&
          request.headers["x-forwarded-host"]?.split(",").at(-1)) ||
        request.headers["host"]
      const prefix = request.headers["x-script-name"] ?? ""
      return {
        ...hostOf(configured === "" ? (asked ?? "") : configured),
        configured: configured !== "",
        prefix: /^(\/[\w.~-]+)+$/.test(prefix) ? prefix : "/api/auth"
      }
    }
  }
})

const peerOf = (request: Request): string => Option.getOrElse(request.remoteAddress, () => "")

const speaksForOthers = (request: Request, trusted: BlockList): boolean => {
  const peer = peerOf(request)
  const family = isIP(peer)
  return family !== 0 && trusted.check(peer, family === 6 ? "ipv6" : "ipv4")
}

/** What stands before the last comma the client has written itself. */
const lastClient = ({ headers }: Request): string | undefined => {
  const last = (headers["x-forwarded-for"] ?? "").split(",").at(-1)?.trim() ?? ""
  return isIP(last) === 0 ? undefined : last
}

/** A host name with characters that hosts do not have counts as none. */
const hostOf = (text: string): { readonly hostname: string; readonly port?: string } => {
  const [, hostname = "localhost", port] =
    /^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::(\d{1,5}))?$/.exec(text.trim()) ?? []
  return port === undefined ? { hostname } : { hostname, port }
}
