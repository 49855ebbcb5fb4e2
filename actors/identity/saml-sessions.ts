import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { createHash, createPrivateKey, randomBytes } from "node:crypto"
import { AppConfig, millis } from "../../runtime/config.ts"
import { readKnobFile } from "../../runtime/knob-file.ts"
import {
  authenticationFailed,
  type Invalid,
  type NotFound,
  type ReasonNotFound,
  type ReasonUnauthorized,
  unknownToken
} from "../../schemas/auth/errors.ts"
import {
  samlConfigurationError,
  samlContextNotFound,
  type SamlFailed,
  samlInvalid,
  samlProcessingError
} from "../../schemas/auth/saml.ts"
import { type Account, Accounts } from "./accounts.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { isWithinDomain } from "./link-host.ts"
import {
  loginRequest,
  logoutRequest,
  readLoginResponse,
  readLogoutResponse,
  type SamlSubject
} from "./saml-client.ts"
import { type SamlConfiguration, SamlConfigurations } from "./saml-configurations.ts"
import { Sessions } from "./sessions.ts"
import { tokenHash } from "./token-record.ts"
import { Tokens } from "./tokens.ts"

/**
 * Logins by way of a browser and an identity provider (contracts/auth.md 14): pending until the browser brings back
 * a trustworthy answer, then good for one token.
 *
 * **Details**
 * The database holds the SHA-256 of `saml_session_id`, which is the RelayState of the login; the id itself only its
 * client knows. A session belongs to the token that was made with it: a logout finds it by that token alone.
 */
export class SamlSessions extends Context.Service<
  SamlSessions,
  {
    /** Where to send the browser, and the id to ask a token for later. */
    readonly begin: (
      domain: string,
      redirectUrl: string
    ) => Effect.Effect<{ readonly location: string; readonly saml_session_id: string }, Invalid | SamlFailed>
    /** Takes the provider's answer; gives where to send the browser now, whether it was accepted or not. */
    readonly accept: (relayState: string, response: string) => Effect.Effect<string, NotFound>
    /** The account that a session was logged in for; `redeem` belongs into the transaction that makes the token. */
    readonly verify: (id: string) => Effect.Effect<SamlAdmission, ReasonUnauthorized>
    /** Ends a token, and gives where to send the browser to log out at the provider. */
    readonly logOut: (tokenId: string) => Effect.Effect<string, NotFound | ReasonNotFound>
    /** Takes the provider's answer to a logout; gives where to send the browser now. */
    readonly endLogout: (query: string) => Effect.Effect<string, SamlFailed>
    /** Removes what is too old. */
    readonly sweep: Effect.Effect<void>
  }
