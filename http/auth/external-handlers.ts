import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ExternalAuthorisations } from "../../actors/identity/external-authorisations.ts"
import { ExternalConfigs } from "../../actors/identity/external-configs.ts"
import { ExternalCredentials } from "../../actors/identity/external-credentials.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import type { MobileBody, OauthBody, OauthType } from "../../schemas/auth/external.ts"
import { type Caller, CurrentCaller } from "../../schemas/common/caller.ts"

const asCaller = <A, E, R>(use: (caller: Caller) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(CurrentCaller, use)

/** Types of external accounts, their configuration, and the credentials of mobile apps (contracts/auth.md 15). */
export const externalHandlers = HttpApiBuilder.group(
  AuthApi,
  "external",
  Effect.fnUntraced(function* (handlers) {
    const configs = yield* ExternalConfigs
    const credentials = yield* ExternalCredentials
    return handlers.handleAll({
      ofUser: ({ params, query }) =>
        asCaller(({ visibleTenants }) => credentials.ofUser(visibleTenants, params.user_uuid, query)),
      config: ({ params }) => asCaller(({ tenantUuid }) => configs.get(tenantUuid, params.auth_type)),
      createConfig: ({ params, payload }) =>
        asCaller(({ tenantUuid }) => configs.create(tenantUuid, params.auth_type, payload)),
      updateConfig: ({ params, payload }) =>
        asCaller(({ tenantUuid }) => configs.update(tenantUuid, params.auth_type, payload)),
      removeConfig: ({ params }) =>
        asCaller(({ tenantUuid }) => configs.remove(tenantUuid, params.auth_type)),
      users: ({ params, query }) =>
        asCaller(({ tenantUuid, visibleTenants }) =>
          credentials.users(query.recurse ? visibleTenants : [tenantUuid], params.auth_type, query)
        ),
      mobile: ({ params }) =>
        asCaller(({ visibleTenants }) =>
          Effect.map(
            credentials.get(visibleTenants, params.user_uuid, "mobile"),
            // What is stored for the type is such a body.
            (data) => data as MobileBody
          )
        ),
      createMobile: ({ params, payload }) =>
        asCaller(({ visibleTenants }) =>
          Effect.as(credentials.create(visibleTenants, params.user_uuid, "mobile", payload), payload)
        ),
      updateMobile: ({ params, payload }) =>
        asCaller(({ visibleTenants }) =>
          Effect.as(credentials.put(visibleTenants, params.user_uuid, "mobile", payload), payload)
        ),
      removeMobile: ({ params }) =>
        asCaller(({ visibleTenants }) => credentials.remove(visibleTenants, params.user_uuid, "mobile")),
      senderId: ({ params }) =>
        asCaller(({ visibleTenants, tenantUuid }) =>
          credentials.requireUser(visibleTenants, params.user_uuid).pipe(
            Effect.andThen(configs.text(tenantUuid, "mobile", "fcm_sender_id")),
            Effect.map((senderId) => ({ sender_id: senderId ?? null }))
          )
        )
    })
  })
)

/** Accounts at Google and Microsoft (contracts/auth.md 15). */
export const externalOauthHandlers = HttpApiBuilder.group(
  AuthApi,
  "external oauth",
  Effect.fnUntraced(function* (handlers) {
    const authorisations = yield* ExternalAuthorisations
    const credentials = yield* ExternalCredentials
    const token = (type: OauthType, { params }: Request) =>
      asCaller(({ visibleTenants }) => authorisations.token(visibleTenants, params.user_uuid, type))
    const begin = (type: OauthType, { params, payload }: Request & { readonly payload: OauthBody }) =>
      asCaller(({ tenantUuid, visibleTenants }) =>
        authorisations.begin({ tenantUuid, visible: visibleTenants }, params.user_uuid, type, payload.scope)
      )
    const remove = (type: OauthType, { params }: Request) =>
      asCaller(({ visibleTenants }) => credentials.remove(visibleTenants, params.user_uuid, type))
    return handlers.handleAll({
      googleGet: (request) => token("google", request),
      googleCreate: (request) => begin("google", request),
      googleRemove: (request) => remove("google", request),
      microsoftGet: (request) => token("microsoft", request),
      microsoftCreate: (request) => begin("microsoft", request),
      microsoftRemove: (request) => remove("microsoft", request)
    })
  })
)

interface Request {
  readonly params: { readonly user_uuid: string }
}
