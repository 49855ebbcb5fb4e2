import { assert, describe, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { Bootstrap } from "../../actors/identity/bootstrap.ts"
import { ExternalAuthorisations } from "../../actors/identity/external-authorisations.ts"
import { ExternalCredentials } from "../../actors/identity/external-credentials.ts"
import { ExternalPlugins } from "../../actors/identity/external-plugins.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { eventually } from "../../test/eventually.ts"
import { issueToken } from "../../test/identity.ts"
import { type OauthProvider, oauthClient, startOauthProvider } from "../../test/oauth-provider.ts"
import {
  adminToken,
  AuthServer,
  type AuthServerOn,
  authServerLayer,
  type Call,
  forEachAuthServer
} from "./fixture.ts"

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const newTenant = Effect.map(asAdmin("POST", "/tenants", { body: {} }), ({ body }) => String(body.uuid))
const newUser = (tenant: string) =>
  Effect.map(asAdmin("POST", "/users", { tenant, body: {} }), ({ body }) => String(body.uuid))

/** What is published about external accounts while an effect runs. */
const announcedBy = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const bus = yield* EventBus
  const outbox = yield* Outbox
  yield* outbox.drained
  const events: Array<BusEvent> = []
  yield* bus.subscribe({}, (event) => events.push(event))
  yield* effect
  yield* outbox.drained
  return events.filter(({ name }) => name.startsWith("auth_user_external_auth_"))
}, Effect.scoped)

forEachAuthServer((database, server) =>
  describe(`The configuration of external accounts on the ${database}`, () => {
    layer(server(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      it.effect("is any JSON of the acting tenant, created, replaced, removed and given back verbatim", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          const path = "/external/mobile/config"
          const first = { fcm_sender_id: "1", nested: { deep: [1, null, "é"] } }
          const created = yield* asAdmin("POST", path, { tenant, body: first })
          assert.strictEqual(created.status, 201)
          assert.isUndefined(created.body)
          assert.deepStrictEqual((yield* asAdmin("GET", path, { tenant })).body, first)
          const again = yield* asAdmin("POST", path, { tenant, body: {} })
          assert.strictEqual(again.status, 409)
          assert.strictEqual(again.body.error_id, "conflict")
          assert.strictEqual((yield* asAdmin("PUT", path, { tenant, body: { other: 1 } })).status, 204)
          assert.deepStrictEqual((yield* asAdmin("GET", path, { tenant })).body, { other: 1 })
          assert.strictEqual((yield* asAdmin("DELETE", path, { tenant })).status, 204)
          for (const [method, body] of [["GET"], ["PUT", {}], ["DELETE"]] as const) {
            const { status } = yield* asAdmin(method, path, {
              tenant,
              ...(body === undefined ? {} : { body })
            })
            assert.strictEqual(status, 404, method)
          }
        })
      )

      it.effect("404 tells a type that was never seen from one without a configuration", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          const type = `crm-${randomUUID()}`
          const get = asAdmin("GET", `/external/${type}/config`, { tenant })
          assert.strictEqual((yield* get).body.error_id, "unknown-config")
          const elsewhere = yield* newTenant
          const created = yield* asAdmin("POST", `/external/${type}/config`, { tenant: elsewhere, body: {} })
          assert.strictEqual(created.status, 201)
          assert.strictEqual((yield* get).body.error_id, "unknown-external-auth")
        })
      )

      it.effect("is not inherited from the tenant above", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          yield* asAdmin("POST", "/external/google/config", { body: oauthClient })
          assert.strictEqual((yield* asAdmin("GET", "/external/google/config", { tenant })).status, 404)
        })
      )

      it.effect("its secrets are nowhere in the database", () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const tenant = yield* newTenant
          const secret = `secret-${randomUUID()}`
          yield* asAdmin("POST", "/external/microsoft/config", { tenant, body: { client_secret: secret } })
          const rows = yield* sql`select * from auth_external_config`
          assert.isNotEmpty(rows)
          assert.notInclude(JSON.stringify(rows), secret)
        })
      )

      it.effect("each method needs its own access, named for the type", () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          for (const [method, access] of [
            ["GET", "read"],
            ["POST", "create"],
            ["PUT", "update"],
            ["DELETE", "delete"]
          ] as const) {
            const without = yield* issueToken({ acl: ["#", `!auth.google.external.config.${access}`] })
            const { status, body } = yield* call(method, "/external/google/config", {
              token: without.id,
              ...(method === "POST" || method === "PUT" ? { body: {} } : {})
            })
            assert.strictEqual(status, 401)
            assert.strictEqual(body.details.required_access, `auth.google.external.config.${access}`)
          }
        })
      )
    })
  })
)

