import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

/** The contract's inventory. */
const inventory = readFileSync(join(import.meta.dirname, "../../test/inventory/auth.tsv"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"))
  .map(([method = "", path = "", acl = ""]) => ({ method, acl, path: path.replace("/api/auth/0.1", "") }))
/** Every line that needs a token. */
const lines = inventory.filter(({ acl }) => acl !== "none")

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})

type Values = Readonly<Record<string, string>>

/** A tenant with one of everything, each thing bearing the mark in its name. */
const furnish = Effect.fnUntraced(function* (mark: string) {
  const { call } = yield* AuthServer
  const { uuid: tenant, slug: tenantSlug } = (yield* asAdmin("POST", "/tenants", {
    body: { name: mark, domain_names: [`${mark}.example.com`] }
  })).body
  const inTenant = (method: string, path: string, body: object) =>
    Effect.map(asAdmin(method, path, { tenant, body }), (answer) => answer.body)
  const user = yield* inTenant("POST", "/users", {
    username: `${mark}-user`,
    password: "secret",
    email_address: `${mark}@example.com`
  })
  const group = yield* inTenant("POST", "/groups", { name: `${mark}-group` })
  const policy = yield* inTenant("POST", "/policies", { name: `${mark}-policy`, acl: [`${mark}.read`] })
  yield* inTenant("PUT", `/groups/${group.uuid}/users/${user.uuid}`, {})
  yield* inTenant("PUT", `/groups/${group.uuid}/policies/${policy.uuid}`, {})
  yield* inTenant("PUT", `/users/${user.uuid}/policies/${policy.uuid}`, {})
  yield* inTenant("POST", `/users/${user.uuid}/external/mobile`, { token: `${mark}-device` })
  const { data } = (yield* call("POST", "/token", {
    basic: [`${mark}-user`, "secret"],
    body: { access_type: "offline", client_id: `${mark}-client` }
  })).body
  const domains = (yield* asAdmin("GET", `/tenants/${tenant}/domains`)).body.items
  yield* asAdmin("PUT", "/backends/ldap", {
    tenant,
    body: {
      host: `${mark}.example.com`,
      port: 389,
      user_base_dn: mark,
      user_login_attribute: "uid",
      user_email_attribute: "mail"
    }
  })
  for (const type of ["google", "microsoft", "mobile"]) {
    yield* inTenant("POST", `/external/${type}/config`, { client_id: mark })
  }
  const values: Values = {
    domain_uuid: domains[0].uuid,
    tenant_uuid: tenant,
    parent_tenant_uuid: tenant,
    user_uuid: user.uuid,
    group_uuid: group.uuid,
    policy_uuid: policy.uuid,
    policy_slug: policy.slug,
    session_uuid: data.session_uuid,
    email_uuid: user.emails[0].uuid,
    client_id: `${mark}-client`,
    // A token in a path is its own credential: it is always the caller's.
    token_uuid: data.token
  }
  return { tenant: String(tenant), tenantSlug: String(tenantSlug), values }
})

/** Whatever a call may want; unknown fields are ignored. */
const anyBody = (foreign: Values) => ({
  name: "changed",
  username: "changed",
  acl: [],
  password: "changed",
  old_password: "secret",
  new_password: "changed",
  emails: [{ address: "changed@example.com", main: true }],
  users: [{ uuid: foreign["user_uuid"] }],
  token: "changed",
  contact: foreign["user_uuid"],
  scopes: ["anything"],
  tenant_uuid: foreign["tenant_uuid"],
  parent_uuid: foreign["tenant_uuid"],
  domain_uuid: foreign["domain_uuid"],
  client_id: foreign["client_id"]
})

