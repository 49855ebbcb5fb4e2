import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually } from "../../test/eventually.ts"
import { issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

/** A folder elsewhere: the sample of the documentation, a module that fails, one that is no plugin. */
const folder = mkdtempSync(join(tmpdir(), "strowger-plugins-"))
copyFileSync(join(import.meta.dirname, "../../docs/identity-plugin.ts"), join(folder, "badges.ts"))
writeFileSync(join(folder, "broken.mjs"), "throw new Error('broken')")
writeFileSync(join(folder, "other.mjs"), "export const plugin = { name: 'x', backends: [{ name: 3 }] }")
writeFileSync(
  join(folder, "trap.mjs"),
  `export const plugin = { name: "trap", identityProviders: [
    { method: "native", accepts: () => true, verify: async () => "admin" },
    { method: "trap", priority: 0, accepts: ({ credentials }) => credentials.login === "trapped",
      verify: async () => { throw new Error("down") } }] }`
)

writeFileSync(
  join(folder, "unready.mjs"),
  `export const plugin = { name: "unready", load: async () => { throw new Error("not ready") },
    backends: [{ name: "unready_user", verifyPassword: async () => true }] }`
)
writeFileSync(
  join(folder, "wired.mjs"),
  `import { appendFileSync } from "node:fs"
  const note = (what) => appendFileSync(new URL("notes.txt", import.meta.url), JSON.stringify(what) + "\\n")
  let refusals = 1
  export const plugin = {
    name: "wired",
    load: async (host) => {
      note({ tokens: [await host.token(), await host.token()] })
      await host.offerExternalType("crm", { info: { colour: "blue" } })
    },
    backends: [{
      name: "wired_user",
      verifyPassword: async (login, password) => password === "wire",
      metadata: async (user) => ({ desk: 7, floor: 1, uuid: "mine" }),
      persistentMetadata: async () => ({ wired: true })
    }],
    identityProviders: [{ method: "wired", accepts: ({ credentials }) => credentials?.password === "wire", backend: "wired_user" }],
    mail: {
      sendConfirmation: async (mail) => note({ kind: "confirmation", mail }),
      sendPasswordReset: async (mail) => {
        if (refusals-- > 0) throw new Error("no mail today: " + mail.token)
        note({ kind: "reset", mail })
      }
    }
  }`
)
writeFileSync(
  join(folder, "doors.mjs"),
  `export const plugin = { name: "doors", routes: [
    { method: "POST", path: "/doors/:door/open", access: "doors.{door}.open",
      handle: async ({ path, query, body, caller }) => ({ status: 201, headers: { "X-Door": path.door },
        body: { door: path.door, how: query.get("how"), body, caller } }) },
    { method: "GET", path: "/doors", handle: async ({ caller }) => ({ body: { open: true, caller: caller ?? null } }) },
    { method: "DELETE", path: "/doors", handle: async () => {} },
    { method: "GET", path: "/doors/broken/one", handle: async () => { throw new Error("secret") } },
    { method: "GET", path: "/doors/broken/status", handle: async () => ({ status: 9999 }) },
    { method: "GET", path: "/doors/broken/header", handle: async () => ({ headers: { "X-Door": "a\\r\\nb" }, body: 1 }) },
    { method: "GET", path: "/users", handle: async () => ({ body: "stolen" }) },
    { method: "GET", path: "/policies/stolen", handle: async () => ({ body: "stolen" }) },
    { method: "GET", path: "/*", handle: async () => ({ body: "stolen" }) }
  ] }`
)
/** What the plugin has noted. */
const notes = (): ReadonlyArray<ReturnType<typeof JSON.parse>> =>
  existsSync(join(folder, "notes.txt"))
    ? readFileSync(join(folder, "notes.txt"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : []

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const login = (username: string, password: string, body: object = {}) =>
  Effect.flatMap(AuthServer, ({ call }) => call("POST", "/token", { basic: [username, password], body }))

describe("Plugins of identity", () => {
  layer(authServerLayer({ STROWGER_PLUGIN_DIR: folder, STROWGER_MAIL_PLUGIN: "wired" }), {
    timeout: "60 seconds",
    excludeTestServices: true
  })((it) => {
    it.effect("bring backends and ways to authenticate", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        assert.include((yield* call("GET", "/backends")).body.data, "badge_user")
        const { items } = (yield* asAdmin("GET", "/idp")).body
        assert.includeMembers(items, ["badge", "trap", "native", "ldap"])
      })
    )

    it.effect("recognise users of their method, give accesses, and add to what tokens tell", () =>
      Effect.gen(function* () {
        const { body: user } = yield* asAdmin("POST", "/users", {
          body: { username: "ada", password: "secret" }
        })
        assert.strictEqual((yield* login("ada", "badge-1815")).status, 401)
        assert.strictEqual((yield* asAdmin("PUT", `/idp/badge/users/${user.uuid}`)).status, 204)
        assert.strictEqual((yield* login("ada", "badge-1")).status, 401)
        assert.strictEqual((yield* login("ada", "secret")).status, 401)
        const { status, body } = yield* login("ada", "badge-1815", {
          access_type: "offline",
          client_id: "app"
        })
        assert.strictEqual(status, 200)
        assert.include(body.data.acl, "doors.ada.open")
        assert.deepInclude(body.data.metadata, { floor: 3, issued_by: "badges", uuid: user.uuid })
        const { items } = (yield* asAdmin("GET", `/users/${user.uuid}/tokens`)).body
        assert.deepStrictEqual(items[0].metadata, { issued_by: "badges" })
        const { call } = yield* AuthServer
        const renewed = yield* call("POST", "/token", {
          body: { client_id: "app", refresh_token: body.data.refresh_token }
        })
        assert.include(renewed.body.data.acl, "doors.ada.open")
        assert.deepInclude(renewed.body.data.metadata, { floor: 3, issued_by: "badges" })
      })
    )

    it.effect(
      "fail no other login: a plugin that breaks is a failed login, none takes a built-in's place",
      () =>
        Effect.gen(function* () {
          yield* asAdmin("POST", "/users", { body: { username: "trapped", password: "secret" } })
          assert.strictEqual((yield* login("trapped", "secret")).status, 401)
          assert.strictEqual((yield* login("nobody", "whatever")).status, 401)
          assert.isString(yield* adminToken)
        })
    )

    it.effect("are loaded once with a token of the runtime; one that cannot be loaded is left out", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { data } = (yield* call("GET", "/backends")).body
        assert.include(data, "wired_user")
        assert.notInclude(data, "unready_user")
        const [token, again] = notes()[0].tokens
        assert.strictEqual(again, token)
        const { body } = yield* call("GET", `/token/${token}?scope=confd.users.read`)
        assert.deepInclude(body.data, { auth_id: "wazo-auth", acl: ["#"] })
        assert.strictEqual((yield* call("GET", "/tenants", { token })).status, 200)
      })
    )

    it.effect("offer types of external accounts", () =>
      Effect.gen(function* () {
        const { uuid } = (yield* asAdmin("POST", "/users", { body: {} })).body
        const { items } = (yield* asAdmin("GET", `/users/${uuid}/external?type=crm`)).body
        assert.deepStrictEqual(items, [
          { type: "crm", data: {}, enabled: false, plugin_info: { colour: "blue" } }
        ])
      })
    )

    it.effect("answer paths of their own, with token, access and tenant checked as everywhere", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { id: token } = yield* issueToken({ acl: ["doors.front.open", "auth.badges.ada.read"] })
        const tenant = String((yield* asAdmin("POST", "/tenants", { body: {} })).body.uuid)
        const opened = yield* call("POST", "/doors/front/open?how=wide", {
          token,
          tenant,
          body: { for: "ada" }
        })
        assert.strictEqual(opened.status, 201)
        assert.strictEqual(opened.headers.get("x-door"), "front")
        assert.deepInclude(opened.body, { door: "front", how: "wide", body: { for: "ada" } })
        assert.deepInclude(opened.body.caller, { token, tenantUuid: tenant })
        const closed = yield* call("POST", "/doors/back/open", { token, body: {} })
        assert.deepInclude(closed.body, { message: "Unauthorized", error_id: "unauthorized" })
        assert.deepInclude(closed.body.details, {
          reason: "missing_permission_or_invalid_tenant",
          required_access: "doors.back.open"
        })
        const unknown = yield* call("POST", "/doors/front/open", { body: {} })
        assert.deepStrictEqual([closed.status, unknown.status], [401, 401])
        assert.strictEqual(unknown.body.details.reason, "not_found_or_expired")
        const elsewhere = yield* call("POST", "/doors/front/open", { token, tenant: "other", body: {} })
        assert.strictEqual(elsewhere.body.error_id, "unauthorized-tenant")
        assert.strictEqual((yield* call("POST", "/doors/front/open", { token, body: "{" })).status, 400)
        const upload = { "Content-Type": "application/octet-stream" }
        const sent = yield* call("POST", "/doors/front/open", { token, body: "<>", headers: upload })
        assert.strictEqual(sent.status, 400)
        assert.deepStrictEqual((yield* call("GET", "/doors")).body, { open: true, caller: null })
        assert.strictEqual((yield* call("DELETE", "/doors")).status, 204)
        const sample = yield* call("GET", "/badges/ada", { token })
        assert.deepStrictEqual(sample.body, { login: "ada", badge: "badge-1815" })
      })
    )

    it.effect("take no path of the runtime; one that breaks is answered 500 without what it said", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        assert.strictEqual((yield* call("GET", "/users")).status, 401)
        assert.strictEqual((yield* asAdmin("GET", "/policies/stolen")).status, 404)
        assert.strictEqual((yield* call("GET", "/nowhere")).status, 404)
        for (const how of ["one", "status", "header"]) {
          const { status, body } = yield* call("GET", `/doors/broken/${how}`)
          assert.strictEqual(status, 500, how)
          assert.notInclude(JSON.stringify(body), "secret")
        }
      })
    )

    it.effect("give users and tenants their method by PUT and POST, and keep it", () =>
      Effect.gen(function* () {
        const created = yield* asAdmin("POST", "/users", {
          body: { username: "grace", authentication_method: "wired" }
        })
        assert.deepStrictEqual([created.status, created.body.authentication_method], [200, "wired"])
        const changed = yield* asAdmin("PUT", `/users/${created.body.uuid}`, { body: created.body })
        assert.strictEqual(changed.body.authentication_method, "wired")
        const { status, body } = yield* login("grace", "wire", { access_type: "offline", client_id: "app" })
        assert.strictEqual(status, 200)
        // The runtime's own keys stay, a later plugin wins over the backend.
        const { metadata } = body.data
        assert.deepInclude(metadata, { desk: 7, wired: true, uuid: created.body.uuid })
        const tenant = yield* asAdmin("POST", "/tenants", {
          body: { default_authentication_method: "wired" }
        })
        assert.strictEqual(tenant.body.default_authentication_method, "wired")
        yield* asAdmin("POST", "/users", { tenant: tenant.body.uuid, body: { username: "edith" } })
        assert.strictEqual((yield* login("edith", "wire")).status, 200)
        assert.strictEqual((yield* login("edith", "other")).status, 401)
      })
    )

    it.effect(
      "send the mails in the mail server's place; one that fails is tried again, its token dead",
      () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const { uuid } = (yield* asAdmin("POST", "/users", {
            body: { username: "joan", email_address: "joan@example.com" }
          })).body
          const [email] = (yield* asAdmin("PUT", `/users/${uuid}/emails`, {
            body: { emails: [{ address: "joan@example.org", main: true }] }
          })).body
          yield* asAdmin("GET", `/users/${uuid}/emails/${email.uuid}/confirm`)
          const sent = (kind: string) =>
            eventually(
              Effect.sync(() => notes().find((note) => note.kind === kind)),
              (note) => note !== undefined,
              "30 seconds"
            )
          const { mail } = yield* sent("confirmation")
          assert.deepInclude(mail, { username: "joan", emailAddress: "joan@example.org", uuid: email.uuid })
          assert.include(mail.text, `/emails/${email.uuid}/confirm?token=${mail.token}`)
          assert.strictEqual(
            (yield* call("GET", `/emails/${email.uuid}/confirm?token=${mail.token}`)).status,
            200
          )
          yield* call("GET", "/users/password/reset?username=joan")
          const reset = yield* sent("reset")
          assert.deepInclude(reset.mail, { uuid, subject: "Reset your password" })
          const answer = yield* call(
            "POST",
            `/users/password/reset?user_uuid=${uuid}&token=${reset.mail.token}`,
            {
              body: { password: "fresh" }
            }
          )
          assert.strictEqual(answer.status, 204)
        })
    )
  })
})
