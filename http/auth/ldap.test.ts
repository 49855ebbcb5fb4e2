import { assert, describe, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { issueToken } from "../../test/identity.ts"
import { type Slapd, slapdInstalled, startSlapd } from "../../test/slapd.ts"
import { adminToken, AuthServer, type AuthServerOn, type Call, forEachAuthServer } from "./fixture.ts"

class Directory extends Context.Service<Directory, Slapd>()("test/Directory") {}

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})

/** A tenant whose users log in by LDAP, with its domain name. */
const ldapTenant = Effect.gen(function* () {
  const slug = randomUUID().slice(0, 8)
  const domain = `${slug}.example.com`
  const { body } = yield* asAdmin("POST", "/tenants", {
    body: { slug, domain_names: [domain], default_authentication_method: "ldap" }
  })
  return { tenant: String(body.uuid), slug, domain }
})

const bare = {
  host: "127.0.0.1",
  port: 389,
  user_base_dn: "ou=people,dc=example,dc=com",
  user_login_attribute: "uid",
  user_email_attribute: "mail"
}

const configure = (tenant: string, body: object) => asAdmin("PUT", "/backends/ldap", { tenant, body })

forEachAuthServer((database, server) =>
  describe(`The LDAP configuration of a tenant on the ${database}`, () => {
    layer(server(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      it.effect("GET shows every key as null when there is none; DELETE answers 204 all the same", () =>
        Effect.gen(function* () {
          const { tenant } = yield* ldapTenant
          assert.strictEqual((yield* asAdmin("DELETE", "/backends/ldap", { tenant })).status, 204)
          const { status, body } = yield* asAdmin("GET", "/backends/ldap", { tenant })
          assert.strictEqual(status, 200)
          assert.deepStrictEqual(body, {
            tenant_uuid: null,
            host: null,
            port: null,
            protocol_version: null,
            protocol_security: null,
            bind_dn: null,
            user_base_dn: null,
            user_login_attribute: null,
            user_email_attribute: null,
            search_filters: null
          })
        })
      )

      it.effect(
        "PUT creates and updates; omitted optional fields stay, the protocol version returns to 3",
        () =>
          Effect.gen(function* () {
            const { tenant } = yield* ldapTenant
            const created = yield* configure(tenant, {
              ...bare,
              port: "10389",
              protocol_version: 2,
              protocol_security: "tls",
              bind_dn: "cn=service",
              bind_password: "service-password",
              search_filters: "(uid={username})"
            })
            assert.strictEqual(created.status, 200)
            const shown = {
              ...bare,
              tenant_uuid: tenant,
              port: 10389,
              protocol_version: 2,
              protocol_security: "tls",
              bind_dn: "cn=service",
              search_filters: "(uid={username})"
            }
            assert.deepStrictEqual(created.body, shown)
            const updated = yield* configure(tenant, { ...bare, host: "ldap.example.com" })
            const now = { ...shown, host: "ldap.example.com", port: 389, protocol_version: 3 }
            assert.deepStrictEqual(updated.body, now)
            assert.deepStrictEqual((yield* asAdmin("GET", "/backends/ldap", { tenant })).body, now)
            const cleared = yield* configure(tenant, { ...bare, protocol_security: null, bind_dn: null })
            assert.isNull(cleared.body.protocol_security)
            assert.isNull(cleared.body.bind_dn)
            yield* asAdmin("DELETE", "/backends/ldap", { tenant })
            assert.isNull((yield* asAdmin("GET", "/backends/ldap", { tenant })).body.host)
          })
      )

      it.effect("the password of the service account is never shown and nowhere in the database", () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const { tenant } = yield* ldapTenant
          const secret = `secret-${randomUUID()}`
          const { body } = yield* configure(tenant, { ...bare, bind_dn: "cn=s", bind_password: secret })
          assert.notProperty(body, "bind_password")
          const rows = yield* sql<{ bind_password: string }>`select * from auth_ldap_config`
          assert.isTrue(rows.some(({ bind_password }) => bind_password !== null))
          assert.notInclude(JSON.stringify(rows), secret)
        })
      )

      it.effect("a field that breaks its rule is answered with 400 and a reason", () =>
        Effect.gen(function* () {
          const { tenant } = yield* ldapTenant
          const { host: _, ...withoutHost } = bare
          const wrong = [
            withoutHost,
            { ...bare, host: "h".repeat(513) },
            { ...bare, port: "ldap" },
            { ...bare, port: null },
            { ...bare, protocol_version: 4 },
            { ...bare, protocol_security: "ssl" },
            { ...bare, bind_dn: "d".repeat(257) },
            { ...bare, user_base_dn: "d".repeat(257) },
            { ...bare, user_login_attribute: "a".repeat(65) },
            { ...bare, user_email_attribute: null }
          ]
          for (const body of wrong) {
            const answer = yield* configure(tenant, body)
            assert.strictEqual(answer.status, 400, JSON.stringify(body).slice(0, 100))
            assert.isArray(answer.body.reason)
            assert.strictEqual(answer.body.status_code, 400)
          }
        })
      )

      it.effect("each method needs its own access", () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          for (const [method, access] of [
            ["GET", "read"],
            ["PUT", "update"],
            ["DELETE", "delete"]
          ] as const) {
            const without = yield* issueToken({ acl: ["auth.#", `!auth.backends.ldap.${access}`] })
            const denied = yield* call(method, "/backends/ldap", {
              token: without.id,
              ...(method === "GET" ? {} : { body: bare })
            })
            assert.strictEqual(denied.status, 401, method)
            assert.strictEqual(denied.body.details.required_access, `auth.backends.ldap.${access}`)
          }
        })
      )
    })
  })
)

