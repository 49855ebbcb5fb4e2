import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { AuthenticationMethods } from "../../actors/identity/authentication-methods.ts"
import { Policies } from "../../actors/identity/policies.ts"
import { RefreshTokens } from "../../actors/identity/refresh-tokens.ts"
import { Sessions } from "../../actors/identity/sessions.ts"
import { TenantRegistry } from "../../actors/identity/tenant-registry.ts"
import { Users } from "../../actors/identity/users.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import type { RefreshTokensQuery } from "../../schemas/auth/models.ts"
import { type Caller, CurrentCaller } from "../../schemas/common/caller.ts"
import { emailHandlers } from "./email-handlers.ts"
import { groupHandlers } from "./group-handlers.ts"
import { externalHandlers, externalOauthHandlers } from "./external-handlers.ts"
import { ldapHandlers } from "./ldap-handlers.ts"
import { pluginRoutes } from "./plugin-routes.ts"
import { serviceHandlers } from "./service-handlers.ts"
import { samlConfigHandlers, samlHandlers } from "./saml-handlers.ts"
import { authMiddleware } from "./surface.ts"
import { tokenHandlers } from "./token-handlers.ts"

/** Lists see the acting tenant alone, unless asked to recurse. */
const listed = (caller: Caller, { recurse }: { readonly recurse: boolean }) =>
  recurse ? caller.visibleTenants : [caller.tenantUuid]

