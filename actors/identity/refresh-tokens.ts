import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { type NotFound, unknownRefreshToken } from "../../schemas/auth/errors.ts"
import type { RefreshTokensQuery, RefreshTokenView } from "../../schemas/auth/models.ts"
import { authRefreshTokenCreated, authRefreshTokenDeleted } from "../../schemas/events/auth.ts"
import type { Account } from "./accounts.ts"
import { type Changes, Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { filtersOf, listPage, type Page } from "./listing.ts"
import { RefreshTokenKey } from "./refresh-token-key.ts"
import { Sessions } from "./sessions.ts"
import { tokenHash } from "./token-record.ts"

/** A refresh token for a client of a user, and what its creation cost. */
export interface IssuedRefreshToken {
  readonly uuid: string
  readonly secret: string
  readonly sessionsRevoked: number
}

/** A refresh token as a login presents it. */
export interface PresentedRefreshToken {
  readonly uuid: string
  readonly userUuid: string
  readonly login: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * Refresh tokens: one for each client of a user (contracts/auth.md 6). `issue` and `find` are parts of a larger
 * transaction.
 */
export class RefreshTokens extends Context.Service<
  RefreshTokens,
  {
    /**
     * The refresh token of a client, created if need be. A mobile one is always new, and the user's other mobile
     * refresh tokens end with their sessions: one mobile device a user.
     */
    readonly issue: (
      changes: Changes,
      account: Account,
      client: {
        readonly clientId: string
        readonly login: string
        readonly mobile: boolean
        readonly userAgent: string
        readonly remoteAddress: string
      }
    ) => Effect.Effect<IssuedRefreshToken, SqlError.SqlError>
    /** Of the users of some tenants, or of one of them; without secrets. */
    readonly list: (
      tenants: ReadonlyArray<string>,
      query: RefreshTokensQuery,
      userUuid?: string
    ) => Effect.Effect<Page<RefreshTokenView>>
    /** The tokens made with it stay alive, unless their sessions are to end with it. */
    readonly remove: (
      tenants: ReadonlyArray<string>,
      userUuid: string,
      clientId: string,
      withSessions: boolean
    ) => Effect.Effect<void, NotFound>
    readonly find: (
      secret: string,
      clientId: string
    ) => Effect.Effect<PresentedRefreshToken | undefined, SqlError.SqlError>
  }
>()("strowger/actors/identity/RefreshTokens") {
  static readonly layer: Layer.Layer<
    RefreshTokens,
    never,
    SqlClient.SqlClient | Sessions | RefreshTokenKey | Transactions
  > = Layer.effect(
    RefreshTokens,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const sessions = yield* Sessions
      const key = yield* RefreshTokenKey
      const transactions = yield* Transactions

      const endMobile = Effect.fnUntraced(function* (changes: Changes, account: Account, clientId: string) {
        const concerned = sql`user_uuid = ${account.uuid} and (mobile or client_id = ${clientId})`
        const revoked = yield* sessions.endWhere(
          changes,
          sql`t.refresh_token_uuid in (select uuid from auth_refresh_token where ${concerned})`
        )
        const ended = yield* sql<{ client_id: string; mobile: boolean }>`
          delete from auth_refresh_token where ${concerned} returning client_id, mobile`
        for (const { client_id, mobile } of ended) {
          changes.emit(authRefreshTokenDeleted, targetOf(account), {
            client_id,
            mobile,
            user_uuid: account.uuid,
            tenant_uuid: account.tenantUuid
          })
        }
        return revoked
      })

      /** The secret of an existing row; of a row made with another key it becomes this key's. */
      const renew = Effect.fnUntraced(function* (uuid: string, secretHash: string) {
        const secret = key.derive(uuid)
        const hash = tokenHash(secret)
        if (hash !== secretHash) {
          yield* sql`update auth_refresh_token set secret_hash = ${hash} where uuid = ${uuid}`
        }
        return { uuid, secret }
      })

      const list = Effect.fnUntraced(
        function* (tenants: ReadonlyArray<string>, query: RefreshTokensQuery, userUuid?: string) {
          const found = yield* listPage<Omit<RefreshTokenView, "created_at"> & { created_at: Date }>(query, {
            select: sql`r.client_id, r.created_at, r.mobile, r.user_uuid, u.tenant_uuid, r.metadata`,
            from: sql`auth_refresh_token r join auth_user u on u.uuid = r.user_uuid`,
            key: { column: sql`r.uuid`, type: "uuid" },
            scope: sql.and([
              sql`u.tenant_uuid = any(${tenants}::uuid[])`,
              ...(userUuid === undefined ? [] : [sql`u.uuid = ${userUuid}`])
            ]),
            filters: filtersOf(query, {
              created_at: (value) => sql`r.created_at = ${value}::timestamptz`,
              client_id: (value) => sql`r.client_id = ${value}`,
              mobile: (value) => sql`r.mobile = ${value === "true"}`
            }),
            search: (pattern) => [sql`r.client_id ilike ${pattern}`],
            order: [sql`r.${sql(query.order)}`, sql`r.uuid`]
          })
          return {
            ...found,
            items: found.items.map((item) => ({
              ...item,
              created_at: item.created_at.toISOString().replace("Z", "000+00:00")
            }))
          }
        },
        Effect.provideService(SqlClient.SqlClient, sql),
        dieOnSqlError
      )

      const remove = (
        tenants: ReadonlyArray<string>,
        userUuid: string,
        clientId: string,
        withSessions: boolean
      ) =>
        transactions.run(
          Effect.fnUntraced(function* (changes) {
            if (withSessions) {
              yield* sessions.endWhere(
                changes,
                sql`t.refresh_token_uuid in (
                  select r.uuid from auth_refresh_token r join auth_user u on u.uuid = r.user_uuid
                  where u.uuid = ${userUuid} and r.client_id = ${clientId}
                    and u.tenant_uuid = any(${tenants}::uuid[]))`
              )
            }
            const [removed] = yield* sql<{ mobile: boolean; tenantUuid: string }>`
              delete from auth_refresh_token r using auth_user u
              where u.uuid = r.user_uuid and u.uuid = ${userUuid} and r.client_id = ${clientId}
                and u.tenant_uuid = any(${tenants}::uuid[])
              returning r.mobile, u.tenant_uuid as "tenantUuid"`
            if (removed === undefined) return yield* unknownRefreshToken(clientId)
            changes.emit(
              authRefreshTokenDeleted,
              { tenantUuid: removed.tenantUuid, userUuids: [userUuid] },
              {
                client_id: clientId,
                mobile: removed.mobile,
                user_uuid: userUuid,
                tenant_uuid: removed.tenantUuid
              }
            )
          })
        )

      return {
        list,
        remove,
        issue: Effect.fnUntraced(function* (changes, account, client) {
          const sessionsRevoked = client.mobile ? yield* endMobile(changes, account, client.clientId) : 0
          const [existing] = yield* sql<{ uuid: string; secret_hash: string }>`
            select uuid, secret_hash from auth_refresh_token
            where user_uuid = ${account.uuid} and client_id = ${client.clientId}`
          if (existing) return { ...(yield* renew(existing.uuid, existing.secret_hash)), sessionsRevoked }
          const uuid = randomUUID()
          const secret = key.derive(uuid)
          yield* sql`insert into auth_refresh_token ${sql.insert({
            uuid,
            secret_hash: tokenHash(secret),
            client_id: client.clientId,
            user_uuid: account.uuid,
            login: client.login,
            user_agent: client.userAgent,
            remote_address: client.remoteAddress,
            created_at: new Date(),
            mobile: client.mobile
          })}`
          changes.emit(authRefreshTokenCreated, targetOf(account), {
            client_id: client.clientId,
            mobile: client.mobile,
            user_uuid: account.uuid,
            tenant_uuid: account.tenantUuid
          })
          return { uuid, secret, sessionsRevoked }
        }),
        find: (secret, clientId) =>
          Effect.map(
            sql<PresentedRefreshToken>`
              select uuid, user_uuid as "userUuid", login, metadata from auth_refresh_token
              where secret_hash = ${tokenHash(secret)} and client_id = ${clientId}`,
            ([row]) => row
          )
      }
    })
  )
}

const targetOf = ({ uuid, tenantUuid }: Account) => ({ tenantUuid, userUuids: [uuid] })
