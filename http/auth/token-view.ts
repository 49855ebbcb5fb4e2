import type { LiveToken } from "../../actors/identity/tokens.ts"
import type { TokenView } from "../../schemas/auth/models.ts"

/** The token as the answer to its own creation: all times with microseconds (contracts/auth.md 6). */
export const createdTokenView = (token: LiveToken, platformUuid: string): typeof TokenView.Type => ({
  ...common(token, platformUuid),
  issued_at: `${localSeconds(token.issuedAt)}.${micros(token.issuedAt)}`,
  expires_at: `${localSeconds(token.expiresAt)}.${micros(token.expiresAt)}`,
  utc_issued_at: `${utcSeconds(token.issuedAt)}.${micros(token.issuedAt)}`,
  utc_expires_at: `${utcSeconds(token.expiresAt)}.${micros(token.expiresAt)}`
})

/** The token as it is looked up later: whole seconds; local times without a fraction, UTC times with six zeros. */
export const knownTokenView = (token: LiveToken, platformUuid: string): typeof TokenView.Type => ({
  ...common(token, platformUuid),
  issued_at: localSeconds(token.issuedAt),
  expires_at: localSeconds(token.expiresAt),
  utc_issued_at: `${utcSeconds(token.issuedAt)}.000000`,
  utc_expires_at: `${utcSeconds(token.expiresAt)}.000000`
})

const common = (token: LiveToken, platformUuid: string) => {
  const pbxUserUuid = token.metadata["pbx_user_uuid"]
  return {
    token: token.id,
    auth_id: token.authId,
    xivo_user_uuid: typeof pbxUserUuid === "string" ? pbxUserUuid : null,
    xivo_uuid: platformUuid,
    acl: token.acl,
    metadata: token.metadata,
    session_uuid: token.sessionUuid,
    remote_addr: token.remoteAddress,
    user_agent: token.userAgent
  }
}

const utcSeconds = (at: number): string => new Date(at).toISOString().slice(0, 19)

/** The server's local time, which the names without `utc` have always been. */
const localSeconds = (at: number): string => utcSeconds(at - new Date(at).getTimezoneOffset() * 60_000)

const micros = (at: number): string => `${String(at % 1000).padStart(3, "0")}000`
