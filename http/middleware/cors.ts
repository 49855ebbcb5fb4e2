import type { PlainDoor } from "../server.ts"

/**
 * Browsers of any origin may call (contracts/callcenter.md 12, auth.md 2): every answer to a request with an
 * `Origin` says so, and OPTIONS is answered for every path, preflight or not.
 */
export const corsDoor: PlainDoor = {
  request: (request, response) => {
    if (request.headers.origin !== undefined) {
      response.setHeader("Access-Control-Allow-Origin", "*")
      response.setHeader("Access-Control-Expose-Headers", exposed)
    }
    if (request.method !== "OPTIONS") return false
    response.writeHead(200, {
      Allow: methods,
      "Access-Control-Allow-Methods": methods,
      "Access-Control-Allow-Headers": headers,
      "Access-Control-Max-Age": "86400",
      "Content-Length": "0"
    })
    response.end()
    return true
  }
}

const methods = "GET, HEAD, POST, OPTIONS, PUT, PATCH, DELETE"
const headers = [
  "Content-Type",
  "Authorization",
  "X-Auth-Token",
  "Accent-Tenant",
  "Wazo-Tenant",
  "Accent-Session-Type",
  "Wazo-Session-Type"
].join(", ")
const exposed = "Location, Accent-Sessions-Revoked, Wazo-Sessions-Revoked"
