import { Context, Deferred, Effect, FiberMap, Layer, Semaphore } from "effect"
import { SqlClient } from "effect/sql"
import { randomInt } from "node:crypto"
import { AppConfig, millis } from "../../runtime/config.ts"
import type { NotFound } from "../../schemas/auth/errors.ts"
import {
  type AuthorizationView,
  type OauthTokenView,
  type OauthType,
  oauthTypes,
  providerUnavailable,
  type ProviderUnavailable,
  unknownExternalAuth
} from "../../schemas/auth/external.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { awaitHandover } from "./external-broker.ts"
import { ExternalConfigs } from "./external-configs.ts"
import { ExternalCredentials } from "./external-credentials.ts"
import {
  authorizationUrl,
  type OauthClient,
  type OauthFailed,
  type OauthGrant,
  type OauthProvider,
  redeemCode,
  refreshGrant
} from "./external-oauth.ts"
import type { CredentialData } from "./external-plugins.ts"

/**
 * Accounts of users at OAuth 2.0 providers (contracts/auth.md 15).
 *
 * **Details**
 * An authorisation waits at the broker for the browser to come back, at most `STROWGER_OAUTH_TIMEOUT`. It is a row
 * of the database too, so a restart goes on waiting; whoever gets the code first, of several nodes, takes the row
 * and trades the code.
 */
export class ExternalAuthorisations extends Context.Service<
  ExternalAuthorisations,
  {
    /** Answers once the broker listens, or could not be reached for 2 seconds (it is tried on). */
    readonly begin: (
      acting: { readonly tenantUuid: string; readonly visible: ReadonlyArray<string> },
      userUuid: string,
      type: OauthType,
      scope: ReadonlyArray<string>
    ) => Effect.Effect<AuthorizationView, NotFound>
    /** An access token good for at least 30 seconds, renewed if need be. */
    readonly token: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      type: OauthType
    ) => Effect.Effect<OauthTokenView, NotFound | ProviderUnavailable>
  }
>()("strowger/actors/identity/ExternalAuthorisations") {
  static readonly layer: Layer.Layer<
    ExternalAuthorisations,
    never,
    SqlClient.SqlClient | AppConfig | Transactions | ExternalConfigs | ExternalCredentials
  > = Layer.effect(
    ExternalAuthorisations,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const config = yield* AppConfig
      const transactions = yield* Transactions
      const configs = yield* ExternalConfigs
      const credentials = yield* ExternalCredentials
      const waits = yield* FiberMap.make<string>()
      const providers = providersOf(config)
      const inTurn = makeTurns()

      const clientOf = Effect.fnUntraced(function* (tenantUuid: string, type: OauthType) {
        const clientId = yield* configs.text(tenantUuid, type, "client_id")
        const clientSecret = yield* configs.text(tenantUuid, type, "client_secret")
        if (clientId === undefined || clientSecret === undefined) return yield* unknownExternalAuth(type)
        return { clientId, clientSecret } satisfies OauthClient
      })

      /** True for one caller only. */
      const claim = (state: string) =>
        Effect.map(
          sql`delete from auth_external_authorisation where state = ${state} returning state`,
          (rows) => rows.length > 0
        )

      const redeem = Effect.fnUntraced(function* (waiting: Waiting, returned: URLSearchParams) {
        if (!(yield* claim(waiting.state))) return
        const client = yield* clientOf(waiting.tenant_uuid, waiting.type)
        const grant = yield* redeemCode(providers[waiting.type], client, returned, waiting.state)
        yield* transactions.run((changes) =>
          credentials.store(changes, waiting.user_uuid, waiting.type, dataOf(grant, waiting.tenant_uuid))
        )
      })

      const wait = (waiting: Waiting, opened: () => void) =>
        awaitHandover(
          config.oauthBrokerUrl.replace("{state}", waiting.state),
          opened,
          (returned) =>
            (returned.has("code") || returned.has("error")) &&
            (returned.get("state") ?? waiting.state) === waiting.state
        ).pipe(
          Effect.timeoutOrElse({
            duration: Math.max(0, waiting.expires_at.getTime() - Date.now()),
            orElse: () => Effect.as(claim(waiting.state), undefined)
          }),
          Effect.flatMap((returned) => (returned === undefined ? Effect.void : redeem(waiting, returned))),
          Effect.catchCause((cause) =>
            Effect.logWarning("An external account was not authorised", cause).pipe(
              Effect.annotateLogs({ type: waiting.type, user: waiting.user_uuid })
            )
          )
        )

      const giveUpOldest = Effect.fnUntraced(function* ({ user_uuid, type }: Waiting) {
        const given = yield* sql<{ state: string }>`
          delete from auth_external_authorisation where state in (
            select state from auth_external_authorisation
            where user_uuid = ${user_uuid} and type = ${type}
            order by expires_at desc offset ${longestQueue})
          returning state`
        yield* Effect.forEach(given, ({ state }) => FiberMap.remove(waits, state), { discard: true })
      })

      const begin = Effect.fnUntraced(function* (
        acting: { readonly tenantUuid: string; readonly visible: ReadonlyArray<string> },
        userUuid: string,
        type: OauthType,
        asked: ReadonlyArray<string>
      ) {
        yield* credentials.requireUser(acting.visible, userUuid)
        const client = yield* clientOf(acting.tenantUuid, type)
        const waiting: Waiting = {
          state: randomState(),
          user_uuid: userUuid,
          tenant_uuid: acting.tenantUuid,
          type,
          expires_at: new Date(Date.now() + millis(config.oauthTimeout))
        }
        yield* sql`insert into auth_external_authorisation ${sql.insert({ ...waiting })}`
        const opened = yield* Deferred.make<void>()
        yield* FiberMap.run(
          waits,
          waiting.state,
          wait(waiting, () => Deferred.doneUnsafe(opened, Effect.void))
        )
        yield* giveUpOldest(waiting)
        yield* Effect.timeoutOption(Deferred.await(opened), "2 seconds")
        const { state } = waiting
        return { authorization_url: authorizationUrl(providers[type], client, asked, state), state }
      }, dieOnSqlError)

      const renew = Effect.fnUntraced(function* (
        visible: ReadonlyArray<string>,
        userUuid: string,
        type: OauthType
      ) {
        // Another request may have renewed it while this one waited its turn.
        const data = yield* credentials.get(visible, userUuid, type)
        if (isGood(data, renewalMargin)) return data
        const { refresh_token, tenant_uuid } = data
        if (typeof refresh_token !== "string" || typeof tenant_uuid !== "string") {
          return yield* unknownExternalAuth(type)
        }
        const client = yield* clientOf(tenant_uuid, type)
        const granted = yield* Effect.result(refreshGrant(providers[type], client, refresh_token))
        if (granted._tag === "Failure") return yield* withoutRenewal(data, type, granted.failure)
        const { scope } = granted.success
        const renewed = dataOf(
          { ...granted.success, scope: scope.length > 0 ? scope : scopeOf(data) },
          tenant_uuid
        )
        yield* credentials.renew(userUuid, type, renewed)
        return renewed
      })

      const token = Effect.fnUntraced(function* (
        visible: ReadonlyArray<string>,
        userUuid: string,
        type: OauthType
      ) {
        const known = yield* credentials.get(visible, userUuid, type)
        const data = isGood(known, renewalMargin)
          ? known
          : yield* inTurn(`${type} ${userUuid}`, renew(visible, userUuid, type))
        return {
          access_token: String(data["access_token"]),
          token_expiration: Number(data["token_expiration"]),
          scope: scopeOf(data)
        }
      })

      yield* sql`delete from auth_external_authorisation where expires_at <= ${new Date()}`.pipe(
        Effect.andThen(sql<Waiting>`select * from auth_external_authorisation`),
        Effect.orDie,
        Effect.flatMap((rows) =>
          Effect.forEach(
            rows,
            (waiting) =>
              FiberMap.run(
                waits,
                waiting.state,
                wait(waiting, () => {})
              ),
            { discard: true }
          )
        )
      )
      return { begin, token }
    })
  )
}

