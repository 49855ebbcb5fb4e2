import { Context } from "effect"
import { HttpApiSecurity } from "effect/http-api"

/**
 * Who calls, and in which tenant: the outcome of the token check and of the tenant header
 * (contracts/callcenter.md 2, auth.md 3). Handlers ask for it with `yield* CurrentCaller`.
 */
export interface Caller {
  readonly tokenId: string
  readonly sessionUuid: string
  /** The user behind the token; null for internal tokens. */
  readonly userUuid: string | null
  /** The tenant of the token itself. */
  readonly ownTenantUuid: string
  /** The tenant to act in: the header's, else the token's own. */
  readonly tenantUuid: string
  /** The acting tenant and all tenants below it. */
  readonly visibleTenants: ReadonlyArray<string>
  /** Whether the token's own tenant is the master tenant. */
  readonly isMaster: boolean
  /** Whether the token's ACL matches a required access. */
  readonly allows: (access: string) => boolean
}

export class CurrentCaller extends Context.Service<CurrentCaller, Caller>()("strowger/CurrentCaller") {}

/**
 * Annotation of an endpoint: the access its caller needs, with `{parameter}` for path values; `{tenant_uuid}` that is
 * no path value is the acting tenant. An endpoint without it needs no token.
 */
export class RequiredAcl extends Context.Service<RequiredAcl, string>()("strowger/RequiredAcl") {}

/** Annotation of an endpoint: another access that will do as well. */
export class AlternativeAcl extends Context.Service<AlternativeAcl, string>()("strowger/AlternativeAcl") {}

/**
 * Annotation of an endpoint that people reach by a link: the token of `?token=` counts, before the header's. Its
 * query parameters fill the required access too.
 */
export class TokenInQuery extends Context.Service<TokenInQuery, boolean>()("strowger/TokenInQuery") {}

/** The token header of every surface. */
export const tokenSecurity = HttpApiSecurity.apiKey({ key: "X-Auth-Token", in: "header" })
