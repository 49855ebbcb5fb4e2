import { Context } from "effect"
import { Headers, HttpMiddleware, UrlParams } from "effect/http"

/**
 * What traces must not tell: tokens in headers and queries are written as redacted, and requests that carry a token
 * in their path are not traced at all. To be provided around the HTTP handler.
 */
export const tracePrivacy: Context.Context<never> = Context.empty().pipe(
  Context.add(Headers.CurrentRedactedNames, ["authorization", "cookie", "set-cookie", "x-auth-token"]),
  Context.add(UrlParams.CurrentRedactedNames, ["token"]),
  Context.add(HttpMiddleware.TracerDisabledWhen, ({ url }) => url.includes("/token/"))
)
