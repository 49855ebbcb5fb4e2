import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { AuthenticationMethods } from "../../actors/identity/authentication-methods.ts"
import { IdentityProviders } from "../../actors/identity/identity-providers.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, type Call, forEachAuthServer } from "./fixture.ts"

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})

/** The events of a name that an effect causes. */
const heardOf = Effect.fnUntraced(function* <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) {
  const bus = yield* EventBus
  const outbox = yield* Outbox
  yield* outbox.drained
  const events: Array<BusEvent> = []
  yield* bus.subscribe({ name }, (event) => events.push(event))
  yield* effect
  yield* outbox.drained
  return events
}, Effect.scoped)

/** A user with a way to log in. */
const newUser = Effect.gen(function* () {
  const { call } = yield* AuthServer
  const username = `u-${randomUUID()}`
  const { body: user } = yield* asAdmin("POST", "/users", { body: { username, password: "secret" } })
  const logIn = (body: object = {}, headers: Readonly<Record<string, string>> = {}) =>
    Effect.map(call("POST", "/token", { basic: [username, "secret"], body, headers }), (answer) => ({
      ...answer,
      token: String(answer.body.data?.token),
      session: String(answer.body.data?.session_uuid),
      refreshToken: String(answer.body.data?.refresh_token)
    }))
  return { uuid: String(user.uuid), tenant: String(user.tenant_uuid), username, logIn }
})
type User = Effect.Success<typeof newUser>

const offline = (client_id: string) => ({ access_type: "offline", client_id })
const mobile = { "Accent-Session-Type": "Mobile" }

const isLive = (token: string) =>
  Effect.flatMap(AuthServer, ({ call }) =>
    Effect.map(call("HEAD", `/token/${token}`), ({ status }) => status === 204)
  )

/** Everything that ends a session, by what is done. */
const causes: Readonly<
  Record<
    string,
    (user: User, login: { token: string; session: string }) => Effect.Effect<unknown, never, AuthServer>
  >
> = {
  "DELETE /token": (_, { token }) => asAdmin("DELETE", `/token/${token}`),
  "DELETE /sessions": (_, { session }) => asAdmin("DELETE", `/sessions/${session}`),
  "DELETE /users/{uuid}/sessions": ({ uuid }, { session }) =>
    asAdmin("DELETE", `/users/${uuid}/sessions/${session}`),
  "a changed password": ({ uuid }) =>
    asAdmin("PUT", `/users/${uuid}/password`, { body: { old_password: "secret", new_password: "new" } }),
  "a reset password": ({ uuid }) =>
    asAdmin("POST", `/users/password/reset?user_uuid=${uuid}`, { body: { password: "new" } }),
  "a password taken away": ({ uuid }) =>
    asAdmin("POST", `/users/password/reset?user_uuid=${uuid}`, { body: { password: null } }),
  "disabling the user": ({ uuid, username }) =>
    asAdmin("PUT", `/users/${uuid}`, { body: { username, enabled: false } }),
  "deleting the user": ({ uuid }) => asAdmin("DELETE", `/users/${uuid}`),
  "another mobile login": ({ logIn }) => logIn(offline("second phone"), mobile)
}

