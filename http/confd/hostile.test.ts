import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { type Client, idOf, live, newContext, TestConfd, testConfdLayer, uuidOf } from "./fixture.ts"

/** Every field that a body may have, by where it is sent and the type it must have. */
const fields = {
  "/contexts": {
    text: ["label", "description", "type"],
    boolean: ["enabled"],
    number: [],
    list: ["user_ranges", "group_ranges", "queue_ranges", "conference_room_ranges", "incall_ranges"]
  },
  "/users": {
    text: ["firstname", "lastname", "email", "username", "password", "mobile_phone_number", "description"],
    boolean: ["enabled"],
    number: ["subscription_type", "ring_seconds", "simultaneous_calls"],
    list: []
  },
  "/lines": {
    text: ["context", "provisioning_code", "caller_id_name", "caller_id_num"],
    boolean: [],
    number: ["position"],
    list: []
  },
  "/endpoints/custom": {
    text: ["interface", "interface_suffix"],
    boolean: ["enabled"],
    number: [],
    list: []
  },
  "/endpoints/sip": { text: ["name", "label"], boolean: [], number: [], list: ["aor_section_options"] },
  "/extensions": { text: ["exten", "context"], boolean: ["enabled"], number: [], list: [] },
  "/agents": {
    text: ["firstname", "lastname", "password", "language", "preprocess_subroutine", "description"],
    boolean: [],
    number: [],
    list: []
  },
  "/queues": {
    text: ["label", "music_on_hold", "preprocess_subroutine", "caller_id_mode", "caller_id_name"],
    boolean: [
      "ring_on_hold",
      "retry_on_timeout",
      "announce_hold_time_on_entry",
      "ignore_forward",
      "mark_answered_elsewhere",
      "enabled",
      "data_quality"
    ],
    number: ["timeout", "wait_time_threshold", "wait_ratio_threshold"],
    list: ["options"]
  },
  "/conferences": {
    text: ["name", "pin", "admin_pin", "music_on_hold"],
    boolean: [
      "record",
      "quiet_join_leave",
      "announce_join_leave",
      "announce_user_count",
      "announce_only_user"
    ],
    number: ["max_users"],
    list: []
  }
} as const

const wrong = {
  text: [5, true, {}, ["x"], "x".repeat(20_000), "a\u0000b"],
  boolean: ["true", 1, 0, null, "yes", {}, []],
  number: ["many", true, {}, [], -1, 1e300, "99999999999", "-1"],
  list: ["x", 5, {}, [5], ["x"], [{}], [["one"]], [["a", "b", "c"]], [["a", 5]], [[null, null]]]
} as const

/** An object of each kind to send bad bodies to. */
const targets = Effect.fnUntraced(function* (confd: Client) {
  const { id, name } = yield* newContext(confd)
  const at = (path: string, body: unknown) =>
    Effect.map(confd.post(path, body), (answer) => `${path}/${idOf(answer)}`)
  return {
    "/contexts": `/contexts/${id}`,
    "/users": yield* at("/users", { firstname: "Ann" }),
    "/lines": yield* at("/lines", { context: name }),
    "/endpoints/custom": yield* at("/endpoints/custom", { interface: `Local/${name}` }),
    "/endpoints/sip": `/endpoints/sip/${uuidOf(yield* confd.post("/endpoints/sip", {}))}`,
    "/extensions": yield* at("/extensions", { exten: "1001", context: name }),
    "/agents": yield* at("/agents", { number: "1" }),
    "/queues": yield* at("/queues", { name: `q-${confd.tenantUuid}` }),
    "/conferences": yield* at("/conferences", {})
  }
})

