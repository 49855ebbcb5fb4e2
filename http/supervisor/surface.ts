import { Effect, Layer } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import { SupervisorApi, SupervisorAuthentication, SupervisorInput } from "../../schemas/supervisor/api.ts"
import { invalidData, unauthorized, unknownPath } from "../../schemas/supervisor/errors.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { errorDocument } from "../middleware/error-document.ts"
import { inputProblems } from "../middleware/input.ts"
import { operationsOf, problemText, type Surface } from "../middleware/surface.ts"

/** The supervisor's words for problems: amid's body (contracts/callcenter.md 2). */
export const supervisorSurface: Surface = {
  prefix: "/api/supervisor/1.0",
  operations: [...operationsOf(SupervisorApi), { method: "GET", path: "/api/api.yml" }],
  problem: errorDocument()
}

/** A path value that is no id is an unknown path; anything else names each wrong field and what was expected. */
const inputLayer = HttpApiMiddleware.layerSchemaErrorTransform(SupervisorInput, (error) =>
  Effect.fail(
    error.kind === "Params"
      ? unknownPath(problemText({ kind: "unknown-path" }))
      : invalidData(
          Object.fromEntries(
            inputProblems(error.cause).map(({ path, message, given }) => [
              path.join(".") || "_schema",
              { message, constraint_id: constraintIds[given], constraint: message }
            ])
          )
        )
  )
)

const constraintIds = { missing: "required", null: "not_null", value: "type" } as const

/** What every group of the supervisor's surface needs around it. */
export const supervisorMiddleware = Layer.mergeAll(
  authenticationLayer(SupervisorAuthentication, ({ tokenId, requiredAccess, reason, tenantUuid }) =>
    unauthorized({
      invalid_token: tokenId,
      required_access: requiredAccess,
      reason: reason === "invalid-token" ? "not_found_or_expired" : "missing_permission_or_invalid_tenant",
      tenant_uuid: tenantUuid
    })
  ),
  inputLayer
)
