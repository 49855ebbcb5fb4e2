import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { forEachDatabase } from "../../test/database.ts"
import { type Answer, type Client, idOf, live, newContext, TestConfd, testConfdLayer } from "./fixture.ts"

/** The kinds of configuration, a body that creates one, and the column that lists are ordered by unless told. */
const kinds = [
  { path: "/contexts", order: "id", column: "label", body: (n: number) => ({ label: `context ${n}` }) },
  {
    path: "/users",
    order: "lastname",
    column: "firstname",
    body: (n: number) => ({ firstname: `user ${n}`, lastname: `${9 - n}` })
  },
  {
    path: "/lines",
    order: "name",
    column: "name",
    body: (n: number, context: string) => ({
      context,
      endpoint_sip: { name: `${context.slice(-12)}-${9 - n}` }
    })
  },
  {
    path: "/extensions",
    order: "exten",
    column: "exten",
    body: (n: number, context: string) => ({ context, exten: `${1009 - n}` })
  },
  {
    path: "/endpoints/custom",
    order: "interface",
    column: "interface",
    body: (n: number, context: string) => ({ interface: `Local/${context.slice(-12)}-${9 - n}` })
  },
  {
    path: "/endpoints/sip",
    order: "name",
    column: "name",
    body: (n: number, context: string) => ({ name: `e${context.slice(-12)}-${9 - n}` })
  },
  { path: "/agents", order: "id", column: "number", body: (n: number) => ({ number: `100${n}` }) },
  {
    path: "/queues",
    order: "id",
    column: "name",
    body: (n: number, context: string) => ({ name: `q${context.slice(-12)}-${n}` })
  },
  { path: "/conferences", order: "name", column: "name", body: (n: number) => ({ name: `room ${9 - n}` }) }
] as const

const fill = Effect.fnUntraced(function* (confd: Client, kind: (typeof kinds)[number], count: number) {
  const { name } = yield* newContext(confd)
  const before = (yield* confd.get(kind.path)).items.length
  for (let n = 0; n < count; n++) {
    const answer = yield* confd.post(kind.path, kind.body(n, name))
    assert.strictEqual(answer.status, 201, answer.text)
  }
  return before + count
})

const column = ({ items }: Answer, name: string) => items.map((item) => item[name])

