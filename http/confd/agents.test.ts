import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { idOf, live, newContext, TestConfd, testConfdLayer, uuidOf } from "./fixture.ts"

layer(testConfdLayer(), live)("agents and queues", (it) => {
  it.effect("are created with 201, the object and its Location, and read back alike", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const made = yield* confd.post("/agents", { number: "*10#1", firstname: "Ann", password: "1234" })
      assert.strictEqual(made.status, 201, made.text)
      const location = made.location ?? ""
      assert.isTrue(location.endsWith(`/api/confd/1.1/agents/${idOf(made)}`), location)
      assert.deepStrictEqual(made.json, {
        id: idOf(made),
        tenant_uuid: confd.tenantUuid,
        number: "*10#1",
        firstname: "Ann",
        lastname: null,
        password: "1234",
        language: null,
        preprocess_subroutine: null,
        description: null,
        queues: [],
        skills: [],
        users: [],
        links: [{ rel: "agents", href: location }]
      })
      assert.deepStrictEqual((yield* confd.get(`/agents/${idOf(made)}`)).json, made.json)
    })
  )

  it.effect("agent number is unique per tenant (400)", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const [one, other] = [yield* client(), yield* client()]
      idOf(yield* one.post("/agents", { number: "1234" }))
      const again = yield* one.post("/agents", { number: "1234" })
      assert.strictEqual(again.status, 400)
      assert.deepStrictEqual(again.sentences, ["Resource Error - Agent already exists ('number': '1234')"])
      assert.strictEqual((yield* other.post("/agents", { number: "1234" })).status, 201)
    })
  )

  it.effect("PUT is partial: absent fields keep their value, and number and name are ignored", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const agent = idOf(yield* confd.post("/agents", { number: "1", firstname: "Ann", lastname: "Lee" }))
      const edited = yield* confd.put(`/agents/${agent}`, { firstname: "Eve", number: "2", colour: "red" })
      assert.strictEqual(edited.status, 204)
      assert.strictEqual(edited.text, "")
      const { json } = yield* confd.get(`/agents/${agent}`)
      assert.deepInclude(json, { number: "1", firstname: "Eve", lastname: "Lee" })
      assert.strictEqual((yield* confd.put(`/agents/${agent}`, { lastname: null })).status, 204)
      assert.deepInclude((yield* confd.get(`/agents/${agent}`)).json, { firstname: "Eve", lastname: null })
      const name = `q-${confd.tenantUuid}`
      const queue = idOf(yield* confd.post("/queues", { name, label: "Sales" }))
      assert.strictEqual((yield* confd.put(`/queues/${queue}`, { name: "other", label: null })).status, 204)
      assert.deepInclude((yield* confd.get(`/queues/${queue}`)).json, { name, label: null })
      assert.strictEqual((yield* confd.put(`/agents/${agent}`, {})).status, 204)
    })
  )

  it.effect("an unknown or invisible id is 404, and says which", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* TestConfd
      const above = yield* client()
      const below = yield* client({ tenantUuid: yield* tenant(above.tenantUuid) })
      const beside = yield* client()
      const id = idOf(yield* below.post("/agents", { number: "1" }))
      assert.strictEqual((yield* above.get(`/agents/${id}`)).status, 200)
      for (const stranger of [beside, yield* client()]) {
        const answer = yield* stranger.get(`/agents/${id}`)
        assert.strictEqual(answer.status, 404)
        assert.deepStrictEqual(answer.sentences, [`Resource Not Found - Agent was not found ('id': ${id})`])
        assert.strictEqual((yield* stranger.put(`/agents/${id}`, { firstname: "x" })).status, 404)
        assert.strictEqual((yield* stranger.delete(`/agents/${id}`)).status, 404)
      }
      assert.strictEqual((yield* below.get(`/agents/${id}`)).json["firstname"], null)
      assert.strictEqual((yield* above.delete(`/agents/${id}`)).status, 204)
      assert.strictEqual((yield* below.get(`/agents/${id}`)).status, 404)
    })
  )

  it.effect("POST of an agent may carry its queues", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const confd = yield* client()
      const stranger = yield* client()
      const first = idOf(yield* confd.post("/queues", { name: `a-${confd.tenantUuid}`, label: "A" }))
      const second = idOf(yield* confd.post("/queues", { name: `b-${confd.tenantUuid}` }))
      const made = yield* confd.post("/agents", {
        number: "1",
        queues: [{ id: second, penalty: 3, priority: 2 }, { id: first }]
      })
      assert.strictEqual(made.status, 201, made.text)
      assert.deepStrictEqual<unknown>(
        // The links are told elsewhere.
        (made.json["queues"] as ReadonlyArray<object>).map((queue) => ({ ...queue, links: [] })),
        [
          { id: first, name: `a-${confd.tenantUuid}`, label: "A", penalty: 0, links: [] },
          { id: second, name: `b-${confd.tenantUuid}`, label: null, penalty: 3, links: [] }
        ]
      )
      const unknown = yield* stranger.post("/agents", { number: "1", queues: [{ id: first }] })
      assert.strictEqual(unknown.status, 400)
      assert.strictEqual((yield* stranger.get("/agents")).total, 0)
    })
  )

  it.effect("queue name is unique on the whole platform and never general (400)", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const [one, other] = [yield* client(), yield* client()]
      const name = `unique-${one.tenantUuid}`
      idOf(yield* one.post("/queues", { name }))
      const again = yield* other.post("/queues", { name })
      assert.strictEqual(again.status, 400)
      assert.deepStrictEqual(again.sentences, [`Resource Error - Queue already exists ('name': '${name}')`])
      for (const bad of ["general", "with space", "", "ünder", "x".repeat(129)]) {
        assert.strictEqual((yield* one.post("/queues", { name: bad })).status, 400, bad)
      }
    })
  )

  it.effect("queue options are merged with the defaults", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const made = yield* confd.post("/queues", {
        name: `o-${confd.tenantUuid}`,
        options: [
          ["timeout", "42"],
          ["custom", "x"]
        ]
      })
      // Options are pairs of strings: the schema of the answer saw to it.
      const options = new Map(made.json["options"] as ReadonlyArray<readonly [string, string]>)
      assert.deepInclude(Object.fromEntries(options), {
        timeout: "42",
        custom: "x",
        retry: "5",
        strategy: "ringall",
        maxlen: "0",
        wrapuptime: "0",
        weight: "0"
      })
      assert.deepInclude(made.json, {
        enabled: true,
        ignore_forward: true,
        mark_answered_elsewhere: true,
        ring_on_hold: false,
        label: null,
        timeout: null,
        members: { agents: [], users: [] },
        extensions: [],
        schedules: []
      })
      yield* confd.put(`/queues/${idOf(made)}`, { options: [["weight", "7"]] })
      const { json } = yield* confd.get(`/queues/${idOf(made)}`)
      assert.deepInclude(
        Object.fromEntries(new Map(json["options"] as ReadonlyArray<readonly [string, string]>)),
        { weight: "7", timeout: "15" }
      )
    })
  )

  it.effect(
    "queue member (agent): an empty object is accepted, repeating the PUT updates penalty and priority",
    () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const agent = idOf(yield* confd.post("/agents", { number: "1", firstname: "Ann" }))
        const queue = idOf(yield* confd.post("/queues", { name: `m-${confd.tenantUuid}` }))
        const path = `/queues/${queue}/members/agents/${agent}`
        const members = Effect.map(confd.get(`/queues/${queue}`), ({ json }) => json["members"])
        const member = { id: agent, number: "1", firstname: "Ann", lastname: null }
        const links = [{ rel: "agents", href: `${(yield* TestConfd).url}/api/confd/1.1/agents/${agent}` }]
        assert.strictEqual((yield* confd.put(path, {})).status, 204)
        assert.deepStrictEqual(yield* members, {
          agents: [{ ...member, penalty: 0, priority: 0, links }],
          users: []
        })
        assert.strictEqual((yield* confd.put(path, { penalty: 4, priority: 2 })).status, 204)
        assert.deepStrictEqual(yield* members, {
          agents: [{ ...member, penalty: 4, priority: 2, links }],
          users: []
        })
        assert.strictEqual((yield* confd.put(path, { penalty: -1 })).status, 400)
        assert.strictEqual((yield* confd.put(path, { priority: "high" })).status, 400)
        assert.strictEqual((yield* confd.delete(path)).status, 204)
        assert.strictEqual((yield* confd.delete(path)).status, 204)
        assert.deepStrictEqual(yield* members, { agents: [], users: [] })
      })
  )

  it.effect("queue member of another tenant is 400, of an invisible one 404", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* TestConfd
      const above = yield* client()
      const below = yield* client({ tenantUuid: yield* tenant(above.tenantUuid) })
      const queue = idOf(yield* above.post("/queues", { name: `t-${above.tenantUuid}` }))
      const agent = idOf(yield* below.post("/agents", { number: "1" }))
      const user = uuidOf(yield* below.post("/users", { firstname: "Bob" }))
      assert.strictEqual((yield* above.put(`/queues/${queue}/members/agents/${agent}`, {})).status, 400)
      assert.strictEqual((yield* above.put(`/queues/${queue}/members/users/${user}`, {})).status, 400)
      assert.strictEqual((yield* below.put(`/queues/${queue}/members/agents/${agent}`, {})).status, 404)
      assert.strictEqual((yield* below.put(`/queues/${queue}/members/users/${user}`, {})).status, 404)
      assert.strictEqual((yield* above.put(`/queues/${queue}/members/agents/999999`, {})).status, 404)
    })
  )

  it.effect("queue member (user) is named by id or uuid", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const queue = idOf(yield* confd.post("/queues", { name: `u-${confd.tenantUuid}` }))
      const made = yield* confd.post("/users", { firstname: "Bob" })
      const path = `/queues/${queue}/members/users`
      assert.strictEqual((yield* confd.put(`${path}/${idOf(made)}`, { priority: 5 })).status, 204)
      assert.strictEqual((yield* confd.put(`${path}/${uuidOf(made)}`, { priority: 6 })).status, 204)
      const { json } = yield* confd.get(`/users/${idOf(made)}`)
      assert.deepInclude((json["queues"] as ReadonlyArray<object>)[0], {
        id: queue,
        name: `u-${confd.tenantUuid}`
      })
      assert.strictEqual((yield* confd.delete(`${path}/${uuidOf(made)}`)).status, 204)
      assert.deepStrictEqual((yield* confd.get(`/users/${idOf(made)}`)).json["queues"], [])
    })
  )

  it.effect("deleting an agent drops its queue members and sets the users' agent to null", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const agent = idOf(yield* confd.post("/agents", { number: "1" }))
      const queue = idOf(yield* confd.post("/queues", { name: `d-${confd.tenantUuid}` }))
      const user = idOf(yield* confd.post("/users", { firstname: "Bob" }))
      yield* confd.put(`/queues/${queue}/members/agents/${agent}`, {})
      yield* confd.put(`/users/${user}/agents/${agent}`)
      assert.deepInclude((yield* confd.get(`/users/${user}`)).json["agent"] as object, { id: agent })
      assert.strictEqual((yield* confd.delete(`/agents/${agent}`)).status, 204)
      assert.isNull((yield* confd.get(`/users/${user}`)).json["agent"])
      assert.deepStrictEqual((yield* confd.get(`/queues/${queue}`)).json["members"], {
        agents: [],
        users: []
      })
    })
  )

  it.effect("deleting a queue drops its members", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const queue = idOf(yield* confd.post("/queues", { name: `x-${confd.tenantUuid}` }))
      const agent = idOf(yield* confd.post("/agents", { number: "1", queues: [{ id: queue }] }))
      assert.strictEqual((yield* confd.delete(`/queues/${queue}`)).status, 204)
      assert.deepStrictEqual((yield* confd.get(`/agents/${agent}`)).json["queues"], [])
    })
  )

  it.effect("user-agent: the same agent again is 204, another agent 400, another tenant's 400", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* TestConfd
      const above = yield* client()
      const below = yield* client({ tenantUuid: yield* tenant(above.tenantUuid) })
      const user = uuidOf(yield* above.post("/users", { firstname: "Bob" }))
      const one = idOf(yield* above.post("/agents", { number: "1" }))
      const two = idOf(yield* above.post("/agents", { number: "2" }))
      const theirs = idOf(yield* below.post("/agents", { number: "1" }))
      const put = (agent: number) =>
        Effect.map(above.put(`/users/${user}/agents/${agent}`), ({ status }) => status)
      assert.strictEqual(yield* put(theirs), 400)
      assert.strictEqual(yield* put(999_999), 404)
      assert.strictEqual(yield* put(one), 204)
      assert.strictEqual(yield* put(one), 204)
      assert.strictEqual(yield* put(two), 400)
      assert.strictEqual((yield* above.delete(`/users/${user}/agents`)).status, 204)
      assert.strictEqual((yield* above.delete(`/users/${user}/agents`)).status, 204)
      assert.strictEqual(yield* put(two), 204)
      // An agent may have several users.
      const second = uuidOf(yield* above.post("/users", { firstname: "Eve" }))
      assert.strictEqual((yield* above.put(`/users/${second}/agents/${two}`)).status, 204)
      const { json } = yield* above.get(`/agents/${two}`)
      assert.deepStrictEqual(
        (json["users"] as ReadonlyArray<{ uuid: string }>).map(({ uuid }) => uuid),
        [user, second]
      )
    })
  )

  it.effect("infos tells the platform's uuid and a version", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { json } = yield* confd.get("/infos")
      assert.match(String(json["uuid"]), /^[0-9a-f-]{36}$/)
      assert.isString(json["wazo_version"])
    })
  )

  it.effect("a context is deleted only when no extension and no line is left in it (400)", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const context = yield* newContext(confd)
      const extension = idOf(yield* confd.post("/extensions", { exten: "1001", context: context.name }))
      const refused = yield* confd.delete(`/contexts/${context.id}`)
      assert.strictEqual(refused.status, 400)
      assert.deepStrictEqual(refused.sentences, [
        `Resource Error - Context is associated with a Extension ('context_id': ${context.id}, 'extension_id': ${extension})`
      ])
      yield* confd.delete(`/extensions/${extension}`)
      const line = idOf(yield* confd.post("/lines", { context: context.name }))
      assert.strictEqual((yield* confd.delete(`/contexts/${context.id}`)).status, 400)
      yield* confd.delete(`/lines/${line}`)
      assert.strictEqual((yield* confd.delete(`/contexts/${context.id}`)).status, 204)
    })
  )
})
