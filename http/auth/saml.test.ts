import { assert, describe, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { createHash, randomUUID } from "node:crypto"
import { SamlSessions } from "../../actors/identity/saml-sessions.ts"
import { issueToken } from "../../test/identity.ts"
import {
  type KeyPair,
  type LoginAnswer,
  loginResponse,
  loginResponseXml,
  logoutResponse,
  metadataOf,
  newKeyPair,
  providerEntity,
  receive
} from "../../test/saml-provider.ts"
import { adminToken, AuthServer, type AuthServerOn, type Call, forEachAuthServer } from "./fixture.ts"

/** The keys of the runtime, of the identity provider, and of somebody else. */
class Keys extends Context.Service<
  Keys,
  { readonly own: KeyPair; readonly provider: KeyPair; readonly stranger: KeyPair }
>()("test/Keys") {}

const samlLayer = (server: AuthServerOn) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const [own, provider, stranger] = [yield* newKeyPair, yield* newKeyPair, yield* newKeyPair]
      return server({
        STROWGER_SAML_KEY_FILE: own.keyFile,
        STROWGER_SAML_REDIRECT_ORIGINS: "https://app.trusted.example myapp://callback"
      }).pipe(Layer.provideMerge(Layer.succeed(Keys, { own, provider, stranger })))
    })
  )

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})

/** As a browser that does not follow redirects; answers the status, where to go, and the JSON if there is any. */
const browse = Effect.fnUntraced(function* (path: string, init: RequestInit = {}) {
  const { url } = yield* AuthServer
  return yield* Effect.promise(async () => {
    const response = await fetch(`${url}/api/auth/0.1${path}`, { redirect: "manual", ...init })
    const text = await response.text()
    return {
      status: response.status,
      location: response.headers.get("location") ?? "",
      headers: response.headers,
      text,
      body: text.startsWith("{") ? JSON.parse(text) : undefined
    }
  })
})

const sendForm = Effect.fnUntraced(function* (
  method: string,
  tenant: string,
  parts: Readonly<Record<string, string | Blob>>
) {
  const body = new FormData()
  for (const [name, value] of Object.entries(parts)) body.append(name, value)
  const headers = { "X-Auth-Token": yield* adminToken, "Accent-Tenant": tenant }
  return yield* browse("/backends/saml", { method, body, headers })
})

const xmlFile = (text: string) => new Blob([text], { type: "text/xml" })

const newTenant = Effect.gen(function* () {
  const domain = `${randomUUID().slice(0, 8)}.example.com`
  const { body } = yield* asAdmin("POST", "/tenants", {
    body: { domain_names: [domain], default_authentication_method: "saml" }
  })
  const tenant = String(body.uuid)
  const domains = yield* asAdmin("GET", `/tenants/${tenant}/domains`)
  return { tenant, domain, domainUuid: String(domains.body.items[0].uuid) }
})

const acsUrl = "https://stack.example.org/api/auth/0.1/saml/acs"

const partsFor = (domainUuid: string, entity: string, metadata: string) => ({
  domain_uuid: domainUuid,
  entity_id: entity,
  acs_url: acsUrl,
  metadata: xmlFile(metadata)
})

/** A tenant with an identity provider, and a user who logs in there. */
const samlTenant = Effect.fnUntraced(function* (options: { readonly logout?: boolean } = {}) {
  const { provider } = yield* Keys
  const { tenant, domain, domainUuid } = yield* newTenant
  const entity = `https://sp.example.org/${randomUUID()}`
  yield* sendForm("POST", tenant, partsFor(domainUuid, entity, metadataOf(provider, options)))
  const login = `user-${randomUUID().slice(0, 8)}`
  const user = yield* asAdmin("POST", "/users", { tenant, body: { username: login } })
  return { tenant, domain, domainUuid, entity, login, user: String(user.body.uuid) }
})
type Tenant = Effect.Success<ReturnType<typeof samlTenant>>

