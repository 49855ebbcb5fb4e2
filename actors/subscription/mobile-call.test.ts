import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer } from "node:http"
import { createSecureServer, type ServerHttp2Stream } from "node:http2"
import { generateKeyPairSync } from "node:crypto"
import type { AddressInfo, Server } from "node:net"
import { makeCertificate } from "../../test/certificates.ts"
import { type ApnsCredentials, callApns, callFcm, callLegacyFcm } from "./mobile-call.ts"

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      // A listening TCP server's address is an AddressInfo.
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () => Effect.sync(() => void server.close())
  )

const push = { token: "device 1", headers: { "apns-topic": "org.example" }, payload: { aps: { badge: 1 } } }
const notAborted = new AbortController().signal

describe("Apple's push service", () => {
  it.live("is shown the certificate of the tenant's app, and answers nobody without it", () =>
    Effect.gen(function* () {
      const apple = yield* makeCertificate("DNS:localhost")
      const app = yield* makeCertificate("DNS:app.example")
      const stranger = yield* makeCertificate("DNS:stranger.example")
      const calls: Array<unknown> = []
      const server = createSecureServer({
        key: apple.key,
        cert: apple.cert,
        ca: app.cert,
        requestCert: true,
        rejectUnauthorized: true
      })
      server.on("stream", (stream: ServerHttp2Stream, headers) => {
        calls.push(headers[":path"])
        stream.respond({ ":status": 200 })
        stream.end()
      })
      server.on("sessionError", () => {})
      const url = `https://localhost:${yield* listening(server)}`
      const send = (credentials: Partial<ApnsCredentials>) =>
        Effect.promise(() =>
          callApns(url, push, { sandbox: false, ca: apple.cert, ...credentials }, notAborted)
        )
      const own = yield* send({ certificate: app.cert, privateKey: app.key })
      assert.deepInclude(own, { class: "success", statusCode: 200 })
      assert.deepInclude(own.detail, { success: true, protocol_used: "apns" })
      assert.strictEqual((yield* send({})).class, "retry")
      const other = yield* send({ certificate: stranger.cert, privateKey: stranger.key })
      assert.strictEqual(other.class, "retry")
      const untrusted = yield* Effect.promise(() =>
        callApns(url, push, { sandbox: false, certificate: app.cert, privateKey: app.key }, notAborted)
      )
      assert.strictEqual(untrusted.class, "retry")
      assert.deepEqual(calls, ["/3/device/device%201"])
    })
  )

  it.live("says 410 for good, and anything else for a while", () =>
    Effect.gen(function* () {
      const apple = yield* makeCertificate("DNS:localhost")
      const statuses = [410, 400, 403, 429, 503]
      const server = createSecureServer({ key: apple.key, cert: apple.cert })
      server.on("stream", (stream: ServerHttp2Stream) => {
        stream.respond({ ":status": statuses.shift() ?? 200 })
        stream.end('{"reason":"Unregistered"}')
      })
      const url = `https://localhost:${yield* listening(server)}`
      const classes: Array<string> = []
      for (let count = 0; count < 5; count++) {
        const outcome = yield* Effect.promise(() =>
          callApns(url, push, { sandbox: false, ca: apple.cert }, notAborted)
        )
        classes.push(outcome.class)
        assert.deepInclude(outcome.detail, { success: false, protocol_used: "apns" })
      }
      assert.deepEqual(classes, ["permanent", "retry", "retry", "retry", "retry"])
    })
  )

  it.live("that is away is tried again", () =>
    Effect.gen(function* () {
      const outcome = yield* Effect.promise(() =>
        callApns("https://127.0.0.1:1", push, { sandbox: false }, notAborted)
      )
      assert.strictEqual(outcome.class, "retry")
    })
  )
})

describe("Firebase", () => {
  it.live("is tried again when it names a time, else its refusal is final; a legacy key goes as it is", () =>
    Effect.gen(function* () {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
      const answers: Array<readonly [number, Record<string, string>]> = []
      const seen: Array<readonly [string | undefined, string | undefined]> = []
      const port = yield* listening(
        createServer((request, response) => {
          seen.push([request.url, request.headers.authorization])
          if (request.url === "/oauth") return response.end('{"access_token":"granted"}')
          const [code, headers] = answers.shift() ?? [200, {}]
          return response.writeHead(code, headers).end("{}")
        })
      )
      const base = `http://127.0.0.1:${port}`
      const account = {
        client_email: "a@b",
        private_key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
        token_uri: `${base}/oauth`,
        project_id: "project"
      }
      const v1 = (...answer: readonly [number, Record<string, string>]) =>
        Effect.promise(() => {
          answers.push(answer)
          return callFcm(base, account, "{}", notAborted)
        })
      assert.deepInclude(yield* v1(503, { "retry-after": "7" }), { class: "retry", retryAfter: 7 })
      for (const code of [400, 401, 403, 404, 500])
        assert.strictEqual((yield* v1(code, {})).class, "permanent")
      assert.strictEqual((yield* v1(200, {})).class, "success")
      const legacy = yield* Effect.promise(() => callLegacyFcm(base, "the key", "{}", notAborted))
      assert.strictEqual(legacy.class, "success")
      assert.deepEqual(seen.at(-1), ["/fcm/send", "key=the key"])
      assert.deepEqual(seen.at(-2), ["/v1/projects/project/messages:send", "Bearer granted"])
      const away = yield* Effect.promise(() => callLegacyFcm("http://127.0.0.1:1", "k", "{}", notAborted))
      assert.strictEqual(away.class, "retry")
    })
  )
})
