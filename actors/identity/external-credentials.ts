import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type Conflict, type NotFound, unknownUser } from "../../schemas/auth/errors.ts"
import {
  type ExternalAuthQuery,
  type ExternalAuthView,
  externalConflict,
  type ExternalUsersQuery,
  unknownExternalAuth,
  unknownExternalType
} from "../../schemas/auth/external.ts"
import {
  authUserExternalAuthAdded,
  authUserExternalAuthDeleted,
  authUserExternalAuthUpdated
} from "../../schemas/events/auth.ts"
import { type Changes, Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { type CredentialData, ExternalPlugins } from "./external-plugins.ts"
import { filtersOf, listPage, type Page } from "./listing.ts"
import { Sealing } from "./sealing.ts"

/**
 * The external credentials of users (contracts/auth.md 15), sealed in the database. Each change is announced.
 * `visible` names the tenants whose users the caller may see; others are unknown.
 */
export class ExternalCredentials extends Context.Service<
  ExternalCredentials,
  {
    /** The types that are offered, and which of them the user has; an unknown user has none. */
    readonly ofUser: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      query: ExternalAuthQuery
    ) => Effect.Effect<Page<ExternalAuthView>>
    readonly users: (
      tenants: ReadonlyArray<string>,
      type: string,
      query: ExternalUsersQuery
    ) => Effect.Effect<Page<{ readonly uuid: string }>, NotFound>
    readonly requireUser: (visible: ReadonlyArray<string>, userUuid: string) => Effect.Effect<void, NotFound>
    readonly get: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      type: string
    ) => Effect.Effect<CredentialData, NotFound>
    readonly create: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      type: string,
      data: CredentialData
    ) => Effect.Effect<void, NotFound | Conflict>
    /** Creates what is missing. */
    readonly put: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      type: string,
      data: CredentialData
    ) => Effect.Effect<void, NotFound>
    /** Replaces what is there; without effect when it was removed meanwhile. */
    readonly renew: (userUuid: string, type: string, data: CredentialData) => Effect.Effect<void>
    readonly remove: (
      visible: ReadonlyArray<string>,
      userUuid: string,
      type: string
    ) => Effect.Effect<void, NotFound>
    /** As `put` for any user, within a larger transaction; without effect when there is no such user. */
    readonly store: (
      changes: Changes,
      userUuid: string,
      type: string,
      data: CredentialData
    ) => Effect.Effect<void, SqlError.SqlError>
  }
