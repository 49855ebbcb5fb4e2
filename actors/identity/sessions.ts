import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Fragment } from "effect/sql/Statement"
import { randomUUID } from "node:crypto"
import type { SessionsQuery, SessionView } from "../../schemas/auth/models.ts"
import { makeEvent } from "../../schemas/events/envelope.ts"
import { authSessionCreated, authSessionDeleted } from "../../schemas/events/auth.ts"
import { type Changes, Transactions } from "../../runtime/bus/changes.ts"
import { Outbox, outboxRows } from "../../runtime/bus/outbox.ts"
import { againOnConflict } from "../../runtime/database/transaction.ts"
import { Platform } from "../../runtime/platform.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { listPage, type Page } from "./listing.ts"
import { liveToken, tokenHash } from "./token-record.ts"
import { TokenCache } from "./token-cache.ts"
import type { LiveToken } from "./tokens.ts"

/** The name in tokens of the runtime's own services. */
export const internalAuthId = "wazo-auth"

/** What a new token is made of (contracts/auth.md 6). */
export interface TokenRequest {
  /** The user's uuid, or the name of an internal service. */
  readonly authId: string
  readonly tenantUuid: string
  readonly acl: ReadonlyArray<string>
  readonly metadata: Readonly<Record<string, unknown>>
  readonly mobile: boolean
  readonly lifetimeSeconds: number
  readonly userAgent: string
  readonly remoteAddress: string
  readonly refreshTokenUuid?: string
}

/** Whose token it is to be, and what must hold when it is made. */
export interface Holder {
  readonly userUuid: string
  /** The user has fewer live sessions than this; undefined: as many as there are. */
  readonly fewerThan: number | undefined
  /** An SQL expression for the accesses of the token. */
  readonly accesses: Fragment
}

/**
 * Sessions and their tokens, one each (contracts/auth.md 5, 6, 12). Every session that begins or ends is announced
 * on the bus.
 *
 * **Details**
 * `begin` and `endWhere` are parts of a larger transaction; the others are transactions of their own.
 */
export class Sessions extends Context.Service<
  Sessions,
  {
    readonly begin: (changes: Changes, request: TokenRequest) => Effect.Effect<LiveToken, SqlError.SqlError>
    /**
     * Does in one statement, a transaction of its own, what the usual login needs: looks that the user is still
     * enabled and has room for one more session, reads the accesses, and begins the session. Undefined when the
     * user is not or has not.
     *
     * **Gotchas**
     * The sessions are counted before the user's row is locked, so logins at once may count too few: leave room.
     */
    readonly beginAtOnce: (
      request: Omit<TokenRequest, "acl" | "authId">,
      holder: Holder
    ) => Effect.Effect<LiveToken | undefined, SqlError.SqlError>
    /** Ends the sessions `s` (with their tokens `t`) of a condition; answers how many. */
    readonly endWhere: (changes: Changes, condition: Fragment) => Effect.Effect<number, SqlError.SqlError>
    readonly create: (request: TokenRequest) => Effect.Effect<LiveToken>
    /** Whether there was such a token. */
    readonly revokeToken: (id: string) => Effect.Effect<boolean>
    /** Live sessions of some tenants, or of one of their users. */
    readonly list: (
      tenants: ReadonlyArray<string>,
      query: SessionsQuery,
      userUuid?: string
    ) => Effect.Effect<Page<SessionView>>
    /** Ends a session of these tenants, or of one user; without effect when there is none. */
    readonly end: (tenants: ReadonlyArray<string>, uuid: string, userUuid?: string) => Effect.Effect<void>
    /** Live sessions of a user. */
    readonly countOf: (userUuid: string) => Effect.Effect<number, SqlError.SqlError>
  }
