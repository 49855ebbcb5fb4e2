import { assert, describe, expect, layer, it as plain } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { IdentityPlugins } from "../../actors/identity/plugins.ts"
import { operationsOf } from "../middleware/surface.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { testIdentityLayer } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"
import { httpPluginOf, httpPlugins } from "./http-plugins.ts"

/** Metadata plugins that tell who was asked last, and a way to authenticate of each priority. */
const folder = mkdtempSync(join(tmpdir(), "strowger-switches-"))
const tells = (name: string, purposes: ReadonlyArray<string>) =>
  `{ name: "${name}", purposes: ${JSON.stringify(purposes)}, token: async () => ({ last: "${name}", ${name}: true }) }`
writeFileSync(
  join(folder, "tellers.mjs"),
  `export const plugin = { name: "tellers", metadata: [
    ${tells("first", ["user"])}, ${tells("second", [])}, ${tells("third", ["user", "internal"])}, ${tells("mute", ["internal"])}
  ],
  routes: [{ method: "GET", path: "/tellers", handle: async () => ({ body: {} }) }],
  backends: [{ name: "gone_user", verifyPassword: async () => true }],
  identityProviders: [
    { method: "early", accepts: ({ credentials }) => credentials?.login === "both", verify: async () => "early-user" },
    { method: "late", accepts: ({ credentials }) => credentials?.login === "both", verify: async () => "late-user" },
    { method: "gone", accepts: () => true, backend: "gone_user" }
  ] }`
)

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const login = (username: string, password = "secret") =>
  Effect.flatMap(AuthServer, ({ call }) => call("POST", "/token", { basic: [username, password], body: {} }))

const environment = {
  STROWGER_PLUGIN_DIR: folder,
  STROWGER_PURPOSE_METADATA_MAPPING: JSON.stringify({ user: ["default_user", "third", "second"] }),
  STROWGER_ENABLED_METADATA_PLUGINS: JSON.stringify({ mute: false }),
  STROWGER_ENABLED_HTTP_PLUGINS: JSON.stringify({
    saml: false,
    groups: false,
    user_registration: true,
    tellers: false
  }),
  STROWGER_ENABLED_BACKEND_PLUGINS: JSON.stringify({ ldap_user: false, gone_user: false }),
  STROWGER_ENABLED_EXTERNAL_AUTH_PLUGINS: JSON.stringify({ google: false }),
  STROWGER_IDP_PLUGINS: JSON.stringify({ saml: { enabled: false }, late: { priority: 3 } }),
  STROWGER_DEFAULT_USER_POLICY: "everybody",
  STROWGER_BACKEND_POLICIES: JSON.stringify({ wazo_user: "passwords", ldap_user: "directory" }),
  STROWGER_MICROSOFT_SCOPE: "offline_access  Calendars.Read"
}

