import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { issueToken } from "../../test/identity.ts"
import { MailServer } from "../../test/mail.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

const withMail = (knobs: Readonly<Record<string, string>> = {}) =>
  Layer.unwrap(
    Effect.map(MailServer, ({ port }) =>
      authServerLayer({ STROWGER_SMTP_HOST: "127.0.0.1", STROWGER_SMTP_PORT: String(port), ...knobs })
    )
  ).pipe(Layer.provideMerge(MailServer.layer))

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})

const createUser = (body: object = {}) =>
  Effect.gen(function* () {
    const username = `u-${randomUUID()}`
    const address = `${username}@example.com`
    const { uuid } = (yield* asAdmin("POST", "/users", {
      body: { username, password: "secret", email_address: address, ...body }
    })).body
    return { uuid: String(uuid), username, address }
  })
const setEmails = (uuid: string, emails: unknown, prefix = "") =>
  asAdmin("PUT", `${prefix}/users/${uuid}/emails`, { body: { emails } })
const login = (username: string, password: string) =>
  Effect.flatMap(AuthServer, ({ call }) => call("POST", "/token", { basic: [username, password], body: {} }))
const tokenIn = (text: string): string => /token=([0-9a-f-]{36})/.exec(text)?.[1] ?? ""

describe("Email addresses", () => {
  layer(withMail(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect(
      "PUT replaces the list: addresses that stay keep uuid and confirmation, new ones have none",
      () =>
        Effect.gen(function* () {
          const { uuid, address } = yield* createUser()
          const [before] = (yield* asAdmin("GET", `/users/${uuid}`)).body.emails
          const other = `other-${address}`
          const { status, body } = yield* setEmails(uuid, [
            { address, confirmed: false },
            { address: other, main: true, confirmed: true }
          ])
          assert.strictEqual(status, 200)
          assert.deepStrictEqual(body, [
            { uuid: body[0].uuid, address: other, main: true, confirmed: false },
            { ...before, main: false }
          ])
          assert.deepStrictEqual((yield* setEmails(uuid, [])).body, [])
          assert.deepStrictEqual((yield* asAdmin("GET", `/users/${uuid}`)).body.emails, [])
        })
    )

    it.effect("an administrator sets confirmations too; null leaves them as they are", () =>
      Effect.gen(function* () {
        const { uuid, address } = yield* createUser()
        const confirmed = (value: unknown) =>
          Effect.map(
            setEmails(uuid, [{ address, main: true, confirmed: value }], "/admin"),
            ({ body }) => body[0].confirmed
          )
        assert.isTrue(yield* confirmed(null))
        assert.isFalse(yield* confirmed(false))
        assert.isFalse(yield* confirmed(null))
        assert.isTrue(yield* confirmed("yes"))
      })
    )

    it.effect("one main address, no address twice, none of somebody else: 400 and 409", () =>
      Effect.gen(function* () {
        const { uuid, address } = yield* createUser()
        const other = yield* createUser()
        const expectations: ReadonlyArray<readonly [emails: unknown, status: number]> = [
          [[{ address }], 400],
          [
            [
              { address, main: true },
              { address: `x${address}`, main: true }
            ],
            400
          ],
          [[{ address, main: true }, { address }], 400],
          [[{ address: "nothing", main: true }], 400],
          ["text", 400],
          [null, 400],
          [[{ address, main: true }, { address: address.toUpperCase() }], 409],
          [[{ address: other.address.toUpperCase(), main: true }], 409]
        ]
        for (const [emails, status] of expectations) {
          const answer = yield* setEmails(uuid, emails)
          assert.strictEqual(answer.status, status, JSON.stringify(emails))
          if (status === 400) {
            assert.deepInclude(answer.body, { error_id: "invalid-data", resource: "emails", details: {} })
            assert.isObject(answer.body.message)
          }
        }
        assert.strictEqual((yield* setEmails(randomUUID(), [{}])).status, 400)
        const unknown = yield* setEmails(randomUUID(), [])
        assert.deepStrictEqual([unknown.status, unknown.body.error_id], [404, "unknown-user"])
        const [kept] = (yield* asAdmin("GET", `/users/${uuid}`)).body.emails
        assert.deepInclude(kept, { address, confirmed: true })
      })
    )

    it.effect("a confirmation mail brings a link whose token confirms that address and nothing else", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { mailTo } = yield* MailServer
        const { uuid, username } = yield* createUser()
        const address = `new-${username}@example.com`
        const [email] = (yield* setEmails(uuid, [{ address, main: true }])).body
        assert.strictEqual((yield* login(address, "secret")).status, 401)
        const asked = yield* asAdmin("GET", `/users/${uuid}/emails/${email.uuid}/confirm`)
        assert.strictEqual(asked.status, 204)
        const { text } = yield* mailTo(address)
        assert.include(text, "From: wazo-auth <noreply@wazo.community>")
        assert.include(text, `To: ${username} <${address}>`)
        assert.match(
          text,
          new RegExp(`https://127\\.0\\.0\\.1:\\d+/api/auth/0\\.1/emails/${email.uuid}/confirm`)
        )
        const token = tokenIn(text)
        assert.deepInclude((yield* call("GET", `/token/${token}`)).body.data, {
          auth_id: "wazo-auth",
          acl: [`auth.emails.${email.uuid}.confirm.edit`],
          metadata: {}
        })
        const other = (yield* createUser()).uuid
        const [foreign] = (yield* asAdmin("GET", `/users/${other}`)).body.emails
        assert.strictEqual((yield* call("GET", `/emails/${foreign.uuid}/confirm?token=${token}`)).status, 401)
        assert.strictEqual((yield* call("GET", `/emails/${email.uuid}/confirm`)).status, 401)
        for (const _ of [1, 2]) {
          const page = yield* call("GET", `/emails/${email.uuid}/confirm?token=${token}`)
          assert.strictEqual(page.status, 200)
          assert.strictEqual(page.headers.get("content-type"), "text/html; charset=utf-8")
          assert.include(page.body, "confirmed")
        }
        assert.strictEqual((yield* call("PUT", `/emails/${email.uuid}/confirm`, { token })).status, 204)
        assert.strictEqual((yield* call("PUT", `/emails/${email.uuid}/confirm?token=${token}`)).status, 401)
        assert.strictEqual((yield* login(address, "secret")).status, 200)
        const again = yield* asAdmin("GET", `/users/${uuid}/emails/${email.uuid}/confirm`)
        assert.deepStrictEqual([again.status, again.body.error_id], [409, "conflict"])
        const unknown = yield* asAdmin("GET", `/users/${uuid}/emails/${foreign.uuid}/confirm`)
        assert.deepStrictEqual([unknown.status, unknown.body.error_id], [404, "unknown-email"])
      })
    )

    it.effect("a mail waits for the mail server, holds no token while it does, and goes out once", () =>
      Effect.gen(function* () {
        const mail = yield* MailServer
        const sql = yield* SqlClient.SqlClient
        const { uuid, username } = yield* createUser()
        const address = `late-${username}@example.com`
        const [email] = (yield* setEmails(uuid, [{ address, main: true }])).body
        mail.refuse(true)
        yield* asAdmin("GET", `/users/${uuid}/emails/${email.uuid}/confirm`)
        const tried = Effect.flatMap(
          sql<{ row: string }>`select to_jsonb(m)::text as row from auth_mail m where attempts > 0`,
          ([found]) => (found ? Effect.succeed(found.row) : Effect.fail("not yet"))
        )
        const row = yield* Effect.eventually(tried)
        assert.include(row, email.uuid)
        assert.notInclude(row, "token")
        mail.refuse(false)
        yield* mail.mailTo(address)
        yield* Effect.eventually(
          Effect.flatMap(sql`select 1 from auth_mail`, (rows) =>
            rows.length === 0 ? Effect.void : Effect.fail("not yet")
          )
        )
        assert.strictEqual(mail.received().filter(({ to }) => to === address).length, 1)
        const live = yield* sql`
          select 1 from auth_token where acl = ${[`auth.emails.${email.uuid}.confirm.edit`]}::text[]`
        assert.strictEqual(live.length, 1)
      })
    )
  })
})

