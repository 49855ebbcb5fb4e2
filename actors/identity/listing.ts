import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Fragment } from "effect/sql/Statement"

/** What every list can be asked for (contracts/auth.md 2). */
export interface ListRequest {
  readonly direction: "asc" | "desc"
  readonly limit?: number
  readonly offset: number
  readonly search?: string
}

export interface Page<Row> {
  readonly items: ReadonlyArray<Row>
  /** In scope, before search and filters. */
  readonly total: number
  /** After search and filters, before limit and offset. */
  readonly filtered: number
}

/** A list over `from`: `select … from …`. */
export interface List {
  readonly select: Fragment
  readonly from: Fragment
  /** What tells the rows apart. */
  readonly key: { readonly column: Fragment; readonly type: "uuid" | "text" }
  /** Bounds what is counted in `total`. */
  readonly scope: Fragment
  /** Bound, with the search, what is counted in `filtered`. */
  readonly filters: ReadonlyArray<Fragment>
  /** For a pattern the conditions of which one must hold. */
  readonly search: (pattern: string) => ReadonlyArray<Fragment>
  readonly order: ReadonlyArray<Fragment>
}

/**
 * One page of a list. A search, which may have to look at every row, is done once: its count and the keys of the page
 * come out of it together.
 */
export const listPage = Effect.fnUntraced(function* <Row extends object>(
  request: ListRequest,
  list: List
): Effect.fn.Return<Page<Row>, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const { select, from, scope } = list
  const direction = sql.literal(request.direction)
  const order = sql.csv(list.order.map((column) => sql`${column} ${direction}`))
  const searched =
    request.search === undefined ? [] : [sql.or([...list.search(searchPattern(request.search))])]
  const conditions = [...list.filters, ...searched]
  if (conditions.length === 0) {
    const [counted] = yield* sql<{ total: number }>`select count(*)::int as total from ${from} where ${scope}`
    const total = counted?.total ?? 0
    const limit = request.limit === undefined ? sql`` : sql`limit ${request.limit}`
    const items = yield* sql<Row>`
      select ${select} from ${from} where ${scope} order by ${order} ${limit} offset ${request.offset}`
    return { items, total, filtered: total }
  }
  const last =
    request.limit === undefined ? sql`` : sql`and place <= ${request.offset + request.limit}::bigint`
  const [found] = yield* sql<Found>`
    with matching as materialized (
      select ${list.key.column} as key, row_number() over (order by ${order}) as place
      from ${from} where ${sql.and([scope, ...conditions])}
    )
    select (select count(*) from ${from} where ${scope})::int as total,
      (select count(*) from matching)::int as filtered,
      array(select key from matching where place > ${request.offset}::bigint ${last} order by place) as keys`
  const { total, filtered, keys } = found ?? { total: 0, filtered: 0, keys: [] }
  const items =
    keys.length === 0
      ? []
      : yield* sql<Row>`
          select ${select} from ${from}
          where ${scope} and ${list.key.column} = any(${keys}::${sql.literal(list.key.type)}[]) order by ${order}`
  return { items, total, filtered }
})

interface Found {
  readonly total: number
  readonly filtered: number
  readonly keys: ReadonlyArray<string>
}

/** Equality filters for the parameters that are given. */
export const filtersOf = (
  query: Readonly<Record<string, unknown>>,
  columns: Readonly<Record<string, (value: string) => Fragment>>
): ReadonlyArray<Fragment> =>
  Object.entries(columns).flatMap(([name, filter]) => {
    const value = query[name]
    return typeof value === "string" ? [filter(value)] : []
  })

/** Words in order, anything between. */
const searchPattern = (search: string): string => `%${search.split(" ").join("%")}%`