forEachAuthServer((database, server) =>
  describe(`The external accounts of a user on the ${database}`, () => {
    layer(server(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      const push = {
        token: "fcm",
        apns_token: null,
        apns_voip_token: "voip",
        apns_notification_token: null,
        apns_call_topic: "com.example.voip",
        apns_default_topic: null
      }

      it.effect("are listed by type, with whether the user has them", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          const user = yield* newUser(tenant)
          yield* asAdmin("POST", `/users/${user}/external/mobile`, { tenant, body: push })
          yield* asAdmin("POST", `/external/unknown-${randomUUID()}/config`, { tenant, body: {} })
          const item = (type: string, enabled: boolean) => ({ type, data: {}, enabled, plugin_info: {} })
          const all = yield* asAdmin("GET", `/users/${user}/external`, { tenant })
          assert.deepStrictEqual(all.body, {
            items: [item("google", false), item("microsoft", false), item("mobile", true)],
            total: 3,
            filtered: 3
          })
          const one = yield* asAdmin("GET", `/users/${user}/external?type=mobile`, { tenant })
          assert.deepStrictEqual(one.body, { items: [item("mobile", true)], total: 3, filtered: 1 })
          const found = yield* asAdmin("GET", `/users/${user}/external?search=oo&limit=1`, { tenant })
          assert.deepStrictEqual(found.body.items, [item("google", false)])
        })
      )

      it.effect("of an unknown user and of a user of another tenant show nothing enabled", () =>
        Effect.gen(function* () {
          const [tenant, elsewhere] = [yield* newTenant, yield* newTenant]
          const user = yield* newUser(elsewhere)
          yield* asAdmin("POST", `/users/${user}/external/mobile`, { tenant: elsewhere, body: push })
          for (const uuid of [user, randomUUID()]) {
            const { status, body } = yield* asAdmin("GET", `/users/${uuid}/external`, { tenant })
            assert.strictEqual(status, 200)
            assert.isTrue(body.items.every(({ enabled }: { enabled: boolean }) => !enabled))
          }
        })
      )

      it.effect("mobile: created once, read, replaced, removed, each change announced", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          const user = yield* newUser(tenant)
          const path = `/users/${user}/external/mobile`
          const none = yield* asAdmin("GET", path, { tenant })
          assert.strictEqual(none.status, 404)
          assert.strictEqual(none.body.error_id, "unknown-external-auth")
          assert.strictEqual(none.body.resource, "mobile")
          const events = yield* announcedBy(
            Effect.gen(function* () {
              const created = yield* asAdmin("POST", path, { tenant, body: push })
              assert.strictEqual(created.status, 201)
              assert.deepStrictEqual(created.body, push)
              assert.deepStrictEqual((yield* asAdmin("GET", path, { tenant })).body, push)
              assert.strictEqual((yield* asAdmin("POST", path, { tenant, body: push })).status, 409)
              const replaced = yield* asAdmin("PUT", path, { tenant, body: { token: "new" } })
              assert.strictEqual(replaced.status, 200)
              assert.strictEqual(replaced.body.token, "new")
              assert.isNull((yield* asAdmin("GET", path, { tenant })).body.apns_voip_token)
              assert.strictEqual((yield* asAdmin("DELETE", path, { tenant })).status, 204)
              assert.strictEqual((yield* asAdmin("DELETE", path, { tenant })).status, 404)
              assert.strictEqual((yield* asAdmin("PUT", path, { tenant, body: push })).status, 200)
            })
          )
          assert.deepStrictEqual(
            events.map(({ name }) => name),
            ["added", "updated", "deleted", "added"].map((change) => `auth_user_external_auth_${change}`)
          )
          for (const { data, headers, routingKey } of events) {
            assert.deepStrictEqual(data, { user_uuid: user, external_auth_name: "mobile" })
            assert.strictEqual(headers["tenant_uuid"], tenant)
            assert.isTrue(headers[`user_uuid:${user}`])
            assert.match(routingKey, new RegExp(`^auth\\.users\\.${user}\\.external\\.mobile\\.`))
          }
        })
      )

      it.effect(
        "mobile: a token of 1 to 512 characters or null; unknown users and other tenants' are 404",
        () =>
          Effect.gen(function* () {
            const [tenant, elsewhere] = [yield* newTenant, yield* newTenant]
            const user = yield* newUser(tenant)
            const path = `/users/${user}/external/mobile`
            for (const token of ["", "t".repeat(513), 7]) {
              const { status, body } = yield* asAdmin("POST", path, { tenant, body: { token } })
              assert.strictEqual(status, 400)
              assert.strictEqual(body.error_id, "invalid-data")
              assert.hasAllKeys(body.details, ["token"])
            }
            yield* asAdmin("POST", path, { tenant, body: {} })
            const foreign = [`/users/${randomUUID()}/external/mobile`, path]
            for (const hidden of foreign) {
              for (const method of ["GET", "POST", "PUT", "DELETE"]) {
                const { status, body } = yield* asAdmin(method, hidden, {
                  tenant: elsewhere,
                  ...(method === "POST" || method === "PUT" ? { body: push } : {})
                })
                assert.strictEqual(status, 404, `${method} ${hidden}`)
                assert.strictEqual(body.error_id, "unknown-user")
              }
            }
            assert.strictEqual((yield* asAdmin("GET", path, { tenant })).status, 200)
          })
      )

      it.effect(
        "mobile: sender_id is that of the acting tenant's configuration, null, or 404 without one",
        () =>
          Effect.gen(function* () {
            const tenant = yield* newTenant
            const user = yield* newUser(tenant)
            const senderId = asAdmin("GET", `/users/${user}/external/mobile/sender_id`, { tenant })
            assert.strictEqual((yield* senderId).status, 404)
            yield* asAdmin("POST", "/external/mobile/config", { tenant, body: { fcm_api_key: "k" } })
            assert.deepStrictEqual((yield* senderId).body, { sender_id: null })
            yield* asAdmin("PUT", "/external/mobile/config", { tenant, body: { fcm_sender_id: "1234" } })
            assert.deepStrictEqual((yield* senderId).body, { sender_id: "1234" })
          })
      )

      it.effect("the users of a type are those of the acting tenant, with recurse those below too", () =>
        Effect.gen(function* () {
          const tenant = yield* newTenant
          const child = String((yield* asAdmin("POST", "/tenants", { tenant, body: {} })).body.uuid)
          const [own, below] = [yield* newUser(tenant), yield* newUser(child)]
          yield* newUser(tenant)
          for (const user of [own, below])
            yield* asAdmin("POST", `/users/${user}/external/mobile`, { tenant, body: push })
          const list = (query: string) => asAdmin("GET", `/external/mobile/users${query}`, { tenant })
          assert.deepStrictEqual((yield* list("")).body, { items: [{ uuid: own }], total: 1, filtered: 1 })
          const all = (yield* list("?recurse=true")).body
          assert.sameDeepMembers(all.items, [{ uuid: own }, { uuid: below }])
          const page = (yield* list("?recurse=true&limit=1&offset=1")).body
          assert.deepStrictEqual([page.items.length, page.total, page.filtered], [1, 2, 2])
          const unknown = yield* asAdmin("GET", `/external/${randomUUID()}/users`, { tenant })
          assert.strictEqual(unknown.status, 404)
          assert.strictEqual(unknown.body.error_id, "unknown-external-auth-type")
        })
      )

      it.effect("their credentials are nowhere in the database, and go with the user", () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const tenant = yield* newTenant
          const user = yield* newUser(tenant)
          const token = `push-${randomUUID()}`
          yield* asAdmin("POST", `/users/${user}/external/mobile`, { tenant, body: { token } })
          const rows = sql`select * from auth_external_credential where user_uuid = ${user}`
          assert.strictEqual((yield* rows).length, 1)
          assert.notInclude(JSON.stringify(yield* rows), token)
          yield* asAdmin("DELETE", `/users/${user}`, { tenant })
          assert.isEmpty(yield* rows)
        })
      )
    })
  })
)

