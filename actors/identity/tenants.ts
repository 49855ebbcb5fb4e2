import { Context } from "effect"

/**
 * The tenant tree in memory (contracts/auth.md 3), kept right on every node by the events of the tree's changes.
 */
export class Tenants extends Context.Service<
  Tenants,
  {
    /** The uuid of the master (top) tenant. */
    readonly master: string
    /** Whether `tenant` is `ancestor` or lies below it. The master is an ancestor of every existing tenant. */
    readonly isWithin: (tenant: string, ancestor: string) => boolean
    /** The tenant and everything below it; the tenant first. */
    readonly visible: (tenant: string) => ReadonlyArray<string>
    readonly exists: (tenant: string) => boolean
    readonly slug: (tenant: string) => string | undefined
  }
>()("strowger/actors/identity/Tenants") {}
