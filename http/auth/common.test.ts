import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { adminCredentials, issueToken } from "../../test/identity.ts"
import { apiYamlRoute } from "../docs/api-document.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { adminToken, AuthServer, authServerLayer, type Call, forEachAuthServer } from "./fixture.ts"

/** The lines of the contract's inventory, with uuids for parameters. */
const inventory = readFileSync(join(import.meta.dirname, "../../test/inventory/auth.tsv"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"))
  .map(([method = "", path = "", acl = ""]) => ({
    method,
    acl,
    path: path
      .replace("/api/auth/0.1", "")
      .replace("{policy_slug}", "no-such-policy")
      .replace("{auth_type}", "mobile")
      .replace("{idp_type}", "ldap")
      .replace("{access}", "some.access")
      .replace("{client_id}", "desk")
      .replace(/\{\w+\}/g, () => randomUUID())
  }))
/** As they are served beside the documents' own route. */
const inventoryOf = (method: string) =>
  inventory.filter((line) => line.method === method && !line.path.endsWith("/api.yml"))

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const newTenant = Effect.map(asAdmin("POST", "/tenants", { body: {} }), ({ body }) => String(body.uuid))

describe("Every request to auth", () => {
  layer(authServerLayer(), { timeout: "120 seconds", excludeTestServices: true })((it) => {
    it.effect("is let in by the header X-Auth-Token: a query token or a Bearer is none", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const token = yield* adminToken
        for (const path of ["/users", "/users/me/tokens", "/config"]) {
          assert.strictEqual((yield* call("GET", `${path}?token=${token}`)).status, 401, path)
          const bearer = yield* call("GET", path, { headers: { Authorization: `Bearer ${token}` } })
          assert.strictEqual(bearer.status, 401, path)
          const missing = yield* call("GET", path)
          assert.deepInclude(missing.body.details, { invalid_token: "", reason: "not_found_or_expired" })
        }
      })
    )

    it.effect("names its tenant by Accent-Tenant or Wazo-Tenant, in any case; an empty one is none", () =>
      Effect.gen(function* () {
        const tenant = yield* newTenant
        for (const headers of [
          { "Accent-Tenant": tenant },
          { "Wazo-Tenant": tenant },
          { "wazo-tenant": tenant.toUpperCase() }
        ]) {
          const { body } = yield* asAdmin("POST", "/users", { headers, body: {} })
          assert.strictEqual(body.tenant_uuid, tenant)
        }
        const { body } = yield* asAdmin("GET", "/users", { headers: { "Accent-Tenant": "" } })
        assert.isTrue(body.items.some(({ username }: { username: string }) => username === "admin"))
      })
    )

    it.effect("checks token and access, then the tenant, then the body", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const bad = { body: { name: 3 }, tenant: randomUUID() }
        const { id: powerless } = yield* issueToken({ acl: ["nothing"] })
        const errorOf = (call: Effect.Effect<{ status: number; body: { error_id: string } }>) =>
          Effect.map(call, ({ status, body }) => [status, body.error_id])
        assert.deepStrictEqual(yield* errorOf(call("POST", "/tenants", bad)), [401, "unauthorized"])
        assert.deepStrictEqual(yield* errorOf(call("POST", "/tenants", { ...bad, token: powerless })), [
          401,
          "unauthorized"
        ])
        const token = yield* adminToken
        assert.deepStrictEqual(yield* errorOf(call("POST", "/tenants", { ...bad, token })), [
          401,
          "unauthorized-tenant"
        ])
        assert.deepStrictEqual(yield* errorOf(call("POST", "/tenants", { body: { name: 3 }, token })), [
          400,
          "invalid-data"
        ])
      })
    )

    it.effect("HEAD answers wherever GET does, without a body, and OPTIONS and CORS everywhere", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const token = yield* adminToken
        for (const { path } of inventoryOf("GET")) {
          const [get, head] = [yield* call("GET", path, { token }), yield* call("HEAD", path, { token })]
          // A token that is found is all that HEAD tells.
          if (!path.startsWith("/token/")) assert.strictEqual(head.status, get.status, path)
          assert.isUndefined(head.body, path)
        }
        for (const { path } of inventory) {
          const preflight = yield* call("OPTIONS", path, { headers: { Origin: "https://app.example" } })
          assert.strictEqual(preflight.status, 200, path)
          assert.strictEqual(preflight.headers.get("access-control-allow-origin"), "*")
          const allowed = preflight.headers.get("access-control-allow-headers") ?? ""
          for (const name of ["Accent-Tenant", "Wazo-Tenant", "Accent-Session-Type", "Wazo-Session-Type"]) {
            assert.include(allowed, name)
          }
        }
      })
    )

    it.effect("finds no path with a slash at its end, and says 405 for a method that a path has not", () =>
      Effect.gen(function* () {
        for (const { path } of inventoryOf("GET").filter(({ path }) => !path.includes("/acl/"))) {
          const slashed = yield* asAdmin("GET", `${path}/`)
          assert.strictEqual(slashed.status, 404, path)
        }
        for (const path of ["/users", "/tenants", "/groups", "/policies", "/idp", "/backends"]) {
          const answer = yield* asAdmin("PATCH", path, { body: {} })
          assert.deepStrictEqual([answer.status, Object.keys(answer.body)], [405, ["message"]], path)
        }
        assert.strictEqual((yield* asAdmin("POST", "/init", { body: {} })).status, 404)
        for (const gone of ["/tenants/{}/users", "/tenants/{}/policies", "/users/{}/tenants"]) {
          assert.strictEqual((yield* asAdmin("GET", gone.replace("{}", randomUUID()))).status, 404, gone)
        }
      })
    )

    it.effect("takes numbers, truths and uuids in the spellings of the contract, and nothing else", () =>
      Effect.gen(function* () {
        const limited = (limit: string) =>
          Effect.map(asAdmin("GET", `/users?limit=${limit}`), ({ status }) => status)
        assert.deepStrictEqual(yield* Effect.forEach(["1", "+1", "0"], limited), [200, 200, 200])
        assert.deepStrictEqual(yield* Effect.forEach(["1.5", "one", ""], limited), [400, 400, 400])
        const enabled = (value: unknown) =>
          Effect.map(asAdmin("POST", "/users", { body: { enabled: value } }), ({ status, body }) =>
            status === 200 ? body.enabled : status
          )
        for (const yes of [true, 1, "t", "True", "on", "Y", "yes", "1"])
          assert.isTrue(yield* enabled(yes), `${yes}`)
        for (const no of [false, 0, "f", "FALSE", "off", "N", "no", "0"])
          assert.isFalse(yield* enabled(no), `${no}`)
        for (const neither of [2, "maybe", "", null, []]) assert.strictEqual(yield* enabled(neither), 400)
        const uuid = randomUUID()
        const spelt = [uuid.toUpperCase(), uuid.replaceAll("-", ""), `{${uuid}}`, `urn:uuid:${uuid}`]
        for (const contact of spelt) {
          const { body } = yield* asAdmin("POST", "/tenants", { body: { contact } })
          assert.deepStrictEqual(body.details, { uuid })
        }
        const expires = (expiration: unknown) =>
          Effect.map(
            asAdmin("POST", "/token", {
              basic: [adminCredentials.username, adminCredentials.password],
              body: { expiration }
            }),
            ({ status, body }) =>
              status === 200
                ? (Date.parse(body.data.utc_expires_at) - Date.parse(body.data.utc_issued_at)) / 1000
                : status
          )
        assert.deepStrictEqual(yield* Effect.forEach(["10", 10.5, "10.5", true], expires), [10, 10, 400, 400])
      })
    )

    it.effect("counts a falsy document as {}, and reads JSON whatever the content type says", () =>
      Effect.gen(function* () {
        for (const body of ["null", "false", "0", "[]", '""']) {
          const answer = yield* asAdmin("POST", "/users", { body, headers: { "Content-Type": "text/plain" } })
          assert.strictEqual(answer.status, 200, body)
        }
        const form = yield* asAdmin("POST", "/users", {
          body: "a=b",
          headers: { "Content-Type": "application/x-www-form-urlencoded" }
        })
        assert.strictEqual(form.status, 400)
      })
    )
  })
})

