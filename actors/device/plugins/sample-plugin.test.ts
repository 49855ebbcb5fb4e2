import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll } from "vitest"
import type entry from "../../../docs/phone-plugin/acme/entry.ts"
import { PhoneListeners } from "../../../http/phones/phone-listeners.ts"
import { ListenAddress } from "../../../http/server.ts"
import { logIn } from "../../../test/client.ts"
import { eventually } from "../../../test/eventually.ts"
import { admin, temporaryFolder } from "../../../test/runtime.ts"
import { strowgerTestLayer } from "../../../test/strowger.ts"
import { makeRepository, type Repository } from "./fixture.ts"

const sample = join(import.meta.dirname, "..", "..", "..", "docs", "phone-plugin")

/** Packs a plugin as its author does, outside of the project, and puts what came of it on a server. */
const publish = Effect.fnUntraced(function* (plugin: string, repository: Repository) {
  const folder = join(plugin, "..", "repository")
  yield* Effect.promise(() =>
    promisify(execFile)(process.execPath, [join(plugin, "..", "pack.ts"), plugin, folder], {
      cwd: tmpdir(),
      env: { PATH: process.env["PATH"] ?? "", NODE_NO_WARNINGS: "1" }
    })
  )
  const index = readFileSync(join(folder, "plugins.db"))
  repository.paths.set("/repository/plugins.db", index)
  for (const { filename } of Object.values<{ filename: string }>(JSON.parse(index.toString())))
    repository.paths.set(`/repository/${filename}`, readFileSync(join(folder, filename)))
})

/** A request of the administrator to provd; the path begins behind the version. */
const asked = Effect.fnUntraced(function* (method: string, path: string, body?: object) {
  const { url } = yield* ListenAddress
  const client = yield* logIn(url)
  return yield* client.request(method, `/api/provd/0.2/${path}`, body)
})

/** Starts an operation, follows its Location to the end, forgets it, and gives its last words. */
const done = Effect.fnUntraced(function* (path: string, body: object) {
  const { status, headers } = yield* asked("POST", path, body)
  assert.strictEqual(status, 201)
  const location = (headers.get("location") ?? "").replace(/^\/0\.2\//, "")
  const look = Effect.map(asked("GET", location), ({ body }) => (body as { readonly status: string }).status) // as the contract has it
  const text = yield* eventually(look, (text) => !/progress/.test(text), "30 seconds")
  assert.strictEqual((yield* asked("DELETE", location)).status, 204)
  assert.strictEqual((yield* asked("GET", location)).status, 404)
  return text
})

/** What a phone gets over HTTP. */
const fetched = (path: string) =>
  Effect.gen(function* () {
    const port = (yield* PhoneListeners).port("http")
    return yield* Effect.promise(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { "user-agent": "Acme A1 2.3.1 805ec0aabbcc" }
      })
      return { status: answer.status, text: await answer.text() }
    })
  })

const dataDir = mkdtempSync(join(tmpdir(), "strowger-sample-plugin-"))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

layer(
  strowgerTestLayer({
    knobs: {
      STROWGER_DATA_DIR: dataDir,
      STROWGER_ADMIN_PASSWORD: admin.password,
      STROWGER_PHONE_PLUGINS: "none",
      STROWGER_PHONE_URL: "http://provd.example:8667",
      STROWGER_PHONE_SERVER: "pbx.example",
      STROWGER_PHONE_PLUGIN_SETTINGS: '{"acme": {"color": "green"}}'
    }
  }),
  { timeout: "120 seconds", excludeTestServices: true }
)("the sample plugin of the documentation", (it) => {
  it.effect("is packed outside of the project, installed, boots a phone, is upgraded, and is gone", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const repository = yield* makeRepository
      cpSync(sample, folder, { recursive: true })
      const plugin = join(folder, "acme")
      yield* publish(plugin, repository)
      const server = { param: { value: repository.url } }
      assert.strictEqual((yield* asked("PUT", "configure/plugin_server", server)).status, 204)
      assert.match(yield* done("pg_mgr/install/update", {}), /^update\|success;\d+$/)

      const own = "/acme/805ec0aabbcc.cfg"
      assert.strictEqual((yield* fetched(own)).status, 404)
      assert.match(
        yield* done("pg_mgr/install/install", { id: "acme" }),
        /^install\|success\(download\|success;(\d+)\/\1\)$/
      )
      assert.deepStrictEqual((yield* asked("GET", "pg_mgr/plugins/acme/install/installable")).body, {
        pkgs: { "a1-fw": { version: "2.3.1", description: "Firmware of the Acme A1", dsize: 10_485_760 } }
      })
      assert.deepStrictEqual(yield* fetched("/acme.cfg"), {
        status: 200,
        text: "server = http://provd.example:8667/acme\n"
      })
      const first = yield* fetched(own)
      assert.strictEqual(first.status, 200)
      assert.match(first.text, /^display\.color = green\nline\.1\.user = ap\w{8}\n/)
      assert.include(first.text, "line.1.server = pbx.example:5060\n")

      const greeting = { param: { value: "Good morning" } }
      assert.strictEqual(
        (yield* asked("PUT", "pg_mgr/plugins/acme/configure/greeting", greeting)).status,
        204
      )
      assert.include((yield* fetched(own)).text, "display.greeting = Good morning\n")

      const info = JSON.parse(readFileSync(join(plugin, "plugin-info"), "utf8"))
      writeFileSync(join(plugin, "plugin-info"), JSON.stringify({ ...info, version: "1.1.0" }))
      appendFileSync(join(plugin, "templates", "base.tpl"), "version = 1.1.0\n")
      yield* publish(plugin, repository)
      yield* done("pg_mgr/install/update", {})
      assert.match(yield* done("pg_mgr/install/upgrade", { id: "acme" }), /^upgrade\|success/)
      assert.deepStrictEqual((yield* asked("GET", "pg_mgr/install/installed")).body, {
        pkgs: {
          acme: {
            version: "1.1.0",
            description: info.description,
            plugin_iface_version_min: "1.0",
            capabilities: info.capabilities
          }
        }
      })
      assert.include((yield* fetched(own)).text, "version = 1.1.0\n")
      assert.include((yield* fetched(own)).text, "display.greeting = Good morning\n")

      assert.strictEqual((yield* asked("POST", "pg_mgr/install/uninstall", { id: "acme" })).status, 204)
      assert.strictEqual((yield* fetched(own)).status, 404)
      assert.deepStrictEqual((yield* asked("GET", "pg_mgr/install/installed")).body, { pkgs: {} })
      assert.strictEqual((yield* asked("GET", "pg_mgr/plugins/acme/info")).status, 404)
    }).pipe(Effect.scoped)
  )
})

/** Held against the types of this project. */
export type SampleEntry = typeof entry