class Provider extends Context.Service<Provider, OauthProvider>()("test/Provider") {}

const providerLayer = (
  knobs: Readonly<Record<string, string>> = {},
  server: AuthServerOn = authServerLayer
) =>
  Layer.unwrap(
    Effect.map(startOauthProvider, (provider) =>
      server({ ...provider.knobs, ...knobs }).pipe(Layer.provideMerge(Layer.succeed(Provider, provider)))
    )
  )

/** A user of a tenant that is registered at the provider. */
const registered = Effect.fnUntraced(function* (type: string) {
  const tenant = yield* newTenant
  const user = yield* newUser(tenant)
  yield* asAdmin("POST", `/external/${type}/config`, { tenant, body: oauthClient })
  const path = `/users/${user}/external/${type}`
  const begin = (body: object = {}) => asAdmin("POST", path, { tenant, body })
  const read = asAdmin("GET", path, { tenant })
  return { tenant, user, path, begin, read }
})

/** From the first request to the token. */
const authorise = Effect.fnUntraced(function* (type: string, body: object = {}) {
  const provider = yield* Provider
  const account = yield* registered(type)
  const { body: begun } = yield* account.begin(body)
  yield* provider.consent(begun.authorization_url)
  const token = yield* eventually(account.read, ({ status }) => status === 200)
  return { ...account, token: token.body }
})

