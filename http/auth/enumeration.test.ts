import { assert, describe, layer } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { hashesComputed } from "../../actors/identity/passwords.ts"
import { adminToken, AuthServer, authServerLayer, type Call } from "./fixture.ts"

const asAdmin = Effect.fnUntraced(function* (method: string, path: string, call: Call = {}) {
  const server = yield* AuthServer
  return yield* server.call(method, path, { token: yield* adminToken, ...call })
})

/** Users that a stranger may ask about, by what is particular about them. */
const subjects = Effect.gen(function* () {
  const create = (body: object) =>
    Effect.gen(function* () {
      const username = `u-${randomUUID()}`
      yield* asAdmin("POST", "/users", {
        body: { username, password: "secret", email_address: `${username}@example.com`, ...body }
      })
      return username
    })
  return {
    "a user": yield* create({}),
    "a user without a password": yield* create({ password: null }),
    "a disabled user": yield* create({ enabled: false }),
    "a user of LDAP": yield* create({ authentication_method: "ldap" }),
    "a user of SAML": yield* create({ authentication_method: "saml" }),
    "a user without an address": yield* create({ email_address: null }),
    nobody: `u-${randomUUID()}`
  }
})

/** How many hashes a request costs, with what it is answered. */
const costOf = Effect.fnUntraced(function* (request: Effect.Effect<{ status: number; body: unknown }>) {
  const count = Effect.map(Metric.value(hashesComputed), (state) => Number(state.count))
  const before = yield* count
  const { status, body } = yield* request
  return { hashes: (yield* count) - before, status, body }
})

describe("Who asks whether there is a user", () => {
  layer(authServerLayer({ STROWGER_SMTP_PORT: "1" }), { timeout: "60 seconds", excludeTestServices: true })(
    (it) => {
      it.effect("learns nothing from a login: the answer and the number of hashes are the same for all", () =>
        Effect.gen(function* () {
          const { call } = yield* AuthServer
          for (const [who, username] of Object.entries(yield* subjects)) {
            for (const name of [username, `${username}@example.com`]) {
              const { hashes, status, body } = yield* costOf(
                call("POST", "/token", { basic: [name, "wrong"], body: {} })
              )
              assert.deepStrictEqual([hashes, status], [1, 401], who)
              assert.deepInclude(body as object, { reason: ["Authentication Failed"] }, who)
            }
          }
        })
      )

      it.effect(
        "learns nothing from a reset: the same answer, no hash, and one mail to be looked at later",
        () =>
          Effect.gen(function* () {
            const { call } = yield* AuthServer
            const sql = yield* SqlClient.SqlClient
            yield* sql`create table asked (job jsonb)`
            yield* sql`create function remember() returns trigger as ${sql.literal(
              "$$ begin insert into asked values (new.job); return new; end $$"
            )} language plpgsql`
            yield* sql`create trigger remember after insert on auth_mail for each row execute function remember()`
            let requests = 0
            for (const [who, username] of Object.entries(yield* subjects)) {
              for (const query of [
                `username=${username}`,
                `login=${username}`,
                `email=${username}@example.com`
              ]) {
                const cost = yield* costOf(call("GET", `/users/password/reset?${query}`))
                assert.deepStrictEqual(cost, { hashes: 0, status: 204, body: undefined }, who)
                const asked = yield* sql`select 1 from asked`
                assert.strictEqual(asked.length, ++requests, who)
              }
            }
          })
      )
    }
  )
})
