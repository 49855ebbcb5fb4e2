import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import type { HttpApiMiddleware } from "effect/http-api"
import { Tenants } from "../../actors/identity/tenants.ts"
import { type LiveToken, Tokens } from "../../actors/identity/tokens.ts"
import { compileAcl } from "../../actors/identity/acl.ts"
import {
  AlternativeAcl,
  type Caller,
  CurrentCaller,
  RequiredAcl,
  TokenInQuery,
  type tokenSecurity
} from "../../schemas/common/caller.ts"

/** Why a caller was turned away; each surface writes its own body for it. */
export class CallerRefused extends Schema.TaggedError<CallerRefused>()("CallerRefused", {
  reason: Schema.Literals(["invalid-token", "acl-denied", "tenant-denied"]),
  tokenId: Schema.String,
  requiredAccess: Schema.String,
  tenantUuid: Schema.NullOr(Schema.String)
}) {}

/**
 * Checks token, ACL and tenant header, in this order (contracts/callcenter.md 2, auth.md 2 and 3). What is left of
 * `{tenant_uuid}` in an access is the acting tenant. `alternativeAccess` will do as well, unless the token is denied
 * the required one.
 */
export const resolveCaller = Effect.fnUntraced(function* (request: {
  readonly tokenId: string
  readonly requiredAccess: string
  readonly alternativeAccess?: string
  readonly tenantHeader: string | undefined
}): Effect.fn.Return<Caller, CallerRefused, Tokens | Tenants> {
  const tokens = yield* Tokens
  const tenants = yield* Tenants
  const refuse = (reason: CallerRefused["reason"]) =>
    new CallerRefused({
      reason,
      tokenId: request.tokenId,
      requiredAccess: request.requiredAccess,
      tenantUuid: request.tenantHeader ?? null
    })
  const token = tokens.findCached(request.tokenId) ?? (yield* tokens.find(request.tokenId))
  if (token === undefined) return yield* refuse("invalid-token")
  const tenantUuid = (request.tenantHeader ?? token.tenantUuid).toLowerCase()
  if (!mayBy(token, accessesOf(request, tenantUuid))) return yield* refuse("acl-denied")
  if (!tenants.isWithin(tenantUuid, token.tenantUuid)) return yield* refuse("tenant-denied")
  return {
    tokenId: token.id,
    sessionUuid: token.sessionUuid,
    userUuid: token.userUuid,
    ownTenantUuid: token.tenantUuid,
    tenantUuid,
    get visibleTenants() {
      return tenants.visible(tenantUuid)
    },
    isMaster: token.tenantUuid === tenants.master,
    allows: token.allows
  }
})

const accessesOf = (
  request: { readonly requiredAccess: string; readonly alternativeAccess?: string },
  tenantUuid: string
): ReadonlyArray<string> => {
  const required = request.requiredAccess.replace("{tenant_uuid}", tenantUuid)
  return request.alternativeAccess === undefined ? [required] : [required, request.alternativeAccess]
}

/** One of several accesses is enough, but a denial of any of them is one. */
const mayBy = (token: LiveToken, accesses: ReadonlyArray<string>): boolean => {
  if (accesses.every(token.allows)) return true
  if (!accesses.some(token.allows)) return false
  const denied = compileAcl(token.acl.flatMap((access) => (access.startsWith("!") ? [access.slice(1)] : [])))
  return !accesses.some((access) => denied.matches(access, token))
}

/** The tenant header under both of its names; empty counts as absent. */
export const tenantHeader = (headers: Readonly<Record<string, string | undefined>>): string | undefined =>
  headers["accent-tenant"] || headers["wazo-tenant"] || undefined

/**
 * Fills `{parameter}` with the path values (`{tenant_uuid}` stays when there is none), each dot changed to an underscore and uuids in lowercase, so that no
 * spelling gets around a denial (contracts/auth.md 4).
 */
export const fillAccess = (
  pattern: string,
  parameters: Readonly<Record<string, string | undefined>>
): string =>
  pattern.replace(/\{([^}]+)\}/g, (placeholder, name: string) => {
    const value = parameters[name] ?? (name === "tenant_uuid" ? placeholder : "")
    return uuidForm.test(value) ? value.toLowerCase() : value.replaceAll(".", "_")
  })

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Implements a surface's authentication middleware: resolves the caller from the endpoint's `RequiredAcl`
 * annotation and answers refusals with the surface's own error.
 */
export const authenticationLayer = <Id, E extends Schema.Top>(
  service: Context.Service<
    Id,
    HttpApiMiddleware.HttpApiMiddlewareSecurity<
      { readonly token: typeof tokenSecurity },
      CurrentCaller,
      E,
      never
    >
  >,
  toError: (refusal: CallerRefused) => E["Type"]
): Layer.Layer<Id, never, Tokens | Tenants> =>
  Layer.effect(
    service,
    Effect.gen(function* () {
      const services = yield* Effect.context<Tokens | Tenants>()
      return {
        token: (httpEffect, { credential, endpoint }) =>
          Effect.gen(function* () {
            const request = yield* HttpServerRequest.HttpServerRequest
            const route = yield* HttpRouter.RouteContext
            const pattern = Context.getOption(endpoint.annotations, RequiredAcl)
            const alternative = Context.getOption(endpoint.annotations, AlternativeAcl)
            const byLink = Context.getOption(endpoint.annotations, TokenInQuery)._tag === "Some"
            const query = byLink ? queryOf(request.url) : {}
            const parameters = { ...query, ...route.params }
            const caller = yield* resolveCaller({
              tokenId: query["token"] || Redacted.value(credential),
              requiredAccess: pattern._tag === "Some" ? fillAccess(pattern.value, parameters) : "",
              ...(alternative._tag === "Some" && {
                alternativeAccess: fillAccess(alternative.value, parameters)
              }),
              tenantHeader: tenantHeader(request.headers)
            }).pipe(Effect.provideContext(services), Effect.mapError(toError))
            return yield* Effect.provideService(httpEffect, CurrentCaller, caller)
          })
      }
    })
  )

/** The query parameters; of a repeated one the last counts. */
const queryOf = (url: string): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(url.split("?").slice(1).join("?")))
