import type { Caller } from "../../schemas/common/caller.ts"
import type { Tenants } from "./tenants.ts"

/** The runtime itself, or its operator: may everything, everywhere. */
export const systemCaller = ({ master, visible }: Tenants["Service"]): Caller => ({
  tokenId: "",
  sessionUuid: "",
  userUuid: null,
  ownTenantUuid: master,
  tenantUuid: master,
  get visibleTenants() {
    return visible(master)
  },
  isMaster: true,
  allows: () => true
})
