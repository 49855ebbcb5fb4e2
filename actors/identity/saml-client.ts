import { type CacheProvider, type Profile, SAML, ValidateInResponseTo } from "@node-saml/node-saml"
import { Data, Effect } from "effect"
import { parse } from "node:querystring"
import type { SamlConfiguration } from "./saml-configurations.ts"

/** A message that is not what was asked for, or not trustworthy. */
export class SamlRefused extends Data.TaggedError("SamlRefused")<{ readonly reason: string }> {
  override get message() {
    return this.reason
  }
}

/** A request on its way to the identity provider. */
export interface SamlRequest {
  /** What an answer must be in response to. */
  readonly id: string
  readonly location: string
}

/** How the identity provider names the user, kept for the logout. */
export interface SamlSubject {
  readonly nameID: string
  readonly nameIDFormat: string
  readonly nameQualifier?: string
  readonly spNameQualifier?: string
  readonly sessionIndex?: string
}

/** Clocks of two machines may differ by this much, in milliseconds. */
const clockSkew = 60_000

/** The request to log somebody in, as a redirect; signed where there is a key. */
export const loginRequest = (
  configuration: SamlConfiguration,
  privateKey: string | undefined,
  relayState: string
): Effect.Effect<SamlRequest, SamlRefused> =>
  request(configuration, privateKey, (saml) => saml.getAuthorizeUrlAsync(relayState, undefined, {}))

/** The request to log somebody out. Only for a provider with a logout. */
export const logoutRequest = (
  configuration: SamlConfiguration,
  privateKey: string | undefined,
  subject: SamlSubject,
  relayState: string
): Effect.Effect<SamlRequest, SamlRefused> =>
  request(configuration, privateKey, (saml) =>
    saml.getLogoutUrlAsync({ issuer: configuration.provider.entityId, ...subject }, relayState, {})
  )

/**
 * Who the provider says has logged in: the response is signed by a certificate of the metadata, answers exactly
 * `expected`, is for this entity, comes from this provider, and is of now.
 */
export const readLoginResponse = (
  configuration: SamlConfiguration,
  expected: { readonly id: string; readonly startedAt: Date },
  response: string
): Effect.Effect<{ readonly login: string; readonly subject: SamlSubject }, SamlRefused> =>
  attempt(async () => {
    const saml = clientOf(configuration, undefined, onlyAnswerTo(expected))
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: response })
    if (!profile) throw new Error("No assertion")
    if (profile.issuer !== configuration.provider.entityId) throw new Error("Another issuer")
    const login = loginOf(profile)
    if (login === undefined) throw new Error("No attribute called name")
    const subject = subjectOf(profile)
    if (JSON.stringify({ login, subject }).includes("\\u0000")) throw new Error("A name that is no text")
    return { login, subject }
  })

/** Whether the provider says that the logout was done; its signature counts where there is one. */
export const readLogoutResponse = (
  configuration: SamlConfiguration,
  expected: { readonly id: string; readonly startedAt: Date },
  query: string
): Effect.Effect<void, SamlRefused> =>
  attempt(async () => {
    let answered = false
    const cache = onlyAnswerTo(expected, () => {
      answered = true
    })
    const { loggedOut } = await clientOf(configuration, undefined, cache).validateRedirectAsync(
      parse(query),
      query
    )
    if (!loggedOut || !answered) throw new Error("No answer to the logout request")
  })

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, SamlRefused> =>
  Effect.tryPromise({
    try: run,
    catch: (error) => new SamlRefused({ reason: error instanceof Error ? error.message : "unknown" })
  })

const request = (
  configuration: SamlConfiguration,
  privateKey: string | undefined,
  make: (saml: SAML) => Promise<string>
) =>
  attempt(async () => {
    let id = ""
    const cache: CacheProvider = {
      ...nothingKnown,
      saveAsync: async (key, value) => {
        id = key
        return { value, createdAt: Date.now() }
      }
    }
    const location = await make(clientOf(configuration, privateKey, cache))
    return { id, location }
  })

const nothingKnown: CacheProvider = {
  saveAsync: async () => null,
  getAsync: async () => null,
  removeAsync: async () => null
}

/** Knows one request: whatever answers another is refused. */
const onlyAnswerTo = (
  { id, startedAt }: { readonly id: string; readonly startedAt: Date },
  met: () => void = () => {}
): CacheProvider => ({
  ...nothingKnown,
  getAsync: async (key) => {
    if (key !== id) return null
    met()
    return startedAt.toISOString()
  }
})

const clientOf = (
  { entityId, acsUrl, provider }: SamlConfiguration,
  privateKey: string | undefined,
  cacheProvider: CacheProvider
) =>
  new SAML({
    issuer: entityId,
    audience: entityId,
    callbackUrl: acsUrl,
    entryPoint: provider.ssoUrl,
    ...(provider.logoutUrl === undefined ? {} : { logoutUrl: provider.logoutUrl }),
    idpIssuer: provider.entityId,
    idpCert: [...provider.certificates],
    wantAuthnResponseSigned: true,
    // The signature of the whole response covers its assertion.
    wantAssertionsSigned: false,
    validateInResponseTo: ValidateInResponseTo.always,
    // How long a login may take is decided where the session is found.
    requestIdExpirationPeriodMs: Number.MAX_SAFE_INTEGER,
    acceptedClockSkewMs: clockSkew,
    disableRequestedAuthnContext: true,
    identifierFormat: null,
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
    ...(privateKey === undefined ? {} : { privateKey }),
    cacheProvider
  })

const nameAttributes = ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "name"]

/** The first value of the name attribute (contracts/auth.md 14). */
const loginOf = (profile: Profile): string | undefined => {
  const attributes = new Map(Object.entries(profile["attributes"] ?? {}))
  const given = nameAttributes.map((name) => attributes.get(name)).find((value) => value !== undefined)
  const first: unknown = Array.isArray(given) ? given[0] : given
  return typeof first === "string" && first !== "" ? first : undefined
}

const subjectOf = (profile: Profile): SamlSubject => ({
  nameID: profile.nameID,
  nameIDFormat: profile.nameIDFormat,
  ...(profile.nameQualifier === undefined ? {} : { nameQualifier: profile.nameQualifier }),
  ...(profile.spNameQualifier === undefined ? {} : { spNameQualifier: profile.spNameQualifier }),
  ...(profile.sessionIndex === undefined ? {} : { sessionIndex: profile.sessionIndex })
})
