import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { AppConfig, millis } from "../../runtime/config.ts"
import { Platform } from "../../runtime/platform.ts"
import {
  authenticationFailed,
  type NotFound,
  type ReasonTooMany,
  ReasonUnauthorized,
  tooManySessions
} from "../../schemas/auth/errors.ts"
import { longestTokenLifetime } from "../../schemas/auth/models.ts"
import { type Account, Accounts } from "./accounts.ts"
import { type Changes, Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError, onConstraint } from "../../runtime/database/sql-errors.ts"
import { IdentityProviders, type LoginAttempt, type Recognised } from "./identity-providers.ts"
import type { PluginUser } from "./plugin.ts"
import { IdentityPlugins } from "./plugins.ts"
import { Policies } from "./policies.ts"
import { type PresentedRefreshToken, RefreshTokens } from "./refresh-tokens.ts"
import { Sessions } from "./sessions.ts"
import { LoginThrottle } from "./throttle.ts"
import type { LiveToken } from "./tokens.ts"

/** The outcome of a login. */
export interface Admission {
  readonly token: LiveToken
  /** Only when offline access was asked for. */
  readonly refreshToken?: string
  /** Sessions that this login ended. */
  readonly sessionsRevoked: number
}

/** Why nobody was let in. */
export type LoginRefusal = ReasonUnauthorized | NotFound | ReasonTooMany

/**
 * Turns credentials into a token (contracts/auth.md 6): a refresh token first, else the first identity provider that
 * accepts the attempt. A user's method must be the provider's.
 */
export class Authentication extends Context.Service<
  Authentication,
  { readonly login: (attempt: LoginAttempt) => Effect.Effect<Admission, LoginRefusal> }
