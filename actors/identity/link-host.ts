import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { hostname, networkInterfaces } from "node:os"
import type { LinkBase } from "./mail-queue.ts"
import { TenantTree } from "./tenant-tree.ts"

/**
 * Where the links in a mail to a user of a tenant lead (contracts/auth.md 8): whoever asks for a mail names the
 * host, so a name that is not the tenant's would hand the token to a stranger.
 *
 * **Details**
 * The host of `STROWGER_PUBLIC_URL` always counts. Else, where the tenant or one above it has domain names, the host
 * must be one of them, below one of them, or this machine; any other gives way to the nearest domain name. Without
 * any domain name there is nothing to compare with: the host counts as it was asked.
 */
export const linkHost = Effect.fnUntraced(function* (base: LinkBase, tenantUuid: string) {
  if (base.configured === true) return base
  const sql = yield* SqlClient.SqlClient
  const { ancestors } = yield* TenantTree
  const lineage = [tenantUuid, ...ancestors(tenantUuid)]
  const names = yield* sql<{ name: string }>`
    select name from auth_tenant_domain where tenant_uuid = any(${lineage}::uuid[])
    order by array_position(${lineage}::uuid[], tenant_uuid), name`
  const [nearest] = names
  if (nearest === undefined || isThisMachine(base.hostname)) return base
  if (names.some(({ name }) => isWithinDomain(base.hostname, name))) return base
  yield* Effect.logWarning(
    "A mail was asked for with a host that is no domain name of the tenant: it names one of those. " +
      "STROWGER_PUBLIC_URL sets the host of all links"
  ).pipe(Effect.annotateLogs({ asked: base.hostname, tenant: tenantUuid }))
  return { hostname: nearest.name.replace(/\.$/, ""), prefix: base.prefix }
})

/** Whether a host is a domain or below it. */
export const isWithinDomain = (host: string, domain: string): boolean => {
  const [inner, outer] = [host, domain].map((name) => name.toLowerCase().replace(/\.$/, "")) as [
    string,
    string
  ]
  return inner === outer || inner.endsWith(`.${outer}`)
}

const isThisMachine = (host: string): boolean => {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "")
  if (name === "localhost" || name === hostname().toLowerCase()) return true
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === name)
  )
}
