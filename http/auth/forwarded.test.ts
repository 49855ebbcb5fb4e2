import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { AppConfig } from "../../runtime/config.ts"
import { MailServer } from "../../test/mail.ts"
import { adminCredentials } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})
const basic = [adminCredentials.username, adminCredentials.password] as const

/** The address that a login from here is noted with. */
const noted = Effect.fnUntraced(function* (forwardedFor: string) {
  const { call } = yield* AuthServer
  const { body } = yield* call("POST", "/token", {
    basic,
    body: {},
    headers: { "X-Forwarded-For": forwardedFor }
  })
  return String(body.data.remote_addr)
})

describe("The address of a client", () => {
  layer(authServerLayer(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("is the one that a proxy on this machine has seen last, if it is an address", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* noted("198.51.100.1, 203.0.113.5"), "203.0.113.5")
        assert.strictEqual(yield* noted("2001:db8::5"), "2001:db8::5")
        assert.strictEqual(yield* noted("203.0.113.5, unknown"), "127.0.0.1")
        assert.strictEqual(yield* noted(""), "127.0.0.1")
      })
    )
  })

  layer(authServerLayer({ STROWGER_TRUSTED_PROXIES: "192.0.2.0/24, 2001:db8::/32 ::1" }), {
    timeout: "60 seconds",
    excludeTestServices: true
  })("from a peer that is no trusted proxy", (it) => {
    it.effect("is the peer's own, whatever it claims", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* noted("203.0.113.5"), "127.0.0.1")
      })
    )
  })

  layer(Layer.empty)((it) => {
    it.effect("STROWGER_TRUSTED_PROXIES takes addresses, ranges and none, and names what is neither", () =>
      Effect.gen(function* () {
        const read = (value: string) =>
          Effect.map(AppConfig, ({ trustedProxies }) => trustedProxies).pipe(
            Effect.provide(AppConfig.layerFrom({ STROWGER_TRUSTED_PROXIES: value }))
          )
        const some = yield* read("10.0.0.0/8,192.0.2.7 2001:db8::/32")
        const trusted = ["10.1.2.3", "192.0.2.7", "::ffff:10.1.2.3", "2001:db8::1"]
        for (const address of trusted) {
          assert.isTrue(some.check(address, address.includes(":") ? "ipv6" : "ipv4"), address)
        }
        assert.isFalse(some.check("127.0.0.1"))
        assert.isFalse((yield* read("none")).check("127.0.0.1"))
        assert.isTrue((yield* read("")).check("127.0.0.1"))
        for (const wrong of ["10.0.0.0/33", "10.0.0.0/", "proxy.example", "10.0.0.0/8/8", "::/129"]) {
          const { message } = yield* Effect.flip(read(wrong))
          assert.include(message, wrong)
        }
      })
    )
  })
})

const withMail = (knobs: Readonly<Record<string, string>> = {}) =>
  Layer.unwrap(
    Effect.map(MailServer, ({ port }) =>
      authServerLayer({ STROWGER_SMTP_HOST: "127.0.0.1", STROWGER_SMTP_PORT: String(port), ...knobs })
    )
  ).pipe(Layer.provideMerge(MailServer.layer))

/** Where the reset link leads that a user gets when somebody asks with these headers. */
const linkHost = Effect.fnUntraced(function* (tenant: string, headers: Readonly<Record<string, string>>) {
  const { call } = yield* AuthServer
  const { mailTo } = yield* MailServer
  const username = `u-${randomUUID()}`
  const address = `${username}@example.com`
  yield* asAdmin("POST", "/users", { tenant, body: { username, email_address: address } })
  yield* call("GET", `/users/password/reset?username=${username}`, { headers })
  const { text } = yield* mailTo(address)
  return /https:\/\/(\S+?)\/reset-password/.exec(text)?.[1]
})
const newTenant = (domain_names: ReadonlyArray<string>, parent?: string) =>
  Effect.map(
    asAdmin("POST", "/tenants", {
      body: { domain_names },
      ...(parent === undefined ? {} : { tenant: parent })
    }),
    ({ body }) => String(body.uuid)
  )

describe("The links in mails lead", () => {
  layer(withMail(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("to the host that was asked, where the tenant has no domain names to compare with", () =>
      Effect.gen(function* () {
        const tenant = yield* newTenant([])
        assert.strictEqual(
          yield* linkHost(tenant, { "X-Forwarded-Host": "pbx.example.org:8443" }),
          "pbx.example.org:8443"
        )
        assert.strictEqual(yield* linkHost(tenant, { "X-Forwarded-Host": "bad host/" }), "localhost")
      })
    )

    it.effect(
      "to the tenant's domain names, those above it and this machine, and to no stranger's host",
      () =>
        Effect.gen(function* () {
          const id = randomUUID().slice(0, 8)
          const above = yield* newTenant([`${id}.example.net`])
          const tenant = yield* newTenant([`${id}.example.com`, `z${id}.example.com`], above)
          const other = yield* newTenant([`${id}.attacker.example`])
          const asked = (host: string) => linkHost(tenant, { "X-Forwarded-Host": host })
          for (const host of [
            `${id}.example.com`,
            `PBX.z${id}.example.com:8443`,
            `${id}.example.net`,
            "127.0.0.1:9080",
            "localhost",
            hostname()
          ]) {
            assert.strictEqual(yield* asked(host), host)
          }
          for (const host of [
            "attacker.example",
            `${id}.attacker.example`,
            `x${id}.example.com`,
            `${id}.example.com.attacker.example`,
            "203.0.113.9"
          ]) {
            assert.strictEqual(yield* asked(host), `${id}.example.com`, host)
          }
          assert.strictEqual(
            yield* linkHost(other, { "X-Forwarded-Host": `${id}.attacker.example` }),
            `${id}.attacker.example`
          )
        })
    )
  })

  layer(withMail({ STROWGER_PUBLIC_URL: "https://stack.example.org:8443" }), {
    timeout: "60 seconds",
    excludeTestServices: true
  })("with STROWGER_PUBLIC_URL", (it) => {
    it.effect("there, whatever was asked and whoever the tenant is", () =>
      Effect.gen(function* () {
        for (const names of [[], [`${randomUUID()}.example.com`]]) {
          const tenant = yield* newTenant(names)
          const host = yield* linkHost(tenant, { "X-Forwarded-Host": "attacker.example" })
          assert.strictEqual(host, "stack.example.org:8443")
        }
      })
    )
  })

  layer(withMail({ STROWGER_TRUSTED_PROXIES: "none" }), { timeout: "60 seconds", excludeTestServices: true })(
    "from a peer that is no trusted proxy",
    (it) => {
      it.effect("to the Host of the request: X-Forwarded-Host is not looked at", () =>
        Effect.gen(function* () {
          const host = yield* linkHost(yield* newTenant([]), { "X-Forwarded-Host": "attacker.example" })
          assert.match(host ?? "", /^127\.0\.0\.1:\d+$/)
        })
      )
    }
  )
})
