import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { Bootstrap } from "../../actors/identity/bootstrap.ts"
import { issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const createPolicy = (body: object, call: Call = {}) => asAdmin("POST", "/policies", { body, ...call })
const createTenant = (parent?: string) =>
  Effect.map(
    asAdmin("POST", "/tenants", { body: {}, ...(parent === undefined ? {} : { tenant: parent }) }),
    ({ body }) => body.uuid as string
  )
const unique = () => `p-${randomUUID().slice(0, 8)}`

describe("Policies", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("POST keeps the ACL as a set and makes a slug from the name", () =>
      Effect.gen(function* () {
        const { masterTenantUuid } = yield* Bootstrap
        const name = `My ${unique()}`
        const { status, body } = yield* createPolicy({ name, acl: ["a", "b", "a"] })
        assert.strictEqual(status, 200)
        const { uuid, acl, ...rest } = body
        assert.sameMembers(acl, ["a", "b"])
        assert.strictEqual(acl.length, 2)
        assert.deepStrictEqual(rest, {
          tenant_uuid: masterTenantUuid,
          name,
          slug: name.replace(" ", ""),
          description: null,
          read_only: false,
          shared: false
        })
        for (const id of [uuid, uuid.toUpperCase(), rest.slug]) {
          assert.deepStrictEqual((yield* asAdmin("GET", `/policies/${id}`)).body, body, id)
        }
        const first = yield* createPolicy({ name: name.toLowerCase() })
        assert.strictEqual(first.status, 200)
        assert.match(first.body.slug, /^[a-z0-9]{3}$/)
      })
    )

    it.effect("a bad body is 400 with family B that names the field", () =>
      Effect.gen(function* () {
        const expectations: ReadonlyArray<readonly [body: unknown, field: string]> = [
          [{}, "name"],
          [{ name: "" }, "name"],
          [{ name: "x".repeat(81) }, "name"],
          [{ name: 3 }, "name"],
          [{ name: null }, "name"],
          [{ name: "n", acl: "a" }, "acl"],
          [{ name: "n", acl: [1] }, "acl"],
          [{ name: "n", acl: null }, "acl"],
          [{ name: "n", acl: ["\u0000"] }, "acl"],
          [{ name: "n", acl: ["a".repeat(1025)] }, "acl"],
          [{ name: "n", description: 3 }, "description"],
          [{ name: "n", slug: "a b" }, "slug"],
          [{ name: "n", shared: null }, "shared"],
          ["[1]", "_schema"],
          ["3", "_schema"]
        ]
        for (const [body, field] of expectations) {
          const answer = yield* createPolicy(body as object)
          assert.strictEqual(answer.status, 400, JSON.stringify(body).slice(0, 60))
          assert.deepStrictEqual(answer.body.reason, [`Invalid value supplied for field: ${field}`])
        }
      })
    )

    it.effect("an equal name or slug in one tenant is a conflict; in another tenant it is fine", () =>
      Effect.gen(function* () {
        const name = unique()
        yield* createPolicy({ name, slug: name })
        for (const body of [
          { name, slug: unique() },
          { name: unique(), slug: name.toUpperCase() }
        ]) {
          const answer = yield* createPolicy(body)
          assert.strictEqual(answer.status, 409)
          assert.strictEqual(answer.body.status_code, 409)
        }
        const tenant = yield* createTenant()
        assert.strictEqual((yield* createPolicy({ name, slug: name }, { tenant })).status, 200)
      })
    )

    it.effect("nobody gives an access that the own token does not carry", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const tenant = yield* createTenant()
        const user = (yield* asAdmin("POST", "/users", { body: {}, tenant })).body.uuid
        const strong = (yield* createPolicy({ name: unique(), acl: ["dird.#"] }, { tenant })).body
        const weak = (yield* createPolicy({ name: unique(), acl: ["auth.users.read"] }, { tenant })).body
        const { id: token } = yield* issueToken({ acl: ["auth.#"], tenantUuid: tenant })
        const refused = Effect.fnUntraced(function* (method: string, path: string, body?: object) {
          const answer = yield* call(method, path, { token, ...(body === undefined ? {} : { body }) })
          assert.strictEqual(answer.status, 401, `${method} ${path}`)
          assert.strictEqual(answer.body.error_id, "unauthorized")
          return answer.body.details
        })
        assert.deepStrictEqual(
          yield* refused("POST", "/policies", { name: unique(), acl: ["auth.a", "confd.a"] }),
          { invalid_token: token, required_access: "confd.a" }
        )
        assert.strictEqual(
          (yield* refused("PUT", `/users/${user}/policies/${strong.uuid}`)).required_access,
          "dird.#"
        )
        yield* refused("DELETE", `/users/${user}/policies/${strong.uuid}`)
        yield* refused("DELETE", `/policies/${strong.uuid}`)
        yield* refused("PUT", `/policies/${strong.uuid}`, { name: "n", acl: [] })
        yield* refused("PUT", `/policies/${weak.slug}`, { name: "n", acl: ["#"] })
        yield* refused("PUT", `/policies/${weak.uuid}/acl/dird.a`)
        yield* refused("DELETE", `/policies/${strong.uuid}/acl/dird.%23`)
        const denial = yield* call("POST", "/policies", { token, body: { name: unique(), acl: ["!dird.a"] } })
        assert.strictEqual(denial.status, 200)
        yield* refused("PUT", `/policies/${denial.body.uuid}`, { name: "n", acl: [] })
        assert.strictEqual(
          (yield* call("PUT", `/users/${user}/policies/${weak.slug}`, { token })).status,
          204
        )
        assert.strictEqual(
          (yield* call("PUT", `/users/${user}/policies/${weak.uuid}`, { token })).status,
          204
        )
        const attached = yield* call("GET", `/users/${user}/policies`, { token })
        assert.deepStrictEqual(
          attached.body.items.map(({ uuid }: { uuid: string }) => uuid),
          [weak.uuid]
        )
        assert.strictEqual(
          (yield* call("DELETE", `/users/${user}/policies/${weak.uuid}`, { token })).status,
          204
        )
        assert.strictEqual(
          (yield* call("DELETE", `/users/${user}/policies/${weak.uuid}`, { token })).status,
          204
        )
      })
    )

    it.effect("PUT replaces name, description and ACL; accesses are added and removed one by one", () =>
      Effect.gen(function* () {
        const { uuid, slug } = (yield* createPolicy({ name: unique(), acl: ["a"], description: "d" })).body
        const name = unique()
        const updated = yield* asAdmin("PUT", `/policies/${uuid}`, {
          body: { name, slug: "other", shared: true, acl: ["b"] }
        })
        assert.deepInclude(updated.body, { name, slug, description: null, acl: ["b"], shared: false })
        assert.strictEqual((yield* asAdmin("PUT", `/policies/${slug}/acl/c.%23`)).status, 204)
        const twice = yield* asAdmin("PUT", `/policies/${uuid}/acl/c.%23`)
        assert.strictEqual(twice.status, 409)
        assert.strictEqual((yield* asAdmin("DELETE", `/policies/${uuid}/acl/b`)).status, 204)
        assert.strictEqual((yield* asAdmin("DELETE", `/policies/${uuid}/acl/b`)).status, 204)
        assert.deepStrictEqual((yield* asAdmin("GET", `/policies/${uuid}`)).body.acl, ["c.#"])
        assert.strictEqual((yield* asAdmin("DELETE", `/policies/${uuid}`)).status, 204)
        for (const [method, path] of [
          ["GET", uuid],
          ["PUT", uuid],
          ["DELETE", uuid],
          ["PUT", `${uuid}/acl/a`],
          ["GET", "no-such-slug"],
          ["GET", "with%20space"]
        ] as const) {
          const body = method === "PUT" && !path.includes("acl") ? { body: { name: "n" } } : {}
          const answer = yield* asAdmin(method, `/policies/${path}`, body)
          assert.strictEqual(answer.status, 404, `${method} ${path}`)
          assert.strictEqual(answer.body.status_code, 404)
        }
      })
    )

    it.effect("config-managed policies are seen from every tenant and changed from none", () =>
      Effect.gen(function* () {
        const tenant = yield* createTenant()
        const path = "/policies/wazo_default_user_policy"
        const seen = yield* asAdmin("GET", path, { tenant })
        assert.strictEqual(seen.status, 200)
        assert.deepInclude(seen.body, { tenant_uuid: tenant, read_only: true, shared: false })
        for (const acting of [{ tenant }, {}]) {
          for (const [method, sub] of [
            ["PUT", ""],
            ["DELETE", ""],
            ["PUT", "/acl/x"],
            ["DELETE", "/acl/x"]
          ] as const) {
            const body = method === "PUT" && sub === "" ? { body: { name: "n" } } : {}
            const answer = yield* asAdmin(method, path + sub, { ...acting, ...body })
            assert.strictEqual(answer.status, 403, `${method} ${sub}`)
            assert.strictEqual(answer.body.status_code, 403)
          }
        }
      })
    )

    it.effect("a shared policy is read by the tenants below, and its name is taken there", () =>
      Effect.gen(function* () {
        const parent = yield* createTenant()
        const child = yield* createTenant(parent)
        const name = unique()
        const shared = (yield* createPolicy({ name, slug: name, shared: true }, { tenant: parent })).body
        assert.deepInclude(shared, { shared: true, read_only: false })
        const seen = yield* asAdmin("GET", `/policies/${name}`, { tenant: child })
        assert.deepInclude(seen.body, {
          uuid: shared.uuid,
          tenant_uuid: child,
          shared: false,
          read_only: true
        })
        const refused = yield* asAdmin("DELETE", `/policies/${name}`, { tenant: child })
        assert.strictEqual(refused.status, 403)
        assert.strictEqual((yield* createPolicy({ name }, { tenant: child })).status, 409)
        const below = unique()
        yield* createPolicy({ name: below }, { tenant: child })
        assert.strictEqual(
          (yield* createPolicy({ name: below, shared: true }, { tenant: parent })).status,
          409
        )
        assert.strictEqual((yield* createPolicy({ name: below }, { tenant: parent })).status, 200)
        const list = (query: string) =>
          Effect.map(asAdmin("GET", `/policies?${query}`, { tenant: child }), ({ body }) =>
            body.items.map((item: { slug: string }) => item.slug)
          )
        assert.sameMembers(yield* list(""), [
          below,
          name,
          "wazo_default_admin_policy",
          "wazo_default_user_policy"
        ])
        assert.sameMembers(yield* list("read_only=false"), [below])
        assert.sameMembers(yield* list("read_only=true&search=default"), [
          "wazo_default_admin_policy",
          "wazo_default_user_policy"
        ])
        const body = (yield* asAdmin("GET", "/policies?limit=1", { tenant: child })).body
        assert.deepStrictEqual(Object.keys(body), ["items", "total"])
        assert.strictEqual(body.total, 4)
        assert.strictEqual((yield* asAdmin("GET", "/policies?order=read_only")).status, 400)
      })
    )

    it.effect("a policy of a tenant that the caller does not see is unknown, by uuid and by slug", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const left = yield* createTenant()
        const right = yield* createTenant()
        const policy = (yield* createPolicy({ name: unique() }, { tenant: right })).body
        const user = (yield* asAdmin("POST", "/users", { body: {}, tenant: left })).body.uuid
        const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid: left })
        for (const id of [policy.uuid, policy.slug]) {
          assert.strictEqual((yield* call("GET", `/policies/${id}`, { token })).status, 404)
          assert.strictEqual((yield* call("PUT", `/users/${user}/policies/${id}`, { token })).status, 404)
        }
      })
    )
  })
})
