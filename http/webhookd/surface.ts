import { Effect, Layer, type Types } from "effect"
import { HttpApiError } from "effect/http-api"
import { WebhookdApi, WebhookdAuthentication, WebhookdInput } from "../../schemas/webhookd/api.ts"
import {
  type Invalid,
  invalidData,
  type NotFound,
  notFound,
  unauthorized
} from "../../schemas/webhookd/errors.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { errorDocument } from "../middleware/error-document.ts"
import { inputProblems } from "../middleware/input.ts"
import { operationsOf, problemText, type Surface } from "../middleware/surface.ts"

/** webhookd's words for problems (contracts/webhooks.md 3). */
export const webhookdSurface: Surface = {
  prefix: "/api/webhookd/1.0",
  operations: [...operationsOf(WebhookdApi), { method: "GET", path: "/api/api.yml" }],
  problem: errorDocument({ "body-too-large": "body-too-large", internal: "internal-error" })
}

const inputLayer = Layer.succeed(WebhookdInput, (httpEffect) => Effect.catch(httpEffect, refuseUndecodable))

const refuseUndecodable = (
  error: Types.unhandled | HttpApiError.HttpApiSchemaError
): Effect.Effect<never, Types.unhandled | Invalid | NotFound> => {
  if (!HttpApiError.HttpApiSchemaError.is(error)) return Effect.fail(error)
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  if (error.kind === "Params") return Effect.fail(notFound(problemText({ kind: "unknown-path" })))
  const details: Record<string, unknown> = {}
  for (const { path, message } of inputProblems(error.cause)) details[path[0] ?? "_schema"] = [message]
  return Effect.fail(invalidData(details))
}

/** What every group of webhookd needs around it. */
export const webhookdMiddleware = Layer.mergeAll(
  authenticationLayer(WebhookdAuthentication, ({ tokenId, requiredAccess, reason, tenantUuid }) =>
    unauthorized(
      reason === "invalid-token"
        ? { invalid_token: tokenId, required_access: requiredAccess, reason: "not_found_or_expired" }
        : {
            invalid_token: tokenId,
            required_access: requiredAccess,
            reason: "missing_permission_or_invalid_tenant",
            tenant_uuid: tenantUuid
          }
    )
  ),
  inputLayer
)
