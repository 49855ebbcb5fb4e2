import { Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Tenants } from "../../actors/identity/tenants.ts"
import { type LiveToken, Tokens } from "../../actors/identity/tokens.ts"
import { Platform } from "../../runtime/platform.ts"
import { type ReasonForbidden, scopeDenied, tokenTenantDenied } from "../../schemas/auth/errors.ts"
import type { PlainDoor } from "../server.ts"
import { knownTokenView } from "./token-view.ts"

/** What a token is asked: a scope, a tenant, or neither (contracts/auth.md 6). */
export interface TokenQuestion {
  readonly scope: string | null
  readonly tenant: string | null
}

/** Undefined when the token may; the scope is looked at before the tenant. */
export const refusalOf = (
  tenants: Tenants["Service"],
  token: LiveToken,
  { scope, tenant }: TokenQuestion
): ReasonForbidden | undefined => {
  if (!token.allows(scope)) return scopeDenied(scope ?? "")
  if (tenant === null || token.authId === internalAuthId) return undefined
  return tenants.isWithin(tenant.toLowerCase(), token.tenantUuid) ? undefined : tokenTenantDenied(tenant)
}

/** Tokens of the runtime's own services act in every tenant. */
const internalAuthId = "wazo-auth"

/** The question of a query string without its `?`. Of a repeated parameter the first counts. */
export const questionOf = (query: string): TokenQuestion => {
  const parameters = new URLSearchParams(query)
  return { scope: parameters.get("scope"), tenant: parameters.get("tenant") || null }
}

/**
 * Answers `HEAD` and `GET /api/auth/0.1/token/{token}` from memory, before the router: every service of the
 * platform asks this for every request of its own. Tokens that are not in memory, and requests of browsers from
 * other origins, are left to the router.
 */
export const makeTokenCheck =
  (tokens: Tokens["Service"], tenants: Tenants["Service"], platformUuid: string) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    const { url, method } = request
    if (url === undefined || !url.startsWith(prefix) || (method !== "HEAD" && method !== "GET")) return false
    const idEnd = prefix.length + uuidLength
    const token = tokens.findCached(url.slice(prefix.length, idEnd))
    if (token === undefined || request.headers.origin !== undefined) return false
    const hasQuery = url.charCodeAt(idEnd) === questionMark
    if (!hasQuery && url.length !== idEnd) return false
    const refusal = refusalOf(tenants, token, hasQuery ? quickQuestionOf(url, idEnd + 1) : nothing)
    if (method === "HEAD") {
      response.writeHead(refusal ? 403 : 204)
      response.end()
      return true
    }
    const body = JSON.stringify(refusal ? { ...refusal } : { data: knownTokenView(token, platformUuid) })
    response.writeHead(refusal ? 403 : 200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body)
    })
    response.end(body)
    return true
  }

/** The token check as a door of the one port. */
export const tokenCheckDoor: Effect.Effect<PlainDoor, never, Tokens | Tenants | Platform> = Effect.gen(
  function* () {
    const check = makeTokenCheck(yield* Tokens, yield* Tenants, (yield* Platform).uuid)
    return { request: check }
  }
)

const prefix = "/api/auth/0.1/token/"
const uuidLength = 36
const questionMark = 63
const nothing: TokenQuestion = { scope: null, tenant: null }

/** As `questionOf`, quicker for the usual query: plain characters, each parameter once. */
const quickQuestionOf = (url: string, start: number): TokenQuestion => {
  const query = url.slice(start)
  const [, scope, tenant] = usualQuery.exec(query) ?? []
  return scope === undefined ? questionOf(query) : { scope, tenant: tenant ?? null }
}

const usualQuery = /^scope=([\w.-]+)(?:&tenant=([\w-]+))?$/
