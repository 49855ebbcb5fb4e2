import { Effect, Layer } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import { AmidApi, AmidAuthentication, AmidInput, AmidMasterOnly } from "../../schemas/amid/api.ts"
import { invalidData, unauthorized } from "../../schemas/amid/errors.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { errorDocument } from "../middleware/error-document.ts"
import { inputProblems } from "../middleware/input.ts"
import { operationsOf, type Surface } from "../middleware/surface.ts"

/** amid's own words for problems (contracts/callcenter.md 2). */
export const amidSurface: Surface = {
  prefix: "/api/amid/1.0",
  operations: [...operationsOf(AmidApi), { method: "GET", path: "/api/api.yml" }],
  problem: errorDocument()
}

/** Each wrong field with the constraint it breaks. */
const inputLayer = HttpApiMiddleware.layerSchemaErrorTransform(AmidInput, (error) =>
  Effect.fail(
    invalidData(
      "Sent data is invalid",
      Object.fromEntries(
        inputProblems(error.cause).map(({ path, message, given }) => [
          path.join(".") || "_schema",
          constraint(message, given)
        ])
      )
    )
  )
)

const constraint = (message: string, given: "missing" | "null" | "value") => ({
  // Without the value that was given.
  message: message.replace(/, got .*$/s, ""),
  ...(given === "missing"
    ? { constraint_id: "required", constraint: "required" }
    : given === "null"
      ? { constraint_id: "not_null", constraint: "not_null" }
      : { constraint_id: "type", constraint: "string" })
})

const masterOnlyLayer = Layer.succeed(AmidMasterOnly, (endpoint) =>
  Effect.gen(function* () {
    const { isMaster, tokenId } = yield* CurrentCaller
    return isMaster ? yield* endpoint : yield* unauthorized({ invalid_token: tokenId })
  })
)

/** What every group of amid needs around it. */
export const amidMiddleware = Layer.mergeAll(
  masterOnlyLayer,
  authenticationLayer(AmidAuthentication, ({ tokenId, requiredAccess, reason, tenantUuid }) =>
    unauthorized({
      invalid_token: tokenId,
      required_access: requiredAccess,
      reason: reason === "invalid-token" ? "not_found_or_expired" : "missing_permission_or_invalid_tenant",
      tenant_uuid: tenantUuid
    })
  ),
  inputLayer
)
