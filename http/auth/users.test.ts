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
const createUser = (body: object = {}, call: Call = {}) => asAdmin("POST", "/users", { body, ...call })

describe("Users", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("POST {} creates an enabled user without a name in the acting tenant", () =>
      Effect.gen(function* () {
        const { masterTenantUuid } = yield* Bootstrap
        const { status, body } = yield* createUser()
        assert.strictEqual(status, 200)
        const { uuid, ...rest } = body
        assert.match(uuid, /^[0-9a-f-]{36}$/)
        assert.deepStrictEqual(rest, {
          username: null,
          firstname: null,
          lastname: null,
          enabled: true,
          purpose: "user",
          tenant_uuid: masterTenantUuid,
          authentication_method: "default",
          emails: []
        })
        const tenant = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        assert.strictEqual(
          (yield* createUser({ tenant_uuid: masterTenantUuid }, { tenant })).body.tenant_uuid,
          tenant
        )
      })
    )

    it.effect("POST keeps what it is given and never shows a password", () =>
      Effect.gen(function* () {
        const username = `full-${randomUUID()}`
        const uuid = randomUUID()
        const { body } = yield* createUser({
          uuid,
          username,
          firstname: "F",
          lastname: "L",
          purpose: "internal",
          enabled: "yes",
          password: "secret-password",
          email_address: `${username}@example.com`
        })
        assert.strictEqual(body.uuid, uuid)
        assert.strictEqual(body.authentication_method, "native")
        assert.strictEqual(body.emails.length, 1)
        assert.deepInclude(body.emails[0], {
          address: `${username}@example.com`,
          main: true,
          confirmed: true
        })
        const fetched = yield* asAdmin("GET", `/users/${uuid}`)
        assert.deepStrictEqual(fetched.body, body)
        assert.notInclude(JSON.stringify(body), "secret-password")
        assert.notInclude(JSON.stringify(body), "argon2")
      })
    )

    it.effect("usernames and email addresses are one namespace without case", () =>
      Effect.gen(function* () {
        const name = `Ada-${randomUUID()}`
        const address = `${name}@example.com`
        const uuid = (yield* createUser({ username: name, email_address: address })).body.uuid
        const expectations: ReadonlyArray<readonly [body: Record<string, unknown>, field: string]> = [
          [{ username: name.toUpperCase() }, "username"],
          [{ username: address }, "username"],
          [{ email_address: address.toUpperCase() }, "email_address"],
          [{ uuid }, "uuid"]
        ]
        for (const [body, field] of expectations) {
          const answer = yield* createUser(body)
          assert.strictEqual(answer.status, 409, JSON.stringify(body))
          assert.strictEqual(answer.body.error_id, "conflict")
          assert.strictEqual(answer.body.resource, "users")
          assert.deepStrictEqual(Object.keys(answer.body.details), [field])
          assert.strictEqual(answer.body.details[field].constraint_id, "unique")
        }
        const own = `own-${randomUUID()}@example.com`
        assert.strictEqual((yield* createUser({ username: own, email_address: own })).status, 200)
        const races = yield* Effect.all(
          Array.from({ length: 4 }, () => createUser({ username: `race-${name}` })),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(races.map(({ status }) => status).toSorted(), [200, 409, 409, 409])
      })
    )

    it.effect("PUT replaces; a renamed user gives the old name back", () =>
      Effect.gen(function* () {
        const name = `old-${randomUUID()}`
        const user = (yield* createUser({ username: name, firstname: "F", purpose: "internal" })).body
        const updated = yield* asAdmin("PUT", `/users/${user.uuid}`, { body: { username: `new-${name}` } })
        assert.deepStrictEqual(updated.body, {
          ...user,
          username: `new-${name}`,
          firstname: null,
          purpose: "user",
          authentication_method: "default"
        })
        assert.strictEqual((yield* createUser({ username: name })).status, 200)
        const taken = yield* asAdmin("PUT", `/users/${user.uuid}`, { body: { username: name } })
        assert.strictEqual(taken.status, 409)
        const unknown = randomUUID()
        assert.strictEqual((yield* asAdmin("PUT", `/users/${unknown}`, { body: { enabled: 3 } })).status, 400)
        assert.strictEqual((yield* asAdmin("PUT", `/users/${unknown}`, { body: {} })).status, 404)
      })
    )

    it.effect("disabling or deleting a user ends the user's tokens", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const first = (yield* createUser()).body.uuid
        const second = (yield* createUser()).body.uuid
        const tokens = yield* Effect.all(
          [first, second].map((userUuid) => issueToken({ acl: ["#"], userUuid }))
        )
        yield* asAdmin("PUT", `/users/${first}`, { body: { enabled: "off" } })
        assert.strictEqual((yield* asAdmin("DELETE", `/users/${second}`)).status, 204)
        for (const { id } of tokens) assert.strictEqual((yield* call("HEAD", `/token/${id}`)).status, 404)
        const gone = yield* asAdmin("GET", `/users/${second}`)
        assert.strictEqual(gone.status, 404)
        assert.strictEqual(gone.body.error_id, "unknown-user")
        assert.strictEqual(gone.body.resource, "users")
        assert.deepStrictEqual(gone.body.details, { uuid: second })
        assert.strictEqual((yield* asAdmin("DELETE", `/users/${second}`)).status, 404)
      })
    )

    it.effect("a bad field is 400 with its constraint", () =>
      Effect.gen(function* () {
        const expectations: ReadonlyArray<readonly [body: unknown, field: string, constraint: string]> = [
          [{ username: "" }, "username", "length"],
          [{ username: "x".repeat(257) }, "username", "length"],
          [{ username: 3 }, "username", "type"],
          [{ firstname: true }, "firstname", "type"],
          [{ enabled: null }, "enabled", "not_null"],
          [{ enabled: "maybe" }, "enabled", "type"],
          [{ purpose: "fun" }, "purpose", "enum"],
          [{ purpose: null }, "purpose", "not_null"],
          [{ password: "" }, "password", "length"],
          [{ email_address: "nobody" }, "email_address", "email"],
          [{ email_address: `${"a".repeat(400)}@example.com` }, "email_address", "email"],
          [{ authentication_method: 3 }, "authentication_method", "type"],
          [{ authentication_method: null }, "authentication_method", "not_null"],
          [{ uuid: 3 }, "uuid", "type"],
          ["[3]", "_schema", "type"],
          ["3", "_schema", "type"],
          ['"x"', "_schema", "type"]
        ]
        for (const [body, field, constraint] of expectations) {
          const answer = yield* createUser(body as object)
          assert.strictEqual(answer.status, 400, JSON.stringify(body))
          assert.strictEqual(answer.body.error_id, "invalid-data")
          assert.strictEqual(answer.body.resource, "users")
          assert.strictEqual(answer.body.details[field].constraint_id, constraint, JSON.stringify(body))
        }
      })
    )

    it.effect("lists show the acting tenant, with recurse everything below", () =>
      Effect.gen(function* () {
        const tenant = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        const below = (yield* asAdmin("POST", "/tenants", { body: {}, tenant })).body.uuid
        const suffix = randomUUID()
        for (const [firstname, where] of [
          ["carol", tenant],
          ["alice", tenant],
          ["bob", below]
        ] as const) {
          yield* createUser(
            {
              username: `${firstname}-${suffix}`,
              firstname,
              email_address: `${firstname}.${suffix}@example.com`
            },
            { tenant: where }
          )
        }
        yield* createUser({}, { tenant })
        const list = (query: string) =>
          Effect.map(asAdmin("GET", `/users?${query}`, { tenant }), ({ body }) => ({
            names: body.items.map((item: { firstname: string | null }) => item.firstname),
            total: body.total,
            filtered: body.filtered
          }))
        assert.deepStrictEqual(yield* list(""), { names: ["alice", "carol", null], total: 3, filtered: 3 })
        assert.deepStrictEqual((yield* list("direction=desc")).names, [null, "carol", "alice"])
        assert.deepStrictEqual((yield* list("recurse=True")).total, 4)
        assert.deepStrictEqual(yield* list("recurse=true&search=BOB%20example"), {
          names: ["bob"],
          total: 4,
          filtered: 1
        })
        assert.deepStrictEqual((yield* list("search=")).filtered, 2)
        assert.deepStrictEqual((yield* list("firstname=alice")).names, ["alice"])
        assert.deepStrictEqual((yield* list("firstname=ALICE")).names, [])
        assert.deepStrictEqual((yield* list(`email_address=carol.${suffix}@example.com`)).names, ["carol"])
        assert.deepStrictEqual((yield* list("uuid=garbage")).filtered, 0)
        assert.deepStrictEqual((yield* list("search='; drop table auth_user; --")).filtered, 0)
        assert.deepStrictEqual((yield* list("limit=1&offset=1")).names, ["carol"])
        for (const query of ["recurse=maybe", "order=password_hash", "search=%00", "limit=99999999999"]) {
          assert.strictEqual((yield* asAdmin("GET", `/users?${query}`)).status, 400, query)
        }
      })
    )

    it.effect("a token is asked for the endpoint's access, and says which one was missing", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const user = (yield* createUser()).body.uuid
        const { id } = yield* issueToken({ acl: ["auth.users.me.read", "auth.users.read"], userUuid: user })
        assert.strictEqual((yield* call("GET", `/users/${user}`, { token: id })).status, 200)
        assert.strictEqual((yield* call("GET", "/users", { token: id })).status, 200)
        const denied = yield* call("POST", "/users", { token: id, body: "{" })
        assert.strictEqual(denied.status, 401)
        const { timestamp, ...body } = denied.body
        assert.isNumber(timestamp)
        assert.deepStrictEqual(body, {
          message: "Unauthorized",
          error_id: "unauthorized",
          details: {
            invalid_token: id,
            reason: "missing_permission_or_invalid_tenant",
            required_access: "auth.users.create",
            tenant_uuid: null
          }
        })
        for (const token of [undefined, "", "x", randomUUID(), "a".repeat(10_000)]) {
          const answer = yield* call("GET", "/users", token === undefined ? {} : { token })
          assert.strictEqual(answer.status, 401)
          assert.deepStrictEqual(answer.body.details, {
            invalid_token: token ?? "",
            reason: "not_found_or_expired",
            required_access: "auth.users.read"
          })
        }
        const elsewhere = yield* call("GET", `/users?token=${id}`)
        assert.strictEqual(elsewhere.status, 401)
        const bearer = yield* call("GET", "/users", { headers: { Authorization: `Bearer ${id}` } })
        assert.strictEqual(bearer.status, 401)
      })
    )

    it.effect("users of tenants that the caller does not see are unknown", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const left = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        const right = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        const user = (yield* createUser({}, { tenant: right })).body.uuid
        const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid: left })
        for (const [method, path] of [
          ["GET", `/users/${user}`],
          ["PUT", `/users/${user}`],
          ["DELETE", `/users/${user}`],
          ["GET", `/users/${user}/sessions`],
          ["GET", `/users/${user}/tokens`],
          ["PUT", `/users/${user}/policies/wazo_default_user_policy`],
          ["DELETE", `/users/${user}/policies/wazo_default_user_policy`]
        ] as const) {
          const answer = yield* call(method, path, { token, ...(method === "PUT" ? { body: {} } : {}) })
          assert.strictEqual(answer.status, 404, `${method} ${path}`)
          assert.strictEqual(answer.body.error_id, "unknown-user")
        }
        const policies = yield* call("GET", `/users/${user}/policies`, { token })
        assert.deepStrictEqual(policies.body, { items: [], total: 0, filtered: 0 })
        assert.strictEqual((yield* asAdmin("GET", `/users/${user}`)).status, 200)
      })
    )

    it.effect("a path that names no uuid is unknown", () =>
      Effect.gen(function* () {
        for (const path of ["/users/me", "/users/x", `/users/${randomUUID()}x`, "/users/%00", "/nothing"]) {
          assert.strictEqual((yield* asAdmin("GET", path)).status, 404, path)
        }
        assert.strictEqual((yield* asAdmin("PATCH", "/users")).status, 405)
      })
    )
  })
})

