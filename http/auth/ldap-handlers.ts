import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { LdapConfigurations } from "../../actors/identity/ldap-configurations.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"

/** The acting tenant's LDAP configuration (contracts/auth.md 13). */
export const ldapHandlers = HttpApiBuilder.group(
  AuthApi,
  "ldap",
  Effect.fnUntraced(function* (handlers) {
    const configurations = yield* LdapConfigurations
    return handlers.handleAll({
      get: () => Effect.flatMap(CurrentCaller, ({ tenantUuid }) => configurations.get(tenantUuid)),
      update: ({ payload }) =>
        Effect.flatMap(CurrentCaller, ({ tenantUuid }) => configurations.put(tenantUuid, payload)),
      remove: () => Effect.flatMap(CurrentCaller, ({ tenantUuid }) => configurations.remove(tenantUuid))
    })
  })
)
