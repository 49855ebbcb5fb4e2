import { Option } from "effect"
import type { HttpServerRequest } from "effect/http"

/** The client's address as the one trusted reverse proxy saw it, else that of the connection (auth.md 2). */
export const remoteAddress = (request: HttpServerRequest.HttpServerRequest): string =>
  (request.headers["x-forwarded-for"] ?? "").split(",").at(-1)?.trim() ||
  Option.getOrElse(request.remoteAddress, () => "")
