import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { type Client, idOf, live, newContext, TestConfd, testConfdLayer, uuidOf } from "./fixture.ts"

type Json = Readonly<Record<string, unknown>>

/** The objects of a list field of an answer. */
const listOf = (json: Json, field: string) => json[field] as ReadonlyArray<Json>

const sipLine = (confd: Client, context: string) =>
  Effect.map(confd.post("/lines", { context, endpoint_sip: {} }), idOf)
const user = (confd: Client, firstname = "Ann") => Effect.map(confd.post("/users", { firstname }), idOf)
const extension = (confd: Client, context: string, exten: string) =>
  Effect.map(confd.post("/extensions", { exten, context }), idOf)
const statusOf = <E, R>(answer: Effect.Effect<{ readonly status: number }, E, R>) =>
  Effect.map(answer, ({ status }) => status)

layer(testConfdLayer(), live)("users, lines, endpoints, extensions, contexts and conferences", (it) => {
  it.effect("context: the name is generated from tenant slug, type and uuid; label is kept; enabled", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { json } = yield* confd.post("/contexts", { label: "Inside" })
      const slug = confd.tenantUuid.slice(0, 8)
      assert.strictEqual(json["name"], `ctx-${slug}-internal-${json["uuid"]}`)
      assert.deepInclude(json, { label: "Inside", type: "internal", enabled: true, description: null })
      assert.deepInclude(json, { user_ranges: [], incall_ranges: [], tenant_uuid: confd.tenantUuid })
    })
  )

  it.effect("context: name alone is accepted and copied to the label, none of both is 400", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { json } = yield* confd.post("/contexts", { name: "mine", type: "incall" })
      assert.strictEqual(json["label"], "mine")
      assert.include(String(json["name"]), "-incall-")
      for (const body of [
        {},
        { name: "" },
        { name: 5 },
        { label: "" },
        { label: null },
        { label: "x".repeat(129) }
      ]) {
        assert.strictEqual(yield* statusOf(confd.post("/contexts", body)), 400, JSON.stringify(body))
      }
    })
  )

  it.effect("context: ranges are digits, of the same length, start not above end; PUT replaces them", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const made = yield* confd.post("/contexts", {
        label: "x",
        user_ranges: [{ start: "1000", end: "1999" }, { start: "0042" }],
        incall_ranges: [
          { start: "100", end: "199", did_length: 3 },
          { start: "5", end: "6" }
        ]
      })
      assert.deepStrictEqual(made.json["user_ranges"], [
        { start: "1000", end: "1999" },
        { start: "0042", end: "0042" }
      ])
      assert.deepStrictEqual(made.json["incall_ranges"], [
        { start: "100", end: "199", did_length: 3 },
        { start: "5", end: "6", did_length: 0 }
      ])
      const bad = [
        { start: "1000", end: "999" },
        { start: "2000", end: "1000" },
        { start: "abc", end: "abd" },
        { start: "1".repeat(17), end: "2".repeat(17) },
        { end: "5" },
        { start: 1000, end: 1999 },
        "1000-1999"
      ]
      for (const range of bad) {
        const answer = yield* confd.put(`/contexts/${idOf(made)}`, { user_ranges: [range] })
        assert.strictEqual(answer.status, 400, JSON.stringify(range))
      }
      assert.strictEqual(yield* statusOf(confd.put(`/contexts/${idOf(made)}`, { user_ranges: [] })), 204)
      const { json } = yield* confd.get(`/contexts/${idOf(made)}`)
      assert.deepStrictEqual(json["user_ranges"], [])
      assert.lengthOf(json["incall_ranges"] as ReadonlyArray<unknown>, 2)
    })
  )

  it.effect("user: defaults, generated fields, and reading by id and by uuid; HEAD has no body", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const made = yield* confd.post("/users", { firstname: "Ann", lastname: "Lee" })
      assert.deepInclude(made.json, {
        firstname: "Ann",
        lastname: "Lee",
        email: null,
        username: null,
        caller_id: '"Ann Lee"',
        enabled: true,
        subscription_type: 0,
        ring_seconds: 30,
        simultaneous_calls: 5,
        lines: [],
        agent: null,
        queues: [],
        tenant_uuid: confd.tenantUuid
      })
      assert.isFalse(Number.isNaN(Date.parse(String(made.json["created_at"]))))
      const uuid = uuidOf(made)
      assert.deepStrictEqual((yield* confd.get(`/users/${uuid}`)).json, made.json)
      assert.deepStrictEqual((yield* confd.get(`/users/${uuid.toUpperCase()}`)).json, made.json)
      assert.deepStrictEqual((yield* confd.get(`/users/${idOf(made)}`)).json, made.json)
      const head = yield* confd.send("HEAD", `/users/${uuid}`)
      assert.strictEqual(head.status, 200)
      assert.strictEqual(head.text, "")
      assert.strictEqual(yield* statusOf(confd.send("HEAD", "/users/999999")), 404)
    })
  )

  it.effect("user: email and username are unique (400); a user may keep its own", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const email = `a@${confd.tenantUuid}.example`
      const one = idOf(yield* confd.post("/users", { firstname: "A", email, username: confd.tenantUuid }))
      const two = yield* user(confd)
      const refused = yield* confd.put(`/users/${two}`, { email })
      assert.strictEqual(refused.status, 400)
      assert.deepStrictEqual(refused.sentences, [
        `Resource Error - User already exists ('email': '${email}')`
      ])
      assert.strictEqual(yield* statusOf(confd.put(`/users/${two}`, { username: confd.tenantUuid })), 400)
      assert.strictEqual(yield* statusOf(confd.post("/users", { firstname: "B", email })), 400)
      assert.strictEqual(yield* statusOf(confd.put(`/users/${one}`, { email, firstname: "C" })), 204)
    })
  )

  it.effect("user: the ranges of the fields are kept", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const id = yield* user(confd)
      const good = [
        { subscription_type: 10, ring_seconds: 10_800, simultaneous_calls: 20 },
        {
          ring_seconds: 0,
          language: "fr_CA",
          mobile_phone_number: "+15551234*#",
          timezone: "America/Montreal"
        },
        { lastname: null, email: null, language: null, description: null }
      ]
      for (const body of good) assert.strictEqual(yield* statusOf(confd.put(`/users/${id}`, body)), 204)
      const bad = [
        { firstname: null },
        { firstname: "x".repeat(129) },
        { subscription_type: 11 },
        { subscription_type: -1 },
        { ring_seconds: 10_801 },
        { simultaneous_calls: 0 },
        { simultaneous_calls: 21 },
        { language: "french" },
        { email: "nobody" },
        { mobile_phone_number: "call me" },
        { enabled: "true" },
        { enabled: 1 },
        { enabled: null }
      ]
      for (const body of bad) {
        assert.strictEqual(yield* statusOf(confd.put(`/users/${id}`, body)), 400, JSON.stringify(body))
      }
      assert.deepInclude((yield* confd.get(`/users/${id}`)).json, { ring_seconds: 0, simultaneous_calls: 20 })
    })
  )

  it.effect("user: POST may carry lines and an agent, all or nothing", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name } = yield* newContext(confd)
      const queue = idOf(yield* confd.post("/queues", { name: `c-${confd.tenantUuid}` }))
      const line = { context: name, endpoint_sip: {}, extensions: [{ exten: "1001" }] }
      const made = yield* confd.post("/users", {
        firstname: "Ann",
        lines: [line],
        agent: { queues: [{ id: queue, penalty: 2 }] }
      })
      assert.strictEqual(made.status, 201, made.text)
      assert.deepInclude(made.json["agent"] as object, { number: "1001" })
      const [main] = listOf(made.json, "lines")
      assert.deepInclude(listOf(main ?? {}, "extensions")[0], { exten: "1001", context: name })
      const before = (yield* confd.get("/lines")).total
      const refused = yield* confd.post("/users", {
        firstname: "Eve",
        lines: [{ ...line, extensions: [{ exten: "9999" }] }]
      })
      assert.strictEqual(refused.status, 400)
      assert.strictEqual((yield* confd.get("/lines")).total, before)
      assert.strictEqual((yield* confd.get("/users?firstname=Eve")).total, 0)
      assert.strictEqual(yield* statusOf(confd.post("/users", { firstname: "Eve", agent: {} })), 400)
    })
  )

  it.effect("user: view=directory and view=summary show the main line", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name } = yield* newContext(confd)
      const made = yield* confd.post("/users", {
        firstname: "Ann",
        lastname: "",
        email: `v@${confd.tenantUuid}.example`,
        lines: [
          { context: name, endpoint_sip: {}, extensions: [{ exten: "1001" }], provisioning_code: "111222" },
          { context: name, endpoint_sip: {} }
        ],
        agent: { number: "7" }
      })
      const { id, uuid, agent, lines } = made.json as Json & {
        agent: { id: number }
        lines: [{ id: number }]
      }
      const common = { id, uuid, firstname: "Ann", lastname: null, email: made.json["email"], context: name }
      assert.deepStrictEqual((yield* confd.get("/users?view=directory")).items, [
        {
          ...common,
          line_id: lines[0].id,
          agent_id: String(agent.id),
          exten: "1001",
          mobile_phone_number: null,
          voicemail_number: null,
          userfield: null,
          description: null
        }
      ])
      assert.deepStrictEqual((yield* confd.get("/users?view=summary")).items, [
        {
          ...common,
          extension: "1001",
          provisioning_code: "111222",
          protocol: "sip",
          enabled: true,
          subscription_type: 0,
          is_webrtc: false
        }
      ])
      const webrtc = { context: name, endpoint_sip: { endpoint_section_options: [["webrtc", "yes"]] } }
      yield* confd.post("/users", { firstname: "Web", lines: [webrtc] })
      const [web] = (yield* confd.get("/users?view=summary&firstname=Web")).items
      assert.deepInclude(web, { is_webrtc: true, provisioning_code: null, extension: null })
      assert.strictEqual(yield* statusOf(confd.get("/users?view=nothing")), 400)
    })
  )

  it.effect("line: the context is required and must exist (400)", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const confd = yield* client()
      const theirs = yield* newContext(yield* client())
      const unknown = yield* confd.post("/lines", { context: "nowhere" })
      assert.strictEqual(unknown.status, 400)
      assert.deepStrictEqual(unknown.sentences, [
        "Input Error - field 'context': Context was not found ('context': 'nowhere')"
      ])
      assert.strictEqual(yield* statusOf(confd.post("/lines", { context: theirs.name })), 400)
      assert.strictEqual(yield* statusOf(confd.post("/lines", {})), 400)
    })
  )

  it.effect("line: name and protocol are those of its one endpoint", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name: context } = yield* newContext(confd)
      const bare = yield* confd.post("/lines", { context })
      assert.deepInclude(bare.json, { name: null, protocol: null, position: 1, endpoint_sip: null, context })
      assert.match(String(bare.json["provisioning_code"]), /^[0-9]{6}$/)
      const sip = yield* confd.post("/lines", { context, endpoint_sip: { name: `s${bare.json["id"]}` } })
      assert.deepInclude(sip.json, { name: `s${bare.json["id"]}`, protocol: "sip" })
      const generated = yield* confd.post("/lines", { context, endpoint_sip: {} })
      assert.match(String(generated.json["name"]), /^[a-z]{8}$/)
      const custom = yield* confd.post("/lines", {
        context,
        endpoint_custom: { interface: `Local/${context}` }
      })
      assert.deepInclude(custom.json, { name: `Local/${context}`, protocol: "custom" })
      const both = { context, endpoint_sip: {}, endpoint_custom: { interface: "Local/2" } }
      assert.strictEqual(yield* statusOf(confd.post("/lines", both)), 400)
    })
  )

  it.effect("line: the provisioning code is six digits and unique; position is at least 1", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name: context } = yield* newContext(confd)
      const one = idOf(yield* confd.post("/lines", { context, provisioning_code: "909090" }))
      const two = idOf(yield* confd.post("/lines", { context, position: 3 }))
      assert.strictEqual(yield* statusOf(confd.post("/lines", { context, provisioning_code: "909090" })), 400)
      assert.strictEqual(yield* statusOf(confd.put(`/lines/${two}`, { provisioning_code: "909090" })), 400)
      assert.strictEqual(yield* statusOf(confd.put(`/lines/${one}`, { provisioning_code: "909090" })), 204)
      for (const body of [{ provisioning_code: "12345" }, { provisioning_code: "12345a" }, { position: 0 }]) {
        assert.strictEqual(yield* statusOf(confd.put(`/lines/${two}`, body)), 400, JSON.stringify(body))
      }
      assert.strictEqual(
        yield* statusOf(confd.put(`/lines/${two}`, { caller_id_num: "555", position: 4 })),
        204
      )
      assert.deepInclude((yield* confd.get(`/lines/${two}`)).json, { position: 4, caller_id_num: "555" })
    })
  )

  it.effect("line: extensions of a body are created or reused, in the line's context unless told", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name: context } = yield* newContext(confd)
      const other = yield* newContext(confd)
      const reused = yield* extension(confd, context, "1001")
      const one = yield* confd.post("/lines", { context, endpoint_sip: {}, extensions: [{ exten: "1001" }] })
      assert.strictEqual(listOf(one.json, "extensions")[0]?.["id"], reused)
      const elsewhere = { exten: "1002", context: other.name }
      const two = yield* confd.post("/lines", { context, endpoint_sip: {}, extensions: [elsewhere] })
      assert.deepInclude(listOf(two.json, "extensions")[0], elsewhere)
    })
  )

  it.effect("endpoints: what they need, what is unique, what a line does with them", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const value = `Local/${confd.tenantUuid}`
      const custom = idOf(
        yield* confd.post("/endpoints/custom", { interface: value, interface_suffix: "/n" })
      )
      assert.strictEqual(yield* statusOf(confd.post("/endpoints/custom", { interface: value })), 400)
      for (const bad of [{}, { interface: "a b" }, { interface: "" }, { interface: "x".repeat(129) }]) {
        assert.strictEqual(yield* statusOf(confd.post("/endpoints/custom", bad)), 400, JSON.stringify(bad))
      }
      const name = `sip-${confd.tenantUuid}`
      const made = yield* confd.post("/endpoints/sip", {
        name,
        label: "Desk",
        auth_section_options: [
          ["username", "u"],
          ["password", "p"]
        ]
      })
      assert.deepInclude(made.json, { name, label: "Desk", aor_section_options: [], line: null })
      assert.deepStrictEqual(made.json["auth_section_options"], [
        ["username", "u"],
        ["password", "p"]
      ])
      assert.strictEqual(yield* statusOf(confd.post("/endpoints/sip", { name })), 400)
      for (const bad of [{ name: "a b" }, { name: "x".repeat(80) }, { aor_section_options: [["alone"]] }]) {
        assert.strictEqual(yield* statusOf(confd.post("/endpoints/sip", bad)), 400, JSON.stringify(bad))
      }
      const { name: context } = yield* newContext(confd)
      const line = idOf(yield* confd.post("/lines", { context }))
      const path = `/lines/${line}/endpoints`
      assert.strictEqual(yield* statusOf(confd.put(`${path}/custom/${custom}`)), 204)
      assert.strictEqual(yield* statusOf(confd.put(`${path}/custom/${custom}`)), 204)
      assert.strictEqual(yield* statusOf(confd.put(`${path}/sip/${uuidOf(made)}`)), 400)
      assert.strictEqual((yield* confd.get(`/lines/${line}`)).json["name"], value)
      const second = idOf(yield* confd.post("/lines", { context }))
      assert.strictEqual(yield* statusOf(confd.put(`/lines/${second}/endpoints/custom/${custom}`)), 400)
      assert.strictEqual(yield* statusOf(confd.delete(`/lines/${second}/endpoints/custom/${custom}`)), 204)
      const owner = yield* user(confd)
      yield* confd.put(`/users/${owner}/lines/${line}`)
      assert.strictEqual(yield* statusOf(confd.delete(`${path}/custom/${custom}`)), 400)
      yield* confd.delete(`/users/${owner}/lines/${line}`)
      assert.strictEqual(yield* statusOf(confd.delete(`${path}/custom/${custom}`)), 204)
      assert.strictEqual(yield* statusOf(confd.put(`${path}/sip/${uuidOf(made).toUpperCase()}`)), 204)
      assert.strictEqual(yield* statusOf(confd.delete(`/endpoints/sip/${uuidOf(made)}`)), 204)
      assert.isNull((yield* confd.get(`/lines/${line}`)).json["name"])
    })
  )

  it.effect(
    "extension: exten and context are required, the pair is unique (400), the tenant is the context's",
    () =>
      Effect.gen(function* () {
        const { client, tenant } = yield* TestConfd
        const above = yield* client()
        const below = yield* client({ tenantUuid: yield* tenant(above.tenantUuid) })
        const { name } = yield* newContext(below)
        const made = yield* above.post("/extensions", { exten: "1001", context: name })
        assert.strictEqual(made.json["tenant_uuid"], below.tenantUuid)
        const again = yield* above.post("/extensions", { exten: "1001", context: name })
        assert.strictEqual(again.status, 400)
        assert.deepStrictEqual(again.sentences, [
          `Resource Error - Extension already exists ('exten': '1001', 'context': '${name}')`
        ])
        const bad = [
          { exten: "1001" },
          { context: name },
          { exten: "", context: name },
          { exten: "12a", context: name },
          { exten: "1".repeat(41), context: name },
          { exten: 1002, context: name },
          { exten: "1002", context: "nowhere" }
        ]
        for (const body of bad) {
          assert.strictEqual(yield* statusOf(above.post("/extensions", body)), 400, JSON.stringify(body))
        }
        assert.strictEqual(yield* statusOf(above.post("/extensions", { exten: "_1XX.", context: name })), 201)
        assert.strictEqual(yield* statusOf(above.post("/extensions", { exten: "*10#", context: name })), 201)
        const other = yield* extension(below, name, "1009")
        assert.strictEqual(yield* statusOf(below.put(`/extensions/${other}`, { exten: "1001" })), 400)
        const mine = yield* newContext(above)
        assert.strictEqual(yield* statusOf(above.put(`/extensions/${other}`, { context: mine.name })), 400)
      })
  )

  it.effect("user-line needs an endpoint on the line (400) and the same tenant (400); repeating is 204", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* TestConfd
      const above = yield* client()
      const below = yield* client({ tenantUuid: yield* tenant(above.tenantUuid) })
      const { name } = yield* newContext(above)
      const owner = yield* user(above)
      const bare = idOf(yield* above.post("/lines", { context: name }))
      const line = yield* sipLine(above, name)
      const theirs = yield* sipLine(below, (yield* newContext(below)).name)
      assert.strictEqual(yield* statusOf(above.put(`/users/${owner}/lines/${bare}`)), 400)
      assert.strictEqual(yield* statusOf(above.put(`/users/${owner}/lines/${theirs}`)), 400)
      assert.strictEqual(yield* statusOf(above.put(`/users/${owner}/lines/999999`)), 404)
      assert.strictEqual(yield* statusOf(above.put(`/users/999999/lines/${line}`)), 404)
      assert.strictEqual(yield* statusOf(above.put(`/users/${owner}/lines/${line}`)), 204)
      assert.strictEqual(yield* statusOf(above.put(`/users/${owner}/lines/${line}`)), 204)
      assert.strictEqual(yield* statusOf(above.delete(`/users/${owner}/lines/${bare}`)), 204)
    })
  )

  it.effect("the first line of a user is its main line, and the next one takes over", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name } = yield* newContext(confd)
      const owner = yield* user(confd)
      const first = yield* sipLine(confd, name)
      const second = yield* sipLine(confd, name)
      const third = yield* sipLine(confd, name)
      for (const line of [second, first, third]) yield* confd.put(`/users/${owner}/lines/${line}`)
      const lines = Effect.map(confd.get(`/users/${owner}`), ({ json }) =>
        listOf(json, "lines").map(({ id }) => id)
      )
      assert.deepStrictEqual(yield* lines, [second, first, third])
      assert.strictEqual(yield* statusOf(confd.delete(`/users/${owner}/lines/${second}`)), 204)
      const [entry] = (yield* confd.get("/users?view=directory")).items
      assert.strictEqual(entry?.["line_id"], first)
      assert.strictEqual(yield* statusOf(confd.delete(`/lines/${first}`)), 204)
      const [next] = (yield* confd.get("/users?view=directory")).items
      assert.strictEqual(next?.["line_id"], third)
    })
  )

  it.effect(
    "a line with a second user keeps its main user (400); a deleted main user is followed by the next",
    () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const { name } = yield* newContext(confd)
        const [main, second] = [yield* user(confd, "Main"), yield* user(confd, "Second")]
        const line = yield* sipLine(confd, name)
        yield* confd.put(`/users/${main}/lines/${line}`)
        assert.strictEqual(yield* statusOf(confd.put(`/users/${second}/lines/${line}`)), 204)
        assert.strictEqual(yield* statusOf(confd.delete(`/users/${main}/lines/${line}`)), 400)
        assert.strictEqual(yield* statusOf(confd.delete(`/users/${main}`)), 204)
        const { json } = yield* confd.get(`/lines/${line}`)
        assert.deepStrictEqual(
          listOf(json, "users").map(({ firstname }) => firstname),
          ["Second"]
        )
        assert.strictEqual(yield* statusOf(confd.delete(`/users/${second}/lines/${line}`)), 204)
      })
  )

  it.effect(
    "line-extension: endpoint required, one extension a line, internal context, in user_ranges, same tenant",
    () =>
      Effect.gen(function* () {
        const { client, tenant } = yield* TestConfd
        const above = yield* client()
        const below = yield* client({ tenantUuid: yield* tenant(above.tenantUuid) })
        const { name } = yield* newContext(above)
        const outside = yield* newContext(above, { type: "incall" })
        const bare = idOf(yield* above.post("/lines", { context: name }))
        const line = yield* sipLine(above, name)
        const inside = yield* extension(above, name, "1001")
        const spare = yield* extension(above, name, "1002")
        const put = (lineId: number, extensionId: number) =>
          statusOf(above.put(`/lines/${lineId}/extensions/${extensionId}`))
        assert.strictEqual(yield* put(bare, inside), 400)
        assert.strictEqual(yield* put(line, yield* extension(above, name, "2001")), 400)
        assert.strictEqual(yield* put(line, yield* extension(above, name, "100")), 400)
        assert.strictEqual(yield* put(line, yield* extension(above, outside.name, "1001")), 400)
        const theirs = yield* newContext(below)
        assert.strictEqual(yield* put(line, yield* extension(below, theirs.name, "1001")), 400)
        assert.strictEqual(yield* put(line, 999_999), 404)
        assert.strictEqual(yield* put(line, inside), 204)
        assert.strictEqual(yield* put(line, inside), 204)
        assert.strictEqual(yield* put(line, spare), 400)
        assert.strictEqual(yield* statusOf(above.delete(`/lines/${line}/extensions/${spare}`)), 204)
        assert.strictEqual(yield* statusOf(above.delete(`/extensions/${inside}`)), 400)
        assert.strictEqual(yield* statusOf(above.put(`/extensions/${inside}`, { exten: "2002" })), 400)
        assert.strictEqual(yield* statusOf(above.delete(`/lines/${line}/extensions/${inside}`)), 204)
        assert.strictEqual(yield* statusOf(above.delete(`/extensions/${inside}`)), 204)
      })
  )

  it.effect("several lines may share one extension when they have the same user (else 400)", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name } = yield* newContext(confd)
      const shared = yield* extension(confd, name, "1001")
      const [ann, bob] = [yield* user(confd, "Ann"), yield* user(confd, "Bob")]
      const [desk, mobile, other] = [
        yield* sipLine(confd, name),
        yield* sipLine(confd, name),
        yield* sipLine(confd, name)
      ]
      for (const line of [desk, mobile]) {
        assert.strictEqual(yield* statusOf(confd.put(`/users/${ann}/lines/${line}`)), 204)
        assert.strictEqual(yield* statusOf(confd.put(`/lines/${line}/extensions/${shared}`)), 204)
      }
      assert.strictEqual(yield* statusOf(confd.put(`/users/${bob}/lines/${other}`)), 204)
      assert.strictEqual(yield* statusOf(confd.put(`/lines/${other}/extensions/${shared}`)), 400)
      const unowned = yield* sipLine(confd, name)
      assert.strictEqual(yield* statusOf(confd.put(`/lines/${unowned}/extensions/${shared}`)), 204)
      assert.strictEqual(yield* statusOf(confd.put(`/users/${bob}/lines/${unowned}`)), 400)
      assert.strictEqual(yield* statusOf(confd.put(`/users/${ann}/lines/${unowned}`)), 204)
    })
  )

  it.effect("POST /lines/{id}/extensions creates the extension and associates it", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name } = yield* newContext(confd)
      const line = yield* sipLine(confd, name)
      const made = yield* confd.post(`/lines/${line}/extensions`, { exten: "1001", context: name })
      assert.strictEqual(made.status, 201, made.text)
      assert.isTrue(made.location?.endsWith(`/extensions/${idOf(made)}`))
      assert.deepInclude(listOf(made.json, "lines")[0], { id: line })
      const second = yield* confd.post(`/lines/${line}/extensions`, { exten: "1002", context: name })
      assert.strictEqual(second.status, 400)
      assert.strictEqual((yield* confd.get("/extensions?exten=1002")).total, 0)
    })
  )

  it.effect("deleting a user drops its user-line rows and its agent link; the agent stays", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const { name } = yield* newContext(confd)
      const made = yield* confd.post("/users", {
        firstname: "Ann",
        lines: [{ context: name, endpoint_sip: {} }],
        agent: { number: "1" }
      })
      const { agent, lines } = made.json as Json & { agent: { id: number }; lines: [{ id: number }] }
      assert.strictEqual(yield* statusOf(confd.delete(`/users/${idOf(made)}`)), 204)
      assert.deepStrictEqual((yield* confd.get(`/agents/${agent.id}`)).json["users"], [])
      assert.deepStrictEqual((yield* confd.get(`/lines/${lines[0].id}`)).json["users"], [])
    })
  )

  it.effect("conference: defaults, digits in pins, and one extension inside the conference ranges", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* TestConfd
      const confd = yield* client()
      const made = yield* confd.post("/conferences", { name: "Board", pin: "0042" })
      assert.deepInclude(made.json, {
        name: "Board",
        max_users: 50,
        pin: "0042",
        admin_pin: null,
        record: false,
        quiet_join_leave: false,
        announce_join_leave: false,
        announce_user_count: false,
        announce_only_user: true,
        music_on_hold: null,
        extensions: []
      })
      for (const bad of [{ pin: "12a" }, { pin: 1234 }, { record: "yes" }, { max_users: -1 }, { name: 5 }]) {
        assert.strictEqual(yield* statusOf(confd.put(`/conferences/${idOf(made)}`, bad)), 400)
      }
      const { name } = yield* newContext(confd)
      const [one, two] = [yield* extension(confd, name, "1001"), yield* extension(confd, name, "1002")]
      const put = (id: number) => statusOf(confd.put(`/conferences/${idOf(made)}/extensions/${id}`))
      assert.strictEqual(yield* put(yield* extension(confd, name, "2001")), 400)
      const below = yield* client({ tenantUuid: yield* tenant(confd.tenantUuid) })
      assert.strictEqual(yield* put(yield* extension(below, (yield* newContext(below)).name, "1001")), 400)
      assert.strictEqual(yield* put(one), 204)
      assert.strictEqual(yield* put(one), 204)
      assert.strictEqual(yield* put(two), 400)
      assert.strictEqual(
        yield* statusOf(confd.put(`/lines/${yield* sipLine(confd, name)}/extensions/${one}`)),
        400
      )
      const room = idOf(yield* confd.post("/conferences", {}))
      assert.strictEqual(yield* statusOf(confd.put(`/conferences/${room}/extensions/${one}`)), 400)
      assert.strictEqual((yield* confd.get("/conferences?exten=1001")).total, 1)
      assert.strictEqual(yield* statusOf(confd.delete(`/extensions/${one}`)), 400)
      assert.strictEqual(yield* statusOf(confd.delete(`/conferences/${idOf(made)}/extensions/${one}`)), 204)
      assert.strictEqual(yield* statusOf(confd.delete(`/conferences/${idOf(made)}/extensions/${one}`)), 204)
      assert.strictEqual(yield* put(two), 204)
      assert.strictEqual(yield* statusOf(confd.delete(`/conferences/${idOf(made)}`)), 204)
      assert.strictEqual(yield* statusOf(confd.delete(`/extensions/${two}`)), 204)
    })
  )
})
