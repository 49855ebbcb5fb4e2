import { type Context, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { NotFound, Refusal } from "../../schemas/confd/errors.ts"
import type { Page, PageQuery } from "../../schemas/common/paging.ts"
import type { EventDefinition, EventTarget } from "../../schemas/events/envelope.ts"
import { Transactions } from "../../runtime/bus/changes.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { CallCentreCache } from "./call-centre-cache.ts"
import { getRow, listPage, type Resource, type TenantScope } from "./listing.ts"

/** What every kind of configuration offers (contracts/callcenter.md 10). `K` is the type of its key. */
export interface Configuration<Entity, Creation, Edit, Name extends string, K = number> {
  readonly list: (scope: TenantScope, query: PageQuery<Name>) => Effect.Effect<Page<Entity>>
  readonly get: (scope: TenantScope, key: K) => Effect.Effect<Entity, NotFound>
  /** In the acting tenant. */
  readonly create: (scope: TenantScope, body: Creation) => Effect.Effect<Entity, Refusal>
  /** Absent fields keep their values. */
  readonly edit: (scope: TenantScope, key: K, body: Edit) => Effect.Effect<void, Refusal>
  readonly remove: (scope: TenantScope, key: K) => Effect.Effect<void, Refusal>
}

/** What a change of the configuration needs. */
export type Ground = SqlClient.SqlClient | Transactions | CallCentreCache

/** Publishes an event if and when the change is committed. */
export type Emit = <Data extends object>(
  definition: EventDefinition<Data>,
  target: EventTarget,
  data: Data
) => void

/**
 * One change of the configuration: rows and events in one transaction; the call-centre cache has forgotten what
 * changed before the caller is answered. The work must wait for nothing but the database.
 */
export const change = Effect.fnUntraced(function* <A, E, R>(work: (emit: Emit) => Effect.Effect<A, E, R>) {
  const transactions = yield* Transactions
  const cache = yield* CallCentreCache
  return yield* transactions.run((changes) =>
    work((definition, target, data) => {
      changes.emit(definition, target, data)
      changes.afterCommit(() => cache.note(definition.name, data))
    })
  )
})

/** List and item of a resource, as services offer them. */
export const readingOf = <Entity extends object, Name extends string>(resource: Resource<Name>) => ({
  list: (scope: TenantScope, query: PageQuery<Name>) =>
    dieOnSqlError(listPage<Entity, Name>(resource, scope, query)),
  get: (scope: TenantScope, key: number | string) =>
    dieOnSqlError(getRow<Entity>(resource, key, scope.visibleTenants))
})

/** How a resource is changed, before the services that this takes are given. */
export interface ResourceChanges<Entity, Creation, Edit, K, R> {
  readonly create: (scope: TenantScope, body: Creation) => Effect.Effect<Entity, Refusal, R>
  readonly edit: (scope: TenantScope, key: K, body: Edit) => Effect.Effect<void, Refusal, R>
  readonly remove: (scope: TenantScope, key: K) => Effect.Effect<void, Refusal, R>
}

/** The service of a resource: read as it is declared, changed as given. */
export const configurationOf = <
  Entity extends object,
  Creation,
  Edit,
  Name extends string,
  K extends number | string,
  R
>(
  resource: Resource<Name>,
  changes: ResourceChanges<Entity, Creation, Edit, K, R>
): Effect.Effect<Configuration<Entity, Creation, Edit, Name, K>, never, R | SqlClient.SqlClient> =>
  Effect.map(Effect.context<R | SqlClient.SqlClient>(), (context) => {
    const here = within(context)
    const { list, get } = readingOf<Entity, Name>(resource)
    return {
      list: here(list),
      get: here(get),
      create: here(changes.create),
      edit: here(changes.edit),
      remove: here(changes.remove)
    }
  })

/** Gives the functions of a service what the service was built with. */
export const within =
  <Services>(context: Context.Context<Services>) =>
  <Args extends ReadonlyArray<unknown>, A, E, R extends Services>(
    operation: (...args: Args) => Effect.Effect<A, E, R>
  ) =>
  (...args: Args): Effect.Effect<A, E> =>
    Effect.provideContext(operation(...args), context)

/** The fields of a body as columns: those that are present, lists as JSON. */
export const columnsOf = (body: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, Array.isArray(value) ? JSON.stringify(value) : value])
  )

/** Inserts a row and answers it. */
export const insertRow = Effect.fnUntraced(function* <Row extends object>(
  table: string,
  columns: Record<string, unknown>
): Effect.fn.Return<Row, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<Row>`INSERT INTO ${sql(table)} ${sql.insert(columns)} RETURNING *`
  return row ?? (yield* Effect.die(`nothing was inserted into ${table}`))
})

/** Changes the given columns of a row, if any. */
export const updateRow = Effect.fnUntraced(function* (
  table: string,
  key: number | string,
  columns: Record<string, unknown>
) {
  if (Object.keys(columns).length === 0) return
  const sql = yield* SqlClient.SqlClient
  const column = sql(typeof key === "number" ? "id" : "uuid")
  yield* sql`UPDATE ${sql(table)} SET ${sql.update(columns)} WHERE ${column} = ${key}`
})

export const deleteRow = Effect.fnUntraced(function* (table: string, key: number | string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`DELETE FROM ${sql(table)} WHERE ${sql(typeof key === "number" ? "id" : "uuid")} = ${key}`
})
