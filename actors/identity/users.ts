import { Context, Effect, Layer, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import type { Fragment } from "effect/sql/Statement"
import { randomUUID } from "node:crypto"
import { type Conflict, type NotFound, unknownUser, userConflict } from "../../schemas/auth/errors.ts"
import type { GroupUsersQuery } from "../../schemas/auth/groups.ts"
import type { UserCreation, UsersQuery, UserUpdate, UserView } from "../../schemas/auth/models.ts"
import { authRefreshTokenDeleted } from "../../schemas/events/auth.ts"
import { joinAllUsersGroup } from "./all-users-group.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError, onConstraint } from "../../runtime/database/sql-errors.ts"
import { filtersOf, listPage, type Page } from "./listing.ts"
import { claimLogin, releaseLogins } from "./logins.ts"
import { Passwords } from "./passwords.ts"
import { Sessions } from "./sessions.ts"

/**
 * Users (contracts/auth.md 7). `visible` names the tenants whose users the caller may see; others are unknown.
 * Disabling or deleting a user ends the user's sessions.
 */
export class Users extends Context.Service<
  Users,
  {
    readonly list: (scope: ReadonlyArray<string>, query: UsersQuery) => Effect.Effect<Page<UserView>>
    /** The members of a group of those tenants; none for any other group. */
    readonly ofGroup: (
      visible: ReadonlyArray<string>,
      groupUuid: string,
      query: GroupUsersQuery
    ) => Effect.Effect<Page<UserView>>
    readonly create: (tenantUuid: string, user: UserCreation) => Effect.Effect<UserView, Conflict>
    readonly get: (visible: ReadonlyArray<string>, uuid: string) => Effect.Effect<UserView, NotFound>
    readonly update: (
      visible: ReadonlyArray<string>,
      uuid: string,
      user: UserUpdate
    ) => Effect.Effect<UserView, NotFound | Conflict>
    readonly remove: (visible: ReadonlyArray<string>, uuid: string) => Effect.Effect<void, NotFound>
    /** Calls the handler after each removal on this node, which no event tells of, until the scope ends. */
    readonly onRemoved: (handler: (uuid: string) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("strowger/actors/identity/Users") {
  static readonly layer: Layer.Layer<
    Users,
    never,
    SqlClient.SqlClient | Transactions | Passwords | Sessions
  > = Layer.effect(
    Users,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const passwords = yield* Passwords
      const sessions = yield* Sessions
      const provided = Effect.provideService(SqlClient.SqlClient, sql)
      const removalHandlers = new Set<(uuid: string) => void>()

      const columns = sql`
        u.uuid, u.username, u.firstname, u.lastname, u.enabled, u.purpose, u.tenant_uuid,
        u.authentication_method, coalesce((
          select json_agg(json_build_object(
            'uuid', e.uuid, 'address', e.address, 'main', e.main, 'confirmed', e.confirmed
          ) order by e.main desc, e.address)
          from auth_email e where e.user_uuid = u.uuid), '[]'::json) as emails`

      const find = Effect.fnUntraced(function* (visible: ReadonlyArray<string>, uuid: string) {
        const [user] = yield* sql<UserView>`
          select ${columns} from auth_user u
          where u.uuid = ${uuid} and u.tenant_uuid = any(${visible}::uuid[])`
        return user ?? (yield* unknownUser(uuid))
      })

      const claim = Effect.fnUntraced(function* (
        field: "username" | "email_address",
        login: string | null,
        userUuid: string
      ) {
        if (login !== null && !(yield* claimLogin(login, userUuid))) return yield* userConflict(field, login)
      })

      const hasPolicy = (column: "uuid" | "slug", value: string, alsoByGroup: boolean) => {
        const named = sql`p.${sql.literal(column)}::text = ${value}`
        const direct = sql`exists (
          select 1 from auth_user_policy up join auth_policy p on p.uuid = up.policy_uuid
          where up.user_uuid = u.uuid and ${named})`
        const byGroup = sql`exists (
          select 1 from auth_group_user gu join auth_group_policy gp on gp.group_uuid = gu.group_uuid
          join auth_policy p on p.uuid = gp.policy_uuid where gu.user_uuid = u.uuid and ${named})`
        return alsoByGroup ? sql.or([direct, byGroup]) : direct
      }

      const create = Effect.fnUntraced(function* (tenantUuid: string, user: UserCreation) {
        const uuid = user.uuid ?? randomUUID()
        const password_hash = user.password === null ? null : yield* passwords.hash(user.password)
        const row = {
          uuid,
          ...namesOf(user),
          password_hash,
          enabled: user.enabled,
          tenant_uuid: tenantUuid
        }
        return yield* transactions.run(
          Effect.fnUntraced(function* () {
            yield* sql`insert into auth_user ${sql.insert(row)}`.pipe(
              onConstraint({ auth_user_uuid: () => userConflict("uuid", uuid) })
            )
            yield* claim("username", user.username, uuid)
            yield* claim("email_address", user.email_address, uuid)
            if (user.email_address !== null) {
              yield* sql`insert into auth_email ${sql.insert({
                uuid: randomUUID(),
                address: user.email_address,
                confirmed: true,
                main: true,
                user_uuid: uuid
              })}`
            }
            yield* joinAllUsersGroup(uuid, tenantUuid)
            return yield* find([tenantUuid], uuid).pipe(Effect.orDie)
          }, provided)
        )
      })

      const update = (visible: ReadonlyArray<string>, uuid: string, user: UserUpdate) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            const { emails } = yield* find(visible, uuid)
            yield* sql`
              update auth_user set ${sql.update({ ...namesOf(user), enabled: user.enabled })} where uuid = ${uuid}`
            const logins = emails.map(({ address }) => address)
            yield* releaseLogins(uuid, user.username === null ? logins : [...logins, user.username])
            yield* claim("username", user.username, uuid)
            if (!user.enabled) yield* sessions.endWhere(changes, sql`t.auth_id = ${uuid}`)
            return yield* find(visible, uuid)
          }, provided)
        )

      const remove = (visible: ReadonlyArray<string>, uuid: string) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            const user = yield* find(visible, uuid)
            yield* sessions.endWhere(changes, sql`t.auth_id = ${uuid}`)
            const refreshTokens = yield* sql<{ client_id: string; mobile: boolean }>`
              delete from auth_refresh_token where user_uuid = ${uuid} returning client_id, mobile`
            for (const { client_id, mobile } of refreshTokens) {
              const { tenant_uuid } = user
              changes.emit(
                authRefreshTokenDeleted,
                { tenantUuid: tenant_uuid, userUuids: [uuid] },
                { client_id, mobile, user_uuid: uuid, tenant_uuid }
              )
            }
            yield* sql`delete from auth_user where uuid = ${uuid}`
            changes.afterCommit(() => {
              for (const handler of removalHandlers) handler(uuid)
            })
          })
        )

      const page = (scope: Fragment, query: UsersQuery | GroupUsersQuery) =>
        listPage<UserView>(query, {
          select: columns,
          from: sql`auth_user u`,
          key: { column: sql`u.uuid`, type: "uuid" },
          scope,
          filters: filtersOf(query, {
            uuid: (value) => sql`u.uuid::text = ${value}`,
            username: (value) => sql`u.username = ${value}`,
            firstname: (value) => sql`u.firstname = ${value}`,
            lastname: (value) => sql`u.lastname = ${value}`,
            purpose: (value) => sql`u.purpose = ${value}`,
            email_address: (value) =>
              sql`exists (select 1 from auth_email e where e.user_uuid = u.uuid and e.address = ${value})`,
            group_uuid: (value) =>
              sql`exists (
                select 1 from auth_group_user gu where gu.user_uuid = u.uuid and gu.group_uuid::text = ${value})`,
            policy_uuid: (value) => hasPolicy("uuid", value, false),
            policy_slug: (value) => hasPolicy("slug", value, false),
            has_policy_uuid: (value) => hasPolicy("uuid", value, true),
            has_policy_slug: (value) => hasPolicy("slug", value, true)
          }),
          // Names and addresses each by their own index; correlated they would be searched for each user.
          search: (pattern) => [
            sql`u.uuid in (
              select s.uuid from auth_user s
              where s.firstname ilike ${pattern} or s.lastname ilike ${pattern} or s.username ilike ${pattern}
              union all select e.user_uuid from auth_email e where e.address ilike ${pattern})`
          ],
          order: [sql`u.${sql(query.order)}`, sql`u.uuid`]
        }).pipe(provided, dieOnSqlError)

      return {
        list: (scope, query) => page(sql`u.tenant_uuid = any(${scope}::uuid[])`, query),
        ofGroup: (visible, groupUuid, query) =>
          page(
            sql`exists (
              select 1 from auth_group_user gu join auth_group g on g.uuid = gu.group_uuid
              where gu.user_uuid = u.uuid and g.uuid = ${groupUuid}
                and g.tenant_uuid = any(${visible}::uuid[]))`,
            query
          ),
        create,
        get: (visible, uuid) => dieOnSqlError(find(visible, uuid)),
        update,
        remove,
        onRemoved: (handler) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => removalHandlers.add(handler)),
              () => Effect.sync(() => removalHandlers.delete(handler))
            )
          )
      }
    })
  )
}

const namesOf = (user: UserUpdate) => ({
  username: user.username,
  firstname: user.firstname,
  lastname: user.lastname,
  purpose: user.purpose,
  authentication_method: user.authentication_method ?? (user.purpose === "user" ? "default" : "native")
})
