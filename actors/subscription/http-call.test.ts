import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net"
import { makeCertificate } from "../../test/certificates.ts"
import { eventually } from "../../test/eventually.ts"
import { type Guard, judge } from "./destination.ts"
import { call, type CallOptions } from "./http-call.ts"
import { buildRequest } from "./http-request.ts"

const open: Guard = { profile: "compatible", httpsOnly: false, allow: [], deny: [], own: [] }
const administrative = { owned: false, inMasterTenant: true }

const callTo = (url: string, options: Partial<CallOptions> = {}, config: Record<string, string> = {}) =>
  Effect.promise((signal) =>
    call(buildRequest({ method: "post", url, ...config }, { name: "told", data: { n: 1 } }), {
      guard: open,
      asker: administrative,
      verifyCertificate: undefined,
      signal,
      ...options
    })
  )

/** Lets a server listen on a free port of the loopback until the scope ends. */
const listening = (server: Server): Effect.Effect<number, never, Scope.Scope> => {
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
  })
  return Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      // A listening TCP server's address is an AddressInfo.
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
}

const answering = (listener: RequestListener) =>
  Effect.map(listening(createServer(listener)), (port) => `http://127.0.0.1:${port}`)

describe("a call", () => {
  it.live(
    "is refused a certificate of nobody, and of another name; takes it with its bundle or unverified",
    () =>
      Effect.gen(function* () {
        const right = yield* makeCertificate("DNS:localhost", "IP:127.0.0.1")
        const wrong = yield* makeCertificate("DNS:elsewhere.example")
        const hits: Array<IncomingMessage> = []
        const serve = (certificate: { readonly cert: string; readonly key: string }) =>
          listening(
            createTlsServer(certificate, (request, response) => {
              hits.push(request)
              response.end("ok")
            })
          )
        const good = `https://localhost:${yield* serve(right)}/`
        const bad = `https://127.0.0.1:${yield* serve(wrong)}/`
        const refused = [
          yield* callTo(good),
          yield* callTo(good, { verifyCertificate: "true" }),
          yield* callTo(good, { verifyCertificate: wrong.file }),
          yield* callTo(bad, { verifyCertificate: wrong.file })
        ]
        for (const outcome of refused) {
          assert.deepInclude(outcome, { class: "retry" })
          assert.deepInclude(outcome.detail, {
            response_status_code: null,
            response_headers: {},
            response_body: ""
          })
        }
        assert.match(String(refused[0]?.error), /SELF_SIGNED/)
        assert.match(String(refused[3]?.error), /ALTNAME/)
        assert.lengthOf(hits, 0)
        const taken = [
          yield* callTo(good, { verifyCertificate: right.file }),
          yield* callTo(good, { verifyCertificate: "false" }),
          yield* callTo(bad, { verifyCertificate: "false" })
        ]
        for (const outcome of taken) assert.deepInclude(outcome, { class: "success", statusCode: 200 })
        const missing = yield* callTo(good, { verifyCertificate: "/no/such/bundle.pem" })
        assert.strictEqual(missing.class, "permanent")
      })
  )

  it.live(
    "waits 5 s for a connection and 15 s for an answer; a body that drips counts as far as it came",
    () =>
      Effect.gen(function* () {
        const silent = yield* listening(createTcpServer(() => {}))
        const dripping = yield* answering((_request, response) => {
          response.writeHead(200, { "content-type": "text/plain" })
          const drops = setInterval(() => response.write("."), 1_000)
          response.on("close", () => clearInterval(drops))
        })
        const halfHeaders = yield* listening(
          createTcpServer((socket) => {
            const drops = setInterval(() => socket.write("H"), 1_000)
            socket.on("close", () => clearInterval(drops))
          })
        )
        const timed = Effect.fnUntraced(function* (url: string) {
          const begun = Date.now()
          const outcome = yield* callTo(url)
          return { outcome, seconds: Math.round((Date.now() - begun) / 1_000) }
        })
        const [handshake, headers, body, drip] = yield* Effect.all(
          [
            timed(`https://127.0.0.1:${silent}/`),
            timed(`http://127.0.0.1:${silent}/`),
            timed(dripping),
            timed(`http://127.0.0.1:${halfHeaders}/`)
          ],
          { concurrency: 4 }
        )
        assert.deepInclude(handshake.outcome, { class: "retry" })
        assert.match(String(handshake.outcome.error), /longer than 5 s/)
        assert.isAtMost(handshake.seconds, 10)
        assert.match(String(headers.outcome.error), /within 15 s/)
        assert.isAtLeast(headers.seconds, 15)
        assert.deepInclude(body.outcome, { class: "success", statusCode: 200 })
        assert.match(String(body.outcome.detail["response_body"]), /^\.{10,16}$/)
        assert.strictEqual(drip.outcome.class, "retry")
      }),
    60_000
  )

  it.live("leaves no connection open, however it ends", () =>
    Effect.gen(function* () {
      const connections = new Set<Socket>()
      const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
        if (request.url === "/redirect") response.writeHead(307, { location: "/" }).end()
        else if (request.url === "/broken") response.socket?.destroy()
        else response.end("ok")
      })
      server.on("connection", (socket: Socket) => {
        connections.add(socket)
        socket.on("close", () => connections.delete(socket))
      })
      const url = `http://127.0.0.1:${yield* listening(server)}`
      for (const path of ["/", "/redirect", "/broken"]) yield* callTo(url + path)
      yield* eventually(
        Effect.sync(() => connections.size),
        (count) => count === 0,
        "5 seconds"
      )
    })
  )

  it.live(
    "reads no more than 1 MiB of an answer, be it a gigabyte or endless, and logs 20,000 characters",
    () =>
      Effect.gen(function* () {
        let written = 0
        const chunk = Buffer.alloc(65_536, "x")
        const endless = yield* answering((request, response) => {
          response.writeHead(200, request.url === "/gig" ? { "content-length": String(2 ** 30) } : {})
          const push = () => {
            while (!response.destroyed) {
              written += chunk.length
              if (!response.write(chunk)) return void response.once("drain", push)
            }
          }
          push()
        })
        for (const path of ["/gig", "/endless"]) {
          const outcome = yield* callTo(endless + path)
          assert.deepInclude(outcome, { class: "success", statusCode: 200 })
          assert.strictEqual(String(outcome.detail["response_body"]).length, 20_000)
        }
        assert.isBelow(written, 64 * 2 ** 20)
      })
  )

  it.live("follows 30 redirects and no more, also in a circle", () =>
    Effect.gen(function* () {
      let hops = 0
      const url = yield* answering((request, response) => {
        hops += 1
        const left = Number(request.url?.slice(1))
        if (left === 0) response.end("there")
        else response.writeHead(307, { location: `/${left < 0 ? left : left - 1}` }).end()
      })
      assert.deepInclude(yield* callTo(`${url}/30`), { class: "success", statusCode: 200 })
      assert.strictEqual(hops, 31)
      const far = yield* callTo(`${url}/31`)
      assert.deepInclude(far, { class: "retry", error: "more than 30 redirects" })
      assert.deepInclude(far.detail, { response_status_code: null, response_body: "" })
      hops = 0
      assert.strictEqual((yield* callTo(`${url}/-1`)).error, "more than 30 redirects")
      assert.strictEqual(hops, 31)
    })
  )

  it.live("judges every redirect anew: what is forbidden to a user is not reached by one", () =>
    Effect.gen(function* () {
      const inside: Array<string> = []
      const secret = yield* answering((request, response) => {
        inside.push(String(request.url))
        response.end("secret")
      })
      const { port } = new URL(secret)
      const front = yield* answering((request, response) => {
        const target = decodeURIComponent(String(request.url).slice(1))
        response.writeHead(302, { location: target }).end()
      })
      const asker = { owned: true, inMasterTenant: false }
      // The front door alone may be called.
      const guard = { ...open, allow: [new URL(front).host] }
      for (const target of [
        `http://127.0.0.1:${port}/`,
        `http://localhost:${port}/`,
        `http://[::ffff:127.0.0.1]:${port}/`,
        `http://0x7f.1:${port}/`,
        "http://169.254.169.254/latest/meta-data"
      ]) {
        const outcome = yield* callTo(`${front}/${encodeURIComponent(target)}`, { asker, guard })
        assert.deepInclude(outcome.detail, { error_id: "destination-not-allowed" }, target)
        assert.strictEqual(outcome.class, "permanent")
      }
      assert.lengthOf(inside, 0)
      const scheme = yield* callTo(`${front}/${encodeURIComponent("file:///etc/passwd")}`, { asker, guard })
      assert.strictEqual(scheme.class, "permanent")
    })
  )

  it.live("connects to the address that was judged, whatever the name says a moment later", () =>
    Effect.gen(function* () {
      const inside: Array<string> = []
      const server = yield* answering((request, response) => {
        inside.push(String(request.headers.host))
        response.end("ok")
      })
      const { port } = new URL(server)
      let asked = 0
      const lookup = () => {
        asked += 1
        return Promise.resolve([asked === 1 ? "127.0.0.1" : "10.255.255.1"])
      }
      const outcome = yield* callTo(`http://rebinding.example:${port}/`, { guard: { ...open, lookup } })
      assert.strictEqual(outcome.class, "success")
      assert.deepEqual(inside, [`rebinding.example:${port}`])
      assert.strictEqual(asked, 1)
    })
  )
})

