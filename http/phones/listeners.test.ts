import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { PhoneRequests, type Served } from "../../actors/device/phone-requests.ts"
import { AppConfig } from "../../runtime/config.ts"
import { tftpRead } from "../../runtime/tftp/client.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { temporaryFolder } from "../../test/runtime.ts"
import { PhoneListeners } from "./phone-listeners.ts"
import { phoneHttpListener } from "./http-listener.ts"
import { phonesLayer } from "./phones.ts"
import { phoneTftpListener } from "./tftp-door.ts"

const modifiedAt = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const content = Buffer.from("account.1.enable = 1\n")

/** What the listeners asked, and a folder of one file, one folder and a link out of it. */
const listening = Effect.fnUntraced(function* (knobs: Readonly<Record<string, string>> = {}) {
  const folder = yield* temporaryFolder
  const root = join(folder, "tftpboot")
  mkdirSync(join(root, "firmware"), { recursive: true })
  writeFileSync(join(root, "firmware", "a b.rom"), Buffer.alloc(300_000, 7))
  writeFileSync(join(root, "empty.cfg"), "")
  writeFileSync(join(folder, "secret"), "secret")
  symlinkSync(join(folder, "secret"), join(root, "link"))
  const asked: Array<PhoneRequest & { readonly key: string | undefined }> = []
  const serve = (request: PhoneRequest, key?: string): Served | Effect.Effect<Served> => {
    asked.push({ ...request, key })
    switch (request.path) {
      case "/known.cfg":
        return { kind: "content", content, modifiedAt }
      case "/known.xml":
        return Effect.succeed({ kind: "content", content, modifiedAt })
      case "/folder":
        return { kind: "forbidden" }
      case "/broken":
        return Effect.die("broken")
      case "/thrown":
        throw new Error("thrown")
      default:
        return request.path.startsWith("/disk/")
          ? { kind: "file", root, path: request.path.slice("/disk/".length) }
          : { kind: "missing", reason: "nobody knows it" }
    }
  }
  const layer = Layer.mergeAll(
    AppConfig.layerFrom({
      STROWGER_PHONE_HTTP_HOST: "127.0.0.1",
      STROWGER_PHONE_HTTP_PORT: "0",
      STROWGER_TFTP_HOST: "127.0.0.1",
      STROWGER_TFTP_PORT: "0",
      STROWGER_DRAIN_TIMEOUT: "100 millis",
      ...knobs
    }),
    Layer.succeed(PhoneRequests, { serve, learn: () => Effect.void })
  )
  const [http, tftp] = yield* Effect.all([phoneHttpListener, phoneTftpListener]).pipe(Effect.provide(layer))
  const get = (path: string, init: RequestInit = {}) =>
    Effect.promise(() => fetch(`http://127.0.0.1:${http}${path}`, { redirect: "manual", ...init }))
  return { http, tftp, get, asked }
})

/** The status of a request written byte by byte, as no well-behaved client would. */
const rawStatus = (port: number, head: string) =>
  Effect.callback<number>((resume) => {
    let answer = ""
    const socket = connect(port, "127.0.0.1", () => socket.write(head, "latin1"))
    socket.on("data", (bytes) => {
      answer += bytes.toString("latin1")
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)
      if (status === null) return
      socket.destroy()
      resume(Effect.succeed(Number(status[1])))
    })
  })

