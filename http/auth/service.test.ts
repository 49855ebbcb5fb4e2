import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { externalLayer } from "../../runtime/database/external.ts"
import { externalTestUrl, freshDatabase } from "../../test/database.ts"
import { eventually } from "../../test/eventually.ts"
import { issueToken } from "../../test/identity.ts"
import { tcpProxy } from "../../test/tcp-proxy.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

if (externalTestUrl !== undefined) {
  const server = externalTestUrl
  describe("The service without its database", () => {
    it.live(
      "HEAD /status is 503 until it is back, whatever else fails",
      () =>
        Effect.gen(function* () {
          const url = new URL(Redacted.value(yield* freshDatabase(server)))
          const proxy = yield* tcpProxy(url.hostname, Number(url.port === "" ? 5432 : url.port))
          url.hostname = "127.0.0.1"
          url.port = String(proxy.port)
          yield* Effect.gen(function* () {
            const { call } = yield* AuthServer
            const status = Effect.map(call("HEAD", "/status"), (answer) => answer.status)
            assert.strictEqual(yield* status, 200)
            yield* proxy.down
            assert.strictEqual(yield* status, 503)
            yield* proxy.up
            yield* eventually(status, (code) => code === 200)
          }).pipe(Effect.provide(authServerLayer({}, { database: externalLayer(Redacted.make(url.href)) })))
        }).pipe(Effect.scoped),
      60_000
    )
  })
}

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const createUser = (body: object = {}) =>
  Effect.map(asAdmin("POST", "/users", { body }), (answer) => String(answer.body.uuid))
const methodOf = (uuid: string) =>
  Effect.map(asAdmin("GET", `/users/${uuid}`), ({ body }) => body.authentication_method)