/** An authorisation that a browser has not come back from. */
interface Waiting {
  readonly state: string
  readonly user_uuid: string
  /** The tenant whose registration at the provider is used. */
  readonly tenant_uuid: string
  readonly type: OauthType
  readonly expires_at: Date
}

/** Authorisations of one type that a user may have open at once; the oldest gives way to another. */
const longestQueue = 10

/** What has the same key goes one after the other, so that no refresh token is used twice at once. */
const makeTurns = () => {
  const turns = new Map<string, { readonly semaphore: Semaphore.Semaphore; holders: number }>()
  return <A, E, R>(key: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const turn = turns.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), holders: 0 }
      turns.set(key, turn)
      turn.holders += 1
      const leave = Effect.sync(() => {
        turn.holders -= 1
        if (turn.holders === 0) turns.delete(key)
      })
      return Effect.ensuring(turn.semaphore.withPermits(1)(effect), leave)
    })
}

/** Seconds that a token must still be good for. */
const renewalMargin = 30

const isGood = (data: CredentialData, margin: number): boolean =>
  Number(data["token_expiration"] ?? 0) >= Date.now() / 1000 + margin

const scopeOf = ({ scope }: CredentialData): ReadonlyArray<string> =>
  Array.isArray(scope) ? scope.map(String) : []

const dataOf = (grant: OauthGrant, tenantUuid: string): CredentialData => ({
  ...grant,
  tenant_uuid: tenantUuid
})

/** A token that lives a little longer serves; a provider that refuses has taken the authorisation back. */
const withoutRenewal = (data: CredentialData, type: OauthType, failed: OauthFailed) => {
  if (isGood(data, 0)) return Effect.succeed(data)
  return Effect.fail(failed.refused ? unknownExternalAuth(type) : providerUnavailable(type))
}

const alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
const randomState = () =>
  Array.from({ length: 30 }, () => alphanumerics[randomInt(alphanumerics.length)]).join("")

const providersOf = (config: AppConfig["Service"]): Readonly<Record<OauthType, OauthProvider>> => {
  const [google, microsoft] = oauthTypes.map((type) => config.oauthRedirectUrl.replace("{auth_type}", type))
  return {
    google: {
      authorizationUrl: config.googleAuthorizationUrl,
      tokenUrl: config.googleTokenUrl,
      redirectUrl: google ?? "",
      defaultScope: config.googleScope,
      parameters: { access_type: "offline", prompt: "consent" }
    },
    microsoft: {
      authorizationUrl: config.microsoftAuthorizationUrl,
      tokenUrl: config.microsoftTokenUrl,
      redirectUrl: microsoft ?? "",
      defaultScope: config.microsoftScope,
      parameters: {}
    }
  }
}
