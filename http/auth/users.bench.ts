import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { spawnSync } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { externalLayer } from "../../runtime/database/external.ts"
import { externalTestUrl, freshDatabase } from "../../test/database.ts"
import { logIn, startStrowger, stop } from "./token.bench.ts"

/**
 * `GET /users` with a search over 100,000 users, on the PostgreSQL of `STROWGER_TEST_DATABASE_URL`, in milliseconds
 * at the 99th percentile. `over` is what HTTP, runtime and driver add: the aim is under 50. `medians` are of both.
 *
 * - figure: one client that asks again and again.
 * - ceiling: the same statements by `psql`; smaller is better, so the ratio is psql's time in ours.
 */
export const run = (): Promise<BenchResult> => {
  const external = externalTestUrl
  if (external === undefined) {
    return Promise.reject(new Error("users needs a PostgreSQL: set STROWGER_TEST_DATABASE_URL"))
  }
  return Effect.runPromise(
    Effect.scoped(Effect.flatMap(freshDatabase(external), (url) => Effect.promise(() => measure(url))))
  )
}

const users = 100_000
const requests = 30

const measure = async (database: Redacted.Redacted<string>): Promise<BenchResult> => {
  const folder = await mkdtemp(join(tmpdir(), "strowger-bench-"))
  const server = await startStrowger(folder, { STROWGER_DATABASE_URL: Redacted.value(database) })
  try {
    const { token, metadata } = await logIn(server.url)
    await Effect.runPromise(fill(metadata.tenant_uuid).pipe(Effect.provide(externalLayer(database))))
    const ours: Array<number> = []
    const theirs: Array<number> = []
    for (let request = 0; request <= requests; request++) {
      const search = `bench${String((request * 7_919) % users).padStart(6, "0")}`
      const startedAt = performance.now()
      const response = await fetch(`${server.url}/api/auth/0.1/users?search=${search}&limit=20`, {
        headers: { "X-Auth-Token": token }
      })
      const { filtered } = (await response.json()) as { filtered: number }
      if (filtered !== 1) throw new Error(`the search found ${filtered} users`)
      // The first finds connections and plans.
      if (request > 0) ours.push(performance.now() - startedAt)
    }
    theirs.push(...byPsql(Redacted.value(database), metadata.tenant_uuid))
    const [figure, ceiling] = [percentile(ours), percentile(theirs)]
    return {
      name: "users",
      figure: Math.round(figure),
      unit: "ms at p99",
      ceiling: Math.round(ceiling),
      ratio: Math.round((100 * ceiling) / figure) / 100,
      over: Math.round(figure - ceiling),
      medians: [Math.round(median(ours)), Math.round(median(theirs))]
    }
  } finally {
    await stop(server)
    await rm(folder, { recursive: true })
  }
}

const percentile = (values: ReadonlyArray<number>): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length * 0.99)] ?? 0

/** Users with a username, names and an address each, as the runtime would have created them. */
const fill = Effect.fnUntraced(function* (tenantUuid: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    insert into auth_user (uuid, username, firstname, lastname, purpose, authentication_method, enabled, tenant_uuid)
    select gen_random_uuid(), 'bench' || lpad(n::text, 6, '0'), 'First' || n, 'Last' || n, 'user', 'default', true,
      ${tenantUuid}::uuid from generate_series(0, ${users - 1}::int) n`
  yield* sql`
    insert into auth_email (uuid, address, confirmed, main, user_uuid)
    select gen_random_uuid(), 'mail' || uuid || '@example.com', true, true, uuid from auth_user
    where username like 'bench%'`
  yield* sql`analyze`
})

/** Milliseconds of the statements of one list, again and again, as psql itself times them. */
const byPsql = (database: string, tenantUuid: string): ReadonlyArray<number> => {
  const script = Array.from({ length: requests }, (_, request) => {
    const pattern = `%bench${String((request * 7_919) % users).padStart(6, "0")}%`
    const scope = `u.tenant_uuid = any('{${tenantUuid}}'::uuid[])`
    const searched = `u.uuid in (
      select s.uuid from auth_user s
      where s.firstname ilike '${pattern}' or s.lastname ilike '${pattern}' or s.username ilike '${pattern}'
      union all select e.user_uuid from auth_email e where e.address ilike '${pattern}')`
    return `with matching as materialized (
        select u.uuid as key, row_number() over (order by u.username asc, u.uuid asc) as place
        from auth_user u where ${scope} and ${searched})
      select (select count(*) from auth_user u where ${scope}), (select count(*) from matching),
        array(select key from matching where place <= 20 order by place) as keys \\gset
      select u.*, coalesce((select json_agg(e) from auth_email e where e.user_uuid = u.uuid), '[]'::json)
        from auth_user u where ${scope} and u.uuid = any(:'keys'::uuid[]) order by u.username asc, u.uuid asc;`
  }).join("\n")
  const { stdout, status } = spawnSync("psql", ["-X", "-q", database], {
    input: `\\timing on\n${script}`,
    encoding: "utf8"
  })
  if (status !== 0) throw new Error("psql failed")
  const times = [...stdout.matchAll(/^Time: ([\d.]+) ms/gm)].map(([, time]) => Number(time))
  return Array.from({ length: requests }, (_, n) => (times[2 * n] ?? 0) + (times[2 * n + 1] ?? 0))
}