forEachAuthServer((database, server) =>
  describe(`Sessions on the ${database}`, () => {
    layer(server(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      for (const [cause, act] of Object.entries(causes)) {
        it.effect(`end at once by ${cause}, which is announced`, () =>
          Effect.gen(function* () {
            const user = yield* newUser
            const login = yield* user.logIn(offline("phone"), mobile)
            const other = yield* newUser
            const untouched = yield* other.logIn(offline("phone"), mobile)
            const events = yield* heardOf("auth_session_deleted", act(user, login))
            assert.isFalse(yield* isLive(login.token))
            assert.isTrue(yield* isLive(untouched.token))
            const [event, ...more] = events
            assert.isEmpty(more)
            assert.deepStrictEqual(event?.data, {
              uuid: login.session,
              user_uuid: user.uuid,
              tenant_uuid: user.tenant
            })
            assert.strictEqual(event?.routingKey, `auth.sessions.${login.session}.deleted`)
            assert.deepInclude(event?.headers, {
              session_uuid: login.session,
              tenant_uuid: user.tenant,
              [`user_uuid:${user.uuid}`]: true,
              required_access: "event.auth_session_deleted",
              required_acl: `events.auth.sessions.${login.session}.deleted`
            })
          })
        )
      }

      it.effect(
        "of mails and other internal services are listed without a user and announced to nobody",
        () =>
          Effect.gen(function* () {
            const events = yield* heardOf(
              "auth_session_deleted",
              Effect.gen(function* () {
                const token = yield* issueToken({ acl: [], userUuid: null, metadata: { tenant_uuid: null } })
                const { body } = yield* asAdmin("GET", "/sessions")
                const listed = body.items.find(({ uuid }: { uuid: string }) => uuid === token.sessionUuid)
                assert.deepInclude(listed, { user_uuid: null, mobile: false })
                yield* asAdmin("DELETE", `/token/${token.id}`)
              })
            )
            assert.isEmpty(events)
          })
      )

      it.effect("of a user whose uuid is not v4 are listed without a user", () =>
        Effect.gen(function* () {
          const uuid = randomUUID().replace(/^(.{14})4/, "$11")
          const username = `u-${randomUUID()}`
          const { call } = yield* AuthServer
          yield* asAdmin("POST", "/users", { body: { uuid, username, password: "p" } })
          yield* call("POST", "/token", { basic: [username, "p"], body: {} })
          const { body } = yield* asAdmin("GET", `/users/${uuid}/sessions`)
          assert.deepStrictEqual([body.total, body.items[0].user_uuid], [1, null])
        })
      )

      it.effect("are ordered by mobile alone and never searched", () =>
        Effect.gen(function* () {
          const user = yield* newUser
          yield* user.logIn({}, mobile)
          yield* user.logIn()
          const list = (query: string) => asAdmin("GET", `/users/${user.uuid}/sessions?${query}`)
          const ordered = (yield* list("order=mobile&direction=desc&search=nothing")).body
          assert.deepStrictEqual([ordered.total, ordered.filtered], [2, 2])
          assert.deepStrictEqual(
            ordered.items.map((item: { mobile: boolean }) => item.mobile),
            [true, false]
          )
          assert.strictEqual((yield* list("order=uuid")).status, 400)
        })
      )
    })
  })
)

