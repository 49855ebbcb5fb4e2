import { ByteSize, Effect, Layer, type Types } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiError } from "effect/http-api"
import { mediaTypes, ProvdApi, ProvdAuthentication, ProvdInput } from "../../schemas/provd/api.ts"
import {
  asciiOf,
  type Invalid,
  invalid,
  NotAcceptable,
  type NoSuchResource,
  noSuchResource,
  plainText,
  Unauthorized
} from "../../schemas/provd/errors.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { inputProblems } from "../middleware/input.ts"
import {
  operationsOf,
  type Problem,
  problemStatus,
  problemText,
  type Surface
} from "../middleware/surface.ts"
import { answerTypeFor } from "./media-type.ts"

/** provd's words for problems: plain text (contracts/provisioning.md 4). */
export const provdSurface: Surface = {
  prefix: "/api/provd/0.2",
  alias: "/0.2",
  operations: [...operationsOf(ProvdApi), { method: "GET", path: "/api/api.yml" }],
  problem: (problem) =>
    HttpServerResponse.text(textOf(problem), { status: problemStatus(problem), contentType: plainText }),
  body: { types: mediaTypes, limit: ByteSize.mebibytes(16) },
  cors: {
    always: true,
    methods: "GET, POST, PUT, DELETE, OPTIONS",
    headers: "Origin, X-Requested-With, Accept, Content-Type, X-Auth-Token, Wazo-Tenant, Accent-Tenant",
    exposed: "Location",
    credentials: "false"
  }
}

const textOf = (problem: Problem): string =>
  problem.kind === "unknown-path" ? noSuchResource().text : asciiOf(problemText(problem))

/** GETs answer in the media type that the client asked for; it may turn out that there is none. */
const inputLayer = Layer.succeed(ProvdInput, (httpEffect, { endpoint }) =>
  Effect.gen(function* () {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const type = endpoint.method === "GET" ? answerTypeFor(headers["accept"]) : mediaTypes[0]
    if (type === undefined) {
      return yield* Effect.fail(new NotAcceptable({ text: `Acceptable are ${mediaTypes.join(", ")}` }))
    }
    const response = yield* Effect.catch(httpEffect, refuseUndecodable)
    return response.headers["content-type"] === "application/json"
      ? HttpServerResponse.setHeader(response, "content-type", type)
      : response
  })
)

const refuseUndecodable = (
  error: Types.unhandled | HttpApiError.HttpApiSchemaError
): Effect.Effect<never, Types.unhandled | Invalid | NoSuchResource> => {
  if (!HttpApiError.HttpApiSchemaError.is(error)) return Effect.fail(error)
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  if (error.kind === "Params") return Effect.fail(noSuchResource())
  const problems = inputProblems(error.cause).map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`
  )
  return Effect.fail(invalid(problems.join("; ")))
}

/** What every group of provd needs around it. */
export const provdMiddleware = Layer.mergeAll(
  authenticationLayer(ProvdAuthentication, () => new Unauthorized({ text: "Unauthorized" })),
  inputLayer
)