const begin = (domain: string, redirect_url = `https://${domain}/login`) =>
  browse("/saml/sso", { method: "POST", body: JSON.stringify({ domain, redirect_url }) })

const post = (relayState: string, response: string) =>
  browse("/saml/acs", {
    method: "POST",
    body: new URLSearchParams({ RelayState: relayState, SAMLResponse: response })
  })

/** A login up to the provider. */
const started = Effect.fnUntraced(function* (tenant: Tenant) {
  const { body } = yield* begin(tenant.domain)
  const request = receive(body.location)
  const answer = (changes: Partial<LoginAnswer> = {}): LoginAnswer => ({
    inResponseTo: request.id,
    audience: tenant.entity,
    login: tenant.login,
    ...changes
  })
  return { id: String(body.saml_session_id), request, answer }
})

/** A login up to the browser's return. */
const authenticated = Effect.fnUntraced(function* (tenant: Tenant, changes: Partial<LoginAnswer> = {}) {
  const { provider } = yield* Keys
  const login = yield* started(tenant)
  const response = loginResponse(provider, login.answer(changes))
  const returned = yield* post(login.request.relayState, response)
  return { ...login, response, returned }
})

const redeem = Effect.fnUntraced(function* (id: string, body: object = {}) {
  const { call } = yield* AuthServer
  return yield* call("POST", "/token", { body: { saml_session_id: id, ...body } })
})

const failed = (location: string) => new URL(location).searchParams.get("login_failure_code") === "500"