forEachAuthServer((database, server) =>
  describe(`A list of auth on the ${database}`, () => {
    layer(server(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      it.effect("puts what has no value last, or first in descending order", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          for (const firstname of ["b", null, "a"]) {
            yield* asAdmin("POST", "/users", { tenant, body: { firstname } })
          }
          const order = (direction: string) =>
            Effect.map(
              asAdmin("GET", `/users?order=firstname&direction=${direction}`, { tenant }),
              ({ body }) => body.items.map((item: { firstname: string | null }) => item.firstname)
            )
          assert.deepStrictEqual(yield* order("asc"), ["a", "b", null])
          assert.deepStrictEqual(yield* order("desc"), [null, "b", "a"])
        })
      )

      it.effect(
        "is searched by words in their order, with % and _ for anything, in any column and any case",
        () =>
          Effect.gen(function* () {
            const tenant = yield* newTenant
            const mark = randomUUID().slice(0, 8)
            yield* asAdmin("POST", "/users", {
              tenant,
              body: {
                username: `${mark}-ada`,
                firstname: "Ada Byron",
                lastname: "Lovelace",
                email_address: `${mark}.al@example.com`
              }
            })
            yield* asAdmin("POST", "/users", { tenant, body: {} })
            const found = (search: string) =>
              Effect.map(
                asAdmin("GET", `/users?search=${encodeURIComponent(search)}`, { tenant }),
                ({ body }) => {
                  assert.strictEqual(body.total, 2)
                  return body.filtered
                }
              )
            for (const search of [`${mark}-A`, "da ron", "LOVE", ".al@EX", "A%n", "L_vel", ""]) {
              assert.strictEqual(yield* found(search), 1, search)
            }
            for (const search of ["ron da", "Ada Lovelace", "x\\"])
              assert.strictEqual(yield* found(search), 0, search)
          })
      )

      it.effect("is cut to a page after the search, and counted before; a page may be empty", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          const mark = randomUUID().slice(0, 8)
          for (const letter of ["d", "b", "a", "c", "e"]) {
            yield* asAdmin("POST", "/users", { tenant, body: { username: `${mark}-${letter}` } })
          }
          yield* asAdmin("POST", "/users", { tenant, body: { username: `${randomUUID()}` } })
          const page = (query: string) =>
            Effect.map(asAdmin("GET", `/users?search=${mark}&${query}`, { tenant }), ({ body }) => {
              assert.deepStrictEqual([body.total, body.filtered], [6, 5], query)
              return body.items.map(({ username }: { username: string }) => username.at(-1)).join("")
            })
          assert.strictEqual(yield* page(""), "abcde")
          assert.strictEqual(yield* page("limit=2&offset=1"), "bc")
          assert.strictEqual(yield* page("limit=2&offset=1&direction=desc"), "dc")
          assert.strictEqual(yield* page("offset=3"), "de")
          assert.strictEqual(yield* page("limit=0"), "")
          assert.strictEqual(yield* page("offset=9"), "")
        })
      )

      it.effect("of the policies of a user or a group is not ordered or filtered by slug", () =>
        Effect.gen(function* () {
          const user = (yield* asAdmin("POST", "/users", { body: {} })).body.uuid
          const group = (yield* asAdmin("POST", "/groups", { body: { name: randomUUID() } })).body.uuid
          const names = [`b-${randomUUID()}`, `a-${randomUUID()}`]
          for (const name of names) {
            const { uuid } = (yield* asAdmin("POST", "/policies", { body: { name, description: name } })).body
            yield* asAdmin("PUT", `/users/${user}/policies/${uuid}`)
            yield* asAdmin("PUT", `/groups/${group}/policies/${uuid}`)
          }
          for (const path of [`/users/${user}/policies`, `/groups/${group}/policies`]) {
            const list = (query: string) => asAdmin("GET", `${path}?${query}`)
            const refused = yield* list("order=slug")
            assert.deepStrictEqual([refused.status, refused.body.error_id], [400, "invalid-list-param"])
            const ignored = (yield* list("slug=nothing&read_only=true")).body
            assert.deepStrictEqual([ignored.total, ignored.filtered], [2, 2])
            for (const order of ["name", "description"]) {
              const { items } = (yield* list(`order=${order}`)).body
              assert.deepStrictEqual(
                items.map(({ name }: { name: string }) => name),
                names.toSorted()
              )
            }
            const one = (yield* list(`name=${names[0]}`)).body
            assert.deepStrictEqual([one.total, one.filtered], [2, 1])
          }
        })
      )
    })
  })
)
describe("The order of checks where a path and a body are wrong", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    const outcome = (method: string, path: string, call: Call = {}) =>
      Effect.map(asAdmin(method, path, call), ({ status }) => status)
    const unknown = randomUUID()

    it.effect("users, tenants and emails look at the body first, groups and methods at the path", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* outcome("PUT", `/users/${unknown}`, { body: { enabled: 3 } }), 400)
        assert.strictEqual(
          yield* outcome("PUT", `/users/${unknown}`, { body: { authentication_method: "x" } }),
          400
        )
        assert.strictEqual(yield* outcome("PUT", `/tenants/${unknown}`, { body: { name: 3 } }), 400)
        assert.strictEqual(yield* outcome("PUT", `/users/${unknown}/emails`, { body: { emails: 3 } }), 400)
        assert.strictEqual(yield* outcome("PUT", `/users/${unknown}/password`, { body: {} }), 400)
        assert.strictEqual(yield* outcome("PUT", `/groups/${unknown}`, { body: { name: 3 } }), 404)
        assert.strictEqual(yield* outcome("PUT", "/idp/nothing/users", { body: { users: 3 } }), 404)
        const system = (yield* asAdmin("GET", "/groups?read_only=true")).body.items[0].uuid
        assert.strictEqual(yield* outcome("PUT", `/groups/${system}`, { body: { name: "" } }), 400)
        assert.strictEqual(yield* outcome("PUT", `/groups/${system}`, { body: { name: "x" } }), 403)
      })
    )

    it.effect("a policy: what the caller may give comes before whether there is one, read-only last", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { id: token } = yield* issueToken({ acl: ["auth.policies.#", "mine"] })
        const status = (method: string, path: string, body?: object) =>
          Effect.map(call(method, path, { token, body }), (answer) => answer.status)
        const body = (acl: ReadonlyArray<string>) => ({ name: "x", acl })
        assert.strictEqual(yield* status("PUT", `/policies/${unknown}`, { name: 3, acl: ["other"] }), 400)
        assert.strictEqual(yield* status("PUT", `/policies/${unknown}`, body(["other"])), 401)
        assert.strictEqual(yield* status("PUT", `/policies/${unknown}`, body(["mine"])), 404)
        const readOnly = "/policies/wazo_default_user_policy"
        assert.strictEqual(yield* status("PUT", readOnly, body(["mine"])), 401)
        assert.strictEqual((yield* asAdmin("PUT", readOnly, { body: body([]) })).status, 403)
        assert.strictEqual(yield* status("PUT", `/policies/${unknown}/acl/other`), 401)
        assert.strictEqual(yield* status("PUT", `/policies/${unknown}/acl/mine`), 404)
        assert.strictEqual(yield* status("DELETE", `/policies/${unknown}/acl/other`), 401)
        assert.strictEqual(yield* status("PUT", `${readOnly}/acl/mine`), 403)
        assert.strictEqual(yield* status("DELETE", `${readOnly}/acl/mine`), 403)
        assert.strictEqual(yield* status("DELETE", readOnly), 401)
        assert.strictEqual((yield* asAdmin("DELETE", readOnly)).status, 403)
      })
    )

    it.effect("an access with a # travels as %23", () =>
      Effect.gen(function* () {
        const { uuid } = (yield* asAdmin("POST", "/policies", { body: { name: randomUUID() } })).body
        assert.strictEqual(yield* outcome("PUT", `/policies/${uuid}/acl/confd.%23`), 204)
        const again = yield* asAdmin("PUT", `/policies/${uuid}/acl/confd.%23`)
        assert.deepStrictEqual([again.status, again.body.status_code], [409, 409])
        assert.deepStrictEqual((yield* asAdmin("GET", `/policies/${uuid}`)).body.acl, ["confd.#"])
        assert.strictEqual(yield* outcome("DELETE", `/policies/${uuid}/acl/confd.%23`), 204)
        assert.strictEqual(yield* outcome("DELETE", `/policies/${uuid}/acl/confd.%23`), 204)
      })
    )
  })
})

