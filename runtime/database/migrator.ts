import { Effect } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"
import { inTransaction } from "./transaction.ts"

/** Migrations by `<number>_<name>`. Numbers are global: each domain merges its own into one record. */
export type Migrations = Readonly<Record<string, Effect.Effect<void, unknown, SqlClient.SqlClient>>>

/**
 * Brings the schema up to date and answers the migrations that were applied now. All of them in one transaction;
 * concurrent starters on one database wait for the first and then find nothing to do.
 *
 * Refuses, with nothing changed: a malformed name, one number used twice, a database that is newer than this
 * program, and a number below the newest applied one that was itself never applied.
 */
export const migrate = Effect.fnUntraced(function* (
  migrations: Migrations
): Effect.fn.Return<
  ReadonlyArray<readonly [id: number, name: string]>,
  Migrator.MigrationError | SqlError.SqlError,
  SqlClient.SqlClient
> {
  const sql = yield* SqlClient.SqlClient
  const known = yield* numbered(Object.keys(migrations))
  return yield* inTransaction(
    sql,
    Effect.gen(function* () {
      yield* sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`
      yield* refuseGaps(known)
      return yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: TABLE })
    })
  )
})

/** Any number, the same in every version. */
const MIGRATION_LOCK = 7_384_019
const TABLE = "migrations"

/** Names by number. */
const numbered = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
  const known = new Map<number, string>()
  for (const name of names) {
    const id = Number(/^(\d{4})_\w+$/.exec(name)?.[1])
    if (Number.isNaN(id))
      return yield* refuse("BadState", `migration ${name}: expected a name like 0001_name`)
    const other = known.get(id)
    if (other !== undefined)
      return yield* refuse("Duplicates", `migrations ${other} and ${name} have one number`)
    known.set(id, name)
  }
  return known
})

const refuseGaps = Effect.fnUntraced(function* (known: ReadonlyMap<number, string>) {
  const sql = yield* SqlClient.SqlClient
  const [exists] = yield* sql`SELECT 1 WHERE to_regclass(${TABLE}) IS NOT NULL`
  if (exists === undefined) return
  const rows = yield* sql<{ id: number }>`SELECT migration_id AS id FROM ${sql(TABLE)}`
  const applied = new Set(rows.map(({ id }) => id))
  const newest = Math.max(0, ...applied)
  const unknown = [...applied].find((id) => !known.has(id))
  if (unknown !== undefined) {
    return yield* refuse(
      "BadState",
      `the database has migration ${unknown}, which this version does not know`
    )
  }
  for (const [id, name] of known) {
    if (id < newest && !applied.has(id)) {
      return yield* refuse("BadState", `migration ${name} comes too late: ${newest} is already applied`)
    }
  }
})

const refuse = (kind: Migrator.MigrationError["kind"], message: string) =>
  Effect.fail(new Migrator.MigrationError({ kind, message }))
