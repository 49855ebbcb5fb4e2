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
import { httpPlugins } from "./http-plugins.ts"
import { acsUrlTemplate } from "./saml-handlers.ts"
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
    const plugins = yield* IdentityPlugins
    const { known } = yield* AuthenticationMethods
    let profiling = false
    const view = () => ({
      ...configurationOf(
        config,
        plugins.backends,
        known.filter((method) => method !== "default")
      ),
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
const configurationOf = (
  config: Settings,
  backends: ReadonlyArray<string>,
  methods: ReadonlyArray<string>
) => ({
  rest_api: { listen: config.httpHost, port: config.httpPort, num_proxies: 1, cors: { enabled: true } },
  log_level: config.logLevel.toLowerCase(),
  default_token_lifetime: millis(config.tokenLifetime) / 1000,
  max_user_concurrent_sessions: config.maxSessions,
  token_cleanup_interval: millis(config.sessionSweepInterval) / 1000,
  token_cleanup_batch_size: config.sessionSweepBatch,
  update_policy_on_startup: config.updatePolicies,
  default_user_policy: config.defaultUserPolicy,
  backend_policies: config.backendPolicies,
  default_policies: config.defaultPolicies,
  all_users_policies: config.allUsersPolicies,
  tenant_default_groups: config.defaultGroups,
  password_reset_expiration: millis(config.mailLinkLifetime) / 1000,
  password_reset_from_name: config.mailFromName,
  password_reset_from_address: config.mailFromAddress,
  email_confirmation_expiration: millis(config.mailLinkLifetime) / 1000,
  email_confirmation_from_name: config.mailFromName,
  email_confirmation_from_address: config.mailFromAddress,
  email_notification_plugin: config.mailPlugin,
  smtp: {
    hostname: config.smtpHost,
    port: config.smtpPort,
    username: config.smtpUsername,
    password: Redacted.value(config.smtpPassword) === "" ? "" : "***",
    security: config.smtpSecurity
  },
  email_confirmation_get_mimetype: config.confirmationPageType,
  enabled_http_plugins: {
    ...Object.fromEntries(httpPlugins.map((name) => [name, true])),
    user_registration: config.userRegistration,
    ...config.enabledHttpPlugins
  },
  enabled_backend_plugins: backends,
  enabled_metadata_plugins: {
    default_user: true,
    default_internal: true,
    default_external_api: true,
    ...config.enabledMetadataPlugins
  },
  purpose_metadata_mapping: config.purposeMetadataMapping,
  enabled_external_auth_plugins: ["google", "microsoft", "mobile"].filter(
    (type) => config.enabledExternalPlugins[type] !== false
  ),
  idp_plugins: Object.fromEntries(
    [...methods, ...Object.keys(config.idpPlugins)].map((method) => [
      method,
      { enabled: methods.includes(method), ...config.idpPlugins[method] }
    ])
  ),
  bootstrap_user_username: config.adminUsername,
  oauth2_synchronization_ws_url_template: config.oauthBrokerUrl,
  oauth2_synchronization_redirect_url_template: config.oauthRedirectUrl,
  google: {
    authorization_base_url: config.googleAuthorizationUrl,
    token_url: config.googleTokenUrl,
    scope: config.googleScope,
    redirect_uri: config.oauthRedirectUrl.replace("{auth_type}", "google"),
    websocket_host: config.oauthBrokerUrl.replace(/\/ws\/.*$/, "")
  },
  microsoft: {
    authorization_base_url: config.microsoftAuthorizationUrl,
    token_url: config.microsoftTokenUrl,
    scope: config.microsoftScope,
    redirect_uri: config.oauthRedirectUrl.replace("{auth_type}", "microsoft"),
    websocket_host: config.oauthBrokerUrl.replace(/\/ws\/.*$/, "")
  },
  saml: {
    acs_url_template: acsUrlTemplate,
    key_file: config.samlKeyFile,
    saml_login_timeout_seconds: millis(config.samlLoginTimeout) / 1000,
    saml_session_lifetime_seconds: millis(config.samlSessionLifetime) / 1000
  }
})

const service = HttpApiBuilder.group(
  AuthApi,
  "service",
  Effect.fnUntraced(function* (handlers) {
    const sql = yield* SqlClient.SqlClient
    const plugins = yield* IdentityPlugins
    return handlers.handleAll({
      backends: () => Effect.succeed({ data: plugins.backends }),
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
