import { Effect, Layer, type Types } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiError } from "effect/http-api"
import { LineDeviceSettlement } from "../../actors/device/lines/settlement.ts"
import { ConfdApi, ConfdAuthentication, ConfdInput } from "../../schemas/confd/api.ts"
import { BadRequest, invalidInput, NotFound, Unauthorized } from "../../schemas/confd/errors.ts"
import { authenticationLayer } from "../middleware/authentication.ts"
import { inputProblems } from "../middleware/input.ts"
import {
  operationsOf,
  type Problem,
  problemStatus,
  problemText,
  type Surface
} from "../middleware/surface.ts"

/** confd's words for problems: a JSON array of sentences (contracts/callcenter.md 2). */
export const confdSurface: Surface = {
  prefix: "/api/confd/1.1",
  operations: [...operationsOf(ConfdApi), { method: "GET", path: "/api/api.yml" }],
  problem: (problem) =>
    HttpServerResponse.jsonUnsafe([`${categories[problem.kind]} - ${problemText(problem)}`], {
      status: problemStatus(problem)
    })
}

const categories: Readonly<Record<Problem["kind"], string>> = {
  "unknown-path": "Resource Not Found",
  "method-not-allowed": "Input Error",
  "malformed-body": "Input Error",
  "unsupported-media-type": "Input Error",
  "body-too-large": "Input Error",
  internal: "Unexpected error"
}

const inputLayer = Layer.effect(
  ConfdInput,
  Effect.map(
    LineDeviceSettlement,
    ({ settleRecent }): ConfdInput["Service"] =>
      (httpEffect, { endpoint }) =>
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
          if (endpoint.payload.size > 0 && hasNoBody(request)) return missingBody
          const answered = Effect.catch(httpEffect, refuseUndecodable)
          // The files of phones follow a change before it is acknowledged.
          return endpoint.method === "GET" ? answered : Effect.tap(answered, () => settleRecent)
        })
  )
)

const missingBody = Effect.fail(new BadRequest({ messages: ["Input Error - The request has no body"] }))

/** A body of unknown length is one. */
const hasNoBody = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0"

/** A path value that can be no key is an unknown path; anything else names the wrong fields and why. */
const refuseUndecodable = (
  error: Types.unhandled | HttpApiError.HttpApiSchemaError
): Effect.Effect<never, Types.unhandled | BadRequest | NotFound> => {
  if (!HttpApiError.HttpApiSchemaError.is(error)) return Effect.fail(error)
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  if (error.kind === "Params") {
    const sentence = `${categories["unknown-path"]} - ${problemText({ kind: "unknown-path" })}`
    return Effect.fail(new NotFound({ messages: [sentence] }))
  }
  const fields = new Map<string, Array<string>>()
  for (const { path, message } of inputProblems(error.cause)) {
    const [field = "", ...inner] = path
    const problem = inner.length === 0 ? message : `${inner.join(".")}: ${message}`
    fields.set(field, [...(fields.get(field) ?? []), problem])
  }
  return Effect.fail(invalidInput(fields))
}

/** What every group of confd needs around it. */
export const confdMiddleware = Layer.mergeAll(
  authenticationLayer(
    ConfdAuthentication,
    () => new Unauthorized({ messages: ["Unauthorized - Authentication failed"] })
  ),
  inputLayer
)