/** All rows of a tenant, of every table of identity. */
const rowsOf = Effect.fnUntraced(function* (tenant: string) {
  const sql = yield* SqlClient.SqlClient
  const ofUsers = `in (select uuid from auth_user where tenant_uuid = '${tenant}')`
  const ofGroups = `in (select uuid from auth_group where tenant_uuid = '${tenant}')`
  const all: Array<unknown> = []
  for (const [table, condition] of [
    ["auth_tenant", `uuid = '${tenant}' or parent_uuid = '${tenant}'`],
    ["auth_tenant_domain", `tenant_uuid = '${tenant}'`],
    ["auth_user", `tenant_uuid = '${tenant}'`],
    ["auth_group", `tenant_uuid = '${tenant}'`],
    ["auth_policy", `tenant_uuid = '${tenant}'`],
    ["auth_session", `tenant_uuid = '${tenant}'`],
    ["auth_ldap_config", `tenant_uuid = '${tenant}'`],
    ["auth_saml_config", `tenant_uuid = '${tenant}'`],
    ["auth_external_config", `tenant_uuid = '${tenant}'`],
    ["auth_external_authorisation", `tenant_uuid = '${tenant}'`],
    ["auth_email", `user_uuid ${ofUsers}`],
    ["auth_login", `user_uuid ${ofUsers}`],
    ["auth_refresh_token", `user_uuid ${ofUsers}`],
    ["auth_user_policy", `user_uuid ${ofUsers}`],
    ["auth_external_credential", `user_uuid ${ofUsers}`],
    ["auth_group_user", `group_uuid ${ofGroups}`],
    ["auth_group_policy", `group_uuid ${ofGroups}`]
  ] as const) {
    const rows = yield* sql.unsafe<{ row: string }>(
      `select to_jsonb(x)::text as row from ${table} x where ${condition} order by 1`
    )
    all.push([table, rows.map(({ row }) => row)])
  }
  return all
})

/** The order of the inventory has these in the middle: what they take away others still look at. */
const removesOwnThings = (method: string, path: string): boolean =>
  method === "DELETE" && path === "/token/{token_uuid}"

const bodiless = new Set(["GET", "HEAD", "DELETE"])

type Places = ReadonlySet<string>

/** Each way to put another tenant's object at one of the places, the caller's own at the others. */
const foreignPlaces = (path: string): ReadonlyArray<Places> => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name).filter((name) => name in places)
  return names.length === 0
    ? []
    : [...names.map((name) => new Set([name])), ...(names.length > 1 ? [new Set(names)] : [])]
}
const places: Values = {
  tenant_uuid: "",
  parent_tenant_uuid: "",
  user_uuid: "",
  group_uuid: "",
  policy_uuid: "",
  policy_slug: "",
  session_uuid: "",
  email_uuid: "",
  client_id: ""
}

const fill = (path: string, own: Values, foreign: Values, places: Places): string =>
  path.replace(
    /\{(\w+)\}/g,
    (_, name: string) =>
      (places.has(name) ? foreign : own)[name] ??
      ({ access: "some.access", auth_type: "mobile", idp_type: "ldap" } as Values)[name] ??
      ""
  )

