import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll } from "vitest"
import type entry from "../../../docs/phone-plugin/acme/entry.ts"
import { PhoneListeners } from "../../../http/provd/phone-listeners.ts"
import { eventually } from "../../../test/eventually.ts"
import { temporaryFolder } from "../../../test/runtime.ts"
import { strowgerTestLayer } from "../../../test/strowger.ts"
import { Operations } from "../operations.ts"
import { SystemParameters } from "../system-parameters.ts"
import { makeRepository, type Repository } from "./fixture.ts"
import { PluginManager, pluginOperations } from "./plugin-manager.ts"

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

const ended = Effect.fnUntraced(function* (collection: string, id: string) {
  const { status } = yield* Operations
  const text = yield* eventually(status(collection, id), (text) => !/progress/.test(text ?? ""), "30 seconds")
  return text ?? ""
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
      const manager = yield* PluginManager
      const parameters = yield* SystemParameters
      const folder = yield* temporaryFolder
      const repository = yield* makeRepository
      cpSync(sample, folder, { recursive: true })
      const plugin = join(folder, "acme")
      yield* publish(plugin, repository)
      yield* parameters.set("plugin_server", "", repository.url)
      assert.match(yield* ended(pluginOperations.update, yield* manager.update), /^update\|success/)

      const own = "/acme/805ec0aabbcc.cfg"
      assert.strictEqual((yield* fetched(own)).status, 404)
      const installation = yield* ended(pluginOperations.install, yield* manager.install("acme"))
      assert.match(installation, /^install\|success\(download\|success;(\d+)\/\1\)$/)
      assert.deepStrictEqual(Object.keys(yield* manager.installablePackages("acme")), ["a1-fw"])

      assert.deepStrictEqual(yield* fetched("/acme.cfg"), {
        status: 200,
        text: "server = http://provd.example:8667/acme\n"
      })
      const first = yield* fetched(own)
      assert.strictEqual(first.status, 200)
      assert.match(first.text, /^display\.color = green\nline\.1\.user = ap\w{8}\n/)
      assert.include(first.text, "line.1.server = pbx.example:5060\n")

      yield* manager.setParameter("acme", "greeting", "Good morning")
      assert.include((yield* fetched(own)).text, "display.greeting = Good morning\n")

      const info = JSON.parse(readFileSync(join(plugin, "plugin-info"), "utf8"))
      writeFileSync(join(plugin, "plugin-info"), JSON.stringify({ ...info, version: "1.1.0" }))
      appendFileSync(join(plugin, "templates", "base.tpl"), "version = 1.1.0\n")
      yield* publish(plugin, repository)
      yield* ended(pluginOperations.update, yield* manager.update)
      assert.match(
        yield* ended(pluginOperations.upgrade, yield* manager.upgrade("acme")),
        /^upgrade\|success/
      )
      assert.strictEqual((yield* manager.info("acme"))["version"], "1.1.0")
      assert.include((yield* fetched(own)).text, "version = 1.1.0\n")
      assert.include((yield* fetched(own)).text, "display.greeting = Good morning\n")

      yield* manager.uninstall("acme")
      assert.strictEqual((yield* fetched(own)).status, 404)
      assert.deepStrictEqual(yield* manager.installed, {})
    }).pipe(Effect.scoped)
  )
})

/** Held against the types of this project. */
export type SampleEntry = typeof entry