const asCaller = <A, E, R>(use: (caller: Caller) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(CurrentCaller, use)

const tenants = HttpApiBuilder.group(
  AuthApi,
  "tenants",
  Effect.fnUntraced(function* (handlers) {
    const registry = yield* TenantRegistry
    const methods = yield* AuthenticationMethods
    return handlers.handleAll({
      list: ({ query }) => asCaller((caller) => registry.list(caller, query)),
      create: ({ payload }) =>
        methods
          .requireFor("tenants", payload.default_authentication_method)
          .pipe(Effect.andThen(asCaller((caller) => registry.create(caller, payload)))),
      get: ({ params }) => asCaller((caller) => registry.get(caller, params.tenant_uuid)),
      update: ({ params, payload }) =>
        methods
          .requireFor("tenants", payload.default_authentication_method)
          .pipe(Effect.andThen(asCaller((caller) => registry.update(caller, params.tenant_uuid, payload)))),
      remove: ({ params }) => asCaller((caller) => registry.remove(caller, params.tenant_uuid)),
      domains: ({ params }) =>
        asCaller((caller) =>
          Effect.map(registry.domains(caller, params.tenant_uuid), (items) => ({
            items,
            total: items.length
          }))
        ),
      move: ({ params }) =>
        asCaller((caller) => registry.move(caller, params.tenant_uuid, params.parent_tenant_uuid))
    })
  })
)

const users = HttpApiBuilder.group(
  AuthApi,
  "users",
  Effect.fnUntraced(function* (handlers) {
    const directory = yield* Users
    const methods = yield* AuthenticationMethods
    const policies = yield* Policies
    const sessions = yield* Sessions
    return handlers.handleAll({
      list: ({ query }) => asCaller((caller) => directory.list(listed(caller, query), query)),
      create: ({ payload }) =>
        methods
          .requireFor("users", payload.authentication_method)
          .pipe(Effect.andThen(asCaller((caller) => directory.create(caller.tenantUuid, payload)))),
      get: ({ params }) => asCaller((caller) => directory.get(caller.visibleTenants, params.user_uuid)),
      update: ({ params, payload }) =>
        methods
          .requireFor("users", payload.authentication_method)
          .pipe(
            Effect.andThen(
              asCaller((caller) => directory.update(caller.visibleTenants, params.user_uuid, payload))
            )
          ),
      remove: ({ params }) => asCaller((caller) => directory.remove(caller.visibleTenants, params.user_uuid)),
      policies: ({ params, query }) => asCaller((caller) => policies.ofUser(caller, params.user_uuid, query)),
      attachPolicy: ({ params }) =>
        asCaller((caller) => policies.attachToUser(caller, params.user_uuid, params.policy)),
      detachPolicy: ({ params }) =>
        asCaller((caller) => policies.detachFromUser(caller, params.user_uuid, params.policy)),
      sessions: ({ params, query }) =>
        asCaller((caller) =>
          Effect.andThen(
            directory.get(caller.visibleTenants, params.user_uuid),
            sessions.list(caller.visibleTenants, query, params.user_uuid)
          )
        ),
      endSession: ({ params }) =>
        asCaller((caller) =>
          Effect.andThen(
            directory.get(caller.visibleTenants, params.user_uuid),
            sessions.end(caller.visibleTenants, params.session_uuid, params.user_uuid)
          )
        )
    })
  })
)

const policies = HttpApiBuilder.group(
  AuthApi,
  "policies",
  Effect.fnUntraced(function* (handlers) {
    const policies = yield* Policies
    return handlers.handleAll({
      list: ({ query }) =>
        asCaller((caller) =>
          Effect.map(policies.list(caller, query), ({ items, total }) => ({ items, total }))
        ),
      create: ({ payload }) => asCaller((caller) => policies.create(caller, payload)),
      get: ({ params }) => asCaller((caller) => policies.get(caller, params.policy)),
      update: ({ params, payload }) => asCaller((caller) => policies.update(caller, params.policy, payload)),
      remove: ({ params }) => asCaller((caller) => policies.remove(caller, params.policy)),
      addAccess: ({ params }) =>
        asCaller((caller) => policies.addAccess(caller, params.policy, params.access)),
      removeAccess: ({ params }) =>
        asCaller((caller) => policies.removeAccess(caller, params.policy, params.access))
    })
  })
)

const sessions = HttpApiBuilder.group(
  AuthApi,
  "sessions",
  Effect.fnUntraced(function* (handlers) {
    const sessions = yield* Sessions
    return handlers.handleAll({
      list: ({ query }) => asCaller((caller) => sessions.list(listed(caller, query), query)),
      end: ({ params }) => asCaller((caller) => sessions.end(caller.visibleTenants, params.session_uuid))
    })
  })
)

const refreshTokens = HttpApiBuilder.group(
  AuthApi,
  "refresh tokens",
  Effect.fnUntraced(function* (handlers) {
    const refreshTokens = yield* RefreshTokens
    const users = yield* Users
    const ofUser = (tenants: ReadonlyArray<string>, userUuid: string, query: RefreshTokensQuery) =>
      Effect.andThen(users.get(tenants, userUuid), refreshTokens.list(tenants, query, userUuid))
    const remove = (
      tenants: ReadonlyArray<string>,
      userUuid: string,
      clientId: string,
      withSessions: boolean
    ) =>
      Effect.andThen(
        users.get(tenants, userUuid),
        refreshTokens.remove(tenants, userUuid, clientId, withSessions)
      )
    /** The caller is in the token's own tenant, whatever the tenant header says. */
    const asMyself = <A, E, R>(use: (tenants: ReadonlyArray<string>, me: string) => Effect.Effect<A, E, R>) =>
      asCaller(({ ownTenantUuid, userUuid }) => use([ownTenantUuid], userUuid ?? nobody))
    return handlers.handleAll({
      list: ({ query }) => asCaller((caller) => refreshTokens.list(listed(caller, query), query)),
      ofUser: ({ params, query }) =>
        asCaller(({ visibleTenants }) => ofUser(visibleTenants, params.user_uuid, query)),
      remove: ({ params, query }) =>
        asCaller(({ visibleTenants }) =>
          remove(visibleTenants, params.user_uuid, params.client_id, query.revoke_sessions)
        ),
      mine: ({ query }) => asMyself((tenants, me) => ofUser(tenants, me, query)),
      removeMine: ({ params, query }) =>
        asMyself((tenants, me) => remove(tenants, me, params.client_id, query.revoke_sessions))
    })
  })
)

/** No user's uuid: internal tokens have no refresh tokens of their own. */
const nobody = "00000000-0000-0000-0000-000000000000"

const ownRoutes = HttpApiBuilder.layer(AuthApi, { openapiPath: "/api/auth/0.1/api/api.json" }).pipe(
  Layer.provide([
    tokenHandlers,
    tenants,
    users,
    policies,
    sessions,
    ldapHandlers,
    externalHandlers,
    externalOauthHandlers,
    samlHandlers,
    samlConfigHandlers,
    refreshTokens,
    groupHandlers,
    emailHandlers,
    serviceHandlers
  ]),
  Layer.provide(authMiddleware)
)

/** The routes of auth, and those of its plugins. */
export const authRoutes = Layer.merge(ownRoutes, pluginRoutes)
