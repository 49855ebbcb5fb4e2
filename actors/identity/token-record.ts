import { hash } from "node:crypto"
import { type AclSubject, type CompiledAcl, compileAcl } from "./acl.ts"
import type { LiveToken } from "./tokens.ts"

/** A row of `auth_token` with its session's tenant. */
export interface TokenRow {
  readonly session_uuid: string
  readonly auth_id: string
  readonly issued_at: Date
  readonly expires_at: Date
  readonly acl: ReadonlyArray<string>
  readonly metadata: Readonly<Record<string, unknown>>
  readonly user_agent: string
  readonly remote_address: string
  readonly tenant_uuid: string
}

/** What the database knows of a token or a refresh token. They are random: a plain hash tells nothing. */
export const tokenHash = (id: string): string => hash("sha256", id, "base64url")

export const liveToken = (id: string, row: TokenRow): LiveToken => {
  const acl = sharedAcl(row.acl)
  const subject: AclSubject = { authId: row.auth_id, sessionUuid: row.session_uuid }
  return {
    id,
    sessionUuid: row.session_uuid,
    authId: row.auth_id,
    userUuid: typeof row.metadata["uuid"] === "string" ? row.metadata["uuid"] : null,
    tenantUuid: row.tenant_uuid,
    acl: acl.accesses,
    metadata: row.metadata,
    issuedAt: row.issued_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    userAgent: row.user_agent,
    remoteAddress: row.remote_address,
    allows: (required) => acl.matches(required, subject)
  }
}

/** Most tokens have one of a few lists of accesses: each list is compiled once and shared. */
const sharedAcl = (accesses: ReadonlyArray<string>): CompiledAcl => {
  const key = JSON.stringify(accesses)
  const known = compiled.get(key)
  if (known) return known
  if (key.length > maxSharedLength) return compileAcl(accesses)
  if (compiled.size >= maxCompiled) compiled.clear()
  const acl = compileAcl(accesses)
  compiled.set(key, acl)
  return acl
}

const maxCompiled = 1_000
const maxSharedLength = 100_000
const compiled = new Map<string, CompiledAcl>()
