import { Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiMiddleware } from "effect/http-api"
import { AgentdApi, AgentdAuthentication, AgentdInput } from "../../schemas/agentd/api.ts"
import { invalidFields, NotFound, unauthorized } from "../../schemas/agentd/errors.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { invalidFieldNames } from "../middleware/input.ts"
import { operationsOf, problemStatus, problemText, type Surface } from "../middleware/surface.ts"

/** agentd's own words for problems: `{"error": "<text>"}` (contracts/callcenter.md 2). */
export const agentdSurface: Surface = {
  prefix: "/api/agentd/1.0",
  operations: [...operationsOf(AgentdApi), { method: "GET", path: "/api/api.yml" }],
  problem: (problem) =>
    HttpServerResponse.jsonUnsafe(
      problem.kind === "internal"
        ? { error: "server error", request_id: problem.requestId }
        : { error: problemText(problem) },
      { status: problemStatus(problem) }
    )
}

/** Decoding failures: a path value that is no id is an unknown path, anything else names the invalid fields. */
const inputLayer = HttpApiMiddleware.layerSchemaErrorTransform(AgentdInput, (error) =>
  Effect.fail(
    error.kind === "Params"
      ? new NotFound({ error: problemText({ kind: "unknown-path" }) })
      : invalidFields(invalidFieldNames(error.cause))
  )
)

/** What every group of agentd needs around it. */
export const agentdMiddleware = Layer.mergeAll(
  authenticationLayer(AgentdAuthentication, () => unauthorized()),
  inputLayer
)