>()("strowger/actors/identity/Sessions") {
  static readonly layer: Layer.Layer<
    Sessions,
    never,
    SqlClient.SqlClient | Transactions | TokenCache | Outbox | Platform
  > = Layer.effect(
    Sessions,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const transactions = yield* Transactions
      const cache = yield* TokenCache
      const outbox = yield* Outbox
      const { uuid: originUuid } = yield* Platform

      const begin = Effect.fnUntraced(function* (changes: Changes, request: TokenRequest) {
        const id = randomUUID()
        const row = { ...rowOf(request), auth_id: request.authId, acl: request.acl }
        yield* sql`
            with session as (insert into auth_session ${sql.insert({
              uuid: row.session_uuid,
              tenant_uuid: request.tenantUuid,
              mobile: request.mobile
            })})
            insert into auth_token ${sql.insert({
              ...row,
              metadata: JSON.stringify(row.metadata),
              token_hash: tokenHash(id),
              refresh_token_uuid: request.refreshTokenUuid ?? null
            })}`
        const session = announced(row.session_uuid, row.auth_id, row.metadata)
        if (session) {
          changes.emit(authSessionCreated, session.target, { ...session.data, mobile: request.mobile })
        }
        const token = liveToken(id, { ...row, tenant_uuid: request.tenantUuid })
        changes.afterCommit(() => cache.put(token))
        return token
      })

      const beginAtOnce = Effect.fnUntraced(function* (
        request: Omit<TokenRequest, "acl" | "authId">,
        { userUuid, fewerThan, accesses }: Holder
      ) {
        const id = randomUUID()
        const row = { ...rowOf(request), auth_id: userUuid }
        const session = announced(row.session_uuid, userUuid, request.metadata)
        const { names, routingKeys, bodies } = outboxRows(
          session === undefined
            ? []
            : [
                makeEvent(authSessionCreated, { originUuid, at: row.issued_at.getTime() }, session.target, {
                  ...session.data,
                  mobile: request.mobile
                })
              ]
        )
        const room =
          fewerThan === undefined
            ? sql`true`
            : sql`(
                  select count(*) from auth_token
                  where auth_id = ${userUuid} and expires_at > ${row.issued_at}) < ${fewerThan}`
        const statement = sql<{ acl: ReadonlyArray<string> }>`
            with holder as (
              select uuid from auth_user where uuid = ${userUuid}::uuid and enabled and ${room} for update
            ), session as (
              insert into auth_session (uuid, tenant_uuid, mobile)
              select ${row.session_uuid}::uuid, ${request.tenantUuid}::uuid, ${request.mobile}::boolean from holder
              returning uuid
            ), token as (
              insert into auth_token (token_hash, session_uuid, auth_id, issued_at, expires_at, acl, metadata,
                user_agent, remote_address, refresh_token_uuid)
              select ${tokenHash(id)}::text, session.uuid, ${userUuid}::text, ${row.issued_at}::timestamptz,
                ${row.expires_at}::timestamptz, ${accesses}, ${JSON.stringify(row.metadata)}::text::jsonb,
                ${row.user_agent}::text, ${row.remote_address}::text, ${request.refreshTokenUuid ?? null}::uuid
              from session returning acl
            ), announcement as (
              insert into outbox (name, routing_key, body)
              select event.* from session, unnest(${names}::text[], ${routingKeys}::text[], ${bodies}::text[]) as event
            )
            select acl from token`
        const [made] = yield* againOnConflict(sql, statement)
        if (made === undefined) return undefined
        const token = liveToken(id, { ...row, acl: made.acl, tenant_uuid: request.tenantUuid })
        cache.put(token)
        outbox.wake(names)
        return token
      })

      const endWhere = Effect.fnUntraced(function* (changes: Changes, condition: Fragment) {
        const ended = yield* sql<EndedSession>`
            with ended as (
              select s.uuid, t.auth_id, t.metadata from auth_session s
              left join auth_token t on t.session_uuid = s.uuid
              where ${condition}
            ), gone as (
              delete from auth_session where uuid in (select uuid from ended) returning uuid
            )
            select ended.uuid, ended.auth_id, ended.metadata from ended join gone on gone.uuid = ended.uuid`
        for (const { uuid, auth_id, metadata } of ended) {
          const session = announced(uuid, auth_id ?? "", metadata ?? {})
          if (session) changes.emit(authSessionDeleted, session.target, session.data)
          changes.afterCommit(() => cache.endSession(uuid))
        }
        return ended.length
      })

      const countOf = Effect.fnUntraced(function* (userUuid: string) {
        const [row] = yield* sql<{ count: number }>`
            select count(*)::int as count from auth_token
            where auth_id = ${userUuid} and expires_at > ${new Date()}`
        return row?.count ?? 0
      })

      const ofUser = (userUuid: string | undefined) =>
        userUuid === undefined ? [] : [sql`t.auth_id = ${userUuid}`]

      const list = Effect.fnUntraced(function* (
        tenants: ReadonlyArray<string>,
        query: SessionsQuery,
        userUuid?: string
      ) {
        const { search: _, ...request } = query
        const found = yield* listPage<SessionView & { auth_id: string }>(request, {
          select: sql`s.uuid, s.mobile, s.tenant_uuid, t.auth_id`,
          from: sql`auth_session s join auth_token t on t.session_uuid = s.uuid`,
          key: { column: sql`s.uuid`, type: "uuid" },
          scope: sql.and([
            sql`s.tenant_uuid = any(${tenants}::uuid[])`,
            sql`t.expires_at > ${new Date()}`,
            ...ofUser(userUuid)
          ]),
          filters: [],
          search: () => [],
          order: query.order === undefined ? [sql`s.uuid`] : [sql`s.mobile`, sql`s.uuid`]
        }).pipe(Effect.provideService(SqlClient.SqlClient, sql), dieOnSqlError)
        return {
          ...found,
          items: found.items.map(({ auth_id, ...session }) => ({
            ...session,
            user_uuid: sessionUser(auth_id)
          }))
        }
      })

      const end = (tenants: ReadonlyArray<string>, uuid: string, userUuid?: string) =>
        Effect.asVoid(
          transactions.run((changes) =>
            endWhere(
              changes,
              sql.and([
                sql`s.uuid = ${uuid}`,
                sql`s.tenant_uuid = any(${tenants}::uuid[])`,
                ...ofUser(userUuid)
              ])
            )
          )
        )

      return {
        begin,
        beginAtOnce,
        list,
        end,
        endWhere,
        countOf,
        create: (request) => transactions.run((changes) => begin(changes, request)),
        revokeToken: (id) =>
          transactions.run((changes) =>
            Effect.map(
              endWhere(changes, sql`t.token_hash = ${tokenHash(id.toLowerCase())}`),
              (count) => count > 0
            )
          )
      }
    })
  )
}