forEachAuthServer((database, server) =>
  describe(`The SAML configuration of a tenant on the ${database}`, () => {
    layer(samlLayer(server), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      it.effect("is created from a multipart form, shown, changed in parts and removed", () =>
        Effect.gen(function* () {
          const { provider } = yield* Keys
          const { tenant, domainUuid } = yield* newTenant
          const none = yield* asAdmin("GET", "/backends/saml", { tenant })
          assert.strictEqual(none.status, 404)
          assert.strictEqual(none.body.error_id, "unknown-saml-config")
          assert.strictEqual(none.body.resource, "saml_config")
          const created = yield* sendForm(
            "POST",
            tenant,
            partsFor(domainUuid, "entity", metadataOf(provider))
          )
          const view = { tenant_uuid: tenant, domain_uuid: domainUuid, entity_id: "entity", acs_url: acsUrl }
          assert.strictEqual(created.status, 200)
          assert.deepStrictEqual(created.body, view)
          assert.deepStrictEqual((yield* asAdmin("GET", "/backends/saml", { tenant })).body, view)
          const again = yield* sendForm("POST", tenant, partsFor(domainUuid, "entity", metadataOf(provider)))
          assert.strictEqual(again.status, 409)
          const changed = yield* sendForm("PUT", tenant, { entity_id: "other" })
          assert.strictEqual(changed.status, 200)
          assert.deepStrictEqual(changed.body, { ...view, entity_id: "other" })
          assert.strictEqual((yield* asAdmin("DELETE", "/backends/saml", { tenant })).status, 204)
          assert.strictEqual((yield* asAdmin("DELETE", "/backends/saml", { tenant })).status, 204)
          assert.strictEqual((yield* sendForm("PUT", tenant, { entity_id: "other" })).status, 404)
        })
      )

      it.effect(
        "a missing or bad part is 400: fields, file, XML, document type, another tenant's domain",
        () =>
          Effect.gen(function* () {
            const { provider } = yield* Keys
            const { tenant, domainUuid } = yield* newTenant
            const { domainUuid: elsewhere } = yield* newTenant
            const good = partsFor(domainUuid, "entity", metadataOf(provider))
            for (const field of ["domain_uuid", "entity_id", "acs_url", "metadata"]) {
              const rest = Object.fromEntries(Object.entries(good).filter(([name]) => name !== field))
              const { status, body } = yield* sendForm("POST", tenant, rest)
              assert.strictEqual(status, 400, field)
              assert.strictEqual(body.error_id, "invalid-list-param")
            }
            const bad = [
              { domain_uuid: "x" },
              { domain_uuid: randomUUID() },
              { domain_uuid: elsewhere },
              { entity_id: "" },
              { entity_id: "e".repeat(513) },
              { acs_url: "a".repeat(513) },
              { metadata: xmlFile("") },
              { metadata: xmlFile("no xml") },
              { metadata: xmlFile("<a><b></a>") },
              { metadata: xmlFile("<a>\u0000</a>") },
              { metadata: xmlFile("<a>&#0;</a>") },
              { entity_id: "e\u0000" },
              { metadata: xmlFile('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>') }
            ]
            for (const change of bad) {
              const { status } = yield* sendForm("POST", tenant, { ...good, ...change })
              assert.strictEqual(status, 400, JSON.stringify(change).slice(0, 80))
            }
            const huge = yield* sendForm("POST", tenant, {
              ...good,
              metadata: xmlFile("<a/>".padEnd(2_000_000))
            })
            assert.strictEqual(huge.status, 413)
            const noForm = yield* asAdmin("POST", "/backends/saml", { tenant, body: "{}" })
            assert.strictEqual(noForm.status, 400)
          })
      )

      it.effect("metadata gives the stored XML as an attachment; the ACS template is constant", () =>
        Effect.gen(function* () {
          const { provider } = yield* Keys
          const { tenant } = yield* samlTenant()
          const headers = { "X-Auth-Token": yield* adminToken, "Accent-Tenant": tenant }
          const answer = yield* browse("/backends/saml/metadata", { headers })
          assert.strictEqual(answer.status, 200)
          assert.include(answer.headers.get("content-type") ?? "", "application/xml")
          assert.include(answer.headers.get("content-disposition") ?? "", "attachment")
          assert.include(answer.text, `entityID="${providerEntity}"`)
          assert.include(answer.text, metadataOf(provider).split("X509Certificate>")[1] ?? "missing")
          const template = yield* asAdmin("GET", "/backends/saml/acs_url_template", { tenant })
          assert.deepStrictEqual(template.body, { acs_url: "https://{{STACK_URL}}/api/auth/0.1/saml/acs" })
          const { tenant: without } = yield* newTenant
          assert.strictEqual((yield* asAdmin("GET", "/backends/saml", { tenant: without })).status, 404)
        })
      )

      it.effect("goes with its domain; metadata of no provider is kept and only disables the login", () =>
        Effect.gen(function* () {
          const { tenant, domain, domainUuid } = yield* newTenant
          const kept = yield* sendForm("POST", tenant, partsFor(domainUuid, "entity", "<nothing/>"))
          assert.strictEqual(kept.status, 200)
          const { status, body } = yield* begin(domain)
          assert.strictEqual(status, 500)
          assert.strictEqual(body.error_id, "configuration-error")
          assert.deepStrictEqual(body.details, { domain })
          yield* asAdmin("PUT", `/tenants/${tenant}`, { body: { domain_names: [] } })
          assert.strictEqual((yield* asAdmin("GET", "/backends/saml", { tenant })).status, 404)
        })
      )

      it.effect("each method needs its own access", () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          for (const [method, path, access] of [
            ["GET", "/backends/saml", "read"],
            ["POST", "/backends/saml", "create"],
            ["PUT", "/backends/saml", "update"],
            ["DELETE", "/backends/saml", "delete"],
            ["GET", "/backends/saml/metadata", "read"],
            ["GET", "/backends/saml/acs_url_template", "read"]
          ] as const) {
            const without = yield* issueToken({ acl: ["#", `!auth.backends.saml.${access}`] })
            const denied = yield* call(method, path, { token: without.id })
            assert.strictEqual(denied.status, 401)
            assert.strictEqual(denied.body.details.required_access, `auth.backends.saml.${access}`)
          }
        })
      )
    })
  })
)

