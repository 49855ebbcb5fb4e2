import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import {
  agentd,
  type Answered,
  clientWith,
  freshCallCentre,
  logIn,
  logOff,
  shown,
  statusOf
} from "../../test/agents.ts"
import type { Client } from "../../test/client.ts"
import { create, put } from "../../test/confd.ts"
import { strowgerTestLayer } from "../../test/strowger.ts"

const unauthorized: Answered = [401, { error: "invalid token or unauthorized" }]
const done: Answered = [204, undefined]

/** Every endpoint with the access it needs (contracts/callcenter.md 4). */
const endpoints = [
  ["GET", "/agents", "agents.read"],
  ["POST", "/agents/logoff", "agents.logoff.create"],
  ["POST", "/agents/relog", "agents.relog.create"],
  ["GET", "/agents/by-id/77", "agents.by-id.77.read"],
  ["GET", "/agents/by-number/7.7", "agents.by-number.7_7.read"],
  ["POST", "/agents/by-id/77/login", "agents.by-id.77.login.create"],
  ["POST", "/agents/by-number/7.7/login", "agents.by-number.7_7.login.create"],
  ["POST", "/agents/by-id/77/logoff", "agents.by-id.77.logoff.create"],
  ["POST", "/agents/by-number/7.7/logoff", "agents.by-number.7_7.logoff.create"],
  ["POST", "/agents/by-id/77/add", "agents.by-id.77.add.create"],
  ["POST", "/agents/by-id/77/remove", "agents.by-id.77.delete.create"],
  ["POST", "/agents/by-number/7.7/pause", "agents.by-number.7_7.pause.create"],
  ["POST", "/agents/by-number/7.7/unpause", "agents.by-number.7_7.unpause.create"],
  ["PUT", "/agents/77/queues/88/login", "agents.77.queues.88.login.update"],
  ["PUT", "/agents/77/queues/88/logoff", "agents.77.queues.88.logoff.update"],
  ["GET", "/users/me/agents", "users.me.agents.read"],
  ["POST", "/users/me/agents/login", "users.me.agents.login.create"],
  ["POST", "/users/me/agents/logoff", "users.me.agents.logoff.create"],
  ["POST", "/users/me/agents/pause", "users.me.agents.pause.create"],
  ["POST", "/users/me/agents/unpause", "users.me.agents.unpause.create"],
  ["PUT", "/users/me/agents/queues/88/login", "users.me.agents.queues.88.login.update"],
  ["PUT", "/users/me/agents/queues/88/logoff", "users.me.agents.queues.88.logoff.update"],
  ["GET", "/status", "status.read"]
] as const

