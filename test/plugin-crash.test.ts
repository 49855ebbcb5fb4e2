import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { makeRepository, packed } from "../actors/device/plugins/fixture.ts"

import { type Client, logIn } from "./client.ts"
import { create, put } from "./confd.ts"
import { eventually } from "./eventually.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { startRuntime } from "./runtime.ts"

const provd = "/api/provd/0.2"

/** A plugin without code that gives phones one file. */
const release = (version: string) =>
  packed("files", { version }, { "var/tftpboot/greeting.txt": `greeting of ${version}` })

const started = Effect.fnUntraced(function* (folder: string) {
  const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder, STROWGER_PHONE_PLUGINS: "none" })
  const port = /over HTTP on port (\d+)/.exec(runtime.output())?.[1]
  const client = yield* logIn(runtime.url)
  const greeting = Effect.promise(async () => (await fetch(`http://127.0.0.1:${port}/greeting.txt`)).text())
  const version = Effect.map(
    client.request("GET", `${provd}/pg_mgr/install/installed`),
    // As the contract has it.
    ({ body }) => (body as { pkgs: { files?: { version: string } } }).pkgs.files?.version
  )
  return { runtime, client, greeting, version }
})

/** Starts an operation of the plugin manager. */
const begin = (client: Client, operation: string) =>
  Effect.gen(function* () {
    const { status, headers } = yield* client.request("POST", `${provd}/pg_mgr/install/${operation}`, {
      id: "files"
    })
    assert.strictEqual(status, 201)
    return (headers.get("location") ?? "").replace("/0.2", provd)
  })

const finished = Effect.fnUntraced(function* (client: Client, operation: string) {
  const location = yield* begin(client, operation)
  const look = Effect.map(
    client.request("GET", location),
    ({ body }) => (body as { readonly status: string }).status
  )
  assert.match(
    yield* eventually(look, (text) => !/progress/.test(text), "30 seconds"),
    /^(?:update|install|upgrade)\|success/
  )
})

describe("SIGKILL while a plugin is upgraded", () => {
  it.live(
    "leaves the old one or the new one, whole, and the next upgrade works",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const repository = yield* makeRepository
        const old = yield* started(folder)
        repository.offer("files", release("1.0"))
        yield* put(old.client, `${provd}/configure/plugin_server`, { param: { value: repository.url } })
        yield* finished(old.client, "update")
        yield* finished(old.client, "install")
        yield* create(old.client, `${provd}/dev_mgr/devices`, {
          device: { id: "phone", ip: "127.0.0.1", plugin: "files", config: "autoprov" }
        })
        assert.strictEqual(yield* old.greeting, "greeting of 1.0")

        const half = yield* Deferred.make<void>()
        const archive = release("2.0")
        repository.offer("files", archive, { version: "2.0" })
        yield* finished(old.client, "update")
        repository.paths.set("/repository/files.tgz", (_, response) => {
          response.writeHead(200, { "content-length": archive.length })
          response.write(archive.subarray(0, archive.length / 2), () =>
            Deferred.doneUnsafe(half, Effect.void)
          )
        })
        yield* begin(old.client, "upgrade")
        yield* Deferred.await(half)
        yield* old.runtime.kill("SIGKILL")

        const second = yield* started(folder)
        assert.strictEqual(yield* second.greeting, "greeting of 1.0")
        assert.strictEqual(yield* second.version, "1.0")
        assert.deepStrictEqual(readdirSync(join(folder, "provd", "scratch")), [])
        const whole = yield* Deferred.make<void>()
        repository.paths.set("/repository/files.tgz", (_, response) =>
          response.end(archive, () => Deferred.doneUnsafe(whole, Effect.void))
        )
        yield* begin(second.client, "upgrade")
        yield* Deferred.await(whole)
        yield* second.runtime.kill("SIGKILL")

        const third = yield* started(folder)
        assert.strictEqual(yield* third.greeting, `greeting of ${yield* third.version}`)
        assert.deepStrictEqual(readdirSync(join(folder, "provd", "scratch")), [])
        yield* finished(third.client, "upgrade")
        assert.strictEqual(yield* third.greeting, "greeting of 2.0")
        const { body } = yield* third.client.request("GET", `${provd}/dev_mgr/devices/phone`)
        assert.deepInclude((body as { device: object }).device, { plugin: "files", configured: true })
      }).pipe(Effect.scoped),
    120_000
  )
})
