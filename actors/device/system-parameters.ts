import { Context, Data, type Effect } from "effect"

/** A value that the contract refuses (contracts/provisioning.md 6.5). */
export class InvalidParameter extends Data.TaggedError("InvalidParameter")<{ readonly message: string }> {}

/**
 * The persisted parameters of provd: of the system, and the provisioning key of each tenant
 * (contracts/provisioning.md 6.5). Reads cost nothing. Changes made on another node are seen at the next start.
 */
export class SystemParameters extends Context.Service<
  SystemParameters,
  {
    readonly pluginServer: () => string | null
    readonly httpProxy: () => string | null
    readonly ftpProxy: () => string | null
    readonly httpsProxy: () => string | null
    readonly locale: () => string | null
    readonly nat: () => 0 | 1
    readonly provisioningKey: (tenantUuid: string) => string | null
    readonly tenantOfKey: (key: string) => string | undefined
    /** `id` is one of plugin_server, http_proxy, ftp_proxy, https_proxy, locale, NAT, provisioning_key. */
    readonly set: (id: string, tenantUuid: string, value: unknown) => Effect.Effect<void, InvalidParameter>
  }
>()("strowger/actors/device/SystemParameters") {}
