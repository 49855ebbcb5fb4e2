import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Logger, Tracer } from "effect"
import { SqlClient } from "effect/sql"
import { randomUUID } from "node:crypto"
import { connect } from "node:net"
import { adminCredentials, issueToken } from "../../test/identity.ts"
import { adminToken, AuthServer, authServerLayer } from "./fixture.ts"

const logged: Array<string> = []
const recorder = Logger.layer([
  Logger.map(Logger.formatLogFmt, (line) => {
    logged.push(line)
  })
])

/** What a collector of traces would get. */
const traced: Array<Tracer.NativeSpan> = []
const tracing = Layer.succeed(
  Tracer.Tracer,
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      traced.push(span)
      return span
    }
  })
)

/** Everything that the server says to raw bytes before it closes the connection. */
const say = (url: string, bytes: string) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(new URL(url).port), "127.0.0.1")
        let answer = ""
        socket.setEncoding("latin1").on("data", (text: string) => {
          answer += text
        })
        socket.on("error", () => {}).on("close", () => resolve(answer))
        socket.end(bytes)
      })
  )

describe("auth and those who mean it no good", () => {
  layer(authServerLayer().pipe(Layer.provideMerge(Layer.merge(recorder, tracing))), {
    timeout: "60 seconds",
    excludeTestServices: true
  })((it) => {
    it.effect("no password, token or refresh token ever comes into a log", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const sql = yield* SqlClient.SqlClient
        const token = yield* adminToken
        const [login, password] = [`u-${randomUUID()}`, `secret-${randomUUID()}`]
        yield* call("POST", "/users", { token, body: { username: login, password } })
        yield* call("POST", "/users", { token, body: { username: login, password } })
        yield* call("POST", "/users", { token, body: { username: 3, password } })
        const offline = yield* call("POST", "/token", {
          basic: [login, password],
          body: { access_type: "offline", client_id: "c" }
        })
        const refresh_token = offline.body.data.refresh_token
        yield* call("POST", "/token", { basic: [login, `${password}x`], body: {} })
        yield* call("POST", "/token", { body: { refresh_token, client_id: "wrong" } })
        yield* sql`alter table auth_token rename to auth_token_away`
        const failed = yield* call("POST", "/token", { basic: [login, password], body: {} })
        assert.strictEqual(failed.status, 500)
        assert.deepStrictEqual(Object.keys(failed.body), ["message"])
        const unknown = randomUUID()
        assert.strictEqual((yield* call("GET", `/token/${unknown}`)).status, 500)
        yield* sql`alter table auth_token_away rename to auth_token`
        assert.isTrue(logged.some((line) => line.includes("failed")))
        const everything = logged.join("\n") + JSON.stringify(failed.body)
        for (const secret of [password, token, refresh_token, unknown, adminCredentials.password]) {
          assert.notInclude(everything, secret)
        }
      })
    )

    it.effect("nor into a trace", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const token = yield* adminToken
        const { id } = yield* issueToken({ acl: ["#"] })
        const { basic, Origin } = {
          basic: ["someone", "a-secret-password"] as const,
          Origin: "https://a.example"
        }
        yield* call("POST", "/token", { basic, body: {} })
        yield* call("GET", `/users?token=${id}&limit=1`, { token })
        yield* call("GET", `/token/${id}`, { headers: { Origin } })
        yield* call("DELETE", `/token/${id}`)
        const told = traced
          .map(({ name, attributes }) => name + JSON.stringify([...attributes.entries()]))
          .join("\n")
        assert.include(told, "/api/auth/0.1/users")
        const credentials = Buffer.from(basic.join(":")).toString("base64")
        for (const secret of [token, id, credentials]) assert.notInclude(told, secret)
      })
    )

    it.effect("bodies of every shape are refused with an answer, and the service goes on", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const token = yield* adminToken
        const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`
        const bodies = [
          deep,
          "[".repeat(100_000),
          "\u0000",
          '"',
          "nul",
          "{}{}",
          "Infinity",
          '{"username":1e999,"name":1e999,"expiration":1e999}'
        ]
        for (const path of ["/users", "/tenants", "/policies", "/token"]) {
          for (const body of bodies) {
            const { status } = yield* call("POST", path, {
              token,
              body,
              basic: [adminCredentials.username, adminCredentials.password]
            })
            assert.isTrue(
              status === 400 || (path === "/token" && status === 200),
              `${path} ${body.slice(0, 20)}`
            )
          }
          const large = yield* call("POST", path, { token, body: `{"x":"${"y".repeat(1_100_000)}"}` })
          assert.strictEqual(large.status, 413)
        }
        assert.strictEqual((yield* call("GET", "/users", { token })).status, 200)
      })
    )

    it.effect("raw rubbish on the token check is answered or cut off, and the service goes on", () =>
      Effect.gen(function* () {
        const { call, url } = yield* AuthServer
        const { id } = yield* issueToken({ acl: ["#"] })
        const path = `/api/auth/0.1/token/${id}`
        for (const [request, status] of [
          [`HEAD ${path}?scope=%E0%A4%A HTTP/1.1`, 204],
          [`HEAD ${path}?&&=&scope HTTP/1.1`, 204],
          [`HEAD ${path}#scope HTTP/1.1`, 204],
          [`HEAD ${path}/ HTTP/1.1`, 404],
          [`HEAD ${path.toUpperCase()} HTTP/1.1`, 404],
          [`HEAD ${path}?scope=${"a".repeat(20_000)} HTTP/1.1`, 403],
          [`HEAD /api/auth/0.1/token/${"a".repeat(60_000)} HTTP/1.1`, 400],
          ["HEAD /api/auth/0.1/token/%00%00 HTTP/1.1", 404],
          ["HEAD HTTP/1.1", 400]
        ] as const) {
          const answer = yield* say(url, `${request}\r\nHost: x\r\nConnection: close\r\n\r\n`)
          assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), request.slice(0, 120))
        }
        assert.strictEqual((yield* call("HEAD", `/token/${id}`)).status, 204)
      })
    )

    it.effect("a flood of wrong passwords is answered, and a right one beside it too", () =>
      Effect.gen(function* () {
        const { call } = yield* AuthServer
        const attempt = (password: string) =>
          Effect.map(
            call("POST", "/token", { basic: [adminCredentials.username, password], body: {} }),
            ({ status }) => status
          )
        const statuses = yield* Effect.all(
          [...Array.from({ length: 40 }, (_, index) => `wrong-${index}`), adminCredentials.password].map(
            attempt
          ),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(new Set(statuses.slice(0, -1)), new Set([401]))
        assert.strictEqual(statuses.at(-1), 200)
      })
    )
  })
})
