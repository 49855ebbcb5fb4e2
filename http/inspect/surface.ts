import { Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiMiddleware } from "effect/http-api"
import { InspectApi, InspectAuthentication, InspectInput } from "../../schemas/inspect/api.ts"
import { invalidData, unauthorized } from "../../schemas/inspect/errors.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { inputProblems } from "../middleware/input.ts"
import {
  operationsOf,
  type Problem,
  problemStatus,
  problemText,
  type Surface
} from "../middleware/surface.ts"

/** The inspection surface's words for problems. */
export const inspectSurface: Surface = {
  prefix: "/api/inspect",
  operations: operationsOf(InspectApi),
  problem: (problem) =>
    HttpServerResponse.jsonUnsafe(
      {
        message: problemText(problem),
        error_id: errorIds[problem.kind],
        details: {},
        timestamp: Date.now() / 1000
      },
      { status: problemStatus(problem) }
    )
}

const errorIds: Readonly<Record<Problem["kind"], string>> = {
  "unknown-path": "not-found",
  "method-not-allowed": "method-not-allowed",
  "malformed-body": "invalid-data",
  "unsupported-media-type": "invalid-data",
  "body-too-large": "invalid-data",
  internal: "unexpected-error"
}

const inputLayer = HttpApiMiddleware.layerSchemaErrorTransform(InspectInput, (error) =>
  Effect.fail(
    invalidData(
      Object.fromEntries(
        inputProblems(error.cause).map(({ path, message }) => [path.join(".") || "_schema", { message }])
      )
    )
  )
)

/** What every group of the surface needs around it. */
export const inspectMiddleware = Layer.mergeAll(
  authenticationLayer(InspectAuthentication, ({ requiredAccess, reason }) =>
    unauthorized(requiredAccess, reason === "invalid-token" ? "not_found_or_expired" : "missing_permission")
  ),
  inputLayer
)