for (const type of ["google", "microsoft"] as const) {
  forEachAuthServer((database, server) =>
    describe(`An account at ${type} on the ${database}`, () => {
      layer(providerLayer({}, server), { timeout: "60 seconds", excludeTestServices: true })((it) => {
        it.effect("POST answers 404 for an unknown user and for a tenant without a configuration", () =>
          Effect.gen(function* () {
            const tenant = yield* newTenant
            const user = yield* newUser(tenant)
            const unconfigured = yield* asAdmin("POST", `/users/${user}/external/${type}`, {
              tenant,
              body: {}
            })
            assert.strictEqual(unconfigured.status, 404)
            assert.strictEqual(unconfigured.body.error_id, "unknown-external-auth")
            const { tenant: configured } = yield* registered(type)
            for (const hidden of [user, randomUUID()]) {
              const { status, body } = yield* asAdmin("POST", `/users/${hidden}/external/${type}`, {
                tenant: configured,
                body: {}
              })
              assert.strictEqual(status, 404)
              assert.strictEqual(body.error_id, "unknown-user")
            }
          })
        )

        it.effect("POST answers where to consent, with a state that the broker already waits for", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            const { begin } = yield* registered(type)
            const { status, body } = yield* begin({ scope: ["contacts", "profile"] })
            assert.strictEqual(status, 201)
            assert.hasAllKeys(body, ["authorization_url", "state"])
            assert.match(body.state, /^[A-Za-z0-9]{30}$/)
            assert.isTrue(provider.isAwaited(body.state))
            const url = new URL(body.authorization_url)
            const expected: Record<string, string> = {
              ...(type === "google" ? { hl: "en", access_type: "offline", prompt: "consent" } : {}),
              response_type: "code",
              client_id: oauthClient.client_id,
              redirect_uri: String(provider.knobs["STROWGER_OAUTH_REDIRECT_URL"]).replace(
                "{auth_type}",
                type
              ),
              scope: "contacts profile",
              state: body.state
            }
            assert.deepStrictEqual(Object.fromEntries(url.searchParams), expected)
            const standard = new URL((yield* begin()).body.authorization_url).searchParams.get("scope") ?? ""
            assert.include(standard, type === "google" ? "auth/contacts" : "offline_access Contacts.Read")
          })
        )

        it.effect("is authorised when the browser comes back; GET gives the token, an event tells it", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            const account = yield* registered(type)
            const asked = provider.requests.length
            const events = yield* announcedBy(
              Effect.gen(function* () {
                const { body } = yield* account.begin({ scope: ["a", "b"] })
                assert.strictEqual((yield* account.read).status, 404)
                yield* provider.consent(body.authorization_url)
                const token = yield* eventually(account.read, ({ status }) => status === 200)
                assert.hasAllKeys(token.body, ["access_token", "token_expiration", "scope"])
                assert.match(token.body.access_token, /^access-/)
                assert.deepStrictEqual(token.body.scope, ["a", "b"])
                assert.isAbove(token.body.token_expiration, Date.now() / 1000 + 3_000)
                yield* eventually(
                  Effect.sync(() => provider.isAwaited(body.state)),
                  (awaited) => !awaited
                )
              })
            )
            assert.deepStrictEqual(
              events.map(({ name, data }) => [name, data]),
              [["auth_user_external_auth_added", { user_uuid: account.user, external_auth_name: type }]]
            )
            const [request] = provider.requests.slice(asked)
            assert.strictEqual(request?.get("grant_type"), "authorization_code")
            assert.strictEqual(request?.get("client_secret"), oauthClient.client_secret)
          })
        )

        it.effect("authorised again it is replaced and told as updated", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            const { begin, read, token } = yield* authorise(type)
            const events = yield* announcedBy(
              Effect.gen(function* () {
                yield* provider.consent((yield* begin()).body.authorization_url)
                yield* eventually(read, ({ body }) => body.access_token !== token.access_token)
              })
            )
            assert.deepStrictEqual(
              events.map(({ name }) => name),
              ["auth_user_external_auth_updated"]
            )
          })
        )

        it.effect("GET renews a token with less than 30 seconds to live, once for requests at once", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            provider.grantFor(20)
            const account = yield* registered(type)
            yield* provider.consent((yield* account.begin()).body.authorization_url)
            const stored = Effect.gen(function* () {
              const sql = yield* SqlClient.SqlClient
              return yield* sql`select 1 from auth_external_credential where user_uuid = ${account.user}`
            })
            yield* eventually(stored, (rows) => rows.length > 0)
            provider.grantFor(3_600)
            const asked = provider.requests.length
            const events = yield* announcedBy(
              Effect.gen(function* () {
                const answers = yield* Effect.all([account.read, account.read, account.read], {
                  concurrency: "unbounded"
                })
                const tokens = new Set(answers.map(({ body }) => body.access_token))
                assert.strictEqual(tokens.size, 1)
                assert.isAbove(answers[0].body.token_expiration, Date.now() / 1000 + 3_000)
              })
            )
            assert.deepStrictEqual(
              provider.requests.slice(asked).map((request) => request.get("grant_type")),
              ["refresh_token"]
            )
            assert.deepStrictEqual(
              events.map(({ name }) => name),
              ["auth_user_external_auth_updated"]
            )
          })
        )

        it.effect("a provider that takes the authorisation back makes it 404, one that is down 503", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            provider.grantFor(0)
            const account = yield* registered(type)
            yield* provider.consent((yield* account.begin()).body.authorization_url)
            const moods = Effect.gen(function* () {
              provider.mood("broken")
              const down = yield* eventually(account.read, ({ status }) => status !== 404)
              assert.strictEqual(down.status, 503)
              assert.strictEqual(down.body.error_id, "provider-unavailable")
              provider.mood("refusing")
              assert.strictEqual((yield* account.read).status, 404)
            })
            yield* eventually(
              Effect.sync(() => provider.requests.at(-1)?.get("grant_type")),
              (grant) => grant === "authorization_code"
            )
            yield* Effect.ensuring(
              moods,
              Effect.sync(() => {
                provider.mood("generous")
                provider.grantFor(3_600)
              })
            )
            assert.strictEqual((yield* account.read).status, 200)
          })
        )

        it.effect("a refusal at the provider, or a code it does not know, authorises nobody", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            for (const frame of [{ error: "access_denied" }, { code: "made-up" }]) {
              const { begin, read } = yield* registered(type)
              const { state } = (yield* begin()).body
              yield* provider.handOver(state, JSON.stringify(frame))
              yield* eventually(
                Effect.sync(() => provider.isAwaited(state)),
                (awaited) => !awaited
              )
              assert.strictEqual((yield* read).status, 404)
            }
          })
        )

        it.effect("a frame for another state, or of no use, is passed over", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            const { begin, read } = yield* registered(type)
            const { state, authorization_url } = (yield* begin()).body
            for (const frame of ["", "{", "null", "[]", "{}", '{"code": 7}', '{"code":"c","state":"other"}'])
              yield* provider.handOver(state, frame)
            yield* provider.consent(authorization_url)
            assert.strictEqual((yield* eventually(read, ({ status }) => status === 200)).status, 200)
          })
        )

        it.effect("goes on waiting when the broker drops the socket", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            const { begin, read } = yield* registered(type)
            const { state, authorization_url } = (yield* begin()).body
            yield* provider.dropSocket(state)
            const awaited = Effect.sync(() => provider.isAwaited(state))
            yield* eventually(awaited, (is) => !is)
            yield* eventually(awaited, (is) => is)
            yield* provider.consent(authorization_url)
            assert.strictEqual((yield* eventually(read, ({ status }) => status === 200)).status, 200)
          })
        )

        it.effect("goes on waiting after a restart", () =>
          Effect.gen(function* () {
            const provider = yield* Provider
            const sql = yield* SqlClient.SqlClient
            const { tenant, user, read } = yield* registered(type)
            const state = randomUUID().replaceAll("-", "")
            const expires_at = new Date(Date.now() + 60_000)
            yield* sql`insert into auth_external_authorisation ${sql.insert({
              state,
              user_uuid: user,
              tenant_uuid: tenant,
              type,
              expires_at
            })}`
            yield* Layer.build(Layer.fresh(ExternalAuthorisations.layer))
            yield* eventually(
              Effect.sync(() => provider.isAwaited(state)),
              (is) => is
            )
            const url = new URL(String(provider.knobs["STROWGER_GOOGLE_AUTHORIZATION_URL"]))
            url.searchParams.set("state", state)
            url.searchParams.set(
              "redirect_uri",
              String(provider.knobs["STROWGER_OAUTH_REDIRECT_URL"]).replace("{auth_type}", type)
            )
            yield* provider.consent(url.href)
            assert.strictEqual((yield* eventually(read, ({ status }) => status === 200)).status, 200)
          }).pipe(Effect.scoped)
        )

        it.effect("its tokens are nowhere in the database", () =>
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            const { token, user } = yield* authorise(type)
            const rows = yield* sql`select * from auth_external_credential where user_uuid = ${user}`
            assert.strictEqual(rows.length, 1)
            assert.notInclude(JSON.stringify(rows), token.access_token)
          })
        )

        it.effect("DELETE removes it, once", () =>
          Effect.gen(function* () {
            const { path, read, tenant } = yield* authorise(type)
            const events = yield* announcedBy(
              Effect.gen(function* () {
                assert.strictEqual((yield* asAdmin("DELETE", path, { tenant })).status, 204)
                assert.strictEqual((yield* asAdmin("DELETE", path, { tenant })).status, 404)
              })
            )
            assert.deepStrictEqual(
              events.map(({ name }) => name),
              ["auth_user_external_auth_deleted"]
            )
            assert.strictEqual((yield* read).status, 404)
          })
        )

        it.effect("each method needs its own access", () =>
          Effect.gen(function* () {
            const { call } = yield* AuthServer
            const { masterTenantUuid } = yield* Bootstrap
            const user = yield* newUser(masterTenantUuid)
            for (const [method, access] of [
              ["GET", "read"],
              ["POST", "create"],
              ["DELETE", "delete"]
            ] as const) {
              const required = `auth.users.${user}.external.${type}.${access}`
              const without = yield* issueToken({ acl: ["#", `!${required}`] })
              const { status, body } = yield* call(method, `/users/${user}/external/${type}`, {
                token: without.id,
                ...(method === "POST" ? { body: {} } : {})
              })
              assert.strictEqual(status, 401)
              assert.strictEqual(body.details.required_access, required)
            }
          })
        )
      })
    })
  )
}

