import { assert, layer } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { agentEdited } from "../../schemas/events/confd.ts"
import { authTenantDeleted } from "../../schemas/events/auth.ts"
import { makeEvent } from "../../schemas/events/envelope.ts"
import { testDatabaseLayer } from "../../test/database.ts"
import { testIdentityLayer } from "../../test/identity.ts"
import { Agents } from "./agents.ts"
import { CallCentre } from "./call-centre.ts"
import { callCentreLayer } from "./call-centre-layer.ts"
import { Contexts } from "./contexts.ts"
import { Extensions } from "./extensions.ts"
import { Lines } from "./lines.ts"
import { LoggedExtensions } from "./logged-extensions.ts"
import { pbxMigrations } from "./migrations.ts"
import { pbxLayer } from "./pbx.ts"
import { QueueMembers } from "./queue-members.ts"
import { Queues } from "./queues.ts"
import { UserAgents } from "./user-agents.ts"
import { UserLines } from "./user-lines.ts"
import { Users } from "./users.ts"

const counted = { queries: 0 }

/** The test database, counting the statements that are built for it. */
const countedDatabase = Layer.effect(
  SqlClient.SqlClient,
  Effect.map(
    SqlClient.SqlClient,
    (sql) =>
      new Proxy(sql, {
        apply: (target, self, args) => {
          // A template, not the name of a column.
          if (Array.isArray(args[0])) counted.queries++
          return Reflect.apply(target, self, args)
        }
      })
  )
).pipe(Layer.provideMerge(testDatabaseLayer))

const inUse = new Set<string>()

const testLayer = pbxLayer.pipe(
  Layer.provide(
    Layer.succeed(LoggedExtensions, { contextInUse: (name) => Effect.sync(() => inUse.has(name)) })
  ),
  Layer.provideMerge(callCentreLayer),
  Layer.provideMerge(testIdentityLayer({ migrations: pbxMigrations, database: countedDatabase }))
)

/** A tenant that exists for the configuration: nothing of it is swept away. */
const newScope = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const uuid = randomUUID()
  yield* sql`
    INSERT INTO auth_tenant (uuid, slug, parent_uuid)
    SELECT ${uuid}::uuid, ${uuid.slice(0, 8)}, uuid FROM auth_tenant WHERE uuid = parent_uuid`
  return { tenantUuid: uuid, visibleTenants: [uuid] }
})

const range = [{ start: "1000", end: "1999" }]
const live = { timeout: "60 seconds", excludeTestServices: true } as const

