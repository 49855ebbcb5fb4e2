import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { createServer, type RequestListener, type Server } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { eventually } from "../../test/eventually.ts"
import { download } from "./download.ts"

const folder = mkdtempSync(join(tmpdir(), "strowger-download-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const serving = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" ? address?.port : address}`
    })
  )

const content = Buffer.alloc(200_000, "x")
const into = join(folder, "file")
const none = { http: null, https: null }
const fetched = (url: string, own: { readonly http?: string } = {}) =>
  download({ url, into, most: 1_000_000, proxies: { ...none, ...own } })

const fails = (listener: RequestListener, words: RegExp) =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* serving(listener)
      const { reason } = yield* Effect.flip(fetched(`${url}/secret-name`))
      assert.match(reason, words)
      assert.deepStrictEqual(readdirSync(folder), [])
    })
  )

describe("downloads", () => {
  it.live("come into a file, with their digests and the progress", () =>
    Effect.gen(function* () {
      const url = yield* serving((request, response) => {
        if (request.url === "/old") return void response.writeHead(302, { location: "/new" }).end()
        response.end(content)
      })
      const seen: Array<number> = []
      const done = yield* download({
        url: `${url}/old`,
        into,
        most: content.length,
        proxies: none,
        progress: (bytes) => seen.push(bytes)
      })
      assert.deepStrictEqual(done, {
        size: content.length,
        sha1: createHash("sha1").update(content).digest("hex"),
        sha256: createHash("sha256").update(content).digest("hex")
      })
      assert.isTrue(readFileSync(into).equals(content))
      assert.strictEqual(seen.at(-1), content.length)
      rmSync(into)
    }).pipe(Effect.scoped)
  )

  it.live("send the credentials of the URL", () =>
    Effect.gen(function* () {
      let authorization: string | undefined
      const url = yield* serving((request, response) => {
        authorization = request.headers.authorization
        response.end()
      })
      yield* fetched(url.replace("//", "//joe:p%40ss@"))
      assert.strictEqual(authorization, `Basic ${btoa("joe:p@ss")}`)
      rmSync(into)
    }).pipe(Effect.scoped)
  )

  it.live("fail and leave nothing when the server refuses, dies, sends too little or without end", () =>
    Effect.gen(function* () {
      yield* fails((_, response) => void response.writeHead(404).end("gone"), /404/)
      yield* fails((_, response) => {
        response.writeHead(200, { "content-length": content.length })
        response.write(content.subarray(0, 70_000), () => response.destroy())
      }, /./)
      yield* fails((_, response) => {
        const more = () => {
          while (!response.destroyed && response.write(content));
        }
        response.on("drain", more)
        more()
      }, /larger than 1000000 bytes/)
      const { reason } = yield* Effect.flip(fetched("ftp://127.0.0.1/file"))
      assert.match(reason, /ftp: is not supported/)
      assert.match((yield* Effect.flip(fetched("nonsense"))).reason, /./)
      assert.match((yield* Effect.flip(fetched("http://127.0.0.1:1/"))).reason, /./)
    })
  )

  it.live("leave nothing when they are given up", () =>
    Effect.gen(function* () {
      const url = yield* serving((_, response) => void response.write(content))
      const fiber = yield* Effect.forkChild(fetched(url))
      yield* eventually(
        Effect.sync(() => existsSync(into)),
        Boolean
      )
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(readdirSync(folder), [])
    }).pipe(Effect.scoped)
  )

  it.live("go through the proxy", () =>
    Effect.gen(function* () {
      const seen: Array<string | undefined> = []
      const target = yield* serving((_, response) => void response.end("direct"))
      const proxy = yield* serving((request, response) => {
        seen.push(request.url)
        response.end("through the proxy")
      })
      yield* fetched(`${target}/file`, { http: proxy })
      assert.strictEqual(readFileSync(into, "utf8"), "through the proxy")
      assert.deepStrictEqual(seen, [`${target}/file`])
      rmSync(into)
    }).pipe(Effect.scoped)
  )
})