describe("A type of external account that a plugin brings", () => {
  layer(providerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("is listed with its information and with what may be shown of the credentials", () =>
      Effect.gen(function* () {
        const plugins = yield* ExternalPlugins
        const credentials = yield* ExternalCredentials
        const tenant = yield* newTenant
        const user = yield* newUser(tenant)
        yield* plugins.offer("crm", { info: { label: "CRM" }, shown: ({ scope }) => ({ scope }) })
        const shown = Effect.map(asAdmin("GET", `/users/${user}/external?type=crm`, { tenant }), ({ body }) =>
          body.items.at(0)
        )
        const item = { type: "crm", plugin_info: { label: "CRM" } }
        assert.deepStrictEqual(yield* shown, { ...item, data: {}, enabled: false })
        yield* credentials.put([tenant], user, "crm", { scope: "all", token: "secret" })
        assert.deepStrictEqual(yield* shown, { ...item, data: { scope: "all" }, enabled: true })
      })
    )

    it.effect("is handed what the browser brings back, and announced as authorised", () =>
      Effect.gen(function* () {
        const provider = yield* Provider
        const plugins = yield* ExternalPlugins
        const bus = yield* EventBus
        const tenant = yield* newTenant
        const user = yield* newUser(tenant)
        const state = randomUUID()
        const returned: Array<string | null> = []
        const events: Array<BusEvent> = []
        yield* bus.subscribe({ name: "auth_user_external_auth_authorized" }, (event) => events.push(event))
        yield* plugins.onReturn("crm", user, state, (parameters) =>
          Effect.sync(() => {
            returned.push(parameters.get("ticket"))
          })
        )
        yield* eventually(
          Effect.sync(() => provider.isAwaited(state)),
          (awaited) => awaited
        )
        yield* provider.handOver(state, JSON.stringify({ ticket: "t-1" }))
        yield* eventually(
          Effect.sync(() => events.length),
          (count) => count > 0
        )
        assert.deepStrictEqual(returned, ["t-1"])
        assert.deepStrictEqual(events[0]?.data, { user_uuid: user, external_auth_name: "crm" })
        assert.strictEqual(events[0]?.routingKey, `auth.users.${user}.external.crm.authorized`)
        assert.match(plugins.redirectUrl("crm"), /\/crm\/authorize$/)
      }).pipe(Effect.scoped)
    )
  })
})