describe("a phone's file over HTTP", () => {
  it.live("comes with its type, its length and its date", () =>
    Effect.gen(function* () {
      const { get } = yield* listening()
      const cfg = yield* get("/known.cfg")
      assert.strictEqual(cfg.status, 200)
      assert.strictEqual(cfg.headers.get("content-type"), "text/plain")
      assert.strictEqual(cfg.headers.get("content-length"), String(content.length))
      assert.strictEqual(cfg.headers.get("last-modified"), "Fri, 02 Jan 2026 03:04:05 GMT")
      assert.strictEqual(yield* Effect.promise(() => cfg.text()), content.toString())
      assert.strictEqual((yield* get("/known.xml")).headers.get("content-type"), "application/xml")
    })
  )

  it.live("is the same below /device/provisioning/ and whatever its query", () =>
    Effect.gen(function* () {
      const { get, asked } = yield* listening()
      assert.strictEqual((yield* get("/device/provisioning/known.cfg?mac=000413AABBCC")).status, 200)
      assert.deepInclude(asked[0], { protocol: "http", path: "/known.cfg", address: "127.0.0.1" })
      assert.deepStrictEqual(asked[0]?.query, { mac: "000413AABBCC" })
    })
  )

  it.live.each([
    ["bytes=0-6", 206, "account", "bytes 0-6/21"],
    ["bytes=-3", 206, " 1\n", "bytes 18-20/21"],
    ["bytes=8-", 206, "1.enable = 1\n", "bytes 8-20/21"],
    ["bytes=30-", 416, undefined, "bytes */21"],
    ["lines=1-2", 200, content.toString(), null],
    ["bytes=0-1,4-5", 200, content.toString(), null]
  ] as const)("range %s gives %d", ([range, status, text, told]) =>
    Effect.gen(function* () {
      const { get } = yield* listening()
      const answer = yield* get("/known.cfg", { headers: { range } })
      assert.strictEqual(answer.status, status)
      assert.strictEqual(answer.headers.get("content-range"), told)
      if (text !== undefined) assert.strictEqual(yield* Effect.promise(() => answer.text()), text)
    })
  )

  it.live("is not sent again to who has it", () =>
    Effect.gen(function* () {
      const { get } = yield* listening()
      const since = (date: string) => get("/known.cfg", { headers: { "if-modified-since": date } })
      assert.strictEqual((yield* since("Fri, 02 Jan 2026 03:04:05 GMT")).status, 304)
      assert.strictEqual((yield* since("Fri, 02 Jan 2026 03:04:04 GMT")).status, 200)
      assert.strictEqual((yield* since("yesterday")).status, 200)
    })
  )

  it.live("on disk comes with ranges, dates and types too", () =>
    Effect.gen(function* () {
      const { get } = yield* listening()
      const whole = yield* get("/disk/firmware/a%20b.rom")
      assert.strictEqual(whole.headers.get("content-type"), "application/octet-stream")
      assert.strictEqual((yield* Effect.promise(() => whole.arrayBuffer())).byteLength, 300_000)
      const since = whole.headers.get("last-modified") ?? ""
      const path = "/disk/firmware/a%20b.rom"
      assert.strictEqual((yield* get(path, { headers: { "if-modified-since": since } })).status, 304)
      const part = yield* get(path, { headers: { range: "bytes=10-19" } })
      assert.strictEqual(part.status, 206)
      assert.strictEqual((yield* Effect.promise(() => part.arrayBuffer())).byteLength, 10)
      assert.strictEqual((yield* get("/disk/empty.cfg")).headers.get("content-type"), "text/plain")
    })
  )

  it.live("HEAD tells the same without the file", () =>
    Effect.gen(function* () {
      const { get } = yield* listening()
      for (const path of ["/known.cfg", "/disk/firmware/a%20b.rom"]) {
        const answer = yield* get(path, { method: "HEAD" })
        assert.strictEqual(answer.status, 200)
        assert.notStrictEqual(answer.headers.get("content-length"), "0")
        assert.strictEqual(yield* Effect.promise(() => answer.text()), "")
      }
    })
  )
})

describe("what phones do not get over HTTP", () => {
  it.live("other methods are answered 405, OPTIONS 200", () =>
    Effect.gen(function* () {
      const { get, asked } = yield* listening()
      for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
        assert.strictEqual((yield* get("/known.cfg", { method })).status, 405)
      }
      assert.strictEqual((yield* get("/anything", { method: "OPTIONS" })).status, 200)
      assert.strictEqual(asked.length, 0)
    })
  )

  it.live("missing files, folders and failures have their status", () =>
    Effect.gen(function* () {
      const { get } = yield* listening()
      assert.strictEqual((yield* get("/nothing")).status, 404)
      assert.strictEqual((yield* get("/folder")).status, 403)
      assert.strictEqual((yield* get("/disk/firmware")).status, 403)
      assert.strictEqual((yield* get("/disk/firmware/")).status, 403)
      assert.strictEqual((yield* get("/disk/none")).status, 404)
      assert.strictEqual((yield* get("/broken")).status, 500)
      assert.strictEqual((yield* get("/thrown")).status, 500)
    })
  )

  it.live.each([
    "/disk/../secret",
    "/disk/firmware/../../secret",
    "/disk/%2e%2e/secret",
    "/disk/..%2fsecret",
    "/disk/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/disk/..%5csecret",
    "/disk/%252e%252e/secret",
    "/disk//etc/passwd",
    "/disk/%00",
    "/known.cfg%00",
    "/disk/%",
    "/disk/%ff",
    "known.cfg",
    "http://elsewhere/known.cfg",
    "*"
  ])("%s names no file outside the folder", (target) =>
    Effect.gen(function* () {
      const { http } = yield* listening()
      const status = yield* rawStatus(http, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)
      assert.include([400, 403, 404], status)
    })
  )

  it.live("a request that is none does not stop the listener", () =>
    Effect.gen(function* () {
      const { http, get } = yield* listening()
      assert.strictEqual(yield* rawStatus(http, "\x00\x01\x02\r\n\r\n"), 400)
      assert.strictEqual((yield* get("/known.cfg")).status, 200)
    })
  )
})