>()("strowger/actors/identity/Authentication") {
  static readonly layer: Layer.Layer<
    Authentication,
    never,
    | SqlClient.SqlClient
    | AppConfig
    | Platform
    | Accounts
    | IdentityProviders
    | Policies
    | RefreshTokens
    | Sessions
    | Transactions
    | LoginThrottle
    | IdentityPlugins
  > = Layer.effect(
    Authentication,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const config = yield* AppConfig
      const platform = yield* Platform
      const accounts = yield* Accounts
      const { providers } = yield* IdentityProviders
      const policies = yield* Policies
      const refreshTokens = yield* RefreshTokens
      const sessions = yield* Sessions
      const transactions = yield* Transactions
      const throttle = yield* LoginThrottle
      const plugins = yield* IdentityPlugins

      const byRefreshToken = Effect.fnUntraced(function* (secret: string, clientId: string) {
        const presented = yield* refreshTokens.find(secret.toLowerCase(), clientId)
        const account = presented && (yield* accounts.byUuid(presented.userUuid))
        if (!presented || !account || !providers.some(({ method }) => method === account.method)) {
          return yield* authenticationFailed()
        }
        return { account, login: presented.login, redeem: undefined, refreshed: presented }
      }, dieOnSqlError)

      const byProvider = Effect.fnUntraced(function* (attempt: LoginAttempt) {
        const provider = providers.find(({ accepts }) => accepts(attempt))
        if (provider === undefined) return yield* authenticationFailed()
        const recognised = yield* provider.verify(attempt)
        if (recognised.account.method !== provider.method) return yield* authenticationFailed()
        return { ...recognised, refreshed: undefined }
      })

      /** Whoever guesses is refused before any work is done for him. */
      const throttled = <A, E>(
        { credentials, remoteAddress }: LoginAttempt,
        recognition: Effect.Effect<A, E | ReasonUnauthorized>
      ) => {
        if (credentials === undefined) return recognition
        const { login } = credentials
        return throttle.check(login, remoteAddress).pipe(
          Effect.andThen(
            Effect.tapError(recognition, (error) =>
              error instanceof ReasonUnauthorized ? throttle.failed(login, remoteAddress) : Effect.void
            )
          ),
          Effect.tap(() => throttle.succeeded(login))
        )
      }

      const recognise = (attempt: LoginAttempt) => {
        const { refresh_token, client_id } = attempt.body
        return refresh_token !== undefined && client_id !== undefined
          ? byRefreshToken(refresh_token, client_id)
          : throttled(attempt, byProvider(attempt))
      }

      /** Only when `STROWGER_USER_ADMIN_STATUS` is on. */
      const adminStatusOf = Effect.fnUntraced(function* ({ uuid }: Account) {
        if (!config.userAdminStatus) return {}
        const rows = yield* sql`
          select 1 from auth_user_policy up join auth_policy p on p.uuid = up.policy_uuid
          where up.user_uuid = ${uuid} and p.slug = 'wazo_default_admin_policy'
          union select 1 from auth_group_user gu join auth_group g on g.uuid = gu.group_uuid
          where gu.user_uuid = ${uuid} and g.slug = 'wazo_default_admin_group'`
        return { admin: rows.length > 0 }
      }, dieOnSqlError)

      /**
       * Logins of one user come one after the other, so that two cannot both take the last place, and none slips
       * in beside the user being disabled or deleted.
       */
      const takePlace = Effect.fnUntraced(function* (account: Account) {
        const [still] =
          yield* sql`select 1 from auth_user where uuid = ${account.uuid} and enabled for update`
        if (still === undefined) return yield* authenticationFailed()
        if (account.purpose === "internal") return
        if ((yield* sessions.countOf(account.uuid)) >= config.maxSessions) return yield* tooManySessions()
      })

      const issueRefreshToken = (
        changes: Changes,
        { account, login }: Recognised,
        { body, mobile, userAgent, remoteAddress }: LoginAttempt
      ) =>
        body.access_type === "offline" && body.client_id !== undefined
          ? refreshTokens.issue(changes, account, {
              clientId: body.client_id,
              login,
              mobile,
              userAgent,
              remoteAddress
            })
          : Effect.undefined

      const requestOf = (
        { account, refreshed }: Admitted,
        { body, mobile, userAgent, remoteAddress }: LoginAttempt,
        told: Metadata
      ) => ({
        tenantUuid: account.tenantUuid,
        metadata: { ...refreshed?.metadata, ...told, ...metadataOf(account, platform.uuid) },
        mobile,
        lifetimeSeconds: body.expiration ?? defaultLifetime,
        userAgent,
        remoteAddress
      })

      /**
       * The usual login: no refresh token to make, nothing to use up, no plugin to ask. Undefined when it is not, or
       * when the user comes near the limit of sessions: then they are counted with care.
       */
      const admitAtOnce = Effect.fnUntraced(function* (
        admitted: Admitted,
        attempt: LoginAttempt,
        told: Metadata
      ) {
        const { account, refreshed, redeem } = admitted
        const { access_type } = attempt.body
        if (access_type === "offline" || redeem || plugins.decidesAccesses(account.method)) return undefined
        const fewerThan = account.purpose === "internal" ? undefined : config.maxSessions - loginsAtOnce
        if (fewerThan !== undefined && fewerThan <= 0) return undefined
        const request = requestOf(admitted, attempt, told)
        return yield* sessions
          .beginAtOnce(refreshed === undefined ? request : { ...request, refreshTokenUuid: refreshed.uuid }, {
            userUuid: account.uuid,
            fewerThan,
            accesses: policies.accessesIn(account.uuid, plugins.backendOf(account.method))
          })
          .pipe(onRefreshTokenGone, dieOnSqlError)
      })

      const admit = Effect.fnUntraced(function* (
        admitted: Admitted,
        attempt: LoginAttempt,
        user: PluginUser,
        told: Metadata
      ) {
        const { account, refreshed, redeem } = admitted
        const usual = yield* policies.accessesOf(account.uuid, plugins.backendOf(account.method))
        const acl = yield* plugins.accessesOf(account.method, user, usual)
        const kept =
          attempt.body.access_type === "offline"
            ? yield* plugins.persistentMetadataOf(account.method, user)
            : {}
        return yield* transactions.run(
          Effect.fnUntraced(function* (changes) {
            yield* takePlace(account)
            const issued = yield* issueRefreshToken(changes, admitted, attempt)
            const refreshTokenUuid = issued?.uuid ?? refreshed?.uuid
            if (issued !== undefined && Object.keys(kept).length > 0) {
              yield* sql`
                update auth_refresh_token set metadata = ${JSON.stringify(kept)}::jsonb where uuid = ${issued.uuid}`
            }
            const token = yield* sessions
              .begin(changes, {
                ...requestOf(admitted, attempt, { ...kept, ...told }),
                authId: account.uuid,
                acl,
                ...(refreshTokenUuid === undefined ? {} : { refreshTokenUuid })
              })
              .pipe(onRefreshTokenGone)
            if (redeem) yield* redeem(token.sessionUuid, refreshTokenUuid)
            return {
              token,
              sessionsRevoked: issued?.sessionsRevoked ?? 0,
              ...(issued === undefined ? {} : { refreshToken: issued.secret })
            }
          })
        )
      })

      const login = Effect.fnUntraced(function* (attempt: LoginAttempt) {
        const admitted: Admitted = yield* recognise(attempt)
        const { account } = admitted
        const user = {
          uuid: account.uuid,
          tenantUuid: account.tenantUuid,
          purpose: account.purpose,
          login: admitted.login
        }
        const told = {
          ...(yield* plugins.metadataOf(account.method, user)),
          ...(yield* adminStatusOf(account))
        }
        const token = yield* admitAtOnce(admitted, attempt, told)
        return token === undefined
          ? yield* admit(admitted, attempt, user, told)
          : { token, sessionsRevoked: 0 }
      })

      const defaultLifetime = Math.min(
        longestTokenLifetime,
        Math.max(1, Math.round(millis(config.tokenLifetime) / 1000))
      )

      return {
        login: (attempt) =>
          login(attempt).pipe(
            Effect.tapError(() =>
              Effect.logInfo("A login failed").pipe(
                Effect.annotateLogs({
                  login: attempt.credentials?.login ?? "",
                  address: attempt.remoteAddress,
                  userAgent: attempt.userAgent
                })
              )
            )
          )
      }
    })
  )
}

/** More logins of one user are never under way at the same moment, on all nodes together. */
const loginsAtOnce = 50

/** A refresh token that is deleted while it is used lets nobody in. */
const onRefreshTokenGone = onConstraint({ auth_token_refresh_token_uuid_fkey: authenticationFailed })

type Metadata = Readonly<Record<string, unknown>>

/** Who was recognised, by a provider or by a refresh token. */
interface Admitted extends Recognised {
  readonly refreshed: PresentedRefreshToken | undefined
}

/** What a token tells about its user, by purpose (contracts/auth.md 6). */
const metadataOf = (account: Account, platformUuid: string) => ({
  uuid: account.uuid,
  tenant_uuid: account.tenantUuid,
  auth_id: account.uuid,
  pbx_user_uuid: account.purpose === "user" ? account.uuid : null,
  xivo_uuid: platformUuid,
  purpose: account.purpose
})