const person = (uid: string, options: { readonly mail?: string; readonly password: string }) =>
  [
    `dn: uid=${uid},ou=people,dc=example,dc=com`,
    "objectClass: inetOrgPerson",
    `uid: ${uid}`,
    `cn: ${uid}`,
    `sn: ${uid}`,
    ...(options.mail === undefined ? [] : [`mail: ${options.mail}`]),
    `userPassword: ${options.password}`,
    ""
  ].join("\n")

/** A person in the directory with a user of the tenant that has the same address. */
const personAndUser = Effect.fnUntraced(function* (tenant: string, body: object = {}) {
  const directory = yield* Directory
  const uid = `u${randomUUID().slice(0, 8)}`
  const mail = `${uid}@example.com`
  yield* directory.add(person(uid, { mail: mail.toUpperCase(), password: "ldap-password" }))
  const user = yield* asAdmin("POST", "/users", { tenant, body: { username: mail, ...body } })
  return { uid, mail, uuid: String(user.body.uuid) }
})

const logIn = Effect.fnUntraced(function* (login: string, password: string, body: object) {
  const { call } = yield* AuthServer
  return yield* call("POST", "/token", { basic: [login, password], body })
})

/** Searches with the directory's administrator, binds as who was found. */
const searching = (directory: Slapd, changes: object = {}) => ({
  ...bare,
  port: directory.port,
  bind_dn: directory.adminDn,
  bind_password: directory.adminPassword,
  ...changes
})

const directoryLayer = (server: AuthServerOn) =>
  Layer.unwrap(
    Effect.map(startSlapd, (slapd) =>
      server({ STROWGER_LDAP_CA: slapd.certificateFile }).pipe(
        Layer.provideMerge(Layer.succeed(Directory, slapd))
      )
    )
  )

