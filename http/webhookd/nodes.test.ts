import { assert, describe, it } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, Redacted, type Scope } from "effect"
import { externalLayer } from "../../runtime/database/external.ts"
import { type Client, logIn } from "../../test/client.ts"
import { externalTestUrl, freshDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { initialisedFolder } from "../../test/initialised-folder.ts"
import { type RuntimeProcess, startRuntime, temporaryFolder } from "../../test/runtime.ts"
import { tcpProxy } from "../../test/tcp-proxy.ts"
import { aSubscription } from "./fixture.ts"
import { type Call, type Receiver, startReceiver, status } from "./receiver.ts"

/** A node of its own on a shared database, and its administrator. */
interface Node {
  readonly runtime: RuntimeProcess
  readonly client: Client
}

const startNode = Effect.fnUntraced(function* (
  database: string,
  knobs: Readonly<Record<string, string>> = {}
): Effect.fn.Return<Node, unknown, Scope.Scope> {
  const runtime = yield* startRuntime({
    STROWGER_DATA_DIR: yield* temporaryFolder,
    STROWGER_DATABASE_URL: database,
    STROWGER_TOKEN_KEY: "shared by the nodes",
    STROWGER_HOOK_RETRY_FACTOR: "1",
    STROWGER_HOOK_LEASE: "3 seconds",
    ...knobs
  })
  return { runtime, client: yield* logIn(runtime.url) }
})

/** A subscription to new tenants, called at `/<uuid of the tenant>`. */
const subscribe = Effect.fnUntraced(function* ({ client }: Node, receiver: Receiver, policy: object = {}) {
  const config = { method: "post", url: `${receiver.url}/{{ event.uuid }}` }
  const { body, status: code } = yield* client.request(
    "POST",
    "/api/webhookd/1.0/subscriptions",
    aSubscription({ events: ["auth_tenant_added"], config })
  )
  assert.strictEqual(code, 201)
  const path = `/api/webhookd/1.0/subscriptions/${(body as { uuid: string }).uuid}`
  yield* client.request("PUT", `${path}/policy`, policy)
  return path
})

let tenants = 0
/** Creates tenants and answers their uuids. */
const createTenants = ({ client }: Node, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, () => `tenant ${tenants++}`),
    (name) =>
      Effect.map(client.request("POST", "/api/auth/0.1/tenants", { name }), ({ body, status: code }) => {
        assert.strictEqual(code, 200)
        return (body as { uuid: string }).uuid
      }),
    { concurrency: 5 }
  )

const ids = (calls: ReadonlyArray<Call>) => calls.map(({ headers }) => String(headers["webhook-id"]))
const received = (receiver: Receiver, count: number, within: "10 seconds" | "30 seconds" = "30 seconds") =>
  eventually(
    Effect.sync(() => new Set(ids(receiver.calls)).size),
    (seen) => seen >= count,
    within
  )

/** Who runs hooks now. */
const owners = (database: string) =>
  Effect.gen(function* () {
    const client = yield* PgClient.PgClient
    const rows = yield* client<{ owner: string }>`
      SELECT DISTINCT lease_owner AS owner FROM webhook_hook WHERE state = 'running'`
    return rows.map(({ owner }) => owner)
  }).pipe(Effect.provide(externalLayer(Redacted.make(database))), Effect.orDie)

const onDatabase = <A, E, R>(test: (database: string) => Effect.Effect<A, E, R>) =>
  externalTestUrl === undefined
    ? Effect.die("these tests are for an external PostgreSQL")
    : Effect.flatMap(freshDatabase(externalTestUrl), (url) => test(Redacted.value(url)))

/** The tests below need a server that several processes can share. */
const whereThereIsOne = externalTestUrl === undefined ? () => {} : describe