layer(strowgerTestLayer({ knobs: { STROWGER_AMI_PORT: "1" } }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("access to agentd", (it) => {
  it.effect(
    "every endpoint needs its own ACL; without a token, with a wrong one or another right it is 401",
    () =>
      Effect.gen(function* () {
        const allowed = yield* clientWith({ acl: endpoints.map(([, , acl]) => `agentd.${acl}`) })
        const everythingElse = yield* clientWith({
          acl: ["#", ...endpoints.map(([, , acl]) => `!agentd.${acl}`)]
        })
        for (const [method, path, acl] of endpoints) {
          const attempt = (client: Client, headers?: Record<string, string>) =>
            shown(client.request(method, `${agentd}${path}`, method === "GET" ? undefined : {}, headers))
          const [status] = yield* attempt(allowed)
          assert.notStrictEqual(status, 401, acl)
          assert.notStrictEqual(status, 500, acl)
          assert.deepEqual(yield* attempt(everythingElse), unauthorized, acl)
          assert.deepEqual(yield* attempt(allowed, { "X-Auth-Token": "" }), unauthorized, acl)
          assert.deepEqual(yield* attempt(allowed, { "X-Auth-Token": "unknown" }), unauthorized, acl)
        }
      })
  )

  it.effect(
    "checks come in order: token, ACL and tenant header (401), body (400), entities (404), state (409)",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent } = yield* withoutAmi(client)
        const loginPath = (id: number) => `${agentd}/agents/by-id/${id}/login`
        const powerless = yield* clientWith({ acl: [] })
        assert.deepEqual(yield* shown(powerless.request("POST", loginPath(999_999), "{")), unauthorized)
        assert.deepEqual(
          yield* shown(client.request("POST", loginPath(999_999), "{", { "Accent-Tenant": "nowhere" })),
          unauthorized
        )
        assert.strictEqual((yield* client.request("POST", loginPath(999_999), "{")).status, 400)
        assert.deepEqual(yield* shown(client.request("POST", loginPath(999_999), {})), [
          400,
          { error: "invalid fields: extension, context" }
        ])
        assert.deepEqual(
          yield* shown(client.request("POST", loginPath(999_999), { extension: "1", context: "x" })),
          [404, { error: "no such agent" }]
        )
        assert.deepEqual(
          yield* shown(
            client.request("POST", `${agentd}/agents/by-number/${agent.number}/pause`, { reason: "" })
          ),
          [400, { error: "invalid fields: reason" }]
        )
      })
  )

  it.effect("an unknown route and an id that is no integer are 404", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      for (const [method, path] of [
        ["GET", "/nothing"],
        ["GET", "/agents/"],
        ["GET", "/agents/by-id/abc"],
        ["GET", "/agents/by-id/-1"],
        ["GET", "/agents/by-id/1.5"],
        ["POST", "/agents/by-id/abc/logoff"],
        ["PUT", "/agents/1/queues/abc/login"],
        ["PUT", "/users/me/agents/queues/abc/login"]
      ] as const) {
        assert.strictEqual((yield* client.request(method, `${agentd}${path}`)).status, 404, path)
      }
    })
  )

  it.effect(
    "bodies: unknown keys are ignored, strings are not made of numbers, ids may be decimal strings",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context } = yield* withoutAmi(client)
        const path = `${agentd}/agents/by-id/${agent.id}`
        const login = (body: unknown) => shown(client.request("POST", `${path}/login`, body))
        const invalid = (names: string): Answered => [400, { error: `invalid fields: ${names}` }]
        assert.deepEqual(yield* login({ extension: 1001 }), invalid("extension, context"))
        assert.deepEqual(yield* login({ extension: 1001, context }), invalid("extension"))
        assert.deepEqual(yield* login({ extension: agent.extension, context: null }), invalid("context"))
        assert.deepEqual(
          yield* login({ extension: agent.extension, context, endpoint: 5 }),
          invalid("endpoint")
        )
        assert.deepEqual(yield* login({ extension: "9".repeat(81), context }), invalid("extension"))
        assert.deepEqual(yield* login({ extension: agent.extension, context, colour: "blue" }), done)
        for (const queue_id of ["x", "", null, 1.5, true, [1], {}, "-1"]) {
          assert.deepEqual(
            yield* shown(client.request("POST", `${path}/add`, { queue_id })),
            invalid("queue_id"),
            JSON.stringify(queue_id)
          )
        }
        for (const queue_id of [999_999, "999999"]) {
          assert.deepEqual(yield* shown(client.request("POST", `${path}/add`, { queue_id })), [
            404,
            { error: "no such queue" }
          ])
        }
        yield* logOff(client, agent)
      })
  )

  it.effect("a missing required body is 400; [] and null are like {}; what is no object is 400", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const { agent } = yield* withoutAmi(client)
      const path = `${agentd}/agents/by-id/${agent.id}/login`
      for (const body of [undefined, "", "[]", "null", "{}"]) {
        assert.deepEqual(
          yield* shown(client.request("POST", path, body)),
          [400, { error: "invalid fields: extension, context" }],
          body
        )
      }
      for (const body of ['"x"', "[1]", "5", "true", "{", "nonsense"])
        assert.strictEqual((yield* client.request("POST", path, body)).status, 400, body)
    })
  )

  it.effect(
    "a pause takes an absent body, null and a reason of 1 to 80 characters, in any content type",
    () =>
      Effect.gen(function* () {
        const client = yield* clientWith()
        const { agent, context } = yield* withoutAmi(client)
        yield* logIn(client, agent, context)
        const path = `${agentd}/agents/by-number/${agent.number}/pause`
        for (const body of [
          undefined,
          "",
          "[]",
          "null",
          "{}",
          '{"reason":null}',
          '{"reason":"é"}',
          `{"reason":"${"x".repeat(80)}"}`
        ])
          assert.deepEqual(yield* shown(client.request("POST", path, body)), done, body)
        for (const contentType of [
          "application/x-www-form-urlencoded",
          "text/plain",
          "application/xml",
          ""
        ]) {
          const headers = { "Content-Type": contentType }
          assert.deepEqual(
            yield* shown(client.request("POST", path, { reason: "tea" }, headers)),
            done,
            contentType
          )
        }
        for (const reason of [
          "",
          "x".repeat(81),
          5,
          ["a"],
          {},
          false,
          "a\r\nAction: Originate",
          "a\n",
          "a\u0000"
        ]) {
          assert.deepEqual(
            yield* shown(client.request("POST", path, { reason })),
            [400, { error: "invalid fields: reason" }],
            JSON.stringify(reason)
          )
        }
        yield* logOff(client, agent)
      })
  )

  it.effect(
    "tenant header: absent is the token's tenant; it and those below it are taken, all others are 401",
    () =>
      Effect.gen(function* () {
        const { a, below, b, master } = yield* tenants("headers")
        const list = (client: Client, headers: Record<string, string>) =>
          Effect.map(
            shown(client.request("GET", `${agentd}/agents`, undefined, headers)),
            ([status, body]) =>
              status === 200 ? (body as ReadonlyArray<{ id: number }>).map(({ id }) => id) : [status, body]
          )
        const ids = { a: [a.agent.id], below: [below.agent.id], b: [b.agent.id] }
        assert.deepEqual(yield* list(a.client, {}), ids.a)
        for (const name of ["Accent-Tenant", "Wazo-Tenant", "accent-tenant"]) {
          assert.deepEqual(yield* list(a.client, { [name]: a.uuid }), ids.a)
          assert.deepEqual(yield* list(a.client, { [name]: a.uuid.toUpperCase() }), ids.a)
          assert.deepEqual(yield* list(a.client, { [name]: below.uuid }), ids.below)
          assert.deepEqual(yield* list(a.client, { [name]: "" }), ids.a)
          for (const foreign of [b.uuid, master.uuid, "11111111-1111-4111-8111-111111111111", "nonsense"])
            assert.deepEqual(yield* list(a.client, { [name]: foreign }), [...unauthorized], foreign)
        }
        assert.deepEqual(yield* list(below.client, { "Accent-Tenant": a.uuid }), [...unauthorized])
        assert.deepEqual(yield* list(master.client, { "Accent-Tenant": below.uuid }), ids.below)
      })
  )

  it.effect(
    "an agent of a tenant below is seen; one of a sibling or of the parent is 404, or 409 for logoff and pause",
    () =>
      Effect.gen(function* () {
        const { a, below, b } = yield* tenants("sight")
        yield* logIn(below.client, below.agent, below.context)
        yield* logIn(a.client, a.agent, a.context)
        assert.strictEqual((yield* statusOf(a.client, below.agent)).tenant_uuid, below.uuid)
        assert.isTrue((yield* statusOf(a.client, below.agent)).logged)

        for (const client of [b.client, below.client]) {
          const { id, number } = a.agent
          const get = (path: string) => shown(client.request("GET", `${agentd}/agents/${path}`))
          const post = (path: string, body?: unknown) =>
            shown(client.request("POST", `${agentd}/agents/${path}`, body))
          const unknown: Answered = [404, { error: "no such agent" }]
          const off: Answered = [409, { error: "not logged in" }]
          assert.deepEqual(yield* get(`by-id/${id}`), unknown)
          assert.deepEqual(yield* get(`by-number/${number}`), unknown)
          assert.deepEqual(yield* post(`by-id/${id}/login`, { extension: "1", context: "c" }), unknown)
          assert.deepEqual(yield* post(`by-id/${id}/add`, { queue_id: 1 }), unknown)
          assert.deepEqual(yield* post(`by-id/${id}/remove`, { queue_id: 1 }), unknown)
          assert.deepEqual(yield* post(`by-id/${id}/logoff`), off)
          assert.deepEqual(yield* post(`by-number/${number}/logoff`), off)
          assert.deepEqual(yield* post(`by-number/${number}/pause`), off)
          assert.deepEqual(yield* post(`by-number/${number}/unpause`), off)
          const enter = yield* shown(client.request("PUT", `${agentd}/agents/${id}/queues/1/login`))
          assert.deepEqual(enter, unknown)
        }
        // A header that narrows the sight of the parent narrows it for items too.
        const narrowed = yield* a.client.request("GET", `${agentd}/agents/by-id/${a.agent.id}`, undefined, {
          "Accent-Tenant": below.uuid
        })
        assert.strictEqual(narrowed.status, 404)
        assert.deepEqual(yield* shown(logOff(a.client, below.agent)), done)
        assert.isTrue((yield* statusOf(a.client, a.agent)).logged)
      })
  )

  it.effect("of two visible agents with one number by-number takes that of the resolved tenant", () =>
    Effect.gen(function* () {
      const { a, below } = yield* tenants("numbers")
      const number = `5${a.agent.number}`
      const lower = yield* create<{ id: number }>(below.client, "/api/confd/1.1/agents", { number })
      const path = `${agentd}/agents/by-number/${number}`
      const found = (headers?: Record<string, string>) =>
        Effect.map(
          a.client.request("GET", path, undefined, headers),
          ({ body }) => (body as { id: number }).id
        )
      assert.strictEqual(yield* found(), lower.id)
      const upper = yield* create<{ id: number }>(a.client, "/api/confd/1.1/agents", { number })
      assert.strictEqual(yield* found(), upper.id)
      assert.strictEqual(yield* found({ "Accent-Tenant": below.uuid }), lower.id)
    })
  )

  it.effect("the caller's own agent must be in a visible tenant", () =>
    Effect.gen(function* () {
      const { a, below } = yield* tenants("own")
      yield* put(a.client, `/api/confd/1.1/users/${a.agent.userUuid}/agents/${a.agent.id}`)
      const { userUuid } = a.agent
      const mine = (client: Client) => shown(client.request("GET", `${agentd}/users/me/agents`))
      const [status] = yield* mine(yield* clientWith({ userUuid, tenantUuid: a.uuid }))
      assert.strictEqual(status, 200)
      assert.deepEqual(yield* mine(yield* clientWith({ userUuid, tenantUuid: below.uuid })), [
        404,
        { error: "no such agent" }
      ])
    })
  )

  it.effect("GET /status says ok for the bus and the service token, in any tenant", () =>
    Effect.gen(function* () {
      const client = yield* clientWith({ acl: ["agentd.status.read"] })
      assert.deepEqual(yield* shown(client.request("GET", `${agentd}/status`)), [
        200,
        { bus_consumer: { status: "ok" }, service_token: { status: "ok" } }
      ])
    })
  )

  it.effect("GET /api/api.yml needs no token and is an OpenAPI 2 document with info and paths", () =>
    Effect.gen(function* () {
      const client = yield* clientWith()
      const answer = yield* client.request("GET", `${agentd}/api/api.yml`, undefined, { "X-Auth-Token": "" })
      assert.strictEqual(answer.status, 200)
      assert.match(answer.headers.get("content-type") ?? "", /^application\/x-yaml/)
      const { swagger, info, paths } = answer.body as {
        swagger: string
        info: object
        paths: Record<string, object>
      }
      assert.strictEqual(swagger, "2.0")
      assert.hasAllKeys(info, ["title", "version"])
      const described = Object.entries(paths).flatMap(([path, item]) =>
        Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "{}")}`)
      )
      assert.includeMembers(
        described,
        endpoints.map(([method, path]) => `${method} ${path.replace(/77|7\.7|88/g, "{}")}`)
      )
    })
  )
})

/** An agent without queues and users: commands for it need no Asterisk. */
const withoutAmi = Effect.fnUntraced(function* (client: Client) {
  return yield* freshCallCentre(client, { queues: 0, users: false, withoutAmi: true })
})

/** Tenants a and b beside each other, one below a, each with an agent without queues and users. */
const tenants = Effect.fnUntraced(function* (name: string) {
  const client = yield* clientWith()
  const { body } = yield* client.request("GET", "/api/auth/0.1/tenants")
  const listed = (body as { items: ReadonlyArray<{ uuid: string; parent_uuid: string }> }).items
  const master = { client, uuid: listed.find(({ uuid, parent_uuid }) => uuid === parent_uuid)?.uuid ?? "" }
  const make = Effect.fnUntraced(function* (parent: Client, label: string) {
    const { uuid } = yield* create<{ uuid: string }>(parent, "/api/auth/0.1/tenants", { name: label }, 200)
    const own = yield* clientWith({ tenantUuid: uuid })
    const centre = yield* freshCallCentre(own, { queues: 0, withoutAmi: true })
    yield* own.request("DELETE", `/api/confd/1.1/users/${centre.agent.userUuid}/agents`)
    return { client: own, uuid, ...centre }
  })
  const a = yield* make(client, `${name} a`)
  const below = yield* make(a.client, `${name} below`)
  const b = yield* make(client, `${name} b`)
  return { a, below, b, master }
})