if (slapdInstalled) {
  forEachAuthServer((database, server) =>
    describe(`A login by LDAP on the ${database}`, () => {
      layer(directoryLayer(server), { timeout: "60 seconds", excludeTestServices: true })((it) => {
        it.effect("binds the user directly where there is no service account", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            yield* configure(tenant, { ...bare, port: directory.port })
            const { uid, uuid } = yield* personAndUser(tenant)
            const { status, body } = yield* logIn(uid, "ldap-password", { domain_name: domain })
            assert.strictEqual(status, 200)
            assert.strictEqual(body.data.metadata.uuid, uuid)
            assert.strictEqual(body.data.metadata.tenant_uuid, tenant)
            assert.strictEqual((yield* logIn(uid, "wrong", { domain_name: domain })).status, 401)
          })
        )

        it.effect("with a service account searches the user first, then binds as the one it found", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            yield* configure(tenant, searching(directory))
            const { uid, uuid } = yield* personAndUser(tenant)
            const { status, body } = yield* logIn(uid, "ldap-password", { domain_name: domain })
            assert.strictEqual(status, 200)
            assert.strictEqual(body.data.auth_id, uuid)
            assert.strictEqual((yield* logIn(uid, "wrong", { domain_name: domain })).status, 401)
            yield* configure(tenant, searching(directory, { bind_password: "wrong" }))
            assert.strictEqual((yield* logIn(uid, "ldap-password", { domain_name: domain })).status, 401)
          })
        )

        it.effect("reads the address as the user where the service account may not", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            yield* configure(tenant, searching(directory, { bind_dn: `cn=blind,${directory.baseDn}` }))
            const { uid, uuid } = yield* personAndUser(tenant)
            const { status, body } = yield* logIn(uid, "ldap-password", { domain_name: domain })
            assert.strictEqual(status, 200)
            assert.strictEqual(body.data.auth_id, uuid)
          })
        )

        it.effect("selects the tenant by domain name, by uuid or by slug; an unknown tenant_id is 404", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, slug, domain } = yield* ldapTenant
            yield* configure(tenant, searching(directory))
            const { uid } = yield* personAndUser(tenant)
            for (const body of [{ domain_name: domain }, { tenant_id: tenant }, { tenant_id: slug }]) {
              assert.strictEqual((yield* logIn(uid, "ldap-password", body)).status, 200, JSON.stringify(body))
            }
            const unknown = yield* logIn(uid, "ldap-password", { tenant_id: "nowhere" })
            assert.strictEqual(unknown.status, 404)
            assert.strictEqual(unknown.body.error_id, "unknown-tenant")
            assert.strictEqual((yield* logIn(uid, "ldap-password", { domain_name: "no.where" })).status, 401)
            const { domain: unconfigured } = yield* ldapTenant
            assert.strictEqual(
              (yield* logIn(uid, "ldap-password", { domain_name: unconfigured })).status,
              401
            )
          })
        )

        it.effect("uses the tenant's search filter with its three placeholders", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            yield* configure(
              tenant,
              searching(directory, {
                search_filters:
                  "(|({user_login_attribute}={username})({user_email_attribute}={username})(cn={username}))"
              })
            )
            const { mail, uuid } = yield* personAndUser(tenant)
            const { body } = yield* logIn(mail, "ldap-password", { domain_name: domain })
            assert.strictEqual(body.data.auth_id, uuid)
          })
        )

        it.effect("a search that finds nobody or several fails", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            const { uid } = yield* personAndUser(tenant)
            yield* personAndUser(tenant)
            for (const search_filters of ["(objectClass=inetOrgPerson)", "(uid=nobody)", "(((broken"]) {
              yield* configure(tenant, searching(directory, { search_filters }))
              assert.strictEqual(
                (yield* logIn(uid, "ldap-password", { domain_name: domain })).status,
                401,
                search_filters
              )
            }
          })
        )

        it.effect("a login cannot change the search or the name that is bound", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            const { uid } = yield* personAndUser(tenant)
            const hostile = [
              "*",
              `${uid.slice(0, -1)}*`,
              `${uid})(uid=${uid}`,
              `${uid},ou=people,dc=example,dc=com`,
              `${uid}\\`,
              `${uid}\u0000`,
              `nobody)(|(uid=${uid}`
            ]
            for (const configuration of [searching(directory), { ...bare, port: directory.port }]) {
              yield* asAdmin("DELETE", "/backends/ldap", { tenant })
              yield* configure(tenant, configuration)
              assert.strictEqual((yield* logIn(uid, "ldap-password", { domain_name: domain })).status, 200)
              for (const login of hostile) {
                const { status } = yield* logIn(login, "ldap-password", { domain_name: domain })
                assert.strictEqual(status, 401, JSON.stringify(login))
              }
            }
          })
        )

        it.effect("names with a meaning in LDAP log in as themselves", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            const mail = `${randomUUID()}@example.com`
            const suffix = randomUUID().slice(0, 8)
            yield* directory.add(
              [
                `dn: uid=smith\\, j \\2B (${suffix})*,ou=people,dc=example,dc=com`,
                "objectClass: inetOrgPerson",
                `uid: smith, j + (${suffix})*`,
                "cn: Smith",
                "sn: Smith",
                `mail: ${mail}`,
                "userPassword: ldap-password",
                ""
              ].join("\n")
            )
            yield* asAdmin("POST", "/users", { tenant, body: { email_address: mail } })
            for (const configuration of [{ ...bare, port: directory.port }, searching(directory)]) {
              yield* configure(tenant, configuration)
              const { status } = yield* logIn(`smith, j + (${suffix})*`, "ldap-password", {
                domain_name: domain
              })
              assert.strictEqual(status, 200)
            }
          })
        )

        it.effect("needs an address in the directory, and a user of that tenant with it", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            yield* configure(tenant, searching(directory))
            const uid = `u${randomUUID().slice(0, 8)}`
            yield* directory.add(person(uid, { password: "ldap-password" }))
            assert.strictEqual((yield* logIn(uid, "ldap-password", { domain_name: domain })).status, 401)
            const { tenant: elsewhere } = yield* ldapTenant
            const other = yield* personAndUser(elsewhere)
            assert.strictEqual(
              (yield* logIn(other.uid, "ldap-password", { domain_name: domain })).status,
              401
            )
          })
        )

        it.effect("the user's method must be ldap, and a disabled user stays out", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            yield* configure(tenant, searching(directory))
            for (const body of [{ authentication_method: "native" }, { enabled: false }]) {
              const { uid } = yield* personAndUser(tenant, body)
              const { status } = yield* logIn(uid, "ldap-password", { domain_name: domain })
              assert.strictEqual(status, 401, JSON.stringify(body))
            }
            const { mail } = yield* personAndUser(tenant, { password: "native-password" })
            const { call } = yield* AuthServer
            const native = yield* call("POST", "/token", { basic: [mail, "native-password"], body: {} })
            assert.strictEqual(native.status, 401)
          })
        )

        it.effect("refresh tokens of such a user work as those of any other", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { call } = yield* AuthServer
            const { tenant, domain } = yield* ldapTenant
            yield* configure(tenant, searching(directory))
            const { uid } = yield* personAndUser(tenant)
            const { body } = yield* logIn(uid, "ldap-password", {
              domain_name: domain,
              access_type: "offline",
              client_id: "app"
            })
            const again = yield* call("POST", "/token", {
              body: { refresh_token: body.data.refresh_token, client_id: "app" }
            })
            assert.strictEqual(again.status, 200)
          })
        )

        it.effect("speaks ldaps and StartTLS, and only to a server whose certificate it trusts", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            const { uid } = yield* personAndUser(tenant)
            const attempt = Effect.fnUntraced(function* (changes: object) {
              yield* configure(tenant, searching(directory, changes))
              return (yield* logIn(uid, "ldap-password", { domain_name: domain })).status
            })
            const ldaps = { protocol_security: "ldaps", port: directory.securePort }
            assert.strictEqual(yield* attempt(ldaps), 200)
            assert.strictEqual(yield* attempt({ protocol_security: "tls" }), 200)
            // The certificate is for 127.0.0.1 alone.
            assert.strictEqual(yield* attempt({ ...ldaps, host: "localhost" }), 401)
            assert.strictEqual(yield* attempt({ protocol_security: "tls", host: "localhost" }), 401)
            assert.strictEqual(yield* attempt({ protocol_security: "ldaps", port: directory.port }), 401)
          })
        )

        it.effect("a directory that is down or silent fails the login within seconds", () =>
          Effect.gen(function* () {
            const directory = yield* Directory
            const { tenant, domain } = yield* ldapTenant
            const { uid } = yield* personAndUser(tenant)
            yield* configure(tenant, searching(directory, { port: 1 }))
            assert.strictEqual((yield* logIn(uid, "ldap-password", { domain_name: domain })).status, 401)
            yield* configure(tenant, searching(directory))
            yield* Effect.acquireUseRelease(
              directory.freeze(true),
              () =>
                Effect.map(logIn(uid, "ldap-password", { domain_name: domain }), ({ status }) =>
                  assert.strictEqual(status, 401)
                ),
              () => directory.freeze(false)
            )
            assert.strictEqual((yield* logIn(uid, "ldap-password", { domain_name: domain })).status, 200)
          })
        )
      })
    })
  )
}