/** What a token's row holds beside its holder and its accesses. */
const rowOf = (request: Omit<TokenRequest, "acl" | "authId">) => {
  const issued_at = new Date()
  return {
    session_uuid: randomUUID(),
    issued_at,
    expires_at: new Date(issued_at.getTime() + request.lifetimeSeconds * 1000),
    metadata: request.metadata,
    user_agent: request.userAgent,
    remote_address: request.remoteAddress
  }
}

interface EndedSession {
  readonly uuid: string
  readonly auth_id: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
}

/** How a session is spoken of on the bus; sessions without a tenant in their metadata are not (auth.md 18). */
export const announced = (
  sessionUuid: string,
  authId: string,
  metadata: Readonly<Record<string, unknown>>
) => {
  const tenantUuid = metadata["tenant_uuid"]
  if (typeof tenantUuid !== "string") return undefined
  const userUuid = sessionUser(authId)
  return {
    data: { uuid: sessionUuid, user_uuid: userUuid, tenant_uuid: tenantUuid },
    target: {
      tenantUuid,
      userUuids: userUuid === null ? [] : [userUuid],
      headers: { session_uuid: sessionUuid }
    }
  }
}

/** The user of a session: null when the token's holder is no canonical v4 uuid (contracts/auth.md 12). */
export const sessionUser = (authId: string): string | null =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(authId) ? authId : null