describe("The service", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("lists its backends to everybody", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { status, body } = yield* call("GET", "/backends")
        assert.strictEqual(status, 200)
        assert.deepStrictEqual(body.data.toSorted(), ["ldap_user", "wazo_user"])
      })
    )

    it.effect("HEAD /status is 200 and GET 405", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        assert.strictEqual((yield* call("HEAD", "/status")).status, 200)
        assert.strictEqual((yield* call("GET", "/status")).status, 405)
      })
    )

    it.effect("lists the ways to authenticate", () =>
      Effect.gen(function* () {
        const { body } = yield* asAdmin("GET", "/idp")
        assert.deepStrictEqual(body.items.toSorted(), ["default", "ldap", "native", "saml"])
        assert.deepInclude(body, { total: 4, filtered: 4 })
      })
    )

    it.effect("a way to authenticate is given to a user and taken back, only from who has it", () =>
      Effect.gen(function* () {
        const user = yield* createUser()
        assert.strictEqual((yield* asAdmin("PUT", `/idp/ldap/users/${user}`)).status, 204)
        assert.strictEqual(yield* methodOf(user), "ldap")
        assert.strictEqual((yield* asAdmin("DELETE", `/idp/saml/users/${user}`)).status, 204)
        assert.strictEqual(yield* methodOf(user), "ldap")
        assert.strictEqual((yield* asAdmin("DELETE", `/idp/ldap/users/${user}`)).status, 204)
        assert.strictEqual(yield* methodOf(user), "default")
        for (const method of ["PUT", "DELETE"]) {
          const type = yield* asAdmin(method, `/idp/none/users/${user}`)
          assert.deepStrictEqual([type.status, type.body.error_id], [404, "unknown-idp-type"])
          assert.strictEqual(type.body.resource, "idp")
          const nobody = yield* asAdmin(method, `/idp/ldap/users/${randomUUID()}`)
          assert.deepStrictEqual([nobody.status, nobody.body.error_id], [404, "unknown-user"])
        }
      })
    )

    it.effect("a way to authenticate is given to all users of a list or to none", () =>
      Effect.gen(function* () {
        const [first, second] = [yield* createUser(), yield* createUser()]
        const assign = (users: unknown, type = "saml") =>
          asAdmin("PUT", `/idp/${type}/users`, { body: { users } })
        const partly = yield* assign([{ uuid: first }, { uuid: randomUUID() }])
        assert.deepStrictEqual([partly.status, partly.body.error_id], [404, "unknown-user"])
        assert.strictEqual(yield* methodOf(first), "default")
        assert.strictEqual((yield* assign([{ uuid: first }, { uuid: second }])).status, 204)
        assert.deepStrictEqual([yield* methodOf(first), yield* methodOf(second)], ["saml", "saml"])
        const bad = yield* assign([{ uuid: "x" }])
        assert.deepStrictEqual([bad.status, bad.body.error_id], [400, "invalid-list-param"])
        assert.strictEqual((yield* assign("text", "none")).status, 404)
      })
    )

    it.effect("shows its configuration to the master tenant alone, without secrets", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { status, body } = yield* asAdmin("GET", "/config")
        assert.strictEqual(status, 200)
        assert.containsAllKeys(body, [
          "rest_api",
          "debug",
          "profiling_enabled",
          "default_token_lifetime",
          "smtp",
          "google",
          "microsoft",
          "saml",
          "oauth2_synchronization_ws_url_template"
        ])
        assert.containsAllKeys(body.idp_plugins, ["native", "ldap", "saml"])
        assert.sameMembers(body.enabled_backend_plugins, ["wazo_user", "ldap_user"])
        assert.notInclude(JSON.stringify(body), "test-admin-password")
        const tenantUuid = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid })
        for (const method of ["GET", "PATCH"]) {
          const refused = yield* call(method, "/config", {
            token,
            ...(method === "PATCH" ? { body: [] } : {})
          })
          assert.strictEqual(refused.status, 401)
          assert.deepStrictEqual(refused.body.details, { invalid_token: token })
        }
      })
    )

    it.effect("PATCH /config switches debug and nothing else", () =>
      Effect.gen(function* () {
        const patch = (body: unknown) => asAdmin("PATCH", "/config", { body })
        const replace = (path: string, value: unknown) => ({ op: "replace", path, value })
        assert.isTrue((yield* patch([replace("/debug", true)])).body.debug)
        assert.isTrue((yield* asAdmin("GET", "/config")).body.debug)
        assert.isFalse((yield* patch([replace("/debug", false)])).body.debug)
        for (const body of [
          [replace("/rest_api", true)],
          [replace("/debug", "yes")],
          [{ op: "remove", path: "/debug" }],
          { debug: true },
          "{"
        ]) {
          assert.strictEqual((yield* patch(body)).status, 400, JSON.stringify(body))
        }
      })
    )
  })

  layer(
    authServerLayer({
      STROWGER_LOGIN_FAILURES_PER_ACCOUNT: "3",
      STROWGER_LOGIN_FAILURES_PER_ADDRESS: "8",
      STROWGER_USER_ADMIN_STATUS: "true"
    }),
    { timeout: "60 seconds", excludeTestServices: true }
  )("against who guesses", (it) => {
    const login = (username: string, password: string, address: string) =>
      Effect.flatMap(AuthServer, ({ call }) =>
        call("POST", "/token", {
          basic: [username, password],
          body: {},
          headers: { "X-Forwarded-For": address }
        })
      )

    it.effect(
      "refuses an account after some failures, whether it exists or not, even the right password",
      () =>
        Effect.gen(function* () {
          const username = `u-${randomUUID()}`
          yield* createUser({ username, password: "secret" })
          for (const name of [username, `nobody-${randomUUID()}`]) {
            const statuses: Array<number> = []
            for (const spelling of [name, name.toUpperCase(), name, name]) {
              statuses.push((yield* login(spelling, "wrong", randomUUID())).status)
            }
            assert.deepStrictEqual(statuses, [401, 401, 401, 429])
          }
          const refused = yield* login(username, "secret", "10.0.0.1")
          assert.strictEqual(refused.status, 429)
          assert.match(refused.body.reason[0], /^Too many failed logins, try again in \d+ seconds$/)
        })
    )

    it.effect("a right password forgives the account's failures; the address's are kept", () =>
      Effect.gen(function* () {
        const username = `u-${randomUUID()}`
        yield* createUser({ username, password: "secret" })
        const address = "10.9.9.9"
        for (const _ of [1, 2, 3, 4]) {
          for (const wrong of ["a", "b"]) {
            assert.strictEqual((yield* login(username, wrong, address)).status, 401)
          }
          assert.include([200, 429], (yield* login(username, "secret", address)).status)
        }
        assert.strictEqual((yield* login(`new-${username}`, "x", address)).status, 429)
        assert.strictEqual((yield* login(username, "secret", "10.0.0.2")).status, 200)
      })
    )

    it.effect("tokens tell an administrator from others when they are told to", () =>
      Effect.gen(function* () {
        const [username, other] = [`u-${randomUUID()}`, `o-${randomUUID()}`]
        const uuid = yield* createUser({ username, password: "secret" })
        yield* createUser({ username: other, password: "secret" })
        yield* asAdmin("PUT", `/users/${uuid}/policies/wazo_default_admin_policy`)
        const admin = (name: string) =>
          Effect.map(login(name, "secret", "10.0.0.3"), ({ body }) => body.data.metadata.admin)
        assert.deepStrictEqual([yield* admin(username), yield* admin(other)], [true, false])
      })
    )
  })

  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })("attacked", (it) => {
    const lists = ["/users", "/groups", "/policies", "/tenants", "/sessions", "/tokens"]
    const hostile = [
      "'; drop table auth_user; --",
      "%27%20or%201=1",
      "name desc; select pg_sleep(5)",
      "u.password_hash",
      "\\",
      "%25".repeat(200),
      "%00"
    ]

    it.effect("search, order, direction, limit and offset carry no SQL", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        for (const list of lists) {
          for (const text of hostile) {
            const value = text.includes("%") ? text : encodeURIComponent(text)
            for (const name of ["order", "direction", "limit", "offset"]) {
              const { status } = yield* asAdmin("GET", `${list}?${name}=${value}`)
              assert.strictEqual(status, 400, `${list}?${name}=${value}`)
            }
            const searched = yield* asAdmin("GET", `${list}?search=${value}`)
            assert.include([200, 400], searched.status, `${list}?search=${value}`)
          }
        }
        const [users] = yield* sql<{ count: number }>`select count(*)::int as count from auth_user`
        assert.isAbove(users?.count ?? 0, 0)
      })
    )

    it.effect("huge and malformed Authorization headers are a failed login", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const basic = (text: string) => `Basic ${Buffer.from(text, "latin1").toString("base64")}`
        for (const header of [
          "Basic",
          "Basic ===",
          "Basic ÿ",
          "Bearer x",
          basic("nocolon"),
          basic(":password"),
          basic("login:"),
          basic("\xff\xfe:\xff"),
          basic("a\u0000b:c"),
          basic(`${"x".repeat(16_000)}:y`)
        ]) {
          const { status } = yield* call("POST", "/token", { headers: { Authorization: header }, body: {} })
          assert.strictEqual(status, 401, header.slice(0, 40))
        }
      })
    )

    it.effect("nobody grants by a policy or a user what he does not have", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { id: token } = yield* issueToken({ acl: ["auth.#", "!auth.config.#"] })
        const user = yield* createUser()
        const body = (acl: ReadonlyArray<string>) => ({ name: `p-${randomUUID()}`, acl })
        const weak = (yield* call("POST", "/policies", { token, body: body(["auth.users.read"]) })).body
        const strong = (yield* asAdmin("POST", "/policies", { body: body(["#"]) })).body
        const attempts: ReadonlyArray<readonly [method: string, path: string, body?: object]> = [
          ["POST", "/policies", body(["#"])],
          ["POST", "/policies", body(["auth.config.read"])],
          ["POST", "/policies", body(["*"])],
          ["PUT", `/policies/${weak.uuid}`, body(["confd.#"])],
          ["PUT", `/policies/${weak.slug}/acl/confd.%23`],
          ["PUT", `/policies/${strong.uuid}`, body([])],
          ["DELETE", `/policies/${strong.uuid}`],
          ["DELETE", `/policies/${strong.uuid}/acl/%23`],
          ["PUT", `/users/${user}/policies/${strong.uuid}`],
          ["PUT", `/users/${user}/policies/wazo_default_admin_policy`]
        ]
        for (const [method, path, body] of attempts) {
          const answer = yield* call(method, path, { token, body })
          assert.strictEqual(answer.status, 401, `${method} ${path}`)
          assert.isString(answer.body.details.required_access)
        }
        const { body: policies } = yield* asAdmin("GET", `/users/${user}/policies`)
        assert.strictEqual(policies.total, 0)
        const { body: unchanged } = yield* asAdmin("GET", `/policies/${strong.uuid}`)
        assert.deepStrictEqual(unchanged, strong)
      })
    )

    it.effect("a failed login tells nothing of why it failed", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const [disabled, external, known] = ["d", "e", "k"].map((name) => `${name}-${randomUUID()}`)
        yield* createUser({ username: disabled, password: "secret", enabled: false })
        yield* createUser({ username: external, password: "secret", authentication_method: "ldap" })
        yield* createUser({ username: known, password: "secret" })
        const bodies: Array<string> = []
        for (const [name, password] of [
          [disabled, "secret"],
          [external, "secret"],
          [known, "wrong"],
          ["nobody", "secret"]
        ] as const) {
          const { status, body } = yield* call("POST", "/token", { basic: [name ?? "", password], body: {} })
          assert.strictEqual(status, 401)
          bodies.push(JSON.stringify({ ...body, timestamp: undefined }))
        }
        assert.strictEqual(new Set(bodies).size, 1)
      })
    )
  })
})
