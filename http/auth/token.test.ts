import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { pbkdf2Sync, randomBytes, randomUUID } from "node:crypto"
import { importedPbkdf2 } from "../../actors/identity/passwords.ts"
import { TokenCache } from "../../actors/identity/token-cache.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { adminCredentials, issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer, type Call, forEachAuthServer } from "./fixture.ts"

const admin = [adminCredentials.username, adminCredentials.password] as const

const login = (call: Call = {}) =>
  Effect.flatMap(AuthServer, ({ call: send }) => send("POST", "/token", { basic: admin, body: {}, ...call }))

/** Collects the events of a name until the scope closes. */
const heard = Effect.fnUntraced(function* (name: string) {
  const bus = yield* EventBus
  const outbox = yield* Outbox
  yield* outbox.drained
  const events: Array<BusEvent> = []
  yield* bus.subscribe({ name }, (event) => events.push(event))
  return Effect.as(outbox.drained, events)
})

/** A user that can log in, with a policy of these accesses. */
const createUser = Effect.fnUntraced(function* (fields: Record<string, unknown>, acl: ReadonlyArray<string>) {
  const { call } = yield* AuthServer
  const token = yield* adminToken
  const username = `user-${randomUUID()}`
  const { body: user } = yield* call("POST", "/users", {
    token,
    body: { username, password: "pass:wörd", ...fields }
  })
  const { body: policy } = yield* call("POST", "/policies", { token, body: { name: username, acl } })
  yield* call("PUT", `/users/${user.uuid}/policies/${policy.uuid}`, { token })
  return { ...user, basic: [user.username ?? fields["email_address"], "pass:wörd"] as const }
})