>()("strowger/actors/identity/SamlSessions") {
  static readonly layer: Layer.Layer<
    SamlSessions,
    never,
    SqlClient.SqlClient | AppConfig | Accounts | SamlConfigurations | Sessions | Tokens
  > = Layer.effect(
    SamlSessions,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const config = yield* AppConfig
      const accounts = yield* Accounts
      const configurations = yield* SamlConfigurations
      const sessions = yield* Sessions
      const tokens = yield* Tokens
      const privateKey = yield* signingKey(config.samlKeyFile)
      const trustedOrigins = config.samlRedirectOrigins.split(/[\s,]+/).filter((origin) => origin !== "")
      const oldestPending = () => new Date(Date.now() - millis(config.samlLoginTimeout))

      const mayRedirect = Effect.fnUntraced(function* (configuration: SamlConfiguration, url: URL) {
        if (url.username !== "" || url.password !== "") return false
        if (trustedOrigins.includes(originOf(url))) return true
        if (url.protocol !== "https:" && url.protocol !== "http:") return false
        if (URL.canParse(configuration.acsUrl) && new URL(configuration.acsUrl).host === url.host) return true
        const domains = yield* sql<{ name: string }>`
          select name from auth_tenant_domain where tenant_uuid = ${configuration.tenantUuid}`
        return domains.some(({ name }) => isWithinDomain(url.hostname, name))
      })

      const begin = Effect.fnUntraced(function* (domain: string, redirectUrl: string) {
        const configuration = yield* configurations.ofDomain(domain)
        if (configuration === undefined) return yield* samlConfigurationError(domain)
        const url = URL.canParse(redirectUrl) ? new URL(redirectUrl) : undefined
        if (!url || !(yield* mayRedirect(configuration, url))) return yield* samlInvalid("redirect_url")
        const id = randomBytes(16).toString("base64url")
        const { location, ...request } = yield* loginRequest(
          configuration,
          privateKey,
          relayStateOf(id)
        ).pipe(Effect.catch(() => Effect.fail(samlConfigurationError(domain))))
        yield* sql`insert into auth_saml_session ${sql.insert({
          relay_state: relayStateOf(id),
          request_id: request.id,
          tenant_uuid: configuration.tenantUuid,
          redirect_url: url.href,
          started_at: new Date()
        })}`
        return { location, saml_session_id: id }
      }, dieOnSqlError)

      const accept = Effect.fnUntraced(function* (relayState: string, response: string) {
        const [session] = yield* sql<SamlSession>`
          select * from auth_saml_session where relay_state = ${printable(relayState)}
            and (login is not null or started_at > ${oldestPending()})`
        if (session === undefined) return yield* samlContextNotFound()
        const refused = withQuery(session.redirect_url, "login_failure_code", "500")
        // A response counts once: who is logged in stays so whatever comes later.
        if (session.login !== null) return refused
        const configuration = yield* configurations.ofTenant(session.tenant_uuid)
        const answer =
          configuration &&
          (yield* readLoginResponse(
            configuration,
            { id: session.request_id, startedAt: session.started_at },
            response
          ).pipe(
            Effect.tapError(({ reason }) =>
              Effect.logInfo("A SAML response was refused").pipe(
                Effect.annotateLogs({ tenant: session.tenant_uuid, reason })
              )
            ),
            Effect.orElseSucceed(() => undefined)
          ))
        if (answer === undefined) {
          yield* sql`
            delete from auth_saml_session where relay_state = ${session.relay_state} and login is null`
          return refused
        }
        const accepted = yield* sql`
          update auth_saml_session
          set login = ${answer.login}, subject = ${JSON.stringify(answer.subject)}
          where relay_state = ${session.relay_state} and login is null returning relay_state`
        return accepted.length > 0 ? session.redirect_url : refused
      }, dieOnSqlError)

      const verify = Effect.fnUntraced(function* (id: string) {
        const [session] = yield* sql<SamlSession>`
          select * from auth_saml_session
          where relay_state = ${relayStateOf(id)} and login is not null and session_uuid is null
            and started_at > ${oldestPending()}`
        const account = session?.login ? yield* accounts.byLogin(session.login) : undefined
        // The provider speaks for the users of its own tenant alone.
        if (!session?.login || account?.tenantUuid !== session.tenant_uuid) {
          return yield* authenticationFailed()
        }
        const redeem = Effect.fnUntraced(function* (sessionUuid: string, refreshTokenUuid?: string) {
          const redeemed = yield* sql`
            update auth_saml_session
            set session_uuid = ${sessionUuid}, refresh_token_uuid = ${refreshTokenUuid ?? null}
            where relay_state = ${session.relay_state} and session_uuid is null returning relay_state`
          if (redeemed.length === 0) return yield* authenticationFailed()
        })
        return { account, login: session.login, redeem }
      }, dieOnSqlError)

      const logOut = Effect.fnUntraced(function* (tokenId: string) {
        const token = yield* tokens.find(tokenId)
        if (token === undefined) return yield* unknownToken()
        const [session] = yield* sql<SamlSession>`
          select s.* from auth_saml_session s join auth_token t
            on s.refresh_token_uuid = t.refresh_token_uuid or s.session_uuid = t.session_uuid
          where t.token_hash = ${tokenHash(token.id)} and s.login is not null
          order by s.session_uuid = t.session_uuid desc, s.started_at desc limit 1`
        if (session === undefined) return yield* samlContextNotFound()
        const location = yield* startLogout(session)
        yield* sessions.revokeToken(token.id)
        return location
      }, dieOnSqlError)

      /** Without a logout at the provider the session simply ends. */
      const startLogout = Effect.fnUntraced(function* (session: SamlSession) {
        const configuration = yield* configurations.ofTenant(session.tenant_uuid)
        const relayState = randomBytes(32).toString("base64url")
        const request =
          configuration?.provider.logoutUrl === undefined || session.subject === null
            ? undefined
            : yield* logoutRequest(configuration, privateKey, session.subject, relayState).pipe(
                Effect.orElseSucceed(() => undefined)
              )
        if (request === undefined) {
          yield* sql`delete from auth_saml_session where relay_state = ${session.relay_state}`
          return withQuery(session.redirect_url, "logged_out", "true")
        }
        yield* sql`
          update auth_saml_session
          set logout_relay_state = ${relayState}, logout_request_id = ${request.id}
          where relay_state = ${session.relay_state}`
        return request.location
      })

      const endLogout = Effect.fnUntraced(function* (query: string) {
        const relayState = new URLSearchParams(query).get("RelayState") ?? ""
        const [session] = yield* sql<SamlSession>`
          select * from auth_saml_session where logout_relay_state = ${printable(relayState)}`
        const configuration = session && (yield* configurations.ofTenant(session.tenant_uuid))
        if (!session || !configuration) return yield* samlProcessingError("Context not found")
        yield* readLogoutResponse(
          configuration,
          { id: session.logout_request_id ?? "", startedAt: session.started_at },
          query
        ).pipe(Effect.catch(() => Effect.fail(samlProcessingError("The logout response was refused"))))
        yield* sql`delete from auth_saml_session where relay_state = ${session.relay_state}`
        return withQuery(session.redirect_url, "logged_out", "true")
      }, dieOnSqlError)

      const sweep = Effect.suspend(() =>
        Effect.asVoid(
          dieOnSqlError(sql`
            delete from auth_saml_session
            where started_at <= ${new Date(Date.now() - millis(config.samlSessionLifetime))}
              or (session_uuid is null and started_at <= ${oldestPending()})`)
        )
      )
      return { begin, accept, verify, logOut, endLogout, sweep }
    })
  )
}