whereThereIsOne("webhooks of nodes on one PostgreSQL", () => {
  it.live(
    "are shared: both nodes work, and no hook is sent twice",
    () =>
      onDatabase(
        Effect.fnUntraced(function* (database) {
          const receiver = yield* startReceiver
          receiver.answer((_call, response) => void setTimeout(() => response.end(), 60))
          const first = yield* startNode(database, { STROWGER_HOOK_CONCURRENCY: "4" })
          const second = yield* startNode(database, { STROWGER_HOOK_CONCURRENCY: "4" })
          yield* subscribe(first, receiver)
          const workers = new Set<string>()
          const watching = yield* Effect.forkChild(
            eventually(
              Effect.tap(owners(database), (found) =>
                Effect.sync(() => {
                  for (const owner of found) workers.add(owner)
                })
              ),
              () => new Set(ids(receiver.calls)).size === 120,
              "30 seconds"
            )
          )
          const created = yield* Effect.all([createTenants(first, 60), createTenants(second, 60)], {
            concurrency: 2
          })
          yield* Fiber.join(watching)
          assert.strictEqual(workers.size, 2)
          assert.lengthOf(receiver.calls, 120)
          assert.sameMembers(
            receiver.calls.map(({ path }) => path.slice(1)),
            created.flat()
          )
        })
      ).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "are taken over from a node that was killed, and from no other",
    () =>
      onDatabase(
        Effect.fnUntraced(function* (database) {
          const receiver = yield* startReceiver
          const waiting: Array<() => void> = []
          receiver.answer((_call, response) => void waiting.push(() => response.end()))
          const first = yield* startNode(database, { STROWGER_HOOK_CONCURRENCY: "3" })
          const second = yield* startNode(database, { STROWGER_HOOK_CONCURRENCY: "3" })
          yield* subscribe(first, receiver)
          yield* createTenants(first, 10)
          yield* received(receiver, 6)
          const [one, two] = yield* owners(database)
          assert.isDefined(one)
          assert.isDefined(two)
          yield* first.runtime.kill("SIGKILL")
          receiver.answer(status(200))
          for (const answer of waiting) answer()
          yield* received(receiver, 10)
          const repeated = () => {
            const all = ids(receiver.calls)
            return all.filter((id, index) => all.indexOf(id) !== index)
          }
          // The three of the dead node come again, under the same ids and as the same attempt.
          yield* eventually(Effect.sync(repeated), (found) => found.length >= 3, "30 seconds")
          const { body } = yield* second.client.request("GET", "/api/webhookd/1.0/dead-letters")
          assert.deepInclude(body, { total: 0 })
          assert.lengthOf(repeated(), 3)
          assert.isTrue(receiver.calls.every(({ headers }) => headers["x-strowger-attempt"] === "1"))
        })
      ).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "that ran when their only node was killed go on within 5 s of the next start, long before their lease ends",
    () =>
      onDatabase(
        Effect.fnUntraced(function* (database) {
          const receiver = yield* startReceiver
          receiver.answer(() => {})
          const first = yield* startNode(database, { STROWGER_HOOK_LEASE: "10 minutes" })
          yield* subscribe(first, receiver)
          yield* createTenants(first, 15)
          yield* received(receiver, 10)
          yield* first.runtime.kill("SIGKILL")
          receiver.answer(status(200))
          const before = receiver.calls.length
          yield* startNode(database, { STROWGER_HOOK_LEASE: "10 minutes" })
          yield* eventually(
            Effect.sync(() => new Set(ids(receiver.calls.slice(before))).size),
            (seen) => seen === 15,
            "5 seconds"
          )
        })
      ).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "wait through ten seconds without the database: none is lost, none is sent twice",
    () =>
      onDatabase(
        Effect.fnUntraced(function* (database) {
          const receiver = yield* startReceiver
          const { hostname, port } = new URL(database)
          const proxy = yield* tcpProxy(hostname, Number(port))
          const through = new URL(database)
          through.hostname = "127.0.0.1"
          through.port = String(proxy.port)
          const node = yield* startNode(through.href, { STROWGER_HOOK_LEASE: "5 seconds" })
          yield* subscribe(node, receiver, { rate_limit_per_second: 20 })
          const created = yield* createTenants(node, 60)
          yield* received(receiver, 10)
          receiver.answer((_call, response) => void setTimeout(() => response.end(), 300))
          yield* received(receiver, 20)
          yield* proxy.down
          yield* Effect.sleep("10 seconds")
          yield* proxy.up
          yield* received(receiver, 60)
          assert.sameMembers(
            receiver.calls.map(({ path }) => path.slice(1)),
            created
          )
          const after = yield* eventually(
            Effect.orElseSucceed(Effect.timeout(createTenants(node, 1), "5 seconds"), () => []),
            (made) => made.length === 1
          )
          yield* eventually(
            Effect.sync(() => receiver.calls.map(({ path }) => path.slice(1))),
            (paths) => paths.includes(after[0] ?? "none")
          )
        })
      ).pipe(Effect.scoped),
    120_000
  )
})

describe("SIGTERM in the middle of webhooks", () => {
  it.live(
    "lets those that run come to their end and keeps the others: each is sent once",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const receiver = yield* startReceiver
        const start = Effect.gen(function* () {
          const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder })
          return { runtime, client: yield* logIn(runtime.url) }
        })
        const first = yield* start
        receiver.answer((_call, response) => void setTimeout(() => response.end("done"), 1_500))
        const path = yield* subscribe(first, receiver, { max_concurrency: 4 })
        const created = yield* createTenants(first, 12)
        yield* received(receiver, 4)
        assert.strictEqual(yield* first.runtime.kill("SIGTERM"), 0)
        const atTheEnd = receiver.calls.length
        assert.isBelow(atTheEnd, 12)
        receiver.answer(status(200))
        const second = yield* start
        yield* received(receiver, 12)
        assert.lengthOf(receiver.calls, 12)
        assert.sameMembers(
          receiver.calls.map((call) => call.path.slice(1)),
          created
        )
        const { body } = yield* eventually(
          second.client.request("GET", `${path}/deliveries?status=succeeded`),
          (answer) => (answer.body as { filtered: number }).filtered === 12
        )
        assert.isTrue(
          (body as { items: ReadonlyArray<{ attempts: number }> }).items.every(
            ({ attempts }) => attempts === 1
          )
        )
      }).pipe(Effect.scoped),
    120_000
  )
})
