import { Context, Effect, Layer, Option } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { type HttpApiEndpoint, HttpApiError, type HttpApiGroup } from "effect/http-api"
import { AuthApi } from "../../schemas/auth/api.ts"
import {
  invalidData,
  invalidEmails,
  invalidListParameters,
  NotFound,
  reasonInvalid,
  unauthorized,
  unauthorizedTenant
} from "../../schemas/auth/errors.ts"
import { AuthAuthentication, AuthInput, ErrorResource } from "../../schemas/auth/middleware.ts"
import { authenticationLayer, type CallerRefused } from "../middleware/authentication.ts"
import {
  MalformedBody,
  operationsOf,
  problemStatus,
  problemText,
  type Surface
} from "../middleware/surface.ts"
import { firstFinding, nested, parameterProblems } from "./validation.ts"

/** auth's own words for problems: families C and D, `{"message": "<text>"}` (contracts/auth.md 2). */
export const authSurface: Surface = {
  prefix: "/api/auth/0.1",
  operations: [...operationsOf(AuthApi), { method: "GET", path: "/api/api.yml" }],
  problem: (problem) =>
    HttpServerResponse.jsonUnsafe({ message: problemText(problem) }, { status: problemStatus(problem) })
}

interface Endpoint {
  readonly endpoint: HttpApiEndpoint.Top
  readonly group: HttpApiGroup.Top
}

/** A body that an endpoint needs must be there; what cannot be decoded is worded by family. */
const inputLayer = Layer.succeed(AuthInput, (httpEffect, context) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (context.endpoint.payload.size > 0 && hasNoBody(request)) {
      return yield* Effect.die(new MalformedBody({ message: "The request body is empty" }))
    }
    return yield* httpEffect
  }).pipe(
    Effect.catch((error) =>
      Effect.fail(HttpApiError.HttpApiSchemaError.is(error) ? inputError(error, context) : error)
    )
  )
)

const hasNoBody = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  (headers["content-length"] ?? "0") === "0" && headers["transfer-encoding"] === undefined

const inputError = (error: HttpApiError.HttpApiSchemaError, { group }: Endpoint) => {
  const finding = firstFinding(error.cause)
  const { path, problem } = finding
  if (error.kind === "Params") {
    return new NotFound({
      message: problemText({ kind: "unknown-path" }),
      error_id: "not-found",
      details: {},
      timestamp: Date.now() / 1000
    })
  }
  const resource = Context.getOption(group.annotations, ErrorResource)
  const named = Option.getOrUndefined(resource)
  if (error.kind === "Query" && named !== "reset")
    return invalidListParameters(parameterProblems(error.cause))
  if (named === "emails")
    return invalidEmails(path[0] === "_schema" ? { _schema: [problem] } : nested(finding))
  if (Option.isSome(resource)) return invalidData(resource.value, problem.message, nested(finding))
  return reasonInvalid(
    group.identifier === "policies"
      ? `Invalid value supplied for field: ${path[0]}`
      : `${path.join(".")}: ${problem.message}`
  )
}

/** The words for a caller who is turned away: family A (contracts/auth.md 2). */
export const refusedCaller = ({ tokenId, requiredAccess, reason, tenantUuid }: CallerRefused) => {
  if (reason === "tenant-denied") return unauthorizedTenant(tenantUuid)
  // Who follows a link is told nothing but that it does not work.
  if (requiredAccess.startsWith("auth.users.password.reset.")) {
    return unauthorized({ invalid_token: tokenId })
  }
  switch (reason) {
    case "invalid-token":
      return unauthorized({
        invalid_token: tokenId,
        reason: "not_found_or_expired",
        required_access: requiredAccess
      })
    case "acl-denied":
      return unauthorized({
        invalid_token: tokenId,
        reason: "missing_permission_or_invalid_tenant",
        required_access: requiredAccess,
        tenant_uuid: tenantUuid
      })
  }
}

/** What every group of auth needs around it. */
export const authMiddleware = Layer.mergeAll(
  authenticationLayer(AuthAuthentication, refusedCaller),
  inputLayer
)
