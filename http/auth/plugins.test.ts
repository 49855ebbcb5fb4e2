import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
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

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const login = (username: string, password: string, body: object = {}) =>
  Effect.flatMap(AuthServer, ({ call }) => call("POST", "/token", { basic: [username, password], body }))

describe("Plugins of identity", () => {
  layer(authServerLayer({ STROWGER_PLUGIN_DIR: folder }), {
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
  })
})
