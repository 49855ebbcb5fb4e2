import { Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { AppConfig } from "../../runtime/config.ts"
import { authenticationFailed, type NotFound, type ReasonUnauthorized } from "../../schemas/auth/errors.ts"
import type { TokenBody } from "../../schemas/auth/models.ts"
import { type Account, Accounts } from "./accounts.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { LdapLogin } from "./ldap-login.ts"
import { Passwords } from "./passwords.ts"
import { IdentityPlugins } from "./plugins.ts"
import { SamlSessions } from "./saml-sessions.ts"

/** What a client gives to get a token (contracts/auth.md 6). */
export interface LoginAttempt {
  /** From Basic authentication; both parts non-empty. */
  readonly credentials: { readonly login: string; readonly password: string } | undefined
  readonly body: TokenBody
  readonly mobile: boolean
  readonly userAgent: string
  readonly remoteAddress: string
}

/** Who was recognised, and by which login. */
export interface Recognised {
  readonly account: Account
  readonly login: string
  /** What is used up by the login, in the transaction that makes its token; may still refuse it. */
  readonly redeem?:
    | ((
        sessionUuid: string,
        refreshTokenUuid?: string
      ) => Effect.Effect<void, ReasonUnauthorized | SqlError.SqlError>)
    | undefined
}

/**
 * A way to authenticate (contracts/auth.md 16). Of the providers that accept an attempt the one with the lowest
 * priority number verifies it, and nobody else is asked.
 */
export interface IdentityProvider {
  /** The authentication method that a user must have for this provider's word to count. */
  readonly method: string
  readonly priority: number
  readonly accepts: (attempt: LoginAttempt) => boolean
  readonly verify: (attempt: LoginAttempt) => Effect.Effect<Recognised, ReasonUnauthorized | NotFound>
}

/** The providers that are loaded, by priority. */
export class IdentityProviders extends Context.Service<
  IdentityProviders,
  { readonly providers: ReadonlyArray<IdentityProvider> }
>()("strowger/actors/identity/IdentityProviders") {
  /** Native passwords, LDAP, SAML, and those of plugins: what `STROWGER_IDP_PLUGINS` leaves of them. */
  static readonly layer: Layer.Layer<
    IdentityProviders,
    never,
    AppConfig | Accounts | Passwords | LdapLogin | SamlSessions | IdentityPlugins
  > = Layer.effect(
    IdentityProviders,
    Effect.gen(function* () {
      const native = yield* nativeProvider
      const ldap = yield* ldapProvider
      const saml = yield* samlProvider
      const plugins = yield* pluginProviders
      const { backendOf, backends } = yield* IdentityPlugins
      const { idpPlugins } = yield* AppConfig
      const enabled = [native, ldap, saml, ...plugins].filter(
        ({ method }) => idpPlugins[method]?.enabled !== false && backends.includes(backendOf(method))
      )
      return {
        providers: byPriority(
          enabled.map(
            (provider): IdentityProvider => ({
              ...provider,
              priority: idpPlugins[provider.method]?.priority ?? provider.priority
            })
          )
        )
      }
    })
  )
}

export const byPriority = (providers: ReadonlyArray<IdentityProvider>): ReadonlyArray<IdentityProvider> =>
  providers.toSorted((left, right) => left.priority - right.priority)

/** A plugin recognises a login; the user behind it is one of ours. */
const pluginProviders = Effect.gen(function* () {
  const accounts = yield* Accounts
  const plugins = yield* IdentityPlugins
  return plugins.providers.map(
    (provider): IdentityProvider => ({
      method: provider.method,
      priority: provider.priority ?? 100,
      accepts: (attempt) => plugins.accepts(provider, attempt),
      verify: Effect.fnUntraced(function* (attempt: LoginAttempt) {
        const login = yield* plugins.verify(provider, attempt)
        const account = yield* accounts.byLogin(login)
        return account === undefined ? yield* authenticationFailed() : { account, login }
      }, dieOnSqlError)
    })
  )
})

/** Username or confirmed email address, and the password kept here. Comes after all others. */
const nativeProvider = Effect.gen(function* () {
  const accounts = yield* Accounts
  const passwords = yield* Passwords
  const verify = Effect.fnUntraced(function* ({ credentials }: LoginAttempt) {
    if (credentials === undefined) return yield* authenticationFailed()
    const { login, password } = credentials
    const account = yield* accounts.byLogin(login)
    const check = yield* passwords.check(password, account?.passwordHash ?? undefined)
    if (account === undefined || !check.matches) return yield* authenticationFailed()
    if (check.outdated) yield* accounts.rehash(account, yield* passwords.hash(password))
    return { account, login }
  }, dieOnSqlError)
  return {
    method: "native",
    priority: 1_000,
    accepts: ({ credentials }: LoginAttempt) => credentials !== undefined,
    verify
  } satisfies IdentityProvider
})

/** The directory of a tenant, named by a domain or by uuid or slug. */
const ldapProvider = Effect.map(
  LdapLogin,
  ({ verify }): IdentityProvider => ({
    method: "ldap",
    priority: 2,
    accepts: ({ credentials, body }) =>
      credentials !== undefined && (body.domain_name !== undefined || body.tenant_id !== undefined),
    verify: ({ credentials, body: { domain_name, tenant_id } }) =>
      credentials === undefined
        ? Effect.fail(authenticationFailed())
        : verify(
            credentials,
            domain_name === undefined ? { tenant: tenant_id ?? "" } : { domain: domain_name }
          )
  })
)

/** A login that a browser has brought back from the tenant's identity provider. */
const samlProvider = Effect.map(
  SamlSessions,
  ({ verify }): IdentityProvider => ({
    method: "saml",
    priority: 1,
    accepts: ({ body }) => body.saml_session_id !== undefined,
    verify: ({ body: { saml_session_id } }) => verify(saml_session_id ?? "")
  })
)