describe("Tokens of another tenant", () => {
  layer(authServerLayer(), { timeout: "120 seconds", excludeTestServices: true })((it) => {
    it.effect("read and change nothing, on any endpoint of the inventory, whatever they name", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const mark = "foreign-secret"
        const mine = yield* furnish("own-things")
        const theirs = yield* furnish(mark)
        const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid: mine.tenant })
        const before = yield* rowsOf(theirs.tenant)
        const wordless = (text: string, path: string) => text.replaceAll(path, "")
        const called = new Set<string>()
        const attempt = Effect.fnUntraced(function* (method: string, path: string, places: Places) {
          const filled = fill(path, mine.values, theirs.values, places)
          const what = `${method} ${filled}`
          const body = bodiless.has(method) ? undefined : anyBody(theirs.values)
          const answer = yield* call(method, filled, { token, body })
          if (answer.status < 400) {
            assert.notInclude(JSON.stringify(answer.body ?? ""), String(theirs.values["user_uuid"]), what)
            const told = wordless(JSON.stringify(answer.body ?? ""), theirs.values["client_id"] ?? "")
            assert.notInclude(told, mark, what)
          }
          return { ...answer, what }
        })
        for (const { method, path } of inventory) {
          called.add(`${method} ${path}`)
          for (const foreign of foreignPlaces(path)) {
            const { status, what } = yield* attempt(method, path, foreign)
            assert.isBelow(status, 500, what)
            if (method === "PUT" || method === "POST") assert.isAtLeast(status, 400, what)
          }
        }
        // Those that name nothing in the path act in the caller's own tenant, whatever the body names.
        for (const { method, path } of inventory.filter((line) => foreignPlaces(line.path).length === 0)) {
          if (removesOwnThings(method, path)) continue
          yield* attempt(method, path, new Set())
        }
        assert.strictEqual(called.size, 105)
        assert.deepStrictEqual(yield* rowsOf(theirs.tenant), before)
      })
    )

    it.effect("are not good for that tenant where a token is asked about it", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const mine = yield* furnish("own-question")
        const theirs = yield* furnish("other-question")
        const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid: mine.tenant })
        for (const [tenant, status] of [
          [mine.tenant, 204],
          [theirs.tenant, 403],
          ["no-uuid", 403]
        ] as const) {
          assert.strictEqual((yield* call("HEAD", `/token/${token}?tenant=${tenant}`)).status, status, tenant)
          const get = yield* call("GET", `/token/${token}?tenant=${tenant}`)
          assert.strictEqual(get.status, status === 204 ? 200 : status)
          const check = yield* call("POST", `/token/${token}/scopes/check`, {
            body: { scopes: ["a"], tenant_uuid: tenant }
          })
          assert.strictEqual(check.status, status === 204 ? 200 : status)
        }
      })
    )

    it.effect("are refused the tenant header of that tenant on every endpoint", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const mine = yield* furnish("own-header")
        const theirs = yield* furnish("other-header")
        const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid: mine.tenant })
        const before = yield* rowsOf(theirs.tenant)
        for (const { method, path } of lines) {
          const filled = fill(path, theirs.values, theirs.values, new Set())
          const body = method === "GET" || method === "DELETE" ? undefined : anyBody(theirs.values)
          for (const tenant of [theirs.tenant, "no-uuid"]) {
            const answer = yield* call(method, filled, { token, tenant, body })
            assert.strictEqual(answer.status, 401, `${method} ${filled}`)
            assert.strictEqual(answer.body.error_id, "unauthorized-tenant", `${method} ${filled}`)
          }
        }
        assert.deepStrictEqual(yield* rowsOf(theirs.tenant), before)
      })
    )

    it.effect("are asked for on every endpoint of the inventory, and must be live and allowed", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { values } = yield* furnish("own-asked")
        const { id: powerless } = yield* issueToken({ acl: ["nothing"] })
        for (const { method, path } of lines) {
          const filled = fill(path, values, values, new Set())
          const body = method === "GET" || method === "DELETE" ? undefined : "not even JSON"
          for (const token of [undefined, "00000000-0000-4000-8000-000000000000", powerless]) {
            const answer = yield* call(method, filled, { body, ...(token === undefined ? {} : { token }) })
            assert.strictEqual(answer.status, 401, `${method} ${filled}`)
            assert.strictEqual(answer.body.error_id, "unauthorized", `${method} ${filled}`)
          }
        }
      })
    )

    it.effect("of lists, recursive or filtered by another tenant's objects, show nothing of them", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const mine = yield* furnish("own-lists")
        const theirs = yield* furnish("other-lists")
        const { id: token } = yield* issueToken({ acl: ["#"], tenantUuid: mine.tenant })
        for (const { path } of lines.filter((line) => line.method === "GET" && !line.path.includes("{"))) {
          const { user_uuid, group_uuid, policy_uuid, tenant_uuid } = theirs.values
          for (const query of [
            "recurse=true",
            `recurse=true&user_uuid=${user_uuid}`,
            `recurse=true&group_uuid=${group_uuid}`,
            `recurse=true&policy_uuid=${policy_uuid}`,
            `recurse=true&tenant_uuid=${tenant_uuid}`,
            "recurse=true&search=other-lists"
          ]) {
            const { body } = yield* call("GET", `${path}?${query}`, { token })
            assert.notInclude(JSON.stringify(body), "other-lists", `${path}?${query}`)
          }
        }
      })
    )
  })
})