/** Who a SAML session lets in, once. */
export interface SamlAdmission {
  readonly account: Account
  readonly login: string
  readonly redeem: (
    sessionUuid: string,
    refreshTokenUuid?: string
  ) => Effect.Effect<void, ReasonUnauthorized | SqlError.SqlError>
}

interface SamlSession {
  readonly relay_state: string
  readonly request_id: string
  readonly tenant_uuid: string
  readonly redirect_url: string
  readonly started_at: Date
  readonly login: string | null
  readonly subject: SamlSubject | null
  readonly logout_request_id: string | null
}

/** The key of `STROWGER_SAML_KEY_FILE`; a file without one stops the start. */
const signingKey = (file: string) =>
  Effect.tap(readKnobFile("STROWGER_SAML_KEY_FILE", file), (text) =>
    Effect.try({
      try: () => text && createPrivateKey(text),
      catch: () => new Error(`STROWGER_SAML_KEY_FILE: no private key in ${file}`)
    }).pipe(Effect.orDie)
  )

const relayStateOf = (id: string): string => `${createHash("sha256").update(id).digest("base64url")}=`

/** PostgreSQL has no text with this character. */
const printable = (text: string): string => text.replaceAll("\0", "")

const originOf = (url: URL): string => `${url.protocol}//${url.host}`

const withQuery = (address: string, name: string, value: string): string => {
  const url = new URL(address)
  url.searchParams.set(name, value)
  return url.href
}
