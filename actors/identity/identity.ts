import { Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { EventBus } from "../../runtime/bus/event-bus.ts"
import type { Outbox } from "../../runtime/bus/outbox.ts"
import type { AppConfig } from "../../runtime/config.ts"
import type { Platform } from "../../runtime/platform.ts"
import { Bootstrap } from "./bootstrap.ts"
import { Transactions } from "./changes.ts"
import { tokensLayer } from "./live-tokens.ts"
import { Passwords } from "./passwords.ts"
import { Sessions } from "./sessions.ts"
import { TenantTree, tenantsLayer } from "./tenant-tree.ts"
import type { Tenants } from "./tenants.ts"
import { TokenCache } from "./token-cache.ts"
import type { Tokens } from "./tokens.ts"

/** Everything identity offers to the doors and to the other inhabitants. */
export type Identity =
  | Bootstrap
  | Passwords
  | Sessions
  | Tenants
  | TenantTree
  | TokenCache
  | Tokens
  | Transactions

/**
 * Identity on a migrated database (`identityMigrations`, `platformMigrations`). The first build creates the master
 * tenant and the administrator: ask `Bootstrap` for the generated password.
 */
export const identityLayer: Layer.Layer<
  Identity,
  never,
  SqlClient.SqlClient | EventBus | Outbox | Platform | AppConfig
> = Sessions.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(tokensLayer, tenantsLayer)),
  Layer.provideMerge(Layer.mergeAll(TokenCache.layer, TenantTree.layer, Transactions.layer)),
  Layer.provideMerge(Bootstrap.layer),
  Layer.provideMerge(Passwords.layer)
)
