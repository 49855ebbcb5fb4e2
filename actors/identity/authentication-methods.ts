import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import {
  type Invalid,
  type NotFound,
  unknownIdp,
  unknownMethod,
  unknownUser
} from "../../schemas/auth/errors.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { IdentityProviders } from "./identity-providers.ts"

/** The ways to authenticate, and which users use which (contracts/auth.md 16). */
export class AuthenticationMethods extends Context.Service<
  AuthenticationMethods,
  {
    /** `native`, `default` and those of the providers that are loaded. */
    readonly known: ReadonlyArray<string>
    readonly require: (method: string) => Effect.Effect<void, NotFound>
    /** For a user or a tenant that is to have it; none is given. */
    readonly requireFor: (resource: MethodHolder, method: string | undefined) => Effect.Effect<void, Invalid>
    /** For all of these users or, when one is unknown, for none. */
    readonly assign: (
      visible: ReadonlyArray<string>,
      method: string,
      userUuids: ReadonlyArray<string>
    ) => Effect.Effect<void, NotFound>
    /** Back to the tenant's method, for a user of this method. */
    readonly unassign: (
      visible: ReadonlyArray<string>,
      method: string,
      userUuid: string
    ) => Effect.Effect<void, NotFound>
  }
>()("strowger/actors/identity/AuthenticationMethods") {
  static readonly layer: Layer.Layer<
    AuthenticationMethods,
    never,
    SqlClient.SqlClient | Transactions | IdentityProviders
  > = Layer.effect(
    AuthenticationMethods,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const { providers } = yield* IdentityProviders
      const known = [...new Set(["native", "default", ...providers.map(({ method }) => method)])]
      const require = (method: string) =>
        known.includes(method) ? Effect.void : Effect.fail(unknownIdp(method))

      const requireFor = (resource: MethodHolder, method: string | undefined) =>
        method === undefined || known.includes(method)
          ? Effect.void
          : Effect.fail(unknownMethod(resource, methodFields[resource], method))

      const findAll = Effect.fnUntraced(function* (
        visible: ReadonlyArray<string>,
        uuids: ReadonlyArray<string>
      ) {
        const rows = yield* sql<{ uuid: string }>`
          select uuid from auth_user
          where uuid = any(${uuids}::uuid[]) and tenant_uuid = any(${visible}::uuid[]) for update`
        const found = new Set(rows.map(({ uuid }) => uuid))
        const unknown = uuids.find((uuid) => !found.has(uuid))
        if (unknown !== undefined) return yield* unknownUser(unknown)
      })

      const assign = Effect.fnUntraced(function* (
        visible: ReadonlyArray<string>,
        method: string,
        userUuids: ReadonlyArray<string>
      ) {
        yield* require(method)
        yield* transactions.run(() =>
          Effect.andThen(
            findAll(visible, userUuids),
            sql`update auth_user set authentication_method = ${method} where uuid = any(${userUuids}::uuid[])`
          )
        )
      })

      const unassign = Effect.fnUntraced(function* (
        visible: ReadonlyArray<string>,
        method: string,
        userUuid: string
      ) {
        yield* require(method)
        yield* transactions.run(() =>
          Effect.andThen(
            findAll(visible, [userUuid]),
            sql`
              update auth_user set authentication_method = 'default'
              where uuid = ${userUuid} and authentication_method = ${method}`
          )
        )
      })

      yield* warnAboutUnknown(known)
      return { known, require, requireFor, assign, unassign }
    })
  )
}

/** Users and tenants whose method nothing offers any more, for instance a plugin's that is gone, cannot log in. */
const warnAboutUnknown = (known: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ method: string; users: number; tenants: number }>`
      select method, sum(users)::int as users, sum(tenants)::int as tenants from (
        select authentication_method as method, count(*) as users, 0 as tenants from auth_user group by 1
        union all
        select default_authentication_method, 0, count(*) from auth_tenant group by 1
      ) as given where not (method = any(${known}::text[])) group by method order by method`
    for (const { method, users, tenants } of rows) {
      yield* Effect.logWarning(
        `Nothing offers the authentication method ${method}: ${users} users and ${tenants} tenants have it`
      )
    }
  }).pipe(dieOnSqlError)

/** Who has a way to authenticate, and in which field. */
type MethodHolder = keyof typeof methodFields
const methodFields = { users: "authentication_method", tenants: "default_authentication_method" } as const
