import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig, namesOff } from "../../runtime/config.ts"
import { authUserExternalAuthAuthorized } from "../../schemas/events/auth.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { awaitHandover } from "./external-broker.ts"

/** Credentials of a user at another service: whatever JSON the type needs. */
export type CredentialData = Readonly<Record<string, unknown>>

/** A type of external account that a plugin brings. */
export interface ExternalPlugin {
  /** Shown beside the type in a user's list. */
  readonly info: CredentialData
  /** Of a user's credentials what may be shown; by default nothing. */
  readonly shown: (data: CredentialData) => CredentialData
}

/** What plugins for further types of external accounts are given (contracts/auth.md 15). */
export class ExternalPlugins extends Context.Service<
  ExternalPlugins,
  {
    /** The types that `STROWGER_ENABLED_EXTERNAL_AUTH_PLUGINS` switches off: nobody is offered them. */
    readonly switchedOff: ReadonlyArray<string>
    /** Offers a type to every user, unless it is switched off. */
    readonly offer: (type: string, plugin?: Partial<ExternalPlugin>) => Effect.Effect<void>
    readonly of: (type: string) => ExternalPlugin
    /** Where the broker takes browsers back for a type. */
    readonly redirectUrl: (type: string) => string
    /**
     * Waits at the broker, in the background and at most `STROWGER_OAUTH_TIMEOUT`, for what a browser brings back
     * for a state; then runs `use` and announces that the user is authorised. Ends with the runtime.
     */
    readonly onReturn: <E>(
      type: string,
      userUuid: string,
      state: string,
      use: (returned: URLSearchParams) => Effect.Effect<void, E>
    ) => Effect.Effect<void>
  }
>()("strowger/actors/identity/ExternalPlugins") {
  static readonly layer: Layer.Layer<ExternalPlugins, never, SqlClient.SqlClient | AppConfig | Transactions> =
    Layer.effect(
      ExternalPlugins,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const config = yield* AppConfig
        const transactions = yield* Transactions
        const scope = yield* Effect.scope
        const plugins = new Map<string, ExternalPlugin>()
        const switchedOff = namesOff(config.enabledExternalPlugins)

        const announce = (type: string, userUuid: string) =>
          transactions.run(
            Effect.fnUntraced(function* (changes) {
              const [user] = yield* sql<{ tenant_uuid: string }>`
              select tenant_uuid from auth_user where uuid = ${userUuid}`
              if (user === undefined) return
              changes.emit(
                authUserExternalAuthAuthorized,
                { tenantUuid: user.tenant_uuid, userUuids: [userUuid] },
                { user_uuid: userUuid, external_auth_name: type }
              )
            })
          )

        const offer = Effect.fnUntraced(function* (type: string, plugin: Partial<ExternalPlugin> = {}) {
          if (switchedOff.includes(type)) return
          yield* sql`
          insert into auth_external_type ${sql.insert({ name: type, enabled: true })}
          on conflict (name) do update set enabled = true`
          plugins.set(type, { ...plain, ...plugin })
        }, dieOnSqlError)

        return {
          switchedOff,
          offer,
          of: (type) => plugins.get(type) ?? plain,
          redirectUrl: (type) => config.oauthRedirectUrl.replace("{auth_type}", encodeURIComponent(type)),
          onReturn: (type, userUuid, state, use) =>
            awaitHandover(
              config.oauthBrokerUrl.replace("{state}", encodeURIComponent(state)),
              () => {},
              (returned) => returned.size > 0 && (returned.get("state") ?? state) === state
            ).pipe(
              Effect.timeout(config.oauthTimeout),
              Effect.flatMap(use),
              Effect.andThen(announce(type, userUuid)),
              Effect.catchCause((cause) =>
                Effect.logWarning("An external account was not authorised", cause).pipe(
                  Effect.annotateLogs({ type, user: userUuid })
                )
              ),
              Effect.forkIn(scope),
              Effect.asVoid
            )
        }
      })
    )
}

const plain: ExternalPlugin = { info: {}, shown: () => ({}) }
