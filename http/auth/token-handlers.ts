import { Effect } from "effect"
import { HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Authentication } from "../../actors/identity/authentication.ts"
import { Sessions } from "../../actors/identity/sessions.ts"
import { Tenants } from "../../actors/identity/tenants.ts"
import { Tokens } from "../../actors/identity/tokens.ts"
import { Platform } from "../../runtime/platform.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { unknownToken } from "../../schemas/auth/errors.ts"
import { basicCredentials } from "./basic-credentials.ts"
import { forwarded } from "./forwarded.ts"
import { questionOf, refusalOf, type TokenQuestion } from "./token-check.ts"
import { createdTokenView, knownTokenView } from "./token-view.ts"

type Request = HttpServerRequest.HttpServerRequest

/** Tokens: login, check and logout (contracts/auth.md 6). */
export const tokenHandlers = HttpApiBuilder.group(
  AuthApi,
  "token",
  Effect.fnUntraced(function* (handlers) {
    const authentication = yield* Authentication
    const sessions = yield* Sessions
    const tenants = yield* Tenants
    const tokens = yield* Tokens
    const { address } = yield* forwarded
    const { uuid: platformUuid } = yield* Platform

    const allowed = Effect.fnUntraced(function* (id: string, question: TokenQuestion) {
      const token = yield* tokens.find(id)
      if (token === undefined) return yield* unknownToken()
      const refusal = refusalOf(tenants, token, question)
      return refusal === undefined ? token : yield* refusal
    })

    return handlers.handleAll({
      create: Effect.fnUntraced(function* ({ request, payload }) {
        const admission = yield* authentication.login({
          credentials: basicCredentials(request.headers["authorization"]),
          body: payload,
          mobile: sessionType(request).toLowerCase() === "mobile",
          userAgent: request.headers["user-agent"] ?? "",
          remoteAddress: address(request)
        })
        const revoked = String(admission.sessionsRevoked)
        yield* HttpEffect.appendPreResponseHandler((_, response) =>
          Effect.succeed(
            HttpServerResponse.setHeaders(response, {
              "Wazo-Sessions-Revoked": revoked,
              "Accent-Sessions-Revoked": revoked
            })
          )
        )
        const view = createdTokenView(admission.token, platformUuid)
        const { refreshToken } = admission
        return { data: refreshToken === undefined ? view : { ...view, refresh_token: refreshToken } }
      }),
      get: ({ params, request }) =>
        Effect.map(allowed(params.token, questionOf(queryOf(request))), (token) => ({
          data: knownTokenView(token, platformUuid)
        })),
      check: ({ params, request }) => Effect.asVoid(allowed(params.token, questionOf(queryOf(request)))),
      revoke: ({ params }) => Effect.as(sessions.revokeToken(params.token), { data: { message: "success" } }),
      checkScopes: ({ params, payload }) =>
        Effect.map(allowed(params.token, { scope: null, tenant: payload.tenant_uuid || null }), (token) => ({
          scopes: Object.fromEntries(payload.scopes.map((scope) => [scope, token.allows(scope)]))
        }))
    })
  })
)

const queryOf = ({ url }: Request): string => {
  const start = url.indexOf("?")
  return start === -1 ? "" : url.slice(start + 1)
}

const sessionType = ({ headers }: Request): string =>
  headers["accent-session-type"] || headers["wazo-session-type"] || ""