layer(testConfdLayer(), live)("confd under hostile input", (it) => {
  it.effect("refuses every field of a wrong type, out of its bounds or with a NUL, and names it", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const target = yield* targets(confd)
      // The keys of a record are its keys.
      for (const kind of Object.keys(fields) as Array<keyof typeof fields>) {
        const before = (yield* confd.get(target[kind])).text
        for (const type of ["text", "boolean", "number", "list"] as const) {
          for (const field of fields[kind][type]) {
            for (const value of wrong[type]) {
              const answer = yield* confd.put(target[kind], { [field]: value })
              const what = `${kind} ${field} ${JSON.stringify(value).slice(0, 40)}: ${answer.text}`
              assert.strictEqual(answer.status, 400, what)
              assert.match(String(answer.sentences[0]), new RegExp(`^Input Error - ${field}: \\['`), what)
            }
          }
        }
        assert.strictEqual((yield* confd.get(target[kind])).text, before)
      }
    })
  )

  it.effect("names all wrong fields of a body at once, and repeats none of their values", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const answer = yield* confd.post("/agents", { number: 5, firstname: 7, password: "s3cret".repeat(100) })
      assert.strictEqual(answer.status, 400)
      assert.lengthOf(answer.sentences, 3)
      for (const field of ["number", "firstname", "password"])
        assert.include(answer.text, `Input Error - ${field}:`)
      assert.notInclude(answer.text, "s3cret")
    })
  )

  it.effect("refuses agent numbers and queue names that are none", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      for (const number of ["", "12a", "1 2", "1".repeat(41), 5, null, "１２"]) {
        assert.strictEqual((yield* confd.post("/agents", { number })).status, 400, String(number))
      }
      assert.strictEqual((yield* confd.post("/agents", {})).status, 400)
      assert.strictEqual((yield* confd.post("/queues", { label: "nameless" })).status, 400)
    })
  )

  it.effect("refuses a missing body on POST and PUT, a body that is no object and one that is no JSON", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const target = yield* targets(confd)
      // The entries of a record are its entries.
      for (const [path, item] of Object.entries(target)) {
        for (const [method, where] of [
          ["POST", path],
          ["PUT", item]
        ] as const) {
          assert.strictEqual((yield* confd.send(method, where)).status, 400, `${method} ${where}`)
          for (const body of ["{", '"text"', "5", "[1]", "true", '{"a":', "\u0000", "[".repeat(10_000)]) {
            const answer = yield* confd.send(method, where, body)
            assert.strictEqual(answer.status, 400, `${method} ${where} ${body.slice(0, 10)}: ${answer.text}`)
            assert.lengthOf(answer.sentences, 1)
          }
        }
        assert.strictEqual((yield* confd.put(item, {})).status, 204, item)
      }
    })
  )

  it.effect("answers 404 for ids that are none or out of the range of integers, and never 500", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const ids = [
        "0",
        "999999999",
        "2147483647",
        "2147483648",
        "99999999999999999999999",
        "-1",
        "1.5",
        "abc",
        "%00",
        "1%20OR%201=1",
        "'",
        "00000000-0000-0000-0000-000000000000",
        "x".repeat(300)
      ]
      const { line, queue, user, conference } = yield* Effect.all({
        line: Effect.flatMap(newContext(confd), ({ name }) => confd.post("/lines", { context: name })),
        queue: confd.post("/queues", { name: `n-${confd.tenantUuid}` }),
        user: confd.post("/users", { firstname: "x" }),
        conference: confd.post("/conferences", {})
      })
      for (const id of ids) {
        const items = Object.keys(fields).map((path) => `${path}/${id}`)
        for (const path of items) {
          for (const [method, body] of [
            ["GET", undefined],
            ["PUT", {}],
            ["DELETE", undefined]
          ] as const) {
            const answer = yield* confd.send(method, path, body)
            assert.strictEqual(answer.status, 404, `${method} ${path}: ${answer.text}`)
          }
        }
        const associations = [
          `/users/${id}/lines/${idOf(line)}`,
          `/users/${idOf(user)}/lines/${id}`,
          `/users/${idOf(user)}/agents/${id}`,
          `/lines/${idOf(line)}/extensions/${id}`,
          `/lines/${id}/endpoints/custom/1`,
          `/lines/${idOf(line)}/endpoints/custom/${id}`,
          `/lines/${idOf(line)}/endpoints/sip/${id}`,
          `/queues/${idOf(queue)}/members/agents/${id}`,
          `/queues/${idOf(queue)}/members/users/${id}`,
          `/conferences/${idOf(conference)}/extensions/${id}`
        ]
        for (const path of associations) {
          const answer = yield* confd.put(path, {})
          assert.strictEqual(answer.status, 404, `PUT ${path}: ${answer.text}`)
        }
      }
    })
  )

  it.effect("keeps the objects of another tenant out of every association", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const [mine, theirs] = [yield* client(), yield* client()]
      const make = Effect.fnUntraced(function* (confd: Client) {
        const { name } = yield* newContext(confd)
        return {
          context: name,
          line: idOf(yield* confd.post("/lines", { context: name, endpoint_sip: {} })),
          bare: idOf(yield* confd.post("/lines", { context: name })),
          extension: idOf(yield* confd.post("/extensions", { context: name, exten: "1001" })),
          custom: idOf(yield* confd.post("/endpoints/custom", { interface: `Local/${confd.tenantUuid}` })),
          sip: uuidOf(yield* confd.post("/endpoints/sip", {})),
          user: idOf(yield* confd.post("/users", { firstname: "x" })),
          agent: idOf(yield* confd.post("/agents", { number: "1" })),
          queue: idOf(yield* confd.post("/queues", { name: `k-${confd.tenantUuid}` })),
          conference: idOf(yield* confd.post("/conferences", {}))
        }
      })
      const [own, foreign] = [yield* make(mine), yield* make(theirs)]
      const paths = [
        `/users/${own.user}/lines/${foreign.line}`,
        `/users/${foreign.user}/lines/${own.line}`,
        `/users/${own.user}/agents/${foreign.agent}`,
        `/users/${foreign.user}/agents/${own.agent}`,
        `/lines/${own.line}/extensions/${foreign.extension}`,
        `/lines/${foreign.line}/extensions/${own.extension}`,
        `/lines/${own.bare}/endpoints/custom/${foreign.custom}`,
        `/lines/${foreign.bare}/endpoints/custom/${own.custom}`,
        `/lines/${own.bare}/endpoints/sip/${foreign.sip}`,
        `/lines/${foreign.bare}/endpoints/sip/${own.sip}`,
        `/queues/${own.queue}/members/agents/${foreign.agent}`,
        `/queues/${foreign.queue}/members/agents/${own.agent}`,
        `/queues/${own.queue}/members/users/${foreign.user}`,
        `/queues/${foreign.queue}/members/users/${own.user}`,
        `/conferences/${own.conference}/extensions/${foreign.extension}`,
        `/conferences/${foreign.conference}/extensions/${own.extension}`
      ]
      for (const path of paths) {
        assert.strictEqual((yield* mine.put(path, {})).status, 404, path)
        // A user has one agent: taking it away names none.
        const undone = path.replace(/\/agents\/\d+$/, (end) => (path.startsWith("/users") ? "/agents" : end))
        const expected = undone === `/users/${own.user}/agents` ? 204 : 404
        assert.strictEqual((yield* mine.delete(undone)).status, expected, undone)
      }
      const body = { exten: "1002", context: foreign.context }
      assert.strictEqual((yield* mine.post("/extensions", body)).status, 400)
      assert.strictEqual((yield* mine.post(`/lines/${own.line}/extensions`, body)).status, 400)
      assert.strictEqual((yield* mine.put(`/lines/${own.line}`, { context: foreign.context })).status, 400)
    })
  )

  it.effect("refuses no token, a wrong token, and a tenant that is not below the token's", () =>
    Effect.gen(function* () {
      const { client, tenant } = yield* TestConfd
      const confd = yield* client()
      const below = yield* tenant(confd.tenantUuid)
      const cases = [
        { "x-auth-token": "" },
        { "x-auth-token": "nonsense" },
        { "accent-tenant": yield* tenant() },
        { "wazo-tenant": "nonsense" }
      ]
      for (const headers of cases) {
        const answer = yield* confd.send("POST", "/agents", {}, headers)
        assert.strictEqual(answer.status, 401)
        assert.lengthOf(answer.sentences, 1)
      }
      const made = yield* confd.send("POST", "/agents", { number: "1" }, { "wazo-tenant": below })
      assert.strictEqual(made.json["tenant_uuid"], below)
    })
  )

  it.effect("takes SQL in a body as the text that it is", () =>
    Effect.gen(function* () {
      const confd = yield* (yield* TestConfd).client()
      const odd = "'; DROP TABLE pbx_agents; -- $1 \\ \" \n \u2028 \ud83d\ude00"
      const made = yield* confd.post("/agents", { number: "1", firstname: odd, description: odd })
      assert.deepInclude(made.json, { firstname: odd, description: odd })
      assert.deepInclude((yield* confd.get(`/agents/${idOf(made)}`)).json, {
        firstname: odd,
        description: odd
      })
    })
  )
})
