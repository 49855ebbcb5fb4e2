import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { Bootstrap } from "../../actors/identity/bootstrap.ts"
import { Policies } from "../../actors/identity/policies.ts"
import { issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const createGroup = (body: object = { name: `g-${randomUUID()}` }, call: Call = {}) =>
  asAdmin("POST", "/groups", { body, ...call })
const createUser = (call: Call = {}) => asAdmin("POST", "/users", { body: {}, ...call })
const createPolicy = (acl: ReadonlyArray<string>, call: Call = {}) =>
  asAdmin("POST", "/policies", { body: { name: `p-${randomUUID()}`, acl }, ...call })
const createTenant = Effect.map(asAdmin("POST", "/tenants", { body: {} }), ({ body }) => String(body.uuid))

describe("Groups", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("POST creates a group of the acting tenant, its slug made from the name", () =>
      Effect.gen(function* () {
        const tenant = yield* createTenant
        const { status, body } = yield* createGroup({ name: "Sales & co" }, { tenant })
        assert.strictEqual(status, 200)
        assert.deepStrictEqual(body, {
          uuid: body.uuid,
          name: "Sales & co",
          slug: "Salesco",
          tenant_uuid: tenant,
          read_only: false,
          system_managed: false
        })
        assert.deepStrictEqual((yield* asAdmin("GET", `/groups/${body.uuid}`)).body, body)
      })
    )

    it.effect("a name or a slug is taken once a tenant, without case for slugs: 409 of family B", () =>
      Effect.gen(function* () {
        const tenant = yield* createTenant
        yield* createGroup({ name: "one", slug: "First" }, { tenant })
        for (const body of [{ name: "one" }, { name: "two", slug: "first" }]) {
          const answer = yield* createGroup(body, { tenant })
          assert.strictEqual(answer.status, 409)
          assert.strictEqual(answer.body.status_code, 409)
        }
        assert.strictEqual((yield* createGroup({ name: "one" })).status, 200)
        for (const body of [
          {},
          { name: "" },
          { name: 3 },
          { name: "x".repeat(129) },
          { name: "a", slug: "é" }
        ]) {
          const answer = yield* createGroup(body, { tenant })
          assert.strictEqual(answer.status, 400, JSON.stringify(body))
          assert.strictEqual(answer.body.resource, "groups")
        }
      })
    )

    it.effect("PUT renames and ignores the slug; an unknown group is 404", () =>
      Effect.gen(function* () {
        const group = (yield* createGroup()).body
        const name = `renamed-${randomUUID()}`
        const renamed = yield* asAdmin("PUT", `/groups/${group.uuid}`, { body: { name, slug: "other" } })
        assert.deepStrictEqual(renamed.body, { ...group, name })
        for (const [method, path] of [
          ["GET", ""],
          ["DELETE", ""],
          ["GET", "/policies"]
        ] as const) {
          const answer = yield* asAdmin(method, `/groups/${randomUUID()}${path}`)
          assert.strictEqual(answer.status, 404)
          assert.strictEqual(answer.body.error_id, "unknown-group")
        }
        assert.strictEqual((yield* asAdmin("DELETE", `/groups/${group.uuid}`)).status, 204)
        assert.strictEqual((yield* asAdmin("GET", `/groups/${group.uuid}`)).status, 404)
        assert.deepStrictEqual((yield* asAdmin("GET", `/groups/${randomUUID()}/users`)).body, {
          items: [],
          total: 0,
          filtered: 0
        })
      })
    )

    it.effect(
      "every tenant has its all-users group: read-only, with every user in it, open to policies",
      () =>
        Effect.gen(function* () {
          const tenant = yield* createTenant
          const user = (yield* createUser({ tenant })).body.uuid
          const name = `wazo-all-users-tenant-${tenant}`
          const [group] = (yield* asAdmin("GET", `/groups?search=${name}`, { tenant })).body.items
          assert.deepInclude(group, { name, slug: name, read_only: true, system_managed: true })
          const members = yield* asAdmin("GET", `/groups/${group.uuid}/users`, { tenant })
          assert.deepStrictEqual(
            members.body.items.map(({ uuid }: { uuid: string }) => uuid),
            [user]
          )
          for (const [method, path, body] of [
            ["PUT", "", { name: "x" }],
            ["DELETE", "", undefined],
            ["PUT", `/users/${user}`, undefined],
            ["DELETE", `/users/${user}`, undefined]
          ] as const) {
            const answer = yield* asAdmin(method, `/groups/${group.uuid}${path}`, { tenant, body })
            assert.strictEqual(answer.status, 403, `${method} ${path}`)
            assert.strictEqual(answer.body.error_id, "forbidden-group")
          }
          const policy = (yield* createPolicy(["everybody.may"], { tenant })).body.uuid
          assert.strictEqual(
            (yield* asAdmin("PUT", `/groups/${group.uuid}/policies/${policy}`, { tenant })).status,
            204
          )
          const { accessesOf } = yield* Policies
          assert.include(yield* accessesOf(user), "everybody.may")
        })
    )

    it.effect(
      "members and policies come and go, again and again without harm, and make the token's ACL",
      () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const username = `u-${randomUUID()}`
          const user = (yield* createUser({ body: { username, password: "secret" } })).body
          const group = (yield* createGroup()).body
          const policy = (yield* createPolicy(["from.the.group"])).body
          const acl = Effect.map(
            call("POST", "/token", { basic: [username, "secret"], body: {} }),
            ({ body }) => body.data.acl
          )
          for (const path of [`users/${user.uuid}`, `policies/${policy.slug}`, `policies/${policy.uuid}`]) {
            for (const _ of [1, 2]) {
              assert.strictEqual((yield* asAdmin("PUT", `/groups/${group.uuid}/${path}`)).status, 204)
            }
          }
          assert.include(yield* acl, "from.the.group")
          const policies = yield* asAdmin("GET", `/groups/${group.uuid}/policies`)
          assert.deepStrictEqual(policies.body, { items: [policy], total: 1, filtered: 1 })
          const users = yield* asAdmin("GET", `/groups/${group.uuid}/users?username=${username}`)
          assert.deepStrictEqual(users.body, { items: [user], total: 1, filtered: 1 })
          const groups = yield* asAdmin("GET", `/users/${user.uuid}/groups?search=${group.name}`)
          assert.deepStrictEqual(groups.body, { items: [group], total: 2, filtered: 1 })
          for (const path of [`policies/${policy.uuid}`, `users/${user.uuid}`]) {
            for (const _ of [1, 2]) {
              assert.strictEqual((yield* asAdmin("DELETE", `/groups/${group.uuid}/${path}`)).status, 204)
            }
          }
          assert.notInclude(yield* acl, "from.the.group")
        })
    )

    it.effect("PUT of a member tells an unknown user, then an unknown group, then different tenants", () =>
      Effect.gen(function* () {
        const tenant = yield* createTenant
        const [user, group] = [(yield* createUser()).body.uuid, (yield* createGroup()).body.uuid]
        const elsewhere = (yield* createGroup(undefined, { tenant })).body.uuid
        const answerTo = (g: string, u: string) =>
          Effect.map(asAdmin("PUT", `/groups/${g}/users/${u}`), ({ status, body }) => [status, body.error_id])
        const [noGroup, noUser] = [randomUUID(), randomUUID()]
        assert.deepStrictEqual(yield* answerTo(noGroup, noUser), [404, "unknown-user"])
        assert.deepStrictEqual(yield* answerTo(noGroup, user), [404, "unknown-group"])
        assert.deepStrictEqual(yield* answerTo(elsewhere, user), [400, "missmatching-tenant"])
        assert.strictEqual((yield* asAdmin("PUT", `/groups/${group}/users/${user}`)).status, 204)
        const policyless = yield* asAdmin("PUT", `/groups/${group}/policies/${randomUUID()}`)
        assert.deepStrictEqual([policyless.status, policyless.body.status_code], [404, 404])
      })
    )

    it.effect("lists are sorted, filtered, counted and paged; slug and read_only cannot be sorted by", () =>
      Effect.gen(function* () {
        const tenant = yield* createTenant
        for (const name of ["b", "a", "c"]) yield* createGroup({ name: `list-${name}` }, { tenant })
        const names = (query: string) =>
          Effect.map(asAdmin("GET", `/groups?${query}`, { tenant }), ({ body }) => [
            body.items.map(({ name }: { name: string }) => name),
            body.total,
            body.filtered
          ])
        assert.deepStrictEqual(yield* names("search=list"), [["list-a", "list-b", "list-c"], 5, 3])
        assert.deepStrictEqual(yield* names("search=list&direction=desc&limit=1&offset=1"), [
          ["list-b"],
          5,
          3
        ])
        assert.deepStrictEqual(yield* names("name=list-c"), [["list-c"], 5, 1])
        assert.strictEqual((yield* names("read_only=true"))[2], 1)
        for (const column of ["slug", "read_only"]) {
          const answer = yield* asAdmin("GET", `/groups?order=${column}`, { tenant })
          assert.strictEqual(answer.status, 400)
          assert.include(answer.body.reason[0], "Invalid sort column")
        }
        const other = yield* asAdmin("GET", "/groups?order=nothing", { tenant })
        assert.strictEqual(other.body.error_id, "invalid-list-param")
      })
    )

    it.effect("every tenant has wazo_default_admin_group with the administrators' policy", () =>
      Effect.gen(function* () {
        const tenant = yield* createTenant
        for (const acting of [tenant, (yield* Bootstrap).masterTenantUuid]) {
          const found = yield* asAdmin("GET", "/groups?slug=wazo_default_admin_group", { tenant: acting })
          const { items } = (yield* asAdmin("GET", `/groups/${found.body.items[0].uuid}/policies`)).body
          assert.deepStrictEqual(
            items.map(({ slug }: { slug: string }) => slug),
            ["wazo_default_admin_policy"]
          )
        }
      })
    )

    it.effect("nobody gives a right by a group that the own token does not carry", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const [user, group] = [(yield* createUser()).body.uuid, (yield* createGroup()).body.uuid]
        const strong = (yield* createPolicy(["confd.#"])).body.uuid
        const denying = (yield* createPolicy(["!confd.secret"])).body.uuid
        const { id: token } = yield* issueToken({ acl: ["auth.#"] })
        const refused = Effect.fnUntraced(function* (method: string, path: string, access: string) {
          const answer = yield* call(method, path, { token })
          assert.strictEqual(answer.status, 401, `${method} ${path}`)
          assert.deepStrictEqual(answer.body.details, { invalid_token: token, required_access: access })
        })
        yield* refused("PUT", `/groups/${group}/policies/${strong}`, "confd.#")
        yield* asAdmin("PUT", `/groups/${group}/policies/${strong}`)
        yield* refused("DELETE", `/groups/${group}/policies/${strong}`, "confd.#")
        yield* refused("PUT", `/groups/${group}/users/${user}`, "confd.#")
        yield* asAdmin("DELETE", `/groups/${group}/policies/${strong}`)
        // A denial may be given by anybody, and is taken away by nobody without the right that it denies.
        assert.strictEqual(
          (yield* call("PUT", `/groups/${group}/policies/${denying}`, { token })).status,
          204
        )
        assert.strictEqual((yield* call("PUT", `/groups/${group}/users/${user}`, { token })).status, 204)
        yield* refused("DELETE", `/groups/${group}/policies/${denying}`, "!confd.secret")
        yield* refused("DELETE", `/groups/${group}/users/${user}`, "!confd.secret")
        yield* refused("DELETE", `/groups/${group}`, "!confd.secret")
      })
    )

    it.effect("a denial of one user holds however that user's uuid is spelt", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const user = String((yield* createUser()).body.uuid)
        const { id: token } = yield* issueToken({ acl: ["auth.#", `!auth.users.${user}.delete`] })
        for (const spelling of [user, user.toUpperCase()]) {
          assert.strictEqual((yield* call("DELETE", `/users/${spelling}`, { token })).status, 401)
        }
      })
    )
  })

  layer(
    authServerLayer({
      STROWGER_DEFAULT_USER_POLICY: "for_everybody",
      STROWGER_ALL_USERS_POLICIES: "wazo_default_user_policy, not_there",
      STROWGER_DEFAULT_POLICIES: '{"for_everybody":{"acl":["a.right.of.all"]}}',
      STROWGER_DEFAULT_GROUPS: '{"helpers":{"policies":{"for_everybody":true,"not_there":true}}}'
    }),
    { timeout: "60 seconds", excludeTestServices: true }
  )("as configured", (it) => {
    it.effect("default policies, policies of all users and default groups are there from the start", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const tenant = yield* createTenant
        const username = `u-${randomUUID()}`
        yield* createUser({ tenant, body: { username, password: "secret" } })
        const { acl } = (yield* call("POST", "/token", { basic: [username, "secret"], body: {} })).body.data
        assert.include(acl, "a.right.of.all")
        assert.include(acl, "auth.users.me.password.#")
        const policy = yield* asAdmin("GET", "/policies/for_everybody", { tenant })
        assert.deepInclude(policy.body, { read_only: true, description: "Automatically created" })
        const { items } = (yield* asAdmin("GET", "/groups?slug=helpers&recurse=true")).body
        assert.strictEqual(items.length, 2)
      })
    )
  })
})