forEachAuthServer((database, server) =>
  describe(`A login by SAML on the ${database}`, () => {
    layer(samlLayer(server), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      it.effect("sso answers a signed request for the provider; RelayState is the digest of the id", () =>
        Effect.gen(function* () {
          const { own, stranger } = yield* Keys
          const { domain, entity } = yield* samlTenant()
          const { status, body } = yield* begin(domain)
          assert.strictEqual(status, 200)
          assert.hasAllKeys(body, ["location", "saml_session_id"])
          assert.match(body.saml_session_id, /^[\w-]{22}$/)
          const request = receive(body.location)
          assert.strictEqual(request.kind, "AuthnRequest")
          assert.strictEqual(request.address, "https://idp.example.com/sso")
          assert.strictEqual(request.issuer, entity)
          const digest = createHash("sha256").update(body.saml_session_id).digest("base64")
          assert.strictEqual(request.relayState, digest.replaceAll("+", "-").replaceAll("/", "_"))
          assert.strictEqual(request.relayState.length, 44)
          assert.isTrue(request.isSignedBy(own))
          assert.isFalse(request.isSignedBy(stranger))
        })
      )

      it.effect("sso names the field that is wrong, and the domain without a configuration", () =>
        Effect.gen(function* () {
          const { domain } = yield* samlTenant()
          for (const [body, field] of [
            [{ domain }, "redirect_url"],
            [{ domain, redirect_url: "" }, "redirect_url"],
            [{ domain, redirect_url: 7 }, "redirect_url"],
            [{ redirect_url: "https://x.example.com" }, "domain"],
            [{ redirect_url: "https://x.example.com", domain: "nodots" }, "domain"],
            [{}, "redirect_url"]
          ] as const) {
            const answer = yield* browse("/saml/sso", { method: "POST", body: JSON.stringify(body) })
            assert.strictEqual(answer.status, 400, JSON.stringify(body))
            assert.deepInclude(answer.body, {
              error_id: "invalid-data",
              resource: "saml",
              message: field,
              details: {}
            })
          }
          assert.strictEqual((yield* begin("un.known")).status, 500)
        })
      )

      it.effect(
        "sso refuses to send browsers to places that are not the tenant's, the stack's or trusted",
        () =>
          Effect.gen(function* () {
            const { domain } = yield* samlTenant()
            const refused = [
              "https://evil.example.net/",
              `https://${domain}.evil.example.net/`,
              `https://evil${domain}/`,
              `https://${domain}@evil.example.net/`,
              `https://user:password@${domain}/`,
              `javascript:alert('${domain}')`,
              `data:text/html,${domain}`,
              `//${domain}/`,
              "/relative",
              "https://app.trusted.example.evil.net/",
              "http://app.trusted.example/"
            ]
            for (const url of refused) {
              const { status, body } = yield* begin(domain, url)
              assert.strictEqual(status, 400, url)
              assert.strictEqual(body.message, "redirect_url")
            }
            const accepted = [
              `https://${domain}/app?x=1`,
              `https://app.${domain}:8443/`,
              "https://stack.example.org/",
              "https://app.trusted.example/path",
              "myapp://callback/done"
            ]
            for (const url of accepted) assert.strictEqual((yield* begin(domain, url)).status, 200, url)
          })
      )

      it.effect("acs takes a signed response, sends the browser back, and the id is good for a token", () =>
        Effect.gen(function* () {
          const tenant = yield* samlTenant()
          const before = yield* started(tenant)
          assert.strictEqual((yield* redeem(before.id)).status, 401)
          const { id, returned } = yield* authenticated(tenant)
          assert.strictEqual(returned.status, 302)
          assert.strictEqual(returned.location, `https://${tenant.domain}/login`)
          const { status, body } = yield* redeem(id)
          assert.strictEqual(status, 200)
          assert.strictEqual(body.data.auth_id, tenant.user)
          assert.strictEqual(body.data.metadata.tenant_uuid, tenant.tenant)
        })
      )

      it.effect("the login may be an attribute called plainly name", () =>
        Effect.gen(function* () {
          const tenant = yield* samlTenant()
          const { id } = yield* authenticated(tenant, { attribute: "name" })
          assert.strictEqual((yield* redeem(id)).status, 200)
        })
      )

      it.effect("acs without RelayState or SAMLResponse is 400, with an unknown RelayState 404", () =>
        Effect.gen(function* () {
          const acs = (form: Record<string, string>) =>
            browse("/saml/acs", { method: "POST", body: new URLSearchParams(form) })
          assert.strictEqual((yield* acs({ SAMLResponse: "x" })).status, 400)
          assert.strictEqual((yield* acs({ RelayState: "x" })).status, 400)
          assert.strictEqual((yield* acs({})).status, 400)
          assert.strictEqual((yield* acs({ RelayState: "x", SAMLResponse: "x".repeat(300_000) })).status, 400)
          assert.strictEqual(
            (yield* acs({ RelayState: "x", SAMLResponse: "x".repeat(2_000_000) })).status,
            413
          )
          for (const relayState of ["unknown", "\u0000"]) {
            const unknown = yield* acs({ RelayState: relayState, SAMLResponse: "x" })
            assert.strictEqual(unknown.status, 404)
            assert.strictEqual(unknown.body.error_id, "processing-error")
            assert.deepStrictEqual(unknown.body.details, { error: "Context not found" })
          }
        })
      )

      const untrusted: ReadonlyArray<
        readonly [rule: string, make: (keys: Keys["Service"], answer: LoginAnswer) => string]
      > = [
        [
          "signed by nobody",
          ({ provider }, answer) => loginResponse(provider, { ...answer, signs: "nothing" })
        ],
        ["signed with another key", ({ stranger }, answer) => loginResponse(stranger, answer)],
        [
          "with a signature of the assertion alone",
          ({ provider }, answer) => loginResponse(provider, { ...answer, signs: "Assertion" })
        ],
        [
          "changed after it was signed",
          ({ provider }, answer) =>
            Buffer.from(
              loginResponseXml(provider, { ...answer, login: "somebody" }).replace(
                "somebody",
                answer.login ?? ""
              )
            ).toString("base64")
        ],
        [
          "with a second, unsigned assertion",
          ({ provider }, answer) => {
            const signed = loginResponseXml(provider, { ...answer, login: "somebody" })
            const forged = loginResponseXml(provider, { ...answer, signs: "nothing" })
            const assertion = /<saml:Assertion.*<\/saml:Assertion>/.exec(forged)?.[0] ?? ""
            return Buffer.from(signed.replace("<saml:Assertion ", `${assertion}<saml:Assertion `)).toString(
              "base64"
            )
          }
        ],
        [
          "wrapped around a signed one",
          ({ provider }, answer) => {
            const signed = loginResponseXml(provider, { ...answer, login: "somebody" })
            const forged = loginResponseXml(provider, { ...answer, signs: "nothing" })
            return Buffer.from(
              forged.replace("<samlp:Status>", `<samlp:Extensions>${signed}</samlp:Extensions><samlp:Status>`)
            ).toString("base64")
          }
        ],
        [
          "that has expired",
          ({ provider }, answer) => loginResponse(provider, { ...answer, notBefore: -20, notOnOrAfter: -10 })
        ],
        [
          "that is not valid yet",
          ({ provider }, answer) => loginResponse(provider, { ...answer, notBefore: 10, notOnOrAfter: 20 })
        ],
        [
          "for another audience",
          ({ provider }, answer) => loginResponse(provider, { ...answer, audience: "https://other.example" })
        ],
        [
          "of another issuer",
          ({ provider }, answer) => loginResponse(provider, { ...answer, issuer: "https://other.example" })
        ],
        [
          "to another request",
          ({ provider }, answer) => loginResponse(provider, { ...answer, inResponseTo: `_${randomUUID()}` })
        ],
        [
          "to no request",
          ({ provider }, answer) => loginResponse(provider, { ...answer, inResponseTo: undefined })
        ],
        [
          "without a name",
          ({ provider }, answer) => loginResponse(provider, { ...answer, login: undefined })
        ],
        [
          "that says no",
          ({ provider }, answer) => loginResponse(provider, { ...answer, status: "Responder" })
        ],
        [
          "with a name that is no text",
          ({ provider }, answer) => loginResponse(provider, { ...answer, login: "&#0;" })
        ],
        ["that is no XML", () => Buffer.from("<a").toString("base64")],
        ["that is nothing", () => "%%%"]
      ]
      for (const [rule, make] of untrusted) {
        it.effect(`a response ${rule} is refused and ends the login`, () =>
          Effect.gen(function* () {
            const keys = yield* Keys
            const tenant = yield* samlTenant()
            const { id, request, answer } = yield* started(tenant)
            const refused = yield* post(request.relayState, make(keys, answer()))
            assert.strictEqual(refused.status, 302)
            assert.isTrue(failed(refused.location))
            assert.isTrue(refused.location.startsWith(`https://${tenant.domain}/login?`))
            assert.strictEqual((yield* redeem(id)).status, 401)
            const late = yield* post(request.relayState, loginResponse(keys.provider, answer()))
            assert.strictEqual(late.status, 404)
          })
        )
      }

      it.effect("counts by the metadata of now: another provider's from the next answer on", () =>
        Effect.gen(function* () {
          const { provider, stranger } = yield* Keys
          const tenant = yield* samlTenant()
          assert.isFalse(failed((yield* authenticated(tenant)).returned.location))
          const before = yield* started(tenant)
          const changed = yield* sendForm("PUT", tenant.tenant, { metadata: xmlFile(metadataOf(stranger)) })
          assert.strictEqual(changed.status, 200)
          const late = yield* post(before.request.relayState, loginResponse(provider, before.answer()))
          assert.isTrue(failed(late.location))
          const after = yield* started(tenant)
          const accepted = yield* post(after.request.relayState, loginResponse(stranger, after.answer()))
          assert.isFalse(failed(accepted.location))
          assert.strictEqual((yield* redeem(after.id)).status, 200)
        })
      )

      it.effect("a response counts once: replayed it is refused, for its own login and for any other", () =>
        Effect.gen(function* () {
          const tenant = yield* samlTenant()
          const { id, request, response } = yield* authenticated(tenant)
          const replayed = yield* post(request.relayState, response)
          assert.isTrue(failed(replayed.location))
          const other = yield* started(tenant)
          assert.isTrue(failed((yield* post(other.request.relayState, response)).location))
          assert.strictEqual((yield* redeem(other.id)).status, 401)
          assert.strictEqual((yield* redeem(id)).status, 200)
          assert.isTrue(failed((yield* post(request.relayState, response)).location))
        })
      )

      it.effect("an id is good for one token, also for requests at once", () =>
        Effect.gen(function* () {
          const tenant = yield* samlTenant()
          const { id } = yield* authenticated(tenant)
          const answers = yield* Effect.all([redeem(id), redeem(id), redeem(id)], {
            concurrency: "unbounded"
          })
          assert.deepStrictEqual(answers.map(({ status }) => status).toSorted(), [200, 401, 401])
          assert.strictEqual((yield* redeem(id)).status, 401)
          assert.strictEqual((yield* redeem("unknown")).status, 401)
        })
      )

      it.effect("the RelayState, which the browser sees, is no id", () =>
        Effect.gen(function* () {
          const tenant = yield* samlTenant()
          const { id, request } = yield* authenticated(tenant)
          assert.strictEqual((yield* redeem(request.relayState)).status, 401)
          const sql = yield* SqlClient.SqlClient
          assert.notInclude(JSON.stringify(yield* sql`select * from auth_saml_session`), id)
        })
      )

      it.effect("with offline access gives a refresh token that works without the provider", () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const tenant = yield* samlTenant()
          const { id } = yield* authenticated(tenant)
          const { body } = yield* redeem(id, { access_type: "offline", client_id: "app" })
          const again = yield* call("POST", "/token", {
            body: { refresh_token: body.data.refresh_token, client_id: "app" }
          })
          assert.strictEqual(again.status, 200)
        })
      )

      it.effect("needs an enabled user of that tenant whose method is saml", () =>
        Effect.gen(function* () {
          const tenant = yield* samlTenant()
          const { tenant: elsewhere } = yield* samlTenant()
          const users = [
            { tenant: elsewhere, body: { username: `foreign-${randomUUID()}` } },
            {
              tenant: tenant.tenant,
              body: { username: `native-${randomUUID()}`, authentication_method: "native" }
            },
            { tenant: tenant.tenant, body: { username: `off-${randomUUID()}`, enabled: false } }
          ]
          for (const user of users) {
            yield* asAdmin("POST", "/users", user)
            const { id, returned } = yield* authenticated(tenant, { login: user.body.username })
            assert.strictEqual(returned.status, 302)
            assert.strictEqual((yield* redeem(id)).status, 401, user.body.username)
          }
          const { id } = yield* authenticated(tenant, { login: `nobody-${randomUUID()}` })
          assert.strictEqual((yield* redeem(id)).status, 401)
        })
      )

      it.effect(
        "takes too long after STROWGER_SAML_LOGIN_TIMEOUT, before the browser's return and after it",
        () =>
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            const { provider } = yield* Keys
            const tenant = yield* samlTenant()
            const [pending, done] = [yield* started(tenant), yield* authenticated(tenant)]
            yield* sql`
          update auth_saml_session set started_at = now() - interval '11 minutes'
          where tenant_uuid = ${tenant.tenant}`
            const late = yield* post(pending.request.relayState, loginResponse(provider, pending.answer()))
            assert.strictEqual(late.status, 404)
            assert.strictEqual((yield* redeem(done.id)).status, 401)
            const sessions = yield* SamlSessions
            yield* sessions.sweep
            const left = yield* sql`select 1 from auth_saml_session where tenant_uuid = ${tenant.tenant}`
            assert.isEmpty(left)
          })
      )
    })
  })
)