describe("An authorisation that nobody comes back from", () => {
  layer(providerLayer({ STROWGER_OAUTH_TIMEOUT: "300 millis" }), {
    timeout: "60 seconds",
    excludeTestServices: true
  })((it) => {
    it.effect("is given up after STROWGER_OAUTH_TIMEOUT", () =>
      Effect.gen(function* () {
        const provider = yield* Provider
        const sql = yield* SqlClient.SqlClient
        const { begin } = yield* registered("google")
        const { state } = (yield* begin()).body
        yield* eventually(sql`select 1 from auth_external_authorisation`, (rows) => rows.length === 0)
        yield* eventually(
          Effect.sync(() => provider.isAwaited(state)),
          (awaited) => !awaited
        )
      })
    )
  })
})

describe("Authorisations of one user", () => {
  layer(providerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("are ten at most at once: the oldest gives way", () =>
      Effect.gen(function* () {
        const provider = yield* Provider
        const { begin, read } = yield* registered("google")
        const states: Array<string> = []
        for (let count = 0; count < 11; count++) states.push(String((yield* begin()).body.state))
        const [oldest = "", ...others] = states
        yield* eventually(
          Effect.sync(() => provider.isAwaited(oldest)),
          (awaited) => !awaited
        )
        assert.isTrue(others.every((state) => provider.isAwaited(state)))
        yield* provider.consent((yield* begin()).body.authorization_url)
        yield* eventually(read, ({ status }) => status === 200)
      })
    )
  })
})

describe("A broker that cannot be reached", () => {
  layer(authServerLayer({ STROWGER_OAUTH_BROKER_URL: "ws://127.0.0.1:1/{state}" }), {
    timeout: "60 seconds",
    excludeTestServices: true
  })((it) => {
    it.effect("does not keep the user from consenting: it is tried on", () =>
      Effect.gen(function* () {
        const { begin, read } = yield* registered("google")
        assert.strictEqual((yield* begin()).status, 201)
        assert.strictEqual((yield* read).status, 404)
      })
    )
  })
})