describe("who asks", () => {
  const forwarded = (header: string, proxies: number) =>
    Effect.gen(function* () {
      const { get, asked } = yield* listening({ STROWGER_PHONE_TRUSTED_PROXIES: String(proxies) })
      yield* get("/known.cfg", { headers: { "x-forwarded-for": header } })
      return asked[0]?.address
    })

  it.live.each([
    [0, "192.0.2.1", "127.0.0.1"],
    [1, "192.0.2.1", "192.0.2.1"],
    [1, "203.0.113.9, 192.0.2.1", "192.0.2.1"],
    [2, "203.0.113.9, 192.0.2.1", "203.0.113.9"],
    [3, "203.0.113.9, 192.0.2.1", "203.0.113.9"],
    [1, "::ffff:192.0.2.1", "192.0.2.1"],
    [1, "2001:DB8::1", "2001:db8::1"],
    [1, "phone", "127.0.0.1"],
    [1, "", "127.0.0.1"]
  ] as const)("behind %d trusted proxies, with X-Forwarded-For '%s': %s", ([proxies, header, address]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* forwarded(header, proxies), address)
    })
  )

  it.live("a User-Agent that is not printable ASCII says nothing", () =>
    Effect.gen(function* () {
      const { http, asked } = yield* listening()
      yield* rawStatus(http, "GET /a HTTP/1.1\r\nHost: x\r\nUser-Agent: caf\xe9\r\n\r\n")
      yield* rawStatus(http, "GET /b HTTP/1.1\r\nHost: x\r\nUser-Agent: Yealink SIP-T46S\r\n\r\n")
      assert.deepStrictEqual(
        asked.map(({ userAgent }) => userAgent),
        ["", "Yealink SIP-T46S"]
      )
    })
  )

  it.live("with url_key the first segment is the key, and an empty one is 404 before any processing", () =>
    Effect.gen(function* () {
      const { get, asked } = yield* listening({ STROWGER_PHONE_HTTP_AUTH: "url_key" })
      assert.strictEqual((yield* get("/my-key-1/known.cfg")).status, 200)
      assert.strictEqual((yield* get("/device/provisioning/my-key-1/known.cfg")).status, 200)
      assert.strictEqual((yield* get("//known.cfg")).status, 404)
      assert.strictEqual((yield* get("/")).status, 404)
      assert.deepStrictEqual(
        asked.map(({ path, key }) => [path, key]),
        [
          ["/known.cfg", "my-key-1"],
          ["/known.cfg", "my-key-1"]
        ]
      )
    })
  )
})

describe("a phone's file over TFTP", () => {
  const read = (port: number, path: string) =>
    tftpRead({ host: "127.0.0.1", port, path, options: { blksize: "1428" } })

  it.live("comes through the same chain", () =>
    Effect.gen(function* () {
      const { tftp, asked } = yield* listening()
      assert.strictEqual((yield* read(tftp, "known.cfg")).content.toString(), content.toString())
      assert.strictEqual((yield* read(tftp, "known.xml")).content.toString(), content.toString())
      assert.deepInclude(asked[0], {
        protocol: "tftp",
        path: "/known.cfg",
        address: "127.0.0.1",
        userAgent: ""
      })
    })
  )

  it.live("is read from disk, and never from outside the folder", () =>
    Effect.gen(function* () {
      const { tftp } = yield* listening()
      const { content: firmware } = yield* read(tftp, "disk/firmware/a b.rom")
      assert.isTrue(firmware.equals(Buffer.alloc(300_000, 7)))
      assert.strictEqual((yield* read(tftp, "disk/empty.cfg")).content.length, 0)
      for (const path of ["disk/link", "disk/../secret", "disk/firmware", "disk/none", "folder", "nothing"]) {
        assert.strictEqual((yield* Effect.flip(read(tftp, path))).code, 1, path)
      }
      assert.strictEqual((yield* Effect.flip(read(tftp, "broken"))).code, 0)
    })
  )
})

describe("a port that cannot be had", () => {
  it.live("leaves the other one listening, and shows", () =>
    Effect.gen(function* () {
      const listeners = yield* PhoneListeners
      assert.isFalse(listeners.isUp("http"))
      assert.isTrue(listeners.isUp("tftp"))
    }).pipe(Effect.provide(Layer.provideMerge(occupied, PhoneListeners.layer)))
  )
})

/** The listeners of a runtime whose HTTP port for phones somebody else has. */
const occupied = Layer.unwrap(
  Effect.gen(function* () {
    const taken = createServer().listen(0, "127.0.0.1")
    yield* Effect.acquireRelease(
      Effect.promise(() => once(taken, "listening")),
      () => Effect.sync(() => taken.close())
    )
    // A listening TCP server's address is an AddressInfo.
    const { port } = taken.address() as AddressInfo
    return phonesLayer.pipe(
      Layer.provide(
        AppConfig.layerFrom({
          STROWGER_PHONE_HTTP_HOST: "127.0.0.1",
          STROWGER_PHONE_HTTP_PORT: String(port),
          STROWGER_TFTP_HOST: "127.0.0.1",
          STROWGER_TFTP_PORT: "0"
        })
      ),
      Layer.provide(
        Layer.succeed(PhoneRequests, {
          serve: () => ({ kind: "missing", reason: "" }),
          learn: () => Effect.void
        })
      )
    )
  })
)