describe("POST /token", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("answers a token with its times, ACL and metadata", () =>
      Effect.gen(function* () {
        const user = yield* createUser({}, ["a.b", "c.#", "a.b"])
        const answer = yield* login({
          basic: user.basic,
          body: { expiration: "60" },
          headers: { "User-Agent": "phone/1", "X-Forwarded-For": "1.2.3.4, 203.0.113.5" }
        })
        assert.strictEqual(answer.status, 200)
        const { data } = answer.body
        assert.sameMembers(data.acl, ["a.b", "c.#"])
        assert.strictEqual(data.auth_id, user.uuid)
        assert.strictEqual(data.xivo_user_uuid, user.uuid)
        assert.strictEqual(data.user_agent, "phone/1")
        assert.strictEqual(data.remote_addr, "203.0.113.5")
        assert.deepStrictEqual(data.metadata, {
          uuid: user.uuid,
          tenant_uuid: user.tenant_uuid,
          auth_id: user.uuid,
          xivo_uuid: data.xivo_uuid,
          pbx_user_uuid: user.uuid,
          purpose: "user"
        })
        for (const time of [data.issued_at, data.expires_at, data.utc_issued_at, data.utc_expires_at]) {
          assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
        }
        assert.strictEqual(
          Date.parse(`${data.utc_expires_at}Z`) - Date.parse(`${data.utc_issued_at}Z`),
          60_000
        )
        assert.notProperty(data, "refresh_token")
        assert.strictEqual(answer.headers.get("Wazo-Sessions-Revoked"), "0")
        assert.strictEqual(answer.headers.get("Accent-Sessions-Revoked"), "0")
      })
    )

    it.effect("lasts two hours and reads the body as JSON whatever its content type", () =>
      Effect.gen(function* () {
        const { body } = yield* login({ body: "null", headers: { "Content-Type": "text/plain" } })
        const { utc_issued_at, utc_expires_at } = body.data
        assert.strictEqual(Date.parse(`${utc_expires_at}Z`) - Date.parse(`${utc_issued_at}Z`), 7_200_000)
      })
    )

    it.effect("knows a user by username or confirmed email address, in any case", () =>
      Effect.gen(function* () {
        const name = `Anna-${randomUUID()}`
        const user = yield* createUser({ username: name, email_address: `${name}@Example.com` }, [])
        const [, password] = user.basic
        for (const known of [name, name.toUpperCase(), `${name}@example.com`, `${name}@EXAMPLE.COM`]) {
          assert.strictEqual((yield* login({ basic: [known, password] })).status, 200, known)
        }
        const sql = yield* SqlClient.SqlClient
        yield* sql`update auth_email set confirmed = false where user_uuid = ${user.uuid}`
        assert.strictEqual((yield* login({ basic: [`${name}@example.com`, password] })).status, 401)
        assert.strictEqual((yield* login({ basic: [name, password] })).status, 200)
      })
    )

    it.effect("answers 401 with family B for every kind of wrong credentials", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const disabled = yield* createUser({ enabled: false }, [])
        const noPassword = yield* createUser({ password: null }, [])
        const ldap = yield* createUser({ authentication_method: "ldap" }, [])
        const attempts: ReadonlyArray<Call> = [
          { basic: ["admin", "wrong"] },
          { basic: ["nobody", "wrong"] },
          { basic: ["admin", ""] },
          { basic: ["", "x"] },
          { basic: ["admin\u0000", "x"] },
          { basic: disabled.basic },
          { basic: noPassword.basic },
          { basic: ldap.basic },
          {},
          { headers: { Authorization: "Basic" } },
          { headers: { Authorization: "Basic !!!!" } },
          { headers: { Authorization: `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0xfd]).toString("base64")}` } },
          { headers: { Authorization: `Basic ${"A".repeat(20_000)}` } },
          { headers: { Authorization: "Bearer x" } },
          { headers: { Authorization: "Basic YWRtaW46" } },
          { body: { refresh_token: "x", client_id: "y" } },
          { body: { saml_session_id: "x" } },
          { basic: admin, body: { domain_name: "nowhere.example" } },
          { basic: admin, body: { tenant_id: "master" } }
        ]
        for (const attempt of attempts) {
          const answer = yield* call("POST", "/token", { body: {}, ...attempt })
          assert.strictEqual(answer.status, 401, JSON.stringify(attempt))
          assert.deepStrictEqual(answer.body.reason, ["Authentication Failed"])
          assert.strictEqual(answer.body.status_code, 401)
          assert.strictEqual(answer.body.timestamp.length, 1)
        }
      })
    )

    it.effect("answers 400 with family B for a bad body", () =>
      Effect.gen(function* () {
        const bodies: ReadonlyArray<unknown> = [
          { expiration: null },
          { expiration: 0 },
          { expiration: -1 },
          { expiration: true },
          { expiration: "x" },
          { expiration: 315_360_001 },
          { backend: 3 },
          { access_type: "sometimes" },
          { access_type: "offline" },
          { access_type: "offline", client_id: "" },
          { access_type: "offline", client_id: "c", refresh_token: "r" },
          { client_id: "x".repeat(1025) },
          { refresh_token: "r" },
          { refresh_token: "r", client_id: "c", saml_session_id: "s" },
          { domain_name: "a.b", tenant_id: "c" },
          { domain_name: "a\u0000" },
          [1],
          3,
          '"text"',
          "true"
        ]
        for (const body of bodies) {
          const answer = yield* login({ body })
          assert.strictEqual(answer.status, 400, JSON.stringify(body))
          assert.strictEqual(answer.body.status_code, 400)
          assert.strictEqual(answer.body.reason.length, 1)
        }
      })
    )

    it.effect("answers 400 with family C for what is no JSON, and for nothing", () =>
      Effect.gen(function* () {
        for (const body of [
          "",
          "{",
          "{'a': 1}",
          "expiration=3",
          `${"[".repeat(5_000)}${"]".repeat(5_000)}`
        ]) {
          const answer = yield* login({ body })
          assert.strictEqual(answer.status, 400, body.slice(0, 20))
          assert.deepStrictEqual(Object.keys(answer.body), ["message"])
        }
      })
    )

    it.effect("tells an unknown tenant_id", () =>
      Effect.gen(function* () {
        const answer = yield* login({ body: { tenant_id: randomUUID() } })
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(answer.body.error_id, "unknown-tenant")
      })
    )

    it.effect("ignores unknown fields and unknown backends", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* login({ body: { backend: "mock", colour: "red" } })).status, 200)
      })
    )

    it.effect("takes a snapshot of the ACL: later changes of a policy do not reach the token", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const token = yield* adminToken
        const user = yield* createUser({}, ["a.b"])
        const { body } = yield* login({ basic: user.basic })
        const policies = yield* call("GET", `/users/${user.uuid}/policies`, { token })
        yield* call("DELETE", `/policies/${policies.body.items[0].uuid}`, { token })
        assert.strictEqual((yield* call("HEAD", `/token/${body.data.token}?scope=a.b`)).status, 204)
        assert.deepStrictEqual((yield* login({ basic: user.basic })).body.data.acl, [])
      })
    )

    it.effect("takes an imported password hash, and stores a stronger one at the first login", () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const user = yield* createUser({}, [])
        const salt = randomBytes(64)
        const imported = importedPbkdf2(salt, pbkdf2Sync("imported", salt, 250_000, 64, "sha512"))
        yield* sql`update auth_user set password_hash = ${imported} where uuid = ${user.uuid}`
        const stored = Effect.map(
          sql<{ hash: string }>`select password_hash as hash from auth_user where uuid = ${user.uuid}`,
          ([row]) => row?.hash
        )
        assert.strictEqual((yield* login({ basic: [user.username, "nope"] })).status, 401)
        assert.strictEqual(yield* stored, imported)
        assert.strictEqual((yield* login({ basic: [user.username, "imported"] })).status, 200)
        assert.match((yield* stored) ?? "", /^\$argon2id\$/)
        assert.strictEqual((yield* login({ basic: [user.username, "imported"] })).status, 200)
      })
    )

    it.effect("announces the session", () =>
      Effect.gen(function* () {
        const created = yield* heard("auth_session_created")
        const { body } = yield* login({ headers: { "Wazo-Session-Type": "MOBILE" } })
        const events = yield* created
        assert.deepStrictEqual(
          events.map(({ data }) => data),
          [
            {
              uuid: body.data.session_uuid,
              user_uuid: body.data.auth_id,
              tenant_uuid: body.data.metadata.tenant_uuid,
              mobile: true
            }
          ]
        )
      })
    )
  })
})

