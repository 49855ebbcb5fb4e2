import { Data, Effect } from "effect"
import * as oauth from "oauth4webapi"

/** An OAuth 2.0 provider as an operator knows it. */
export interface OauthProvider {
  readonly authorizationUrl: string
  readonly tokenUrl: string
  readonly redirectUrl: string
  /** Scopes where the client names none. */
  readonly defaultScope: ReadonlyArray<string>
  /** Further parameters of the authorisation request. */
  readonly parameters: Readonly<Record<string, string>>
}

/** A tenant's registration at a provider. */
export interface OauthClient {
  readonly clientId: string
  readonly clientSecret: string
}

/** What a provider granted; times in seconds since the epoch. */
export interface OauthGrant {
  readonly access_token: string
  readonly refresh_token: string | undefined
  readonly token_expiration: number
  readonly scope: ReadonlyArray<string>
}

/** No grant. `refused`: the provider said no, and will again; else it could not be asked. Never carries a secret. */
export class OauthFailed extends Data.TaggedError("OauthFailed")<{
  readonly refused: boolean
  readonly reason: string
}> {
  override get message() {
    return this.reason
  }
}

/** The page where the user consents (RFC 6749 4.1.1). */
export const authorizationUrl = (
  provider: OauthProvider,
  { clientId }: OauthClient,
  scope: ReadonlyArray<string>,
  state: string
): string => {
  const url = new URL(provider.authorizationUrl)
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: provider.redirectUrl,
    scope: (scope.length > 0 ? scope : provider.defaultScope).join(" "),
    state,
    ...provider.parameters
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/**
 * Trades what the browser brought back for tokens (RFC 6749 4.1.2 to 4.1.4). A `state` among it must be the
 * expected one; an `error` is a refusal.
 */
export const redeemCode = (
  provider: OauthProvider,
  client: OauthClient,
  returned: URLSearchParams,
  state: string
): Effect.Effect<OauthGrant, OauthFailed> =>
  attempt(async () => {
    const server = serverOf(provider)
    const registered = { client_id: client.clientId }
    const answer = oauth.validateAuthResponse(
      server,
      registered,
      ofRedirect(returned),
      returned.has("state") ? state : oauth.skipStateCheck
    )
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      registered,
      oauth.ClientSecretPost(client.clientSecret),
      answer,
      provider.redirectUrl,
      oauth.nopkce,
      requestOptions(provider)
    )
    return grantOf(
      await oauth.processAuthorizationCodeResponse(server, registered, await withoutIdToken(response))
    )
  })

/** A new access token for a refresh token (RFC 6749 6). The old refresh token stays where none comes with it. */
export const refreshGrant = (
  provider: OauthProvider,
  client: OauthClient,
  refreshToken: string
): Effect.Effect<OauthGrant, OauthFailed> =>
  attempt(async () => {
    const server = serverOf(provider)
    const registered = { client_id: client.clientId }
    const response = await oauth.refreshTokenGrantRequest(
      server,
      registered,
      oauth.ClientSecretPost(client.clientSecret),
      refreshToken,
      requestOptions(provider)
    )
    const grant = grantOf(
      await oauth.processRefreshTokenResponse(server, registered, await withoutIdToken(response))
    )
    return { ...grant, refresh_token: grant.refresh_token ?? refreshToken }
  })

/** Of a redirect nothing else counts (RFC 6749 4.1.2). */
const ofRedirect = (returned: URLSearchParams): URLSearchParams =>
  new URLSearchParams([...returned].filter(([name]) => redirectParameters.has(name)))

const redirectParameters = new Set(["code", "state", "error", "error_description", "error_uri"])

const attempt = (run: () => Promise<OauthGrant>): Effect.Effect<OauthGrant, OauthFailed> =>
  Effect.tryPromise({ try: run, catch: failure })

const failure = (error: unknown): OauthFailed => {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    return new OauthFailed({ refused: true, reason: error.error })
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "unreachable"
  return new OauthFailed({ refused: false, reason: code })
}

/** Longest time that a provider may take, in milliseconds. */
const timeout = 10_000

const serverOf = ({ tokenUrl }: OauthProvider): oauth.AuthorizationServer => ({
  issuer: new URL(tokenUrl).origin,
  token_endpoint: tokenUrl
})

/** Plain HTTP only where the operator configured it so. */
const requestOptions = ({ tokenUrl }: OauthProvider) => ({
  signal: AbortSignal.timeout(timeout),
  [oauth.allowInsecureRequests]: new URL(tokenUrl).protocol === "http:"
})

/** Identity tokens are not asked for; the scope `openid` brings one that nobody here reads. */
const withoutIdToken = async (response: Response): Promise<Response> => {
  if (!response.ok) return response
  const text = await response.text()
  const { status, headers } = response
  try {
    const { id_token: _, ...body } = JSON.parse(text)
    return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })
  } catch {
    return new Response(text, { status, headers })
  }
}

const grantOf = (answer: oauth.TokenEndpointResponse): OauthGrant => ({
  access_token: answer.access_token,
  refresh_token: answer.refresh_token,
  token_expiration: Math.floor(Date.now() / 1000) + (answer.expires_in ?? 3_600),
  scope: answer.scope?.split(" ").filter((scope) => scope !== "") ?? []
})