describe("Passwords", () => {
  layer(withMail(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
    it.effect("PUT password needs the old one and ends every session of the user", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { uuid, username } = yield* createUser()
        const token = String((yield* login(username, "secret")).body.data.token)
        const change = (body: object, target = uuid) => asAdmin("PUT", `/users/${target}/password`, { body })
        const wrong = yield* change({ old_password: "x", new_password: "new" })
        assert.deepStrictEqual([wrong.status, wrong.body.status_code], [401, 401])
        for (const body of [
          {},
          { old_password: "secret", new_password: "" },
          { old_password: 1, new_password: "a" }
        ]) {
          assert.strictEqual((yield* change(body)).status, 400)
        }
        const right = { old_password: "secret", new_password: "new" }
        assert.strictEqual((yield* change(right, randomUUID())).status, 404)
        assert.strictEqual((yield* change(right)).status, 204)
        assert.strictEqual((yield* call("GET", `/token/${token}`)).status, 404)
        assert.strictEqual((yield* login(username, "secret")).status, 401)
        assert.strictEqual((yield* login(username, "new")).status, 200)
      })
    )

    it.effect("PUT password of a user of LDAP or SAML is 405, after the password was right", () =>
      Effect.gen(function* () {
        const { uuid } = yield* createUser({ authentication_method: "ldap" })
        const change = (old_password: string) =>
          asAdmin("PUT", `/users/${uuid}/password`, { body: { old_password, new_password: "new" } })
        assert.strictEqual((yield* change("wrong")).status, 401)
        const answer = yield* change("secret")
        assert.deepStrictEqual([answer.status, answer.body.error_id], [405, "password-managed-externally"])
      })
    )

    it.effect("a reset link sets a password once; the old one works until then", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { mailTo } = yield* MailServer
        const { uuid, username, address } = yield* createUser()
        const old = String((yield* login(username, "secret")).body.data.token)
        for (const query of [`username=${username}`, `email=${address}`, `login=${username.toUpperCase()}`]) {
          assert.strictEqual((yield* call("GET", `/users/password/reset?${query}`)).status, 204)
        }
        const [first, second] = [yield* mailTo(address, 1), yield* mailTo(address, 3)]
        assert.match(
          first.text,
          new RegExp(`reset-password\\?host=127.0.0.1:\\d+&token=[0-9a-f-]+&user_uuid=${uuid}`)
        )
        assert.strictEqual((yield* login(username, "secret")).status, 200)
        const reset = (token: string, password: unknown, target = uuid) =>
          call("POST", `/users/password/reset?user_uuid=${target}&token=${token}`, { body: { password } })
        const token = tokenIn(first.text)
        assert.strictEqual((yield* reset(token, "")).status, 400)
        const foreign = yield* reset(token, "stolen", (yield* createUser()).uuid)
        assert.strictEqual(foreign.status, 401)
        assert.deepStrictEqual(foreign.body.details, { invalid_token: token })
        assert.strictEqual((yield* reset(token, "fresh")).status, 204)
        assert.strictEqual((yield* call("GET", `/token/${old}`)).status, 404)
        assert.strictEqual((yield* login(username, "secret")).status, 401)
        assert.strictEqual((yield* login(username, "fresh")).status, 200)
        // Used links and those asked for before are dead.
        for (const used of [token, tokenIn(second.text)]) {
          assert.strictEqual((yield* reset(used, "again")).status, 401)
        }
        assert.strictEqual((yield* login(username, "fresh")).status, 200)
      })
    )

    it.effect("of two uses of one link at once one counts", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { mailTo } = yield* MailServer
        const { uuid, username, address } = yield* createUser()
        yield* call("GET", `/users/password/reset?username=${username}`)
        const token = tokenIn((yield* mailTo(address)).text)
        const answers = yield* Effect.all(
          ["a", "b", "c"].map((password) =>
            call("POST", `/users/password/reset?user_uuid=${uuid}&token=${token}`, { body: { password } })
          ),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers.map(({ status }) => status).toSorted(), [204, 401, 401])
      })
    )

    it.effect("a password of null takes the password away; a token with the right does it too", () =>
      Effect.gen(function* () {
        const { uuid, username } = yield* createUser()
        const path = `/users/password/reset?user_uuid=${uuid}`
        assert.strictEqual((yield* asAdmin("POST", path, { body: {} })).status, 400)
        assert.strictEqual((yield* asAdmin("POST", path, { body: { password: null } })).status, 204)
        assert.strictEqual((yield* login(username, "secret")).status, 401)
        const unknown = yield* asAdmin("POST", `/users/password/reset?user_uuid=${randomUUID()}`, {
          body: { password: "x" }
        })
        assert.deepStrictEqual([unknown.status, unknown.body.error_id], [404, "unknown-user"])
        const external = yield* createUser({ authentication_method: "saml" })
        const refused = yield* asAdmin("POST", `/users/password/reset?user_uuid=${external.uuid}`, {
          body: { password: "x" }
        })
        assert.strictEqual(refused.status, 405)
      })
    )

    it.effect("asking for a reset is 204 whoever it is about, and 400 unless exactly one name is given", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { received } = yield* MailServer
        const external = yield* createUser({ authentication_method: "ldap" })
        const silent = yield* createUser({ email_address: null })
        const disabled = yield* createUser({ enabled: false })
        const before = received().length
        for (const query of [
          "username=nobody",
          "email=nobody@example.com",
          "login=nobody",
          `username=${external.username}`,
          `username=${silent.username}`,
          `username=${disabled.username}`
        ]) {
          const { status, body } = yield* call("GET", `/users/password/reset?${query}`)
          assert.deepStrictEqual([status, body], [204, undefined], query)
        }
        const sql = yield* SqlClient.SqlClient
        yield* Effect.eventually(
          Effect.flatMap(sql`select 1 from auth_mail`, (rows) =>
            rows.length === 0 ? Effect.void : Effect.fail("not yet")
          )
        )
        assert.strictEqual(received().length, before)
        for (const query of [
          "",
          "?username=a&login=a",
          "?email=nothing",
          "?username=",
          `?login=${"x".repeat(257)}`
        ]) {
          const { status, body } = yield* call("GET", `/users/password/reset${query}`)
          assert.strictEqual(status, 400, query)
          assert.deepInclude(body, { error_id: "invalid-data", resource: "reset" })
        }
      })
    )

    it.effect("a prefix that is no path never comes into a mail", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { mailTo } = yield* MailServer
        const { username, address } = yield* createUser()
        yield* call("GET", `/users/password/reset?username=${username}`, {
          headers: { "X-Script-Name": "/x?evil" }
        })
        const { text } = yield* mailTo(address)
        assert.notInclude(text, "evil")
      })
    )
  })

  layer(
    withMail({
      STROWGER_PUBLIC_URL: "https://phones.example.com",
      STROWGER_USER_REGISTRATION: "true",
      STROWGER_MAIL_TEMPLATE_DIR: mkdtempSync(join(tmpdir(), "strowger-mail-"))
    }),
    { timeout: "60 seconds", excludeTestServices: true }
  )("as configured", (it) => {
    it.effect("whoever registers gets a tenant of the username, a user in it, and a confirmation mail", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { mailTo } = yield* MailServer
        const username = `r-${randomUUID()}`
        const address = `${username}@example.com`
        const body = { username, password: "secret", email_address: address }
        const { status, body: user } = yield* call("POST", "/users/register", { body })
        assert.strictEqual(status, 200)
        assert.deepInclude(user, { username, purpose: "user", authentication_method: "default" })
        assert.deepInclude(user.emails[0], { address, main: true, confirmed: false })
        const tenant = yield* asAdmin("GET", `/tenants/${user.tenant_uuid}`)
        assert.strictEqual(tenant.body.name, username)
        const { text } = yield* mailTo(address)
        assert.include(text, `https://phones.example.com/api/auth/0.1/emails/${user.emails[0].uuid}/confirm`)
        const before = (yield* asAdmin("GET", "/tenants")).body.total
        assert.strictEqual((yield* call("POST", "/users/register", { body })).status, 409)
        const sameAddress = yield* call("POST", "/users/register", { body: { ...body, username: null } })
        assert.strictEqual(sameAddress.status, 409)
        assert.strictEqual((yield* call("POST", "/users/register", { body: { username } })).status, 400)
        assert.strictEqual((yield* asAdmin("GET", "/tenants")).body.total, before)
      })
    )
  })

  const folder = mkdtempSync(join(tmpdir(), "strowger-mail-"))
  layer(withMail({ STROWGER_MAIL_TEMPLATE_DIR: folder }), {
    timeout: "60 seconds",
    excludeTestServices: true
  })("with templates of one's own", (it) => {
    it.effect("a file replaces a template and counts as soon as it changes", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const { mailTo } = yield* MailServer
        const { username, address } = yield* createUser()
        for (const [number, words] of ["Bonjour", "Salut"].entries()) {
          writeFileSync(
            join(folder, "reset-body.txt"),
            `${words} {{ username }}{% if nothing %} never{% endif %}`
          )
          yield* call("GET", `/users/password/reset?username=${username}`)
          const { text } = yield* mailTo(address, number + 1)
          assert.include(text, `${words} ${username}`)
          assert.notInclude(text, "never")
        }
      })
    )

    it.effect("registration is an unknown path unless it is switched on", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        assert.strictEqual((yield* call("POST", "/users/register", { body: {} })).status, 404)
        const { id: token } = yield* issueToken({ acl: ["#"] })
        assert.strictEqual((yield* call("POST", "/users/register", { token })).status, 404)
      })
    )
  })
})
