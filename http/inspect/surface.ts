import { Effect, Layer } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import { InspectApi, InspectAuthentication, InspectInput } from "../../schemas/inspect/api.ts"
import { invalidData, unauthorized } from "../../schemas/inspect/errors.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { errorDocument } from "../middleware/error-document.ts"
import { inputProblems } from "../middleware/input.ts"
import { operationsOf, type Surface } from "../middleware/surface.ts"

/** The inspection surface's words for problems. */
export const inspectSurface: Surface = {
  prefix: "/api/inspect",
  operations: operationsOf(InspectApi),
  problem: errorDocument()
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
