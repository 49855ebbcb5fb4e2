import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { type HttpApi, type HttpApiGroup, OpenApi } from "effect/http-api"
import { Effect, type Schema } from "effect"

/**
 * The YAML document that a surface's own clients look for: OpenAPI 2 with `info` and `paths`
 * (contracts/callcenter.md 4 and 9, auth.md 16). The full OpenAPI 3.1 document is at `<prefix>/api/api.json`.
 */
export const apiYamlRoute = <Id extends string, Groups extends HttpApiGroup.Constraint>(
  api: HttpApi.HttpApi<Id, Groups>,
  prefix: `/${string}`
) => {
  const document = toOpenApi2(OpenApi.fromApi(api), prefix)
  return HttpRouter.add("GET", `${prefix}/api/api.yml`, (request) =>
    Effect.succeed(
      // JSON is YAML.
      HttpServerResponse.text(
        JSON.stringify({ ...document, basePath: basePathOf(request, prefix) }, null, 2),
        {
          contentType: "application/x-yaml"
        }
      )
    )
  )
}

/** The surface's version below the path that a reverse proxy names in X-Script-Name, else the surface's own path. */
const basePathOf = ({ headers }: HttpServerRequest.HttpServerRequest, prefix: string): string => {
  const script = headers["x-script-name"] ?? ""
  return /^(\/[\w.~-]+)+$/.test(script) ? `${script}${prefix.slice(prefix.lastIndexOf("/"))}` : prefix
}

type Json = Schema.Json

const toOpenApi2 = (spec: OpenApi.OpenAPISpec, prefix: string): Readonly<Record<string, Json>> => ({
  swagger: "2.0",
  info: { title: spec.info.title, version: spec.info.version },
  consumes: ["application/json"],
  produces: ["application/json"],
  securityDefinitions: { wazo_auth_token: { type: "apiKey", name: "X-Auth-Token", in: "header" } },
  paths: Object.fromEntries(
    Object.entries(spec.paths).map(([path, item]) => [
      path.startsWith(prefix) ? path.slice(prefix.length) : path,
      Object.fromEntries(
        methods.flatMap((method) => {
          const operation = item[method]
          return operation
            ? [
                [
                  method,
                  {
                    operationId: operation.operationId,
                    tags: operation.tags ?? [],
                    responses: Object.fromEntries(
                      Object.entries(operation.responses).map(([status, { description }]) => [
                        status,
                        { description }
                      ])
                    )
                  }
                ]
              ]
            : []
        })
      )
    ])
  )
})

const methods = ["get", "put", "post", "delete", "patch", "head"] as const