>()("strowger/actors/identity/ExternalCredentials") {
  static readonly layer: Layer.Layer<
    ExternalCredentials,
    never,
    SqlClient.SqlClient | Sealing | Transactions | ExternalPlugins
  > = Layer.effect(
    ExternalCredentials,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const sealing = yield* Sealing
      const transactions = yield* Transactions
      const plugins = yield* ExternalPlugins
      const provided = Effect.provideService(SqlClient.SqlClient, sql)

      const tenantOf = (userUuid: string) =>
        Effect.map(
          sql<{ tenant_uuid: string }>`
            select tenant_uuid from auth_user where uuid = ${userUuid} for update`,
          ([row]) => row?.tenant_uuid
        )
      const visibleTenantOf = Effect.fnUntraced(function* (visible: ReadonlyArray<string>, userUuid: string) {
        const tenantUuid = yield* tenantOf(userUuid)
        if (tenantUuid === undefined || !visible.includes(tenantUuid)) return yield* unknownUser(userUuid)
        return tenantUuid
      })
      const requireUser = (visible: ReadonlyArray<string>, userUuid: string) =>
        dieOnSqlError(Effect.asVoid(visibleTenantOf(visible, userUuid)))

      const announce = (
        changes: Changes,
        definition: typeof authUserExternalAuthAdded,
        holder: { readonly tenantUuid: string; readonly userUuid: string },
        type: string
      ) =>
        changes.emit(
          definition,
          { tenantUuid: holder.tenantUuid, userUuids: [holder.userUuid] },
          { user_uuid: holder.userUuid, external_auth_name: type }
        )

      const insert = (userUuid: string, type: string, data: CredentialData) =>
        Effect.map(
          sql`
            insert into auth_external_credential
            ${sql.insert({ user_uuid: userUuid, type, data: seal(userUuid, type, data) })}
            on conflict do nothing returning type`,
          (rows) => rows.length > 0
        )
      const opened = (userUuid: string, type: string, sealed: string) => {
        const text = sealing.open(purposeOf(userUuid, type), sealed)
        // What was sealed is the JSON of such data.
        return text === undefined ? undefined : (JSON.parse(text) as CredentialData)
      }
      const seal = (userUuid: string, type: string, data: CredentialData) =>
        sealing.seal(purposeOf(userUuid, type), JSON.stringify(data))

      const replace = Effect.fnUntraced(function* (
        changes: Changes,
        tenantUuid: string,
        userUuid: string,
        type: string,
        data: CredentialData
      ) {
        const updated = yield* sql`
          update auth_external_credential set data = ${seal(userUuid, type, data)}
          where user_uuid = ${userUuid} and type = ${type} returning type`
        if (updated.length === 0) return false
        announce(changes, authUserExternalAuthUpdated, { tenantUuid, userUuid }, type)
        return true
      })

      const write = Effect.fnUntraced(function* (
        changes: Changes,
        tenantUuid: string,
        userUuid: string,
        type: string,
        data: CredentialData
      ) {
        if (yield* replace(changes, tenantUuid, userUuid, type, data)) return
        yield* insert(userUuid, type, data)
        announce(changes, authUserExternalAuthAdded, { tenantUuid, userUuid }, type)
      })

      const get = Effect.fnUntraced(function* (
        visible: ReadonlyArray<string>,
        userUuid: string,
        type: string
      ) {
        yield* visibleTenantOf(visible, userUuid)
        const [row] = yield* sql<{ data: string }>`
          select data from auth_external_credential where user_uuid = ${userUuid} and type = ${type}`
        return (row && opened(userUuid, type, row.data)) ?? (yield* unknownExternalAuth(type))
      }, dieOnSqlError)

      const create = (visible: ReadonlyArray<string>, userUuid: string, type: string, data: CredentialData) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            const tenantUuid = yield* visibleTenantOf(visible, userUuid)
            if (!(yield* insert(userUuid, type, data))) return yield* externalConflict(type)
            announce(changes, authUserExternalAuthAdded, { tenantUuid, userUuid }, type)
          })
        )

      const remove = (visible: ReadonlyArray<string>, userUuid: string, type: string) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            const tenantUuid = yield* visibleTenantOf(visible, userUuid)
            const removed = yield* sql`
              delete from auth_external_credential
              where user_uuid = ${userUuid} and type = ${type} returning type`
            if (removed.length === 0) return yield* unknownExternalAuth(type)
            announce(changes, authUserExternalAuthDeleted, { tenantUuid, userUuid }, type)
          })
        )

      const ofUser = Effect.fnUntraced(
        function* (visible: ReadonlyArray<string>, userUuid: string, query: ExternalAuthQuery) {
          const found = yield* listPage<{ type: string; sealed: string | null }>(query, {
            select: sql`
              t.name as type, (
                select c.data from auth_external_credential c join auth_user u on u.uuid = c.user_uuid
                where c.type = t.name and u.uuid = ${userUuid} and u.tenant_uuid = any(${visible}::uuid[])
              ) as sealed`,
            from: sql`auth_external_type t`,
            key: { column: sql`t.name`, type: "text" },
            scope: sql`t.enabled and not (t.name = any(${plugins.switchedOff}::text[]))`,
            filters: filtersOf(query, { type: (value) => sql`t.name = ${value}` }),
            search: (pattern) => [sql`t.name ilike ${pattern}`],
            order: [sql`t.name`]
          })
          const items = found.items.map(({ type, sealed }) => {
            const { info, shown } = plugins.of(type)
            const data = sealed === null ? undefined : opened(userUuid, type, sealed)
            return { type, data: data ? shown(data) : {}, enabled: sealed !== null, plugin_info: info }
          })
          return { ...found, items }
        },
        provided,
        dieOnSqlError
      )

      const users = Effect.fnUntraced(
        function* (tenants: ReadonlyArray<string>, type: string, query: ExternalUsersQuery) {
          const [known] = yield* sql`select 1 from auth_external_type where name = ${type}`
          if (known === undefined) return yield* unknownExternalType(type)
          const { recurse: _, ...range } = query
          return yield* listPage<{ uuid: string }>(
            { direction: "asc", ...range },
            {
              select: sql`u.uuid`,
              from: sql`auth_user u join auth_external_credential c on c.user_uuid = u.uuid`,
              key: { column: sql`u.uuid`, type: "uuid" },
              scope: sql`c.type = ${type} and u.tenant_uuid = any(${tenants}::uuid[])`,
              filters: [],
              search: () => [],
              order: [sql`u.uuid`]
            }
          )
        },
        provided,
        dieOnSqlError
      )

      return {
        ofUser,
        users,
        requireUser,
        get,
        create,
        remove,
        put: (visible, userUuid, type, data) =>
          transactions.run((changes) =>
            Effect.flatMap(visibleTenantOf(visible, userUuid), (tenantUuid) =>
              write(changes, tenantUuid, userUuid, type, data)
            )
          ),
        renew: (userUuid, type, data) =>
          transactions.run((changes) =>
            Effect.flatMap(tenantOf(userUuid), (tenantUuid) =>
              tenantUuid === undefined ? Effect.void : replace(changes, tenantUuid, userUuid, type, data)
            )
          ),
        store: (changes, userUuid, type, data) =>
          Effect.flatMap(tenantOf(userUuid), (tenantUuid) =>
            tenantUuid === undefined ? Effect.void : write(changes, tenantUuid, userUuid, type, data)
          )
      }
    })
  )
}

const purposeOf = (userUuid: string, type: string) => `external credential ${userUuid} ${type}`
