import { Context, Effect, Layer } from "effect"
import { associated, differentTenants, type Refusal } from "../../schemas/confd/errors.ts"
import { userAgentAssociated, userAgentDissociated } from "../../schemas/events/confd.ts"
import type { AgentRow } from "./agents.ts"
import { agentResource } from "./agents.ts"
import { change, type Emit, type Ground, updateRow, within } from "./configuration.ts"
import { holdRow, type TenantScope } from "./listing.ts"
import { holdUser, type UserKey, type UserRow } from "./user-key.ts"

/** Which agent a user is (contracts/callcenter.md 3.1 and 10): at most one. */
export class UserAgents extends Context.Service<
  UserAgents,
  {
    /** Repeating it does nothing; a user who is another agent must be dissociated first. */
    readonly associate: (scope: TenantScope, user: UserKey, agentId: number) => Effect.Effect<void, Refusal>
    readonly dissociate: (scope: TenantScope, user: UserKey) => Effect.Effect<void, Refusal>
  }
>()("strowger/actors/pbx/UserAgents") {
  static readonly layer: Layer.Layer<UserAgents, never, Ground> = Layer.effect(
    UserAgents,
    Effect.gen(function* () {
      const here = within(yield* Effect.context<Ground>())
      return { associate: here(associate), dissociate: here(dissociate) }
    })
  )
}

/** Makes a user the agent within a change; both are held. */
export const becomeAgent = Effect.fnUntraced(function* (
  emit: Emit,
  user: Pick<UserRow, "id" | "uuid" | "tenant_uuid">,
  agent: AgentRow
) {
  yield* updateRow("pbx_users", user.id, { agent_id: agent.id })
  emit(userAgentAssociated, targetOf(user), { user_uuid: user.uuid, agent_id: agent.id })
})

const associate = (scope: TenantScope, key: UserKey, agentId: number) =>
  change((emit) =>
    Effect.gen(function* () {
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      const agent = yield* holdRow<AgentRow>(agentResource, agentId, scope.visibleTenants, "key share")
      if (user.agent_id === agent.id) return
      if (user.tenant_uuid !== agent.tenant_uuid) {
        return yield* differentTenants({
          agent_tenant_uuid: agent.tenant_uuid,
          user_tenant_uuid: user.tenant_uuid
        })
      }
      if (user.agent_id !== null) {
        return yield* associated("User", "Agent", { user_id: user.id, agent_id: user.agent_id })
      }
      yield* becomeAgent(emit, user, agent)
    })
  )

const dissociate = (scope: TenantScope, key: UserKey) =>
  change((emit) =>
    Effect.gen(function* () {
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      if (user.agent_id === null) return
      yield* updateRow("pbx_users", user.id, { agent_id: null })
      emit(userAgentDissociated, targetOf(user), { user_uuid: user.uuid, agent_id: user.agent_id })
    })
  )

const targetOf = ({ tenant_uuid, uuid }: Pick<UserRow, "tenant_uuid" | "uuid">) => ({
  tenantUuid: tenant_uuid,
  userUuids: [uuid]
})