forEachAuthServer((database, server) =>
  describe(`Refresh tokens on the ${database}`, () => {
    layer(server(), { timeout: "60 seconds", excludeTestServices: true })((it) => {
      const refresh = Effect.fnUntraced(function* (
        client_id: string,
        refresh_token: string,
        call: Call = {}
      ) {
        const { call: send } = yield* AuthServer
        return yield* send("POST", "/token", { body: { client_id, refresh_token }, ...call })
      })

      it.effect("go without their access tokens, or with them when revoke_sessions says so", () =>
        Effect.gen(function* () {
          const user = yield* newUser
          const desk = yield* user.logIn(offline("desk"))
          const web = yield* user.logIn(offline("web"))
          const renewed = (yield* refresh("web", web.refreshToken)).body.data
          const path = (client: string) => `/users/${user.uuid}/tokens/${client}`
          const silent = yield* heardOf("auth_session_deleted", asAdmin("DELETE", path("desk")))
          assert.isEmpty(silent)
          assert.isTrue(yield* isLive(desk.token))
          const told = yield* heardOf(
            "auth_session_deleted",
            Effect.map(asAdmin("DELETE", `${path("web")}?revoke_sessions=true`), ({ status }) =>
              assert.strictEqual(status, 204)
            )
          )
          assert.sameMembers(
            told.map(({ headers }) => headers["session_uuid"]),
            [web.session, renewed.session_uuid]
          )
          assert.isFalse(yield* isLive(web.token))
          assert.isFalse(yield* isLive(renewed.token))
          assert.isTrue(yield* isLive(desk.token))
          for (const [client, secret] of [
            ["desk", desk.refreshToken],
            ["web", web.refreshToken]
          ] as const) {
            assert.strictEqual((yield* refresh(client, secret)).status, 401)
          }
        })
      )

      it.effect("live on through a new password, a new name and Basic credentials beside them", () =>
        Effect.gen(function* () {
          const user = yield* newUser
          const { refreshToken } = yield* user.logIn(offline("desk"))
          yield* asAdmin("PUT", `/users/${user.uuid}/password`, {
            body: { old_password: "secret", new_password: "new" }
          })
          yield* asAdmin("PUT", `/users/${user.uuid}`, { body: { username: `${user.username}-renamed` } })
          const answer = yield* refresh("desk", refreshToken, { basic: ["nobody", "wrong"] })
          assert.strictEqual(answer.status, 200)
          assert.strictEqual(answer.body.data.auth_id, user.uuid)
        })
      )

      it.effect("are no use when nothing offers the user's method any more, which the start tells", () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const user = yield* newUser
          const { refreshToken } = yield* user.logIn(offline("desk"))
          yield* sql`update auth_user set authentication_method = 'gone' where uuid = ${user.uuid}`
          assert.strictEqual((yield* refresh("desk", refreshToken)).status, 401)
          const lines: Array<string> = []
          const recorder = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
          yield* Layer.build(Layer.fresh(AuthenticationMethods.layer)).pipe(
            Effect.provideService(IdentityProviders, { providers: [] }),
            Effect.provide(recorder),
            Effect.scoped
          )
          assert.include(lines.join("\n"), "gone: 1 users and 0 tenants have it")
        })
      )

      it.effect(
        "of a mobile take the place of every mobile one and of the client's own, never of a desk's",
        () =>
          Effect.gen(function* () {
            const user = yield* newUser
            const clients = Effect.map(
              asAdmin("GET", `/users/${user.uuid}/tokens?order=client_id`),
              ({ body }) =>
                body.items.map(({ client_id, mobile }: { client_id: string; mobile: boolean }) => [
                  client_id,
                  mobile
                ])
            )
            yield* user.logIn(offline("both"))
            yield* user.logIn(offline("desk"))
            yield* user.logIn(offline("phone"), mobile)
            const marked = yield* user.logIn({}, mobile)
            assert.strictEqual(marked.headers.get("Wazo-Sessions-Revoked"), "0")
            assert.deepStrictEqual(yield* clients, [
              ["both", false],
              ["desk", false],
              ["phone", true]
            ])
            const taken = yield* user.logIn(offline("both"), mobile)
            assert.strictEqual(taken.headers.get("Wazo-Sessions-Revoked"), "2")
            assert.deepStrictEqual(yield* clients, [
              ["both", true],
              ["desk", false]
            ])
            assert.isTrue(yield* isLive(marked.token))
          })
      )

      it.effect("are spoken of on the bus with their client's name escaped", () =>
        Effect.gen(function* () {
          const user = yield* newUser
          const client = "my.desk#1*"
          const [created] = yield* heardOf("auth_refresh_token_created", user.logIn(offline(client)))
          assert.strictEqual(
            created?.routingKey,
            `auth.users.${user.uuid}.tokens.my__DOT__desk__HASH__1__STAR__.created`
          )
          const [deleted] = yield* heardOf(
            "auth_refresh_token_deleted",
            asAdmin("DELETE", `/users/${user.uuid}/tokens/${encodeURIComponent(client)}`)
          )
          assert.deepStrictEqual(deleted?.data, {
            client_id: client,
            mobile: false,
            user_uuid: user.uuid,
            tenant_uuid: user.tenant
          })
          yield* user.logIn(offline("desk"))
          const [withUser] = yield* heardOf(
            "auth_refresh_token_deleted",
            asAdmin("DELETE", `/users/${user.uuid}`)
          )
          assert.deepInclude(withUser?.data, { client_id: "desk", user_uuid: user.uuid })
        })
      )
    })
  })
)