describe("Sessions", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("are listed by tenant and by user, and end when they are deleted", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const tenant = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        const user = (yield* createUser({}, { tenant })).body.uuid
        const own = yield* issueToken({ acl: [], tenantUuid: tenant, userUuid: user, mobile: true })
        const internal = yield* issueToken({ acl: [], tenantUuid: tenant, userUuid: null })
        const listed = yield* asAdmin("GET", "/sessions?order=mobile&direction=desc", { tenant })
        assert.deepStrictEqual(listed.body, {
          items: [
            { uuid: own.sessionUuid, mobile: true, tenant_uuid: tenant, user_uuid: user },
            { uuid: internal.sessionUuid, mobile: false, tenant_uuid: tenant, user_uuid: null }
          ],
          total: 2,
          filtered: 2
        })
        const ofUser = yield* asAdmin("GET", `/users/${user}/sessions`)
        assert.strictEqual(ofUser.body.total, 1)
        const others = `/users/${user}/sessions/${internal.sessionUuid}`
        assert.strictEqual((yield* asAdmin("DELETE", others)).status, 204)
        assert.strictEqual((yield* call("HEAD", `/token/${internal.id}`)).status, 204)
        assert.strictEqual((yield* asAdmin("DELETE", `/sessions/${internal.sessionUuid}`)).status, 204)
        assert.strictEqual((yield* call("HEAD", `/token/${internal.id}`)).status, 404)
        assert.strictEqual(
          (yield* asAdmin("DELETE", `/users/${user}/sessions/${own.sessionUuid}`)).status,
          204
        )
        assert.strictEqual((yield* call("HEAD", `/token/${own.id}`)).status, 404)
        assert.strictEqual((yield* asAdmin("DELETE", `/sessions/${randomUUID()}`)).status, 204)
      })
    )

    it.effect("of other tenants stay alive, and a user may end the own session with my_session", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const left = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        const right = (yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid
        const other = yield* issueToken({ acl: [], tenantUuid: right })
        const own = yield* issueToken({ acl: ["auth.sessions.my_session.delete"], tenantUuid: left })
        const admin = yield* issueToken({ acl: ["#"], tenantUuid: left })
        const end = (token: string, session: string) => call("DELETE", `/sessions/${session}`, { token })
        assert.strictEqual((yield* end(admin.id, other.sessionUuid)).status, 204)
        assert.strictEqual((yield* call("HEAD", `/token/${other.id}`)).status, 204)
        assert.strictEqual((yield* end(own.id, admin.sessionUuid)).status, 401)
        assert.strictEqual((yield* end(own.id, own.sessionUuid)).status, 204)
        assert.strictEqual((yield* call("HEAD", `/token/${own.id}`)).status, 404)
      })
    )
  })
})
