import type { HttpServerRequest } from "effect/http"
import type { LinkBase } from "../../actors/identity/mail-queue.ts"

/**
 * Where links in mails lead (contracts/auth.md 8): the host that is configured, else the one that the request was
 * addressed to. A host name with characters that hosts do not have counts as none.
 */
export const linkBaseOf = (request: HttpServerRequest.HttpServerRequest, publicUrl: string): LinkBase => {
  const prefix = request.headers["x-script-name"] ?? ""
  const host =
    publicUrl === "" ? (request.headers["host"] ?? "") : publicUrl.replace(/^https?:\/\//, "").split("/")[0]
  const [, hostname = "localhost", port] =
    /^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::(\d{1,5}))?$/.exec(host ?? "") ?? []
  return {
    hostname,
    ...(port === undefined ? {} : { port }),
    prefix: /^(\/[\w.~-]+)+$/.test(prefix) ? prefix : "/api/auth"
  }
}
