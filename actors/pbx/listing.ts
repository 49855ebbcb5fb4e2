import { Effect } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { type NotFound, notFound } from "../../schemas/confd/errors.ts"
import type { Page, PageQuery } from "../../schemas/common/paging.ts"

/** Where a caller acts and what it may see (contracts/callcenter.md 2). */
export interface TenantScope {
  readonly tenantUuid: string
  /** The acting tenant and all tenants below it. */
  readonly visibleTenants: ReadonlyArray<string>
}

/** What a list can be ordered and filtered by. */
export interface Column {
  /** SQL over the row, which is called `it`. */
  readonly sql: string
  readonly type: "text" | "integer" | "boolean"
  /** Whether a filter may name several values, separated by commas. */
  readonly several?: boolean
}

/**
 * How a resource is read. All of it is SQL of ours: what a request brings is only ever a parameter, or a key of
 * `columns`.
 */
export interface Resource<Name extends string> {
  /** As in confd's error sentences: `Agent`. */
  readonly name: string
  readonly table: string
  readonly key: "id" | "uuid"
  /** The select list, over the row `it` and what `joins` adds. */
  readonly select: string
  readonly joins?: string
  readonly columns: Readonly<Record<Name, Column>>
  /** Folded text (`pbx_fold`) that a search looks into. */
  readonly searched: string
  readonly defaultOrder: Name
}

export const textColumn = (name: string): Column => ({ sql: `it.${name}`, type: "text" })
export const integerColumn = (name: string): Column => ({ sql: `it.${name}`, type: "integer" })
export const booleanColumn = (name: string): Column => ({ sql: `it.${name}`, type: "boolean" })

/**
 * One page of a resource, filtered, searched, ordered and cut in SQL (contracts/callcenter.md 10). Text is ordered
 * without case and accents; rows of equal rank stay in the order of their keys, so that pages never overlap.
 * `select` replaces the select list, for other views on the same rows.
 */
export const listPage = Effect.fnUntraced(function* <Row extends object, Name extends string>(
  resource: Resource<Name>,
  scope: TenantScope,
  query: PageQuery<Name>,
  select: string = resource.select
): Effect.fn.Return<Page<Row>, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const from = sql.literal(`${resource.table} it ${resource.joins ?? ""}`)
  const where = sql.and([
    sql`it.tenant_uuid = ANY(${query.recurse ? scope.visibleTenants : [scope.tenantUuid]})`,
    ...filters(sql, resource, query),
    ...(query.search
      ? [sql`position(pbx_fold(${query.search}) IN ${sql.literal(resource.searched)}) > 0`]
      : [])
  ])
  const limit = query.limit === undefined ? sql.literal("") : sql`LIMIT ${query.limit}`
  const items = yield* sql<Row>`
    SELECT ${sql.literal(select)} FROM ${from} WHERE ${where}
    ORDER BY ${sql.literal(ranking(resource, query))} ${limit} OFFSET ${query.offset ?? 0}`
  if (query.limit === undefined && !query.offset) return { total: items.length, items }
  const [count] = yield* sql<{ total: number }>`SELECT count(*)::integer AS total FROM ${from} WHERE ${where}`
  return { total: count?.total ?? 0, items }
})

/** One row by its key, if it is in one of the tenants. A number is an id, a text a uuid. */
export const findRow = Effect.fnUntraced(function* <Row extends object>(
  resource: Resource<string>,
  key: number | string,
  tenants: ReadonlyArray<string>
) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<Row>`
    SELECT ${sql.literal(resource.select)}
    FROM ${sql.literal(`${resource.table} it ${resource.joins ?? ""}`)}
    WHERE ${sql.literal(`it.${keyColumn(key)}`)} = ${key} AND it.tenant_uuid = ANY(${tenants})`
  return row
})

/** As `findRow`, but absence is the resource's own "was not found". */
export const getRow = Effect.fnUntraced(function* <Row extends object>(
  resource: Resource<string>,
  key: number | string,
  tenants: ReadonlyArray<string>
): Effect.fn.Return<Row, NotFound | SqlError.SqlError, SqlClient.SqlClient> {
  const row = yield* findRow<Row>(resource, key, tenants)
  return row ?? (yield* notFoundBy(resource, key))
})

/**
 * Holds a row until the transaction ends: `update` against every other change, `key share` against its deletion
 * alone. Take the rows of one transaction in the order users, agents, queues, lines, endpoints, extensions,
 * conferences, contexts, so that two of them never wait for each other.
 */
export const holdRow = Effect.fnUntraced(function* <Row extends object>(
  resource: Pick<Resource<string>, "name" | "table">,
  key: number | string,
  tenants: ReadonlyArray<string>,
  against: "update" | "key share"
): Effect.fn.Return<Row, NotFound | SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<Row>`
    SELECT * FROM ${sql(resource.table)}
    WHERE ${sql(keyColumn(key))} = ${key} AND tenant_uuid = ANY(${tenants})
    FOR ${sql.literal(against === "update" ? "UPDATE" : "KEY SHARE")}`
  return row ?? (yield* notFoundBy(resource, key))
})

const keyColumn = (key: number | string) => (typeof key === "number" ? "id" : "uuid")

const notFoundBy = (resource: Pick<Resource<string>, "name">, key: number | string) =>
  notFound(resource.name, { [keyColumn(key)]: key })

const filters = <Name extends string>(
  sql: SqlClient.SqlClient,
  resource: Resource<Name>,
  query: PageQuery<Name>
): ReadonlyArray<Statement.Fragment> =>
  // The keys of a record are its names.
  (Object.keys(resource.columns) as Array<Name>).flatMap((name) => {
    const given: string | undefined = query[name]
    if (given === undefined) return []
    const { sql: column, type, several } = resource.columns[name]
    const values = (several ? given.split(",") : [given]).flatMap((value) => valueOf(type, value))
    return [
      sql`${sql.literal(column)} = ANY(${sql.literal(`ARRAY[`)}${csv(sql, values)}${sql.literal(`]::${type}[]`)})`
    ]
  })

const csv = (sql: SqlClient.SqlClient, values: ReadonlyArray<string | number | boolean>) =>
  values.length === 0 ? sql.literal("") : sql.csv(values.map((value) => sql`${value}`))

/** The value in the column's own type; none when it cannot be in such a column at all. */
const valueOf = (type: Column["type"], value: string): ReadonlyArray<string | number | boolean> => {
  if (type === "text") return [value]
  if (type === "boolean") return /^(true|false)$/i.test(value) ? [value.toLowerCase() === "true"] : []
  return /^-?\d{1,10}$/.test(value) && Math.abs(Number(value)) <= 2_147_483_647 ? [Number(value)] : []
}

const ranking = <Name extends string>(resource: Resource<Name>, query: PageQuery<Name>): string => {
  const { sql, type } = resource.columns[query.order ?? resource.defaultOrder]
  const direction = query.direction === "desc" ? "DESC" : "ASC"
  const terms = type === "text" ? [`pbx_fold(${sql}) COLLATE "C"`, `${sql} COLLATE "C"`] : [sql]
  return [...terms, `it.${resource.key}`].map((term) => `${term} ${direction}`).join(", ")
}
