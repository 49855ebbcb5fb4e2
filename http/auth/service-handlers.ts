import { Effect, Layer, Redacted, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { SqlClient } from "effect/sql"
import { AuthenticationMethods } from "../../actors/identity/authentication-methods.ts"
import { IdentityPlugins } from "../../actors/identity/plugins.ts"
import { AppConfig, millis, type Settings } from "../../runtime/config.ts"
import { Verbosity } from "../../runtime/operations/verbosity.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { invalidData, invalidListParameter, unauthorized } from "../../schemas/auth/errors.ts"
import { ConfigurationPatch, IdpUsers } from "../../schemas/auth/service-endpoints.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { firstFinding } from "./validation.ts"

const idp = HttpApiBuilder.group(
  AuthApi,
  "idp",
  Effect.fnUntraced(function* (handlers) {
    const methods = yield* AuthenticationMethods
    const decodeUsers = (payload: unknown) =>
      Schema.decodeUnknownEffect(IdpUsers)(payload).pipe(
        Effect.mapError((error) => {
          const { path, problem } = firstFinding(error)
          return invalidListParameter(path[0] ?? "users", problem)
        })
      )
    return handlers.handleAll({
      list: () =>
        Effect.succeed({
          total: methods.known.length,
          filtered: methods.known.length,
          items: methods.known
        }),
      assignAll: ({ params, payload }) =>
        Effect.gen(function* () {
          const { visibleTenants } = yield* CurrentCaller
          yield* methods.require(params.idp_type)
          const { users } = yield* decodeUsers(payload)
          yield* methods.assign(
            visibleTenants,
            params.idp_type,
            users.map(({ uuid }) => uuid)
          )
        }),
      assign: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          methods.assign(visibleTenants, params.idp_type, [params.user_uuid])
        ),
      unassign: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          methods.unassign(visibleTenants, params.idp_type, params.user_uuid)
        )
    })
  })
)

const configuration = HttpApiBuilder.group(
  AuthApi,
  "configuration",
  Effect.fnUntraced(function* (handlers) {
    const config = yield* AppConfig
    const verbosity = yield* Verbosity
    let profiling = false
    const view = () => ({
      ...configurationOf(config),
      debug: verbosity.debug(),
      profiling_enabled: profiling
    })
    const fromMaster = Effect.flatMap(CurrentCaller, ({ isMaster, tokenId }) =>
      isMaster ? Effect.void : Effect.fail(unauthorized({ invalid_token: tokenId }))
    )
    return handlers.handleAll({
      read: () => Effect.map(fromMaster, view),
      patch: Effect.fnUntraced(function* ({ payload }) {
        yield* fromMaster
        const patch = yield* Schema.decodeUnknownEffect(ConfigurationPatch)(payload).pipe(
          Effect.mapError(() =>
            invalidData("config", "Only /debug and /profiling_enabled can be replaced, by a boolean", {})
          )
        )
        for (const { path, value } of patch) {
          if (path === "/debug") verbosity.setDebug(value)
          else profiling = value
        }
        return view()
      })
    })
  })
)

/** Under the names of the contract, section 19; secrets are hidden. */
const configurationOf = (config: Settings) => ({
  rest_api: { listen: config.httpHost, port: config.httpPort, num_proxies: 1, cors: { enabled: true } },
  log_level: config.logLevel.toLowerCase(),
  default_token_lifetime: millis(config.tokenLifetime) / 1000,
  max_user_concurrent_sessions: config.maxSessions,
  token_cleanup_interval: millis(config.sessionSweepInterval) / 1000,
  token_cleanup_batch_size: config.sessionSweepBatch,
  update_policy_on_startup: config.updatePolicies,
  default_user_policy: config.defaultUserPolicy,
  default_policies: config.defaultPolicies,
  all_users_policies: config.allUsersPolicies,
  tenant_default_groups: config.defaultGroups,
  password_reset_expiration: millis(config.mailLinkLifetime) / 1000,
  password_reset_from_name: config.mailFromName,
  password_reset_from_address: config.mailFromAddress,
  email_confirmation_expiration: millis(config.mailLinkLifetime) / 1000,
  email_confirmation_from_name: config.mailFromName,
  email_confirmation_from_address: config.mailFromAddress,
  email_notification_plugin: "smtp",
  smtp: {
    hostname: config.smtpHost,
    port: config.smtpPort,
    username: config.smtpUsername,
    password: Redacted.value(config.smtpPassword) === "" ? "" : "***",
    security: config.smtpSecurity
  },
  enabled_http_plugins: { user_registration: config.userRegistration },
  bootstrap_user_username: config.adminUsername
})

const service = HttpApiBuilder.group(
  AuthApi,
  "service",
  Effect.fnUntraced(function* (handlers) {
    const sql = yield* SqlClient.SqlClient
    const plugins = yield* IdentityPlugins
    return handlers.handleAll({
      backends: () => Effect.succeed({ data: ["wazo_user", "ldap_user", ...plugins.backends] }),
      status: () =>
        sql`select 1`.pipe(
          Effect.asVoid,
          Effect.timeout("2 seconds"),
          Effect.mapError(() => undefined)
        )
    })
  })
)

/** Authentication methods, configuration, backends and status (contracts/auth.md 16). */
export const serviceHandlers = Layer.mergeAll(idp, configuration, service)