describe("Refresh tokens", () => {
  const offline = { access_type: "offline", client_id: "desk" }

  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("a client gets one and keeps it; it makes tokens without a password", () =>
      Effect.gen(function* () {
        const created = yield* heard("auth_refresh_token_created")
        const user = yield* createUser({}, ["a"])
        const first = yield* login({ basic: user.basic, body: offline })
        const second = yield* login({ basic: user.basic, body: offline })
        const refresh_token = first.body.data.refresh_token
        assert.match(refresh_token, /^[0-9a-f-]{36}$/)
        assert.strictEqual(second.body.data.refresh_token, refresh_token)
        assert.deepStrictEqual(
          (yield* created).map(({ data }) => data),
          [{ client_id: "desk", mobile: false, user_uuid: user.uuid, tenant_uuid: user.tenant_uuid }]
        )
        const renewed = yield* login({ basic: ["", ""], body: { client_id: "desk", refresh_token } })
        assert.strictEqual(renewed.status, 200)
        assert.strictEqual(renewed.body.data.auth_id, user.uuid)
        assert.notProperty(renewed.body.data, "refresh_token")
        const other = yield* login({ body: { client_id: "other", refresh_token } })
        assert.strictEqual(other.status, 401)
      })
    )

    it.effect("the database does not hold them, and a disabled user cannot use them", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const sql = yield* SqlClient.SqlClient
        const user = yield* createUser({}, [])
        const { body } = yield* login({ basic: user.basic, body: offline })
        const { refresh_token } = body.data
        const rows = yield* sql`select r::text as row from auth_refresh_token r`
        assert.notInclude(JSON.stringify(rows), refresh_token)
        const token = yield* adminToken
        yield* call("PUT", `/users/${user.uuid}`, {
          token,
          body: { username: user.username, enabled: false }
        })
        assert.strictEqual((yield* login({ body: { client_id: "desk", refresh_token } })).status, 401)
        assert.strictEqual((yield* call("HEAD", `/token/${body.data.token}`)).status, 404)
      })
    )

    it.effect("a mobile login takes the place of the mobile logins before it, sessions and all", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const user = yield* createUser({}, [])
        const mobile = { "Accent-Session-Type": "mobile" }
        const desk = yield* login({ basic: user.basic, body: offline })
        const first = yield* login({
          basic: user.basic,
          headers: mobile,
          body: { ...offline, client_id: "phone-1" }
        })
        const deleted = yield* heard("auth_refresh_token_deleted")
        const second = yield* login({
          basic: user.basic,
          headers: mobile,
          body: { ...offline, client_id: "phone-2" }
        })
        assert.strictEqual(second.headers.get("Wazo-Sessions-Revoked"), "1")
        assert.strictEqual((yield* call("HEAD", `/token/${first.body.data.token}`)).status, 404)
        assert.strictEqual((yield* call("HEAD", `/token/${desk.body.data.token}`)).status, 204)
        assert.deepStrictEqual(
          (yield* deleted).map(({ data }) => data),
          [{ client_id: "phone-1", mobile: true, user_uuid: user.uuid, tenant_uuid: user.tenant_uuid }]
        )
      })
    )

    it.effect("are listed without their secret, filtered, and deleted by client", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const user = yield* createUser({}, ["auth.users.me.tokens.#"])
        const { body } = yield* login({ basic: user.basic, body: { ...offline, client_id: "my.desk" } })
        const { token, refresh_token } = body.data
        const mine = yield* call("GET", "/users/me/tokens?search=desk&mobile=false&order=client_id", {
          token
        })
        assert.strictEqual(mine.body.filtered, 1)
        const [item] = mine.body.items
        assert.strictEqual(item.client_id, "my.desk")
        assert.match(item.created_at, /\+00:00$/)
        assert.notInclude(JSON.stringify(mine.body), refresh_token)
        const admin = yield* adminToken
        const exact = yield* call("GET", `/tokens?created_at=${encodeURIComponent(item.created_at)}`, {
          token: admin
        })
        assert.strictEqual(exact.body.items.length, 1)
        for (const query of ["mobile=zz", "created_at=yesterday", "order=secret_hash"]) {
          assert.strictEqual((yield* call("GET", `/tokens?${query}`, { token: admin })).status, 400, query)
        }
        assert.strictEqual((yield* call("DELETE", "/users/me/tokens/my.desk", { token })).status, 204)
        const again = yield* call("DELETE", "/users/me/tokens/my.desk", { token })
        assert.strictEqual(again.status, 404)
        assert.strictEqual(again.body.error_id, "cannot-find-refresh-token-matching-client-id")
        assert.deepStrictEqual(again.body.details, { client_id: "my.desk" })
        assert.strictEqual((yield* call("HEAD", `/token/${token}`)).status, 204)
        const unknown = yield* call("GET", `/users/${randomUUID()}/tokens`, { token: admin })
        assert.strictEqual(unknown.body.error_id, "unknown-user")
      })
    )
  })
})