/** Somebody who is logged in by SAML, with the token. */
const loggedIn = Effect.fnUntraced(function* (tenant: Tenant, body: object = {}) {
  const { id } = yield* authenticated(tenant)
  const { data } = (yield* redeem(id, body)).body
  return { token: String(data.token), refreshToken: data.refresh_token }
})

const logOut = (token: string) => browse("/saml/logout", { headers: { "X-Auth-Token": token } })

const isLive = Effect.fnUntraced(function* (token: string) {
  const { call } = yield* AuthServer
  return (yield* call("GET", `/token/${token}`)).status === 200
})

forEachAuthServer((database, server) =>
  describe(`A logout by SAML on the ${database}`, () => {
    layer(samlLayer(server), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      it.effect("ends the token, goes to the provider with a signed request, and comes back by sls", () =>
        Effect.gen(function* () {
          const { own, provider } = yield* Keys
          const tenant = yield* samlTenant()
          for (const [access, keys] of [
            [{ access_type: "offline", client_id: "app" }, provider],
            [{}, undefined]
          ] as const) {
            const { token } = yield* loggedIn(tenant, access)
            const { status, body } = yield* logOut(token)
            assert.strictEqual(status, 200)
            const request = receive(body.location)
            assert.strictEqual(request.kind, "LogoutRequest")
            assert.strictEqual(request.address, "https://idp.example.com/logout")
            assert.isTrue(request.isSignedBy(own))
            assert.isFalse(yield* isLive(token))
            const query = logoutResponse({ inResponseTo: request.id, relayState: request.relayState }, keys)
            const back = yield* browse(`/saml/sls?${query}`)
            assert.strictEqual(back.status, 302)
            assert.strictEqual(back.location, `https://${tenant.domain}/login?logged_out=true`)
            const twice = yield* browse(`/saml/sls?${query}`)
            assert.strictEqual(twice.status, 500)
            assert.strictEqual(twice.body.error_id, "processing-error")
          }
        })
      )

      it.effect("takes the token of a refresh token too, and the token from the query", () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const tenant = yield* samlTenant()
          const { refreshToken } = yield* loggedIn(tenant, { access_type: "offline", client_id: "app" })
          const renewed = yield* call("POST", "/token", {
            body: { refresh_token: refreshToken, client_id: "app" }
          })
          const { status, body } = yield* browse(`/saml/logout?token=${renewed.body.data.token}`)
          assert.strictEqual(status, 200)
          assert.strictEqual(receive(body.location).kind, "LogoutRequest")
        })
      )

      it.effect(
        "sls refuses an answer to another request, to none, of another issuer, a no, a bad signature",
        () =>
          Effect.gen(function* () {
            const { stranger } = yield* Keys
            const tenant = yield* samlTenant()
            const { token } = yield* loggedIn(tenant)
            const request = receive((yield* logOut(token)).body.location)
            const good = { inResponseTo: request.id, relayState: request.relayState }
            const bad = [
              logoutResponse({ ...good, inResponseTo: `_${randomUUID()}` }),
              logoutResponse({ ...good, inResponseTo: undefined }),
              logoutResponse({ ...good, issuer: "https://other.example" }),
              logoutResponse({ ...good, status: "Responder" }),
              logoutResponse({ ...good, relayState: "unknown" }),
              logoutResponse(good, stranger),
              `RelayState=${encodeURIComponent(request.relayState)}`,
              `SAMLResponse=x&RelayState=${encodeURIComponent(request.relayState)}`,
              ""
            ]
            for (const query of bad) {
              const { status, body } = yield* browse(`/saml/sls?${query}`)
              assert.strictEqual(status, 500, query.slice(0, 60))
              assert.strictEqual(body.error_id, "processing-error")
            }
            assert.strictEqual((yield* browse(`/saml/sls?${logoutResponse(good)}`)).status, 302)
          })
      )

      it.effect("cannot hit the session of anybody else", () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          const tenant = yield* samlTenant()
          const victim = yield* loggedIn(tenant)
          const pending = yield* authenticated(tenant)
          const native = yield* adminToken
          const answer = yield* logOut(native)
          assert.strictEqual(answer.status, 404)
          assert.deepStrictEqual(answer.body.details, { error: "Context not found" })
          assert.isTrue(yield* isLive(native))
          assert.isTrue(yield* isLive(victim.token))
          const other = yield* loggedIn(tenant)
          yield* logOut(other.token)
          assert.isTrue(yield* isLive(victim.token))
          assert.strictEqual((yield* logOut(victim.token)).status, 200)
          assert.strictEqual((yield* redeem(pending.id)).status, 200)
          const unknown = yield* call("GET", "/saml/logout", { token: randomUUID() })
          assert.strictEqual(unknown.status, 404)
          assert.isArray(unknown.body.reason)
          assert.strictEqual((yield* browse("/saml/logout")).status, 404)
        })
      )

      it.effect("simply ends where the provider offers no logout", () =>
        Effect.gen(function* () {
          const tenant = yield* samlTenant({ logout: false })
          const { token } = yield* loggedIn(tenant)
          const { body } = yield* logOut(token)
          assert.deepStrictEqual(body, { location: `https://${tenant.domain}/login?logged_out=true` })
          assert.isFalse(yield* isLive(token))
        })
      )

      it.effect("sessions older than STROWGER_SAML_SESSION_LIFETIME are removed, others stay", () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const sessions = yield* SamlSessions
          const [old, fresh] = [yield* samlTenant(), yield* samlTenant()]
          for (const tenant of [old, fresh]) yield* loggedIn(tenant)
          yield* sql`
          update auth_saml_session set started_at = now() - interval '8 days'
          where tenant_uuid = ${old.tenant}`
          yield* sessions.sweep
          const left = yield* sql<{ tenant_uuid: string }>`
          select tenant_uuid from auth_saml_session where tenant_uuid in (${old.tenant}, ${fresh.tenant})`
          assert.deepStrictEqual(left, [{ tenant_uuid: fresh.tenant }])
        })
      )
    })
  })
)