describe("A way to authenticate that nothing offers", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("is given to no user and no tenant: 400 with what was asked for", () =>
      Effect.gen(function* () {
        const user = (yield* asAdmin("POST", "/users", { body: {} })).body.uuid
        const tenant = yield* newTenant
        for (const [method, path, field] of [
          ["POST", "/users", "authentication_method"],
          ["PUT", `/users/${user}`, "authentication_method"],
          ["POST", "/tenants", "default_authentication_method"],
          ["PUT", `/tenants/${tenant}`, "default_authentication_method"]
        ] as const) {
          const answer = yield* asAdmin(method, path, { body: { [field]: "magic" } })
          assert.strictEqual(answer.status, 400, path)
          assert.deepInclude(answer.body, {
            error_id: "invalid-data",
            resource: path.split("/")[1],
            details: { [field]: "magic" }
          })
        }
      })
    )

    it.effect("a tenant whose method is default locks out the users that have its method", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const tenant = (yield* asAdmin("POST", "/tenants", {
          body: { default_authentication_method: "default" }
        })).body.uuid
        const username = randomUUID()
        const { uuid } = (yield* asAdmin("POST", "/users", { tenant, body: { username, password: "p" } }))
          .body
        const login = Effect.map(
          call("POST", "/token", { basic: [username, "p"], body: {} }),
          ({ status }) => status
        )
        assert.strictEqual(yield* login, 401)
        yield* asAdmin("PUT", `/idp/native/users/${uuid}`)
        assert.strictEqual(yield* login, 200)
      })
    )
  })
})

describe("The API document", () => {
  layer(authServerLayer({}, { routes: apiYamlRoute(AuthApi, "/api/auth/0.1") }), {
    timeout: "60 seconds",
    excludeTestServices: true
  })((it) => {
    it.effect("is OpenAPI 2 without a token, below the path that a reverse proxy names", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const document = (headers: Record<string, string> = {}) =>
          Effect.map(call("GET", "/api/api.yml", { headers }), ({ status, headers, body }) => {
            assert.deepStrictEqual([status, headers.get("content-type")], [200, "application/x-yaml"])
            return JSON.parse(body)
          })
        const { swagger, basePath, paths } = yield* document()
        assert.deepStrictEqual([swagger, basePath], ["2.0", "/api/auth/0.1"])
        assert.property(paths, "/users/{user_uuid}")
        assert.strictEqual((yield* document({ "X-Script-Name": "/pbx/auth" })).basePath, "/pbx/auth/0.1")
        assert.strictEqual((yield* document({ "X-Script-Name": "no path" })).basePath, "/api/auth/0.1")
      })
    )
  })
})