describe("the guard", () => {
  const strict: Guard = { ...open, profile: "strict" }
  const user = { owned: true, inMasterTenant: false }
  const tenant = { owned: false, inMasterTenant: false }
  const verdict = (address: string, guard: Guard, asker: typeof user) =>
    Effect.promise(async () => {
      const lookup = () => Promise.resolve([address])
      return (await judge(new URL("http://name.example/"), { ...guard, lookup }, asker)).type === "refused"
    })

  it.live("refuses by class of address, by profile and by asker as the table has it", () =>
    Effect.gen(function* () {
      const table = [
        ["127.0.0.1", true, true, false],
        ["::1", true, true, false],
        ["::ffff:127.0.0.1", true, true, false],
        ["0.0.0.0", true, true, false],
        ["::", true, true, false],
        ["169.254.169.254", true, true, true],
        ["fe80::1", true, true, true],
        ["224.0.0.1", true, true, true],
        ["255.255.255.255", true, true, true],
        ["192.0.2.1", true, true, true],
        ["198.18.0.1", true, true, true],
        ["240.0.0.1", true, true, true],
        ["2001:db8::1", true, true, true],
        ["64:ff9b::7f00:1", true, true, false],
        ["2002:7f00:1::", true, true, false]
      ] as const
      for (const [address, compatible, strictly, administered] of table) {
        assert.strictEqual(yield* verdict(address, open, user), compatible, `${address} of a user`)
        assert.strictEqual(yield* verdict(address, strict, user), strictly, `${address} of a user, strict`)
        assert.strictEqual(
          yield* verdict(address, strict, tenant),
          strictly,
          `${address} of a tenant, strict`
        )
        assert.strictEqual(
          yield* verdict(address, open, administrative),
          administered,
          `${address}, no owner`
        )
        assert.strictEqual(
          yield* verdict(address, strict, administrative),
          administered,
          `${address}, no owner, master, strict`
        )
      }
      for (const address of ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1"]) {
        assert.isTrue(yield* verdict(address, strict, user), address)
        assert.isTrue(yield* verdict(address, strict, tenant), address)
      }
    })
  )

  it.live("refuses a name when any of its addresses is refused", () =>
    Effect.gen(function* () {
      const lookup = () => Promise.resolve(["8.8.8.8", "10.0.0.1"])
      const outcome = yield* callTo("http://two.example:1/", { guard: { ...strict, lookup }, asker: tenant })
      assert.deepInclude(outcome.detail, { error_id: "destination-not-allowed" })
    })
  )

  it.live("follows the lists: deny wins over allow, and https_only refuses plain http on every hop", () =>
    Effect.gen(function* () {
      const url = yield* answering((_request, response) => void response.end())
      const { host, port } = new URL(url)
      const guarded = (guard: Partial<Guard>) =>
        Effect.map(
          callTo(url, { guard: { ...strict, ...guard }, asker: user }),
          ({ statusCode, detail }) => statusCode ?? detail["error_id"]
        )
      assert.strictEqual(yield* guarded({}), "destination-not-allowed")
      for (const allow of ["127.0.0.0/8", "127.0.0.1", host]) {
        assert.strictEqual(yield* guarded({ allow: [allow] }), 200, allow)
        assert.strictEqual(yield* guarded({ allow: [allow], deny: [host] }), "destination-not-allowed")
      }
      assert.strictEqual(
        yield* guarded({ allow: [`127.0.0.1:${Number(port) + 1}`] }),
        "destination-not-allowed"
      )
      assert.strictEqual(yield* guarded({ profile: "off" }), 200)
      assert.strictEqual(yield* guarded({ profile: "off", httpsOnly: true }), "destination-not-allowed")
      assert.strictEqual(yield* guarded({ profile: "off", deny: ["127.0.0.0/8"] }), "destination-not-allowed")
      const own = { ...open, allow: [], own: [host] }
      const elsewhere = yield* callTo(url, { guard: own, asker: administrative })
      assert.strictEqual(elsewhere.statusCode, 200)
    })
  )
})