layer(testLayer, live)("the call centre's view of the configuration", (it) => {
  it.effect("knows an agent by id, number and user, with its users and queues", () =>
    Effect.gen(function* () {
      const scope = yield* newScope
      const centre = yield* CallCentre
      const queue = yield* (yield* Queues).create(scope, {
        name: `q-${scope.tenantUuid}`,
        label: "Sales",
        options: [["wrapuptime", "12"]]
      })
      const made = yield* (yield* Agents).create(scope, {
        number: "1001",
        queues: [{ id: queue.id, penalty: 3 }]
      })
      const user = yield* (yield* Users).create(scope, { firstname: "Ann" })
      yield* (yield* UserAgents).associate(scope, user.uuid, made.id)
      const agent = {
        id: made.id,
        tenantUuid: scope.tenantUuid,
        number: "1001",
        users: [{ id: user.id, uuid: user.uuid }],
        queues: [{ id: queue.id, name: queue.name, label: "Sales", penalty: 3 }]
      }
      const tenants = scope.visibleTenants
      assert.deepStrictEqual(yield* centre.agent(made.id, tenants), agent)
      assert.deepStrictEqual(yield* centre.agentByNumber("1001", tenants), agent)
      assert.deepStrictEqual(yield* centre.agentOfUser(user.uuid, tenants), agent)
      assert.deepStrictEqual(yield* centre.agentsOf(tenants), [agent])
      const config = {
        id: queue.id,
        tenantUuid: scope.tenantUuid,
        name: queue.name,
        label: "Sales",
        wrapupTime: 12
      }
      assert.deepStrictEqual(yield* centre.queue(queue.id, tenants), config)
      assert.deepStrictEqual(yield* centre.queuesOf(tenants), [config])
      const elsewhere = [randomUUID()]
      assert.isUndefined(yield* centre.agent(made.id, elsewhere))
      assert.isUndefined(yield* centre.agentByNumber("1001", elsewhere))
      assert.isUndefined(yield* centre.agentOfUser(user.uuid, elsewhere))
      assert.isUndefined(yield* centre.queue(queue.id, elsewhere))
    })
  )

  it.effect("sees a change made on this node at the next call", () =>
    Effect.gen(function* () {
      const scope = yield* newScope
      const centre = yield* CallCentre
      const [agents, queues, members] = [yield* Agents, yield* Queues, yield* QueueMembers]
      const [users, userAgents] = [yield* Users, yield* UserAgents]
      const tenants = scope.visibleTenants
      const { id } = yield* agents.create(scope, { number: "1" })
      const agent = centre.agent(id, tenants)
      assert.deepStrictEqual((yield* agent)?.queues, [])
      const queue = yield* queues.create(scope, { name: `s-${scope.tenantUuid}` })
      yield* members.associateAgent(scope, queue.id, id, { penalty: 1 })
      assert.deepStrictEqual((yield* agent)?.queues, [
        { id: queue.id, name: queue.name, label: null, penalty: 1 }
      ])
      yield* members.associateAgent(scope, queue.id, id, { penalty: 2 })
      assert.strictEqual((yield* agent)?.queues[0]?.penalty, 2)
      yield* queues.edit(scope, queue.id, { label: "Renamed" })
      assert.strictEqual((yield* agent)?.queues[0]?.label, "Renamed")
      assert.strictEqual((yield* centre.queue(queue.id, tenants))?.label, "Renamed")
      yield* queues.remove(scope, queue.id)
      assert.deepStrictEqual((yield* agent)?.queues, [])
      assert.isUndefined(yield* centre.queue(queue.id, tenants))
      const user = yield* users.create(scope, { firstname: "x" })
      yield* userAgents.associate(scope, user.uuid, id)
      assert.strictEqual((yield* centre.agentOfUser(user.uuid, tenants))?.id, id)
      yield* users.remove(scope, user.uuid)
      assert.isUndefined(yield* centre.agentOfUser(user.uuid, tenants))
      assert.deepStrictEqual((yield* agent)?.users, [])
      yield* agents.remove(scope, id)
      assert.isUndefined(yield* agent)
      assert.isUndefined(yield* centre.agentByNumber("1", tenants))
      assert.deepStrictEqual(yield* centre.agentsOf(tenants), [])
    })
  )

  it.effect("sees a change made on another node after its event", () =>
    Effect.gen(function* () {
      const scope = yield* newScope
      const centre = yield* CallCentre
      const sql = yield* SqlClient.SqlClient
      const bus = yield* EventBus
      const { id } = yield* (yield* Agents).create(scope, { number: "1" })
      const tenants = scope.visibleTenants
      yield* centre.agent(id, tenants)
      yield* sql`INSERT INTO pbx_users ${sql.insert({
        uuid: scope.tenantUuid,
        tenant_uuid: scope.tenantUuid,
        firstname: "x",
        caller_id: "x",
        agent_id: id
      })}`
      const target = { tenantUuid: scope.tenantUuid }
      yield* bus.publish(makeEvent(agentEdited, { originUuid: "other", at: 0 }, target, { id }))
      assert.strictEqual((yield* centre.agentOfUser(scope.tenantUuid, tenants))?.id, id)
    })
  )

  it.effect("answers from memory without a query, and reads a changed agent with few", () =>
    Effect.gen(function* () {
      const scope = yield* newScope
      const centre = yield* CallCentre
      const sql = yield* SqlClient.SqlClient
      const agents = yield* Agents
      yield* sql`
        INSERT INTO pbx_agents (tenant_uuid, number)
        SELECT ${scope.tenantUuid}, n::text FROM generate_series(1, 10000) AS n`
      yield* agents.create(scope, { number: "0" })
      const bus = yield* EventBus
      yield* bus.publish({ name: "strowger_bus_connected", headers: {}, data: {}, routingKey: "" })
      const cost = <A, E, R>(work: Effect.Effect<A, E, R>) =>
        Effect.gen(function* () {
          const before = counted.queries
          yield* work
          return counted.queries - before
        })
      const tenants = scope.visibleTenants
      const loading = yield* cost(centre.agentsOf(tenants))
      assert.isAbove(loading, 0)
      assert.isBelow(loading, 10)
      assert.lengthOf(yield* centre.agentsOf(tenants), 10_001)
      assert.strictEqual(yield* cost(centre.agentByNumber("5000", tenants)), 0)
      assert.strictEqual(yield* cost(centre.agentsOf(tenants)), 0)
      const known = yield* centre.agentByNumber("5000", tenants)
      yield* agents.edit(scope, known?.id ?? 0, { firstname: "x" })
      assert.isBelow(yield* cost(centre.agentByNumber("5000", tenants)), 10)
    })
  )

  it.effect("of several agents with one number takes the one of the first tenant", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* newScope, yield* newScope]
      const agents = yield* Agents
      const centre = yield* CallCentre
      const first = yield* agents.create(one, { number: "1" })
      const second = yield* agents.create(two, { number: "1" })
      const both = [one.tenantUuid, two.tenantUuid]
      assert.strictEqual((yield* centre.agentByNumber("1", both))?.id, first.id)
      assert.strictEqual((yield* centre.agentByNumber("1", both.toReversed()))?.id, second.id)
      assert.deepStrictEqual(
        (yield* centre.agentsOf(both.toReversed())).map(({ id }) => id),
        [first.id, second.id]
      )
    })
  )

  it.effect("knows the lines on an extension and the lines of a user", () =>
    Effect.gen(function* () {
      const scope = yield* newScope
      const centre = yield* CallCentre
      const [contexts, lines, users, userLines] = [
        yield* Contexts,
        yield* Lines,
        yield* Users,
        yield* UserLines
      ]
      const { name: context } = yield* contexts.create(scope, { label: "x", user_ranges: range })
      assert.strictEqual(yield* centre.contextTenant(context), scope.tenantUuid)
      assert.isUndefined(yield* centre.contextTenant("nowhere"))
      const extensions = [{ exten: "1001" }]
      const custom = yield* lines.create(scope, {
        context,
        endpoint_custom: { interface: `Local/${scope.tenantUuid}` },
        extensions
      })
      const sip = yield* lines.create(scope, { context, endpoint_sip: {}, extensions })
      const lone = yield* lines.create(scope, { context, endpoint_sip: {} })
      const user = yield* users.create(scope, { firstname: "x" })
      for (const { id } of [sip, custom, lone]) yield* userLines.associate(scope, user.uuid, id)
      assert.deepStrictEqual(yield* centre.linesOn("1001", context), [
        { id: custom.id, stateInterface: `Local/${scope.tenantUuid}`, isMainLine: false },
        { id: sip.id, stateInterface: `PJSIP/${sip.name}`, isMainLine: true }
      ])
      assert.deepStrictEqual(yield* centre.linesOn("1002", context), [])
      assert.deepStrictEqual(yield* centre.lineOfUser(user.uuid, sip.id), {
        stateInterface: `PJSIP/${sip.name}`,
        extension: { exten: "1001", context }
      })
      assert.deepStrictEqual(yield* centre.lineOfUser(user.uuid, lone.id), {
        stateInterface: `PJSIP/${lone.name}`,
        extension: null
      })
      assert.isUndefined(yield* centre.lineOfUser(randomUUID(), sip.id))
      assert.isUndefined(yield* centre.lineOfUser(user.uuid, 999_999))
    })
  )

  it.effect("assigns an agent as last member with penalty 0, once, without an event of the catalogue", () =>
    Effect.gen(function* () {
      const scope = yield* newScope
      const centre = yield* CallCentre
      const [agents, queues] = [yield* Agents, yield* Queues]
      const bus = yield* EventBus
      const outbox = yield* Outbox
      const seen: Array<string> = []
      const queue = yield* queues.create(scope, { name: `a-${scope.tenantUuid}` })
      const first = yield* agents.create(scope, { number: "1", queues: [{ id: queue.id, priority: 4 }] })
      const second = yield* agents.create(scope, { number: "2" })
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* outbox.drained
          yield* bus.subscribe({}, ({ name, headers }) => "required_acl" in headers && seen.push(name))
          assert.isTrue(yield* centre.assign(second.id, queue.id))
          assert.isFalse(yield* centre.assign(second.id, queue.id))
          assert.isFalse(yield* centre.assign(999_999, queue.id))
          assert.isFalse(yield* centre.assign(second.id, 999_999))
          yield* outbox.drained
          assert.deepStrictEqual(seen, [])
        })
      )
      const { members } = yield* queues.get(scope, queue.id)
      assert.deepStrictEqual(
        members.agents.map(({ id, penalty, priority }) => ({ id, penalty, priority })),
        [
          { id: first.id, penalty: 0, priority: 4 },
          { id: second.id, penalty: 0, priority: 5 }
        ]
      )
      assert.lengthOf((yield* centre.agent(second.id, scope.visibleTenants))?.queues ?? [], 1)
      assert.isTrue(yield* centre.unassign(second.id, queue.id))
      assert.isFalse(yield* centre.unassign(second.id, queue.id))
      assert.deepStrictEqual((yield* centre.agent(second.id, scope.visibleTenants))?.queues, [])
      assert.deepStrictEqual(
        seen.filter((name) => name !== "agent_created" && name !== "queue_created"),
        []
      )
    })
  )

  it.effect("a context with a logged agent on it is not deleted (400)", () =>
    Effect.gen(function* () {
      const scope = yield* newScope
      const contexts = yield* Contexts
      const { id, name } = yield* contexts.create(scope, { label: "x" })
      inUse.add(name)
      const refused = yield* Effect.flip(contexts.remove(scope, id))
      assert.deepStrictEqual(refused.messages, [
        `Resource Error - Context is associated with a AgentStatus ('context_id': ${id})`
      ])
      inUse.delete(name)
      yield* contexts.remove(scope, id)
    })
  )

  it.effect("the configuration of a deleted tenant is dropped, and nobody else's", () =>
    Effect.gen(function* () {
      const [gone, kept] = [yield* newScope, yield* newScope]
      const [agents, contexts, extensions, users] = [
        yield* Agents,
        yield* Contexts,
        yield* Extensions,
        yield* Users
      ]
      const queues = yield* Queues
      const centre = yield* CallCentre
      const sql = yield* SqlClient.SqlClient
      const bus = yield* EventBus
      for (const scope of [gone, kept]) {
        const { name: context } = yield* contexts.create(scope, { label: "x", user_ranges: range })
        const queue = yield* queues.create(scope, { name: `g-${scope.tenantUuid}` })
        yield* users.create(scope, {
          firstname: "x",
          lines: [{ context, endpoint_sip: {}, extensions: [{ exten: "1001" }] }],
          agent: { queues: [{ id: queue.id }] }
        })
      }
      yield* sql`DELETE FROM auth_tenant WHERE uuid = ${gone.tenantUuid}::uuid`
      const target = { tenantUuid: gone.tenantUuid }
      const event = makeEvent(authTenantDeleted, { originUuid: "x", at: 0 }, target, {
        uuid: gone.tenantUuid
      })
      yield* bus.publish(event)
      const left = Effect.map(contexts.list(gone, {}), ({ total }) => total)
      yield* Effect.sleep(5).pipe(Effect.andThen(left), Effect.repeat({ until: (total) => total === 0 }))
      for (const list of [agents.list, extensions.list, users.list, queues.list]) {
        assert.strictEqual((yield* list(gone, {})).total, 0)
        assert.strictEqual((yield* list(kept, {})).total, 1)
      }
      assert.deepStrictEqual(yield* centre.agentsOf(gone.visibleTenants), [])
      assert.lengthOf(yield* centre.agentsOf(kept.visibleTenants), 1)
    })
  )
})
