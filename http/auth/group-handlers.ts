import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Groups } from "../../actors/identity/groups.ts"
import { Policies } from "../../actors/identity/policies.ts"
import { Users } from "../../actors/identity/users.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { invalidData } from "../../schemas/auth/errors.ts"
import { GroupUpdate } from "../../schemas/auth/groups.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { firstFinding, nested } from "./validation.ts"

/** Groups, their members and their policies (contracts/auth.md 9). */
export const groupHandlers = HttpApiBuilder.group(
  AuthApi,
  "groups",
  Effect.fnUntraced(function* (handlers) {
    const groups = yield* Groups
    const policies = yield* Policies
    const users = yield* Users
    return handlers.handleAll({
      list: ({ query }) => Effect.flatMap(CurrentCaller, (caller) => groups.list(caller, query)),
      create: ({ payload }) => Effect.flatMap(CurrentCaller, (caller) => groups.create(caller, payload)),
      get: ({ params }) => Effect.flatMap(CurrentCaller, (caller) => groups.get(caller, params.group_uuid)),
      update: ({ params, payload }) =>
        Effect.gen(function* () {
          const caller = yield* CurrentCaller
          yield* groups.get(caller, params.group_uuid)
          return yield* groups.update(caller, params.group_uuid, yield* decodeUpdate(payload))
        }),
      remove: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => groups.remove(caller, params.group_uuid)),
      users: ({ params, query }) =>
        Effect.flatMap(CurrentCaller, ({ visibleTenants }) =>
          users.ofGroup(visibleTenants, params.group_uuid, query)
        ),
      addUser: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          groups.addUser(caller, params.group_uuid, params.user_uuid)
        ),
      removeUser: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          groups.removeUser(caller, params.group_uuid, params.user_uuid)
        ),
      policies: ({ params, query }) =>
        Effect.flatMap(CurrentCaller, (caller) => policies.ofGroup(caller, params.group_uuid, query)),
      attachPolicy: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          policies.attachToGroup(caller, params.group_uuid, params.policy)
        ),
      detachPolicy: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          policies.detachFromGroup(caller, params.group_uuid, params.policy)
        ),
      ofUser: ({ params, query }) =>
        Effect.flatMap(CurrentCaller, (caller) => groups.ofUser(caller, params.user_uuid, query))
    })
  })
)

const decodeUpdate = (payload: unknown) =>
  Schema.decodeUnknownEffect(GroupUpdate)(payload).pipe(
    Effect.mapError((error) => {
      const finding = firstFinding(error)
      return invalidData("groups", finding.problem.message, nested(finding))
    })
  )
