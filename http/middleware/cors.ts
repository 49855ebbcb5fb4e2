import type { ServerResponse } from "node:http"
import type { PlainDoor } from "../server.ts"
import { type CorsPolicy, type Surface, surfaceOf } from "./surface.ts"

/**
 * Browsers of any origin may call (contracts/callcenter.md 12, auth.md 2): every answer to a request with an
 * `Origin` says so, and OPTIONS is answered for every path, preflight or not. A surface may have its own headers.
 */
export const corsDoor = (surfaces: ReadonlyArray<Surface>): PlainDoor => {
  const particular = surfaces.filter(({ cors }) => cors !== undefined)
  return {
    request: (request, response, path) => {
      const policy = surfaceOf(particular, path)?.cors ?? usual
      if (policy.always || request.headers.origin !== undefined) tell(response, policy)
      if (request.method !== "OPTIONS") return false
      answerOptions(response, policy)
      return true
    }
  }
}

const tell = (response: ServerResponse, policy: CorsPolicy): void => {
  response.setHeader("Access-Control-Allow-Origin", "*")
  response.setHeader("Access-Control-Expose-Headers", policy.exposed)
  if (policy.always) {
    response.setHeader("Access-Control-Allow-Methods", policy.methods)
    response.setHeader("Access-Control-Allow-Headers", policy.headers)
  }
  if (policy.credentials) response.setHeader("Access-Control-Allow-Credentials", policy.credentials)
}

const answerOptions = (response: ServerResponse, policy: CorsPolicy): void => {
  response.writeHead(200, {
    Allow: policy.methods,
    "Access-Control-Allow-Methods": policy.methods,
    "Access-Control-Allow-Headers": policy.headers,
    "Access-Control-Max-Age": "86400",
    "Content-Length": "0"
  })
  response.end()
}

const usual: CorsPolicy = {
  methods: "GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE",
  headers: [
    "Content-Type",
    "Authorization",
    "X-Auth-Token",
    "Accent-Tenant",
    "Wazo-Tenant",
    "Accent-Session-Type",
    "Wazo-Session-Type"
  ].join(", "),
  exposed: "Location, Accent-Sessions-Revoked, Wazo-Sessions-Revoked"
}