forEachDatabase((name, database) => {
  layer(testConfdLayer(database), live)(`a list on the ${name}`, (it) => {
    for (const kind of kinds) {
      it.effect(`of ${kind.path} is paged, and counts the filtered rows before paging`, () =>
        Effect.gen(function* () {
          const confd = yield* (yield* TestConfd).client()
          const total = yield* fill(confd, kind, 5)
          const all = yield* confd.get(kind.path)
          assert.strictEqual(all.total, total)
          assert.strictEqual(all.items.length, total)
          const page = yield* confd.get(`${kind.path}?limit=2&offset=1`)
          assert.strictEqual(page.total, total)
          assert.deepStrictEqual(page.items, all.items.slice(1, 3))
          const beyond = yield* confd.get(`${kind.path}?limit=2&offset=1000`)
          assert.strictEqual(beyond.total, total)
          assert.deepStrictEqual(beyond.items, [])
        })
      )

      it.effect(`of ${kind.path} is ordered by ${kind.order}, or by any other column, both ways`, () =>
        Effect.gen(function* () {
          const confd = yield* (yield* TestConfd).client()
          yield* fill(confd, kind, 4)
          const byDefault = yield* confd.get(kind.path)
          const named = yield* confd.get(`${kind.path}?order=${kind.order}&direction=asc`)
          assert.deepStrictEqual(byDefault.items, named.items)
          const down = yield* confd.get(`${kind.path}?order=${kind.column}&direction=desc`)
          const up = yield* confd.get(`${kind.path}?order=${kind.column}`)
          assert.deepStrictEqual(down.items, up.items.toReversed())
          const values = column(up, kind.column)
          assert.deepStrictEqual(values, values.toSorted())
        })
      )

      it.effect(`of ${kind.path} is filtered exactly by a column`, () =>
        Effect.gen(function* () {
          const confd = yield* (yield* TestConfd).client()
          yield* fill(confd, kind, 3)
          const [wanted] = (yield* confd.get(`${kind.path}?order=${kind.column}`)).items
          const value = String(wanted?.[kind.column])
          const found = yield* confd.get(`${kind.path}?${kind.column}=${encodeURIComponent(value)}`)
          assert.strictEqual(found.total, 1)
          assert.deepStrictEqual<unknown>(found.items, [wanted])
          const part = yield* confd.get(`${kind.path}?${kind.column}=${encodeURIComponent(value.slice(1))}`)
          assert.strictEqual(part.total, 0)
        })
      )

      it.effect(`of ${kind.path} refuses a parameter that makes no sense with 400`, () =>
        Effect.gen(function* () {
          const confd = yield* (yield* TestConfd).client()
          const bad = [
            "limit=0",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit=1.5",
            "limit=99999999999",
            "limit=1&limit=2",
            "offset=-1",
            "offset=x",
            "offset=99999999999",
            "order=nothing",
            "order=",
            "order=folded",
            "order=password",
            "order=it.id",
            "order=id;DROP TABLE pbx_agents",
            "order=(SELECT 1)",
            "direction=up",
            "direction=DESC; DELETE FROM pbx_agents",
            "recurse=maybe",
            "search=%00",
            `search=${"x".repeat(2000)}`
          ]
          for (const query of bad) {
            const answer = yield* confd.get(`${kind.path}?${query}`)
            assert.strictEqual(answer.status, 400, `${query}: ${answer.text}`)
            assert.strictEqual(answer.sentences.length, 1, query)
          }
        })
      )

      it.effect(`of ${kind.path} shows the tenants below only when asked to recurse`, () =>
        Effect.gen(function* () {
          const { client, tenant } = yield* TestConfd
          const above = yield* client()
          const below = yield* client({ tenantUuid: yield* tenant(above.tenantUuid) })
          const total = yield* fill(below, kind, 1)
          assert.strictEqual((yield* above.get(kind.path)).total, 0)
          assert.strictEqual((yield* above.get(`${kind.path}?recurse=false`)).total, 0)
          assert.strictEqual((yield* above.get(`${kind.path}?recurse=true`)).total, total)
          assert.strictEqual((yield* below.get(`${kind.path}?recurse=true`)).total, total)
          const beside = yield* client()
          assert.strictEqual((yield* beside.get(`${kind.path}?recurse=true`)).total, 0)
          const acting = yield* above.send("GET", kind.path, undefined, { "accent-tenant": below.tenantUuid })
          assert.strictEqual(acting.total, total)
        })
      )
    }

    it.effect("is searched without regard to case and accents", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const names = ["Éloïse Łukasz", "ELOISE", "Straße", "Жанна", "other"]
        for (const [n, firstname] of names.entries()) {
          yield* confd.post("/agents", { number: `2${n}`, firstname })
          yield* confd.post("/users", { firstname, description: `about ${firstname}` })
        }
        const found = (term: string) =>
          Effect.gen(function* () {
            const agents = yield* confd.get(`/agents?search=${encodeURIComponent(term)}&order=number`)
            const users = yield* confd.get(`/users?search=${encodeURIComponent(term)}`)
            assert.strictEqual(agents.total, users.total)
            return column(agents, "firstname")
          })
        assert.deepStrictEqual(yield* found("eloise"), ["Éloïse Łukasz", "ELOISE"])
        assert.deepStrictEqual(yield* found("ÉLOÏSE"), ["Éloïse Łukasz", "ELOISE"])
        assert.deepStrictEqual(yield* found("se luk"), ["Éloïse Łukasz"])
        assert.deepStrictEqual(yield* found("STRASSE"), ["Straße"])
        assert.deepStrictEqual(yield* found("жан"), ["Жанна"])
        assert.strictEqual((yield* confd.get("/agents?search=")).total, names.length)
      })
    )

    it.effect("takes a wildcard, a quote or SQL in a search or filter as the text that it is", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const odd = ["100%", "a_b", "back\\slash", "'; DROP TABLE pbx_agents; --", "$1", "[a]"]
        for (const [n, firstname] of odd.entries())
          yield* confd.post("/agents", { number: `3${n}`, firstname })
        yield* confd.post("/agents", { number: "39", firstname: "plain" })
        for (const term of odd) {
          const found = yield* confd.get(`/agents?search=${encodeURIComponent(term)}`)
          assert.deepStrictEqual(column(found, "firstname"), [term])
          const exact = yield* confd.get(`/agents?firstname=${encodeURIComponent(term)}`)
          assert.deepStrictEqual(column(exact, "firstname"), [term])
        }
        assert.strictEqual((yield* confd.get("/agents?search=%25")).total, 1)
        assert.strictEqual((yield* confd.get("/agents?search=_")).total, 2)
      })
    )

    it.effect("is empty for a filter that no row can meet, and ignores parameters it does not know", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const id = idOf(yield* confd.post("/queues", { name: `filtered-${confd.tenantUuid}` }))
        const total = (query: string) => Effect.map(confd.get(`/queues?${query}`), (answer) => answer.total)
        assert.strictEqual(yield* total(`id=${id}`), 1)
        assert.strictEqual(yield* total("id=abc"), 0)
        assert.strictEqual(yield* total("id=99999999999999999999"), 0)
        assert.strictEqual(yield* total("enabled=true"), 1)
        assert.strictEqual(yield* total("enabled=false"), 0)
        assert.strictEqual(yield* total("enabled=perhaps"), 0)
        assert.strictEqual(yield* total("colour=red&__proto__=1&constructor=2"), 1)
      })
    )

    it.effect("orders text without regard to case and accents, and equal rows by their id", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        for (const lastname of ["b", "A", "é", "C", "B", "a", "e"]) {
          yield* confd.post("/users", { firstname: "x", lastname })
        }
        yield* confd.post("/users", { firstname: "x" })
        assert.deepStrictEqual(column(yield* confd.get("/users"), "lastname"), [
          "A",
          "a",
          "B",
          "b",
          "C",
          "e",
          "é",
          null
        ])
      })
    )

    it.effect("of agents is searched in id, firstname, lastname, number and preprocess_subroutine", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const id = idOf(
          yield* confd.post("/agents", {
            number: "777",
            firstname: "Fay",
            lastname: "Lee",
            preprocess_subroutine: "sub",
            description: "hidden",
            language: "xx_YY"
          })
        )
        const total = (term: string) =>
          Effect.map(confd.get(`/agents?search=${term}`), (answer) => answer.total)
        for (const term of [String(id), "fay", "lee", "777", "sub"])
          assert.strictEqual(yield* total(term), 1, term)
        for (const term of ["hidden", "xx_yy"]) assert.strictEqual(yield* total(term), 0, term)
      })
    )

    it.effect("of queues is searched in id, name, label and preprocess_subroutine", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const name = `sales-${confd.tenantUuid}`
        const body = { name, label: "Sales", preprocess_subroutine: "sub", music_on_hold: "jazz" }
        const id = idOf(yield* confd.post("/queues", body))
        const total = (term: string) =>
          Effect.map(confd.get(`/queues?search=${term}`), (answer) => answer.total)
        for (const term of [String(id), "SALES-", "sales", "sub"])
          assert.strictEqual(yield* total(term), 1, term)
        assert.strictEqual(yield* total("jazz"), 0)
      })
    )

    it.effect("of users is searched in all the columns that the contract names", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const { name } = yield* newContext(confd)
        const made = yield* confd.post("/users", {
          firstname: "Fay",
          lastname: "Lee",
          caller_id: '"Boss"',
          email: `fay@${confd.tenantUuid}.example`,
          mobile_phone_number: "+15551234",
          username: `login-${confd.tenantUuid}`,
          description: "night shift",
          userfield: "field7",
          password: "hidden",
          lines: [
            { context: name, endpoint_sip: {}, extensions: [{ exten: "1042" }], provisioning_code: "424242" }
          ]
        })
        assert.strictEqual(made.status, 201, made.text)
        const total = (term: string) =>
          Effect.map(confd.get(`/users?search=${encodeURIComponent(term)}`), (answer) => answer.total)
        const seen = ["fay lee", "boss", "FAY@", "1042", "5551", "login-", "night", "field7", "424242"]
        for (const term of seen) assert.strictEqual(yield* total(term), 1, term)
        assert.strictEqual(yield* total("hidden"), 0)
        assert.strictEqual((yield* confd.get("/users?exten=1042,9999")).total, 1)
        assert.strictEqual((yield* confd.get("/users?exten=104")).total, 0)
        assert.strictEqual((yield* confd.get("/users?mobile_phone_number=%2B15551234,1")).total, 1)
        assert.strictEqual((yield* confd.get(`/users?uuid=${String(made.json["uuid"])}`)).total, 1)
      })
    )
  })
})
