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

/**
 * One page of `select … from …`: `scope` bounds what is counted in `total`, `filters` what is counted in
 * `filtered`, `search` gives for a pattern the columns it must be found in.
 */
export const listPage = Effect.fnUntraced(function* <Row extends object>(
  request: ListRequest,
  list: {
    readonly select: Fragment
    readonly from: Fragment
    readonly scope: Fragment
    readonly filters: ReadonlyArray<Fragment>
    readonly search: (pattern: string) => ReadonlyArray<Fragment>
    readonly order: ReadonlyArray<Fragment>
  }
): Effect.fn.Return<Page<Row>, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const searched =
    request.search === undefined ? [] : [sql.or([...list.search(searchPattern(request.search))])]
  const matching = sql.and([list.scope, ...list.filters, ...searched])
  const direction = sql.literal(request.direction)
  const order = sql.csv(list.order.map((column) => sql`${column} ${direction}`))
  const limit = request.limit === undefined ? sql`` : sql`limit ${request.limit}`
  const [counts] = yield* sql<{ total: number; filtered: number }>`
    select (select count(*) from ${list.from} where ${list.scope})::int as total,
           (select count(*) from ${list.from} where ${matching})::int as filtered`
  const items = yield* sql<Row>`
    select ${list.select} from ${list.from} where ${matching}
    order by ${order} ${limit} offset ${request.offset}`
  return { items, total: counts?.total ?? 0, filtered: counts?.filtered ?? 0 }
})

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