forEachAuthServer((database, server) =>
  describe(`The limit of concurrent sessions on the ${database}`, () => {
    layer(server({ STROWGER_MAX_USER_SESSIONS: "2" }), {
      timeout: "60 seconds",
      excludeTestServices: true
    })((it) => {
      it.effect(
        "refuses a user beyond it with 429, counts only live sessions, and lets internal users pass",
        () =>
          Effect.gen(function* () {
            const { call } = yield* AuthServer
            const user = yield* createUser({}, [])
            const attempts = yield* Effect.all(
              Array.from({ length: 5 }, () => login({ basic: user.basic })),
              { concurrency: "unbounded" }
            )
            const statuses = attempts.map(({ status }) => status)
            assert.deepStrictEqual(statuses.toSorted(), [200, 200, 429, 429, 429])
            const refused = attempts.find(({ status }) => status === 429)
            assert.strictEqual(refused?.body.status_code, 429)
            const admitted = attempts.find(({ status }) => status === 200)
            yield* call("DELETE", `/token/${admitted?.body.data.token}`)
            assert.strictEqual((yield* login({ basic: user.basic })).status, 200)
            for (let count = 0; count < 3; count++) assert.strictEqual((yield* login()).status, 200)
          })
      )
    })

    layer(server({ STROWGER_MAX_USER_SESSIONS: "52" }), {
      timeout: "120 seconds",
      excludeTestServices: true
    })("with room", (it) => {
      it.effect("is kept to the last place, also by logins at once", () =>
        Effect.gen(function* () {
          const user = yield* createUser({}, [])
          const answers = yield* Effect.all(
            Array.from({ length: 56 }, () => login({ basic: user.basic })),
            { concurrency: 8 }
          )
          const admitted = answers.filter(({ status }) => status === 200)
          assert.strictEqual(admitted.length, 52)
          assert.isTrue(answers.every(({ status }) => status === 200 || status === 429))
        })
      )
    })
  })
)
describe("The token endpoints", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("GET tells the token in whole seconds, HEAD only that it lives", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { body } = yield* login({ body: { access_type: "offline", client_id: "c" } })
        const answer = yield* call("GET", `/token/${body.data.token.toUpperCase()}`)
        assert.strictEqual(answer.status, 200)
        const { issued_at, utc_issued_at, ...rest } = answer.body.data
        assert.match(issued_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
        assert.match(utc_issued_at, /\.000000$/)
        assert.strictEqual(rest.session_uuid, body.data.session_uuid)
        assert.notProperty(rest, "refresh_token")
        const head = yield* call("HEAD", `/token/${body.data.token}`)
        assert.strictEqual(head.status, 204)
        assert.isUndefined(head.body)
      })
    )

    it.effect("an unknown, malformed or expired token is 404 with family B", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const sql = yield* SqlClient.SqlClient
        const cache = yield* TokenCache
        const expired = yield* issueToken({ acl: ["#"] })
        yield* sql`update auth_token set expires_at = now() where session_uuid = ${expired.sessionUuid}`
        cache.clear()
        for (const token of [randomUUID(), "x", "%00", expired.id, `${expired.id}x`, "a".repeat(5_000)]) {
          const answer = yield* call("GET", `/token/${token}`)
          assert.strictEqual(answer.status, 404, token.slice(0, 40))
          assert.strictEqual(answer.body.status_code, 404)
          assert.strictEqual((yield* call("HEAD", `/token/${token}`)).status, 404)
          const scopes = yield* call("POST", `/token/${token}/scopes/check`, { body: { scopes: [] } })
          assert.strictEqual(scopes.status, 404)
        }
      })
    )

    it.effect("a scope is checked before the tenant; an empty scope is a scope", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const admin = yield* adminToken
        const child = (yield* call("POST", "/tenants", { token: admin, body: {} })).body.uuid
        const token = yield* issueToken({ acl: ["a.*"], tenantUuid: child })
        const master = (yield* call("GET", `/tenants/${child}`, { token: admin })).body.parent_uuid
        const expectations: ReadonlyArray<readonly [query: string, status: number, reason?: string]> = [
          ["", 204],
          ["?scope=a.b", 204],
          ["?scope=a.b&other=1", 204],
          ["?scope=b", 403, "Unauthorized for b"],
          ["?scope=", 403, "Unauthorized for "],
          ["?scope=a.%23", 403, "Unauthorized for a.#"],
          ["?scope=%C3%A9t%C3%A9", 403, "Unauthorized for ete"],
          ["?scope=a.b&scope=b", 204],
          ["?scope=%", 403, "Unauthorized for %"],
          [`?scope=a.b&tenant=${child}`, 204],
          [`?tenant=${child.toUpperCase()}`, 204],
          [`?scope=a.b&tenant=${master}`, 403, `Unauthorized for tenant ${master}`],
          [`?scope=b&tenant=${master}`, 403, "Unauthorized for b"],
          ["?tenant=nowhere", 403, "Unauthorized for tenant nowhere"]
        ]
        for (const [query, status, reason] of expectations) {
          // Another origin makes the router answer, its absence the quick door: both must say the same.
          for (const headers of [{}, { Origin: "https://app.example" }]) {
            const head = yield* call("HEAD", `/token/${token.id}${query}`, { headers })
            assert.strictEqual(head.status, status, query)
            const get = yield* call("GET", `/token/${token.id}${query}`, { headers })
            assert.strictEqual(get.status, status === 204 ? 200 : status, query)
            if (reason !== undefined) assert.deepStrictEqual(get.body.reason, [reason])
          }
        }
        const internal = yield* issueToken({ acl: [], userUuid: null, tenantUuid: child })
        assert.strictEqual((yield* call("HEAD", `/token/${internal.id}?tenant=${master}`)).status, 204)
      })
    )

    it.effect("DELETE ends the token and its session, and always says success", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const deleted = yield* heard("auth_session_deleted")
        const { id, sessionUuid } = yield* issueToken({ acl: [] })
        for (const token of [id, id, randomUUID(), "x"]) {
          const answer = yield* call("DELETE", `/token/${token}`)
          assert.strictEqual(answer.status, 200)
          assert.deepStrictEqual(answer.body, { data: { message: "success" } })
        }
        assert.strictEqual((yield* call("HEAD", `/token/${id}`)).status, 404)
        assert.deepStrictEqual(
          (yield* deleted).map(({ data }) => ("uuid" in data ? data.uuid : "")),
          [sessionUuid]
        )
      })
    )

    it.effect("POST scopes/check answers each distinct scope", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { id } = yield* issueToken({ acl: ["a.#", "!a.b"] })
        const check = (body: unknown) => call("POST", `/token/${id}/scopes/check`, { body })
        const answer = yield* check({ scopes: ["a.b", "a.c", "a.c", "z", "__proto__"], tenant_uuid: null })
        assert.strictEqual(answer.status, 200)
        assert.deepStrictEqual(Object.entries(answer.body.scopes), [
          ["a.b", false],
          ["a.c", true],
          ["z", false],
          ["__proto__", false]
        ])
        assert.deepStrictEqual((yield* check({ scopes: [] })).body, { scopes: {} })
        for (const body of [
          {},
          { scopes: "a" },
          { scopes: [1] },
          { scopes: null },
          { scopes: [], tenant_uuid: 3 }
        ]) {
          assert.strictEqual((yield* check(body)).status, 400, JSON.stringify(body))
        }
        assert.strictEqual((yield* check({ scopes: [], tenant_uuid: randomUUID() })).status, 403)
      })
    )
  })
})