describe("The switches of auth", () => {
  layer(authServerLayer(environment), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("parts of the HTTP API that are off answer as unknown paths, however they are spelt", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        for (const path of ["/groups", "/%67roups", "/saml/logout", "/users/x/external/google", "/tellers"]) {
          const { status, body } = yield* call("GET", path)
          assert.deepStrictEqual(
            [status, body],
            [404, { message: "The requested URL was not found on the server" }],
            path
          )
        }
        assert.strictEqual((yield* asAdmin("GET", "/policies")).status, 200)
        assert.strictEqual((yield* call("GET", "/backends/saml")).status, 401)
      })
    )

    it.effect("the registration can be switched on like any part", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { status } = yield* call("POST", "/users/register", {
          body: { username: "newcomer", password: "secret", email_address: "newcomer@example.com" }
        })
        assert.strictEqual(status, 200)
      })
    )

    it.effect(
      "backends and ways to authenticate that are off are not offered, nor those without backend",
      () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          assert.deepStrictEqual((yield* call("GET", "/backends")).body.data, ["wazo_user"])
          const { items } = (yield* asAdmin("GET", "/idp")).body
          assert.sameMembers(items, ["native", "default", "early", "late"])
          assert.strictEqual(
            (yield* asAdmin("POST", "/users", { body: { authentication_method: "ldap" } })).status,
            400
          )
        })
    )

    it.effect("the way to authenticate with the lower priority is asked", () =>
      Effect.gen(function* () {
        for (const method of ["early", "late"]) {
          yield* asAdmin("POST", "/users", {
            body: { username: `${method}-user`, authentication_method: method }
          })
        }
        const { items } = (yield* asAdmin("GET", "/users?username=late-user")).body
        const { status, body } = yield* login("both")
        assert.deepStrictEqual([status, body.data?.metadata.uuid], [200, items[0].uuid])
      })
    )

    it.effect("types of external accounts that are off are not listed", () =>
      Effect.gen(function* () {
        const { uuid } = (yield* asAdmin("POST", "/users", { body: {} })).body
        const { items, total } = (yield* asAdmin("GET", `/users/${uuid}/external`)).body
        assert.deepStrictEqual(
          [items.map(({ type }: { type: string }) => type), total],
          [["microsoft", "mobile"], 2]
        )
      })
    )

    it.effect(
      "the metadata plugins named for a purpose are asked in their order, for another those that are for it",
      () =>
        Effect.gen(function* () {
          yield* asAdmin("POST", "/users", { body: { username: "told", password: "secret" } })
          yield* asAdmin("POST", "/users", {
            body: { username: "internal", password: "secret", purpose: "internal" }
          })
          const { metadata } = (yield* login("told")).body.data
          assert.deepInclude(metadata, { third: true, second: true, last: "second", purpose: "user" })
          assert.notProperty(metadata, "first")
          const internal = (yield* login("internal")).body.data.metadata
          assert.deepInclude(internal, { third: true, last: "third" })
          assert.notProperty(internal, "mute")
        })
    )

    it.effect("the policy of a user's backend takes the place of the default user policy", () =>
      Effect.gen(function* () {
        for (const name of ["everybody", "passwords", "directory"]) {
          yield* asAdmin("POST", "/policies", { body: { name, acl: [`from.${name}`] } })
        }
        yield* asAdmin("POST", "/users", { body: { username: "keyed", password: "secret" } })
        const { acl } = (yield* login("keyed")).body.data
        assert.include(acl, "from.passwords")
        assert.notInclude(acl, "from.everybody")
        assert.notInclude(acl, "from.directory")
      })
    )

    it.effect("the scopes of a provider are those of the knob", () =>
      Effect.gen(function* () {
        const { uuid } = (yield* asAdmin("POST", "/users", { body: {} })).body
        yield* asAdmin("POST", "/external/microsoft/config", {
          body: { client_id: "app", client_secret: "secret" }
        })
        const { body } = yield* asAdmin("POST", `/users/${uuid}/external/microsoft`, { body: {} })
        const { searchParams } = new URL(body.authorization_url)
        assert.strictEqual(searchParams.get("scope"), "offline_access Calendars.Read")
      })
    )

    it.effect("stand in the configuration under the names of the contract", () =>
      Effect.gen(function* () {
        const { body } = yield* asAdmin("GET", "/config")
        assert.deepInclude(body.enabled_http_plugins, {
          saml: false,
          groups: false,
          users: true,
          user_registration: true
        })
        assert.deepStrictEqual(body.enabled_external_auth_plugins, ["microsoft", "mobile"])
        assert.deepStrictEqual(body.enabled_backend_plugins, ["wazo_user"])
        assert.deepInclude(body.enabled_metadata_plugins, { default_user: true, mute: false })
        assert.deepStrictEqual(body.idp_plugins.saml, { enabled: false })
        assert.deepStrictEqual(body.idp_plugins.late, { enabled: true, priority: 3 })
        assert.deepStrictEqual(body.purpose_metadata_mapping.user, ["default_user", "third", "second"])
        assert.strictEqual(body.backend_policies.wazo_user, "passwords")
        assert.deepStrictEqual(body.microsoft.scope, ["offline_access", "Calendars.Read"])
      })
    )
  })

  plain("every operation belongs to a part that can be switched off, and every part has one", () => {
    const paths = [...operationsOf(AuthApi).map(({ path }) => path), "/api/api.yml"]
    const parts = paths.map((path) => httpPluginOf(path.replace(/^\/api\/auth\/0\.1/, "")))
    expect(new Set(parts)).toEqual(new Set(httpPlugins))
  })

  plain("metadata of the runtime's own stops the start when it is switched off", async () => {
    const start = IdentityPlugins.pipe(
      Effect.provide(
        testIdentityLayer({
          environment: { STROWGER_ENABLED_METADATA_PLUGINS: JSON.stringify({ default_user: false }) }
        })
      ),
      Effect.scoped
    )
    await expect(Effect.runPromise(start)).rejects.toThrow(
      "STROWGER_ENABLED_METADATA_PLUGINS: default_user cannot be switched off"
    )
  })
})
